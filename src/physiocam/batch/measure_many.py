"""Many videos measured, one row each: on one core, on several, or on a cluster."""

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Any, Literal

from pydantic_core import from_json

from physiocam.datasets.readers.folder import videos_below
from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import FaceChoice, face_choice, number
from physiocam.foundation.locks import alone_in
from physiocam.foundation.parallel import run_jobs
from physiocam.foundation.provenance import code_version, mismatch, read_record, source_digest, write_record
from physiocam.foundation.regular_files import read_file
from physiocam.measuring.measure import NETWORK, measure
from physiocam.readable import readable
from physiocam.report.results import write_results
from physiocam.results.measurement_files import MEASURED_WITH, MEASUREMENT, OVERLAY, REPORT, file_names, remove_results
from physiocam.weights.bundle import load_bundle

SUMMARY = "summary.csv"


@dataclass(frozen=True)
class MeasureOptions:
    """How to measure; see `physiocam.measuring.measure.measure` and `physiocam.report.results.write_results`."""

    weights: str = "default"
    method: str = NETWORK
    fs: float | None = None
    face: FaceChoice = "auto"
    settings: Literal["default", "paper"] = "default"
    threads: int | None = None
    hrv: bool = False
    report: bool = False
    overlay: bool = False


@dataclass(frozen=True)
class VideoOutcome:
    """What became of one video.

    Attributes
    ----------
    video : str
    folder : Path
        Where its results are.
    summary : dict or None
        As `Measurement.to_dict` gives it; None where it failed.
    error : str or None
        Why it failed, in one line.
    """

    video: str
    folder: Path
    summary: Mapping[str, Any] | None
    error: str | None = None


@dataclass(frozen=True)
class Planned:
    """A video and the folder for its results.

    Attributes
    ----------
    video : str
    folder : Path
    note : str or None
        Why the folder has another name than the video.
    """

    video: str
    folder: Path
    note: str | None = None


def expand_videos(sources: Sequence[str]) -> list[str]:
    """Replace every folder of videos by the videos in it and below; a folder of images is one video.

    Parameters
    ----------
    sources : sequence of str

    Returns
    -------
    list of str
    """
    return [video for source in sources for video, _ in _videos(source)]


def plan_videos(sources: Sequence[str], output: Path) -> list[Planned]:
    """Give each video a folder of its own: named after it, and below a given folder where the video lies below that.

    Parameters
    ----------
    sources : sequence of str
        Videos, folders of videos and folders of images. With several of them, results of a folder of videos lie in one
        of its name.
    output : Path

    Returns
    -------
    list of Planned
        In the order of `expand_videos`. Where two would have the same folder, the later is numbered, and says so.
    """
    planned: list[Planned] = []
    # Names that file systems may take for the same are the same; those of the tables are taken.
    taken = {SUMMARY: SUMMARY, SUMMARY.replace(".csv", ".parquet"): SUMMARY}
    for source in sources:
        for video, place in _videos(source):
            inside = Path(source).resolve().name / place if len(sources) > 1 and os.path.isdir(source) else place
            wanted = inside if place.name else PurePath(Path(source).resolve().name or "video")
            folder, number = wanted, 1
            while folder.as_posix().lower() in taken:
                number += 1
                folder = wanted.with_name(f"{wanted.name}-{number}")
            other = taken.get(wanted.as_posix().lower())
            note = f"results are in '{folder}', since '{wanted}' is taken by '{other}'" if other else None
            taken[folder.as_posix().lower()] = video
            planned.append(Planned(video, output / folder, note))
    return planned


def _videos(source: str) -> Iterator[tuple[str, PurePath]]:
    """The videos of a source, each with the place of its results; of a folder of images, the empty place."""
    root = Path(source)
    below = videos_below(root) if os.path.isdir(source) else []
    found = [path for path in below if not (path.name == OVERLAY and (path.parent / MEASUREMENT).is_file())]
    for path in found:
        yield str(path), path.relative_to(root).with_suffix("")
    if not found:
        yield source, PurePath() if os.path.isdir(source) else PurePath(root.stem or "video")


def measure_many(
    videos: Sequence[str],
    folders: Sequence[Path],
    summary: Path,
    options: MeasureOptions | None = None,
    *,
    notes: Sequence[str | None] = (),
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[VideoOutcome], None] | None = None,
) -> list[VideoOutcome]:
    """Measure videos, each into a folder of its own, and write one row each into a table.

    It may be stopped at any moment: what was measured in the same way is not measured again. Results of a video that
    has changed, or is to be measured in another way, are removed before it is measured. Results beside the table whose
    video is no longer there stay, and the table says so.

    Parameters
    ----------
    videos : sequence of str
    folders : sequence of Path
        One a video.
    summary : Path
        The table, written when all is done; videos that failed have their reason in it. Beside it stands the same as
        Parquet where pyarrow is installed.
    options : MeasureOptions, optional
    notes : sequence of str or None, optional
        What else the table says of each video.
    jobs : int
        Videos measured at a time, each by a process of its own.
    scheduler : str, optional
        Address of a dask scheduler whose workers measure instead; they must see all files under the same paths.
    progress : callable, optional
        Called with each outcome as it becomes known.

    Returns
    -------
    list of VideoOutcome
        In the order of the videos.

    Raises
    ------
    PhysiocamError
        If the weights cannot be loaded or the table not be written.
    """
    options = _plain(options or MeasureOptions())
    weights = load_bundle(options.weights).sha256 if options.method == NETWORK else None
    work = partial(_measure_one, options=options, weights=weights, code=code_version())
    items = [(os.path.abspath(video), folder.resolve()) for video, folder in zip(videos, folders, strict=True)]
    outcomes: dict[int, VideoOutcome] = {}
    with alone_in(summary.parent, "measuring into"):
        for done in run_jobs(work, items, jobs, scheduler):
            outcome = VideoOutcome(videos[done.index], folders[done.index], done.result, done.error)
            outcomes[done.index] = outcome
            if progress is not None:
                progress(outcome)
        ordered = [outcomes[index] for index in range(len(videos))]
        said = notes or [None] * len(ordered)
        rows = [_row(outcome, summary.parent, note) for outcome, note in zip(ordered, said, strict=True)]
        _write_table(summary, [*rows, *_of_gone_videos(summary, [folder for _, folder in items])])
    return ordered


