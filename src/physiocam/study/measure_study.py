"""A whole study, measured: recordings, tidy tables and a page."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from physiocam.batch.measure_many import Work, measure_planned
from physiocam.batch.outcome import VideoOutcome
from physiocam.batch.plan import Planned
from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import folder_path, number
from physiocam.foundation.locks import alone_in
from physiocam.foundation.provenance import code_version, digest_of, write_record
from physiocam.measuring.options import MeasureOptions, OptionChanges, with_changes
from physiocam.readable import readable
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_files import MEASUREMENT
from physiocam.study.design import Design, around_markers, read_design
from physiocam.study.methods import StudyFacts, study_methods
from physiocam.study.page import StudyPage, write_page
from physiocam.study.table_files import check_formats, write_tables
from physiocam.study.tables import StudyTable, study_tables

RECORDINGS, PAGE = "recordings", "study.html"


@dataclass(frozen=True)
class TableOptions:
    """How the tables of a study are made.

    Attributes
    ----------
    epoch_s : float
        Length of the epochs.
    around_s : (float, float) or None
        Time before and after a marker without a length that becomes its segment; None leaves its values empty.
    formats : tuple of str
        Of "csv", "csv-bom" (for Excel), "parquet", "xlsx" and "sav" (SPSS).

    Examples
    --------
    >>> TableOptions(epoch_s=10.0, formats=("csv", "xlsx")).around_s is None
    True
    """

    epoch_s: float = 30.0
    around_s: tuple[float, float] | None = None
    formats: tuple[str, ...] = ("csv",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "epoch_s", number(self.epoch_s, "epoch_s"))
        if not 1 <= self.epoch_s < math.inf:
            raise PhysiocamError(f"epoch_s is {self.epoch_s:g}; expected a number of seconds, 1 or more")
        if self.around_s is not None and not (min(self.around_s) >= 0 < sum(self.around_s)):
            raise PhysiocamError(f"around_s is {self.around_s}; expected seconds before and after, such as (2, 5)")


@dataclass(frozen=True)
class Study:
    """A measured study.

    Attributes
    ----------
    name : str
    folder : Path
        Where its tables, its page and the results of its recordings are.
    outcomes : tuple of VideoOutcome
        What became of each recording.
    recordings, segments, epochs : StudyTable

    Examples
    --------
    >>> study = measure_study("study.csv", "out")  # doctest: +SKIP
    >>> [row["heart_rate"] for row in study.segments.rows]  # doctest: +SKIP
    [71.8, 88.2]
    """

    name: str
    folder: Path
    outcomes: tuple[VideoOutcome, ...]
    recordings: StudyTable
    segments: StudyTable
    epochs: StudyTable


def measure_study(
    source: str | os.PathLike[str] | Design,
    output: str | os.PathLike[str],
    options: MeasureOptions | None = None,
    *,
    tables: TableOptions | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[VideoOutcome], None] | None = None,
    **changes: Unpack[OptionChanges],
) -> Study:
    """Measure a study, and write its tables, their data dictionary and a page.

    It may be stopped at any moment: recordings that were measured in the same way are not measured again. A recording,
    or an event file, that cannot be used never stops the others; the tables and the page say why.

    Parameters
    ----------
    source : path or Design
        A table with a column `video`, or a folder of videos; see `physiocam.study.design.read_design`.
    output : path
        Folder for recordings.csv, segments.csv, epochs.csv, dictionary.csv, study.html, and the results of each
        recording in recordings/NAME.
    options : MeasureOptions, optional
        How to measure.
    tables : TableOptions, optional
        Epochs, markers and formats.
    jobs, scheduler, progress
        As in `physiocam.measure_many`.
    **changes
        Fields of `MeasureOptions` that differ from `options`.

    Returns
    -------
    Study

    Raises
    ------
    PhysiocamError
        If the table cannot be read, an option makes no sense, or the results cannot be written.
    ImportError
        If a library of the extra `study` is missing.

    Examples
    --------
    >>> try:
    ...     measure_study("no such table.csv", "out")
    ... except PhysiocamError as error:
    ...     print(error)
    'no such table.csv' does not exist; expected a table with a column video, or a folder of videos
    """
    chosen = tables or TableOptions()
    check_formats(chosen.formats)
    design = source if isinstance(source, Design) else read_design(source)
    if chosen.around_s is not None:
        design = around_markers(design, *chosen.around_s)
    folder = folder_path(output, "output")
    place = folder / RECORDINGS
    planned = [Planned(one.video, place / one.name) for one in design.recordings]
    work = Work(with_changes(options, changes), jobs, scheduler, progress)
    with alone_in(folder, "measuring a study into"):
        outcomes = measure_planned(planned, place, work)
        made = study_tables(design, outcomes, chosen.epoch_s)
        study = Study(design.name, folder, tuple(outcomes), *made)
        written = [path.name for path in write_tables(made, folder, chosen.formats)]
        write_page(_page(study, written, chosen.epoch_s), folder / PAGE)
        write_record(folder, _facts(study, design, chosen), [*written, PAGE], about={"kind": "study"})
    return study


def _facts(study: Study, design: Design, chosen: TableOptions) -> dict[str, Any]:
    """What tables and page were made of, for `physiocam provenance`."""
    measured = [one.folder for one in study.outcomes if one.error is None and one.folder is not None]
    return {
        "study": design.name,
        "epoch_s": chosen.epoch_s,
        "around_s": chosen.around_s,
        "physiocam": code_version(),
        "measurement": {
            readable(folder.relative_to(study.folder).as_posix()): digest_of(folder / MEASUREMENT)
            for folder in measured
        },
        "file": {readable(file): digest_of(Path(file)) for file in design.files},
    }


def _page(study: Study, files: Sequence[str], epoch_s: float) -> StudyPage:
    names = [str(row["recording"]) for row in study.recordings.rows]
    folders = {name: one.folder for name, one in zip(names, study.outcomes, strict=True) if one.folder is not None}
    methods = None
    if (typical := _typical(study.outcomes)) is not None:
        methods = study_methods(StudyFacts(study.recordings.rows, study.segments.rows, epoch_s), typical)
    return StudyPage(study.name, study.folder, folders, study.recordings, study.segments, files, methods)


def _typical(outcomes: Sequence[VideoOutcome]) -> Measurement | None:
    """A measurement with as much as the study has: beats, and a judged heart rate."""

    def has(outcome: VideoOutcome) -> tuple[bool, bool]:
        summary = outcome.summary or {}
        rate = summary["heart_rate"]
        return "sdnn" in summary and rate["value"] is not None, rate["interval"] is not None

    measured = [one for one in outcomes if one.error is None]
    if not measured:
        return None
    found = max(measured, key=has).measurement()
    # Why one recording has no beats is not about the study.
    return found if found.beats is not None else replace(found, heart_rate_variability=None)