def _plain(options: MeasureOptions) -> MeasureOptions:
    """The same options with plain numbers, which can be written down beside the results."""
    fs = None if options.fs is None else number(options.fs, "fs")
    return replace(options, fs=fs, face=face_choice(options.face))


def _measure_one(item: tuple[str, Path], options: MeasureOptions, weights: str | None, code: str) -> dict[str, Any]:
    video, folder = item
    made_with = _made_with(video, options, weights, code)
    if mismatch(folder, made_with, MEASURED_WITH) is None and (summary := _read(folder / MEASUREMENT)) is not None:
        return summary
    # Nothing may pass for a result of the video as it is now, even if it cannot be measured.
    _clear(folder, video)
    measurement = measure(
        video,
        weights=options.weights,
        method=options.method,
        fs=options.fs,
        face=options.face,
        settings=options.settings,
        hrv=options.hrv,
        threads=options.threads,
    )
    write_results(
        measurement,
        video,
        folder,
        report=options.report,
        overlay=options.overlay,
        weights=options.weights,
        fs=options.fs,
        face=options.face,
    )
    written = (*file_names(measurement), *(name for name, wanted in _extras(options) if wanted))
    # A name may be any bytes, which JSON cannot hold.
    about = {"video": readable(video), "path": os.fsencode(video).hex()}
    write_record(folder, made_with, written, name=MEASURED_WITH, about=about)
    return measurement.to_dict()


def _extras(options: MeasureOptions) -> tuple[tuple[str, bool], ...]:
    return (REPORT, options.report), (OVERLAY, options.overlay)


def _clear(folder: Path, video: str) -> None:
    try:
        remove_results(folder, video)
        (folder / MEASURED_WITH).unlink(missing_ok=True)
    except NotADirectoryError:
        pass  # named when the results are written
    except OSError as error:
        raise PhysiocamError(f"cannot replace the results in '{folder}': {error.strerror}; remove them") from None


def _made_with(video: str, options: MeasureOptions, weights: str | None, code: str) -> dict[str, Any]:
    """All that decides the answer."""
    try:
        content = source_digest(video)
    except OSError as error:
        raise PhysiocamError(f"'{video}' cannot be read ({error.strerror}); expected a video") from None
    # How many threads compute it does not matter.
    chosen = {name: value for name, value in asdict(options).items() if name != "threads"}
    return {"video": content, "source": readable(video), "weights_sha256": weights, "physiocam": code, **chosen}


def _of_gone_videos(summary: Path, current: Sequence[Path]) -> list[dict[str, Any]]:
    """A row for each result of the table as it was whose video is no longer there."""
    rows = []
    for place in _earlier_folders(summary):
        folder = (summary.parent / place).resolve()
        record = read_record(folder, MEASURED_WITH)
        if record is None or folder in current:
            continue
        try:
            there = os.path.exists(bytes.fromhex(str(record.about["path"])))
        except (KeyError, ValueError):
            continue
        if not there:
            error = "the video is no longer there; these results are of an earlier run"
            rows.append({"video": record.about.get("video"), "folder": place, "error": error})
    return rows


def _earlier_folders(summary: Path) -> list[str]:
    try:
        with summary.open(newline="", encoding="utf-8") as file:
            return [row["folder"] for row in csv.DictReader(file) if row.get("folder")]
    except (OSError, ValueError, csv.Error):
        return []


def _beside(folder: Path, output: Path) -> str:
    """A folder as seen from where the table is."""
    return Path(os.path.relpath(folder.resolve(), output.resolve())).as_posix()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = from_json(read_file(path))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.partial")
        with beside.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, names)
            table.writeheader()
            table.writerows(rows)
        beside.replace(path)
        _write_parquet(path.with_suffix(".parquet"), rows, names)
    except OSError as error:
        raise PhysiocamError(f"'{path}' cannot be written ({error.strerror}); choose another folder with -o") from None


def _write_parquet(path: Path, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """The same table for analysis programs, with numbers as numbers, where the extra `parquet` is installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return
    table = pyarrow.table({name: [row.get(name) for row in rows] for name in names})
    beside = path.with_name(f".{path.name}.partial")
    with beside.open("wb") as file:  # pyarrow takes no name that is not text
        parquet.write_table(table, file)
    beside.replace(path)


def _row(outcome: VideoOutcome, output: Path, note: str | None) -> dict[str, Any]:
    """Columns of the table; empty where there is no value."""
    place = readable(_beside(outcome.folder, output))
    row: dict[str, Any] = {"video": readable(outcome.video), "folder": place, "error": outcome.error}
    for key, value in (outcome.summary or {}).items():
        if key == "action_units":
            for label, unit in value.items():
                row |= {f"{label}_{name}": unit[name] for name in ("mean_probability", "active_fraction")}
        elif isinstance(value, Mapping):
            row |= {f"{key}_{name}": inner for name, inner in value.items()}
        elif key != "source":
            row[key] = "; ".join(value) if isinstance(value, list) else value
    if note is not None:
        row["notes"] = "; ".join([note, row["notes"]] if row.get("notes") else [note])
    return row
