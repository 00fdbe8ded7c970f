"""The page of a study: quality, failures, conditions, outliers, links to each report, and the methods."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from physiocam.foundation.files import complete_file
from physiocam.networks.action_units import ACTION_UNIT_NAMES
from physiocam.report.graph import Table, text
from physiocam.report.html import page_template
from physiocam.report.methods import MethodsText
from physiocam.results.measurement_files import MEASUREMENT, REPORT
from physiocam.study.design import CONDITION, PARTICIPANT
from physiocam.study.dictionary import RATES
from physiocam.study.groups import Groups, StudyRow, groups_of
from physiocam.study.outliers import outliers_of
from physiocam.study.strips import group_strips, numbers, share_strips
from physiocam.study.tables import StudyTable
from physiocam.version import __version__

_STYLES = {"heart_rate": "heart", "breathing_rate": "breathing"}
_SHARES = {
    "face_found_fraction": ("face found", "au"),
    "heart_rate_quality": ("quality of the heart rate", "heart"),
    "heart_rate_coverage": ("coverage of the heart rate", "heart"),
    "breathing_rate_quality": ("quality of the breathing rate", "breathing"),
    "breathing_rate_coverage": ("coverage of the breathing rate", "breathing"),
}
_MOST_OUTLIERS = 40
_LENGTH = re.compile(r"^[\d.]+ s long")
_MOST_REASONS = 10


@dataclass(frozen=True)
class StudyPage:
    """What the page of a study shows.

    Attributes
    ----------
    name : str
    folder : Path
        Of the study; links are relative to it.
    folders : mapping of str to Path
        Of the results of each recording, by its name.
    recordings, segments : StudyTable
    files : sequence of str
        Names of the table files.
    methods : MethodsText or None
        None if nothing was measured.
    """

    name: str
    folder: Path
    folders: dict[str, Path]
    recordings: StudyTable
    segments: StudyTable
    files: Sequence[str]
    methods: MethodsText | None


def write_page(page: StudyPage, path: Path) -> None:
    """Write the page of a study: one HTML file without scripts, which loads nothing from the network.

    Raises
    ------
    PhysiocamError
        If the file cannot be written.
    """
    html = page_template("study.html.jinja", Path(__file__).parent).render(_content(page))
    with complete_file(path) as beside:
        beside.write_text(html, encoding="utf-8")


def _content(page: StudyPage) -> dict[str, Any]:
    rows = page.recordings.rows
    measured = [row for row in rows if row["error"] is None]
    groups = groups_of(page.recordings, page.segments)
    shown = page.segments.rows or measured
    return {
        "name": page.name,
        "version": __version__,
        "files": [(name, quote(name)) for name in page.files],
        "cards": _cards(rows, measured, page.segments.rows),
        "shares": share_strips(measured, _SHARES),
        "links": {name: _link(page, name) for name in page.folders},
        "rows": rows,
        "which": _which,
        "failed": [row for row in rows if row["error"] is not None],
        "problems": [row for row in rows if row["problems"] is not None],
        "missing": _missing(shown),
        "groups": groups,
        "rates": [
            (words, unit, strips)
            for name, (words, unit) in RATES.items()
            if (strips := group_strips(groups, name, unit, _STYLES[name]))
        ],
        "units": _units(groups),
        "outliers": (found := outliers_of(shown))[:_MOST_OUTLIERS],
        "more_outliers": max(len(found) - _MOST_OUTLIERS, 0),
        "methods": page.methods,
    }


def _cards(
    rows: Sequence[StudyRow], measured: Sequence[StudyRow], segments: Sequence[StudyRow]
) -> list[tuple[str, str, str]]:
    """Name, value and remark of each."""
    people = {row.get(PARTICIPANT) for row in rows} - {None}
    minutes = float(numbers(measured, "duration_s").sum()) / 60
    cards = [
        ("recordings", f"{len(measured)} of {len(rows)}", f"measured; {minutes:.1f} minutes"),
        *([("participants", str(len(people)), "")] if people else []),
        *([("segments", str(len(segments)), "")] if segments else []),
    ]
    for name, (words, unit) in RATES.items():
        found = numbers(measured, name)
        remark = f"of {len(measured)} recordings"
        if len(found):
            remark += f"; {found.min():.1f} to {found.max():.1f} {unit}"
        cards.append((words, str(len(found)), remark))
    return cards


def _link(page: StudyPage, name: str) -> str | None:
    """Where a recording's report is, or else its results."""
    for file in (REPORT, MEASUREMENT):
        if (page.folders[name] / file).is_file():
            place = os.path.relpath(page.folders[name] / file, page.folder)
            return quote(os.fsencode(Path(place).as_posix()))
    return None


def _missing(rows: Sequence[StudyRow]) -> list[tuple[str, int]]:
    """Why rates are missing, and how often; lengths are left out, so that equal reasons are one."""
    reasons = Counter(
        f"no {words}: {_LENGTH.sub('too short', str(row[f'{name}_note']))}"
        for row in rows
        for name, (words, _) in RATES.items()
        if row.get(name) is None and row.get(f"{name}_note") is not None
    )
    return reasons.most_common(_MOST_REASONS)


def _units(groups: Groups) -> Table | None:
    """The mean active share of each action unit in each group, in percent."""
    every = [row for rows in groups.rows.values() for row in rows]
    labels = [label for label in ACTION_UNIT_NAMES if len(numbers(every, f"{label}_active_fraction"))]
    if not labels:
        return None
    body = []
    for label in labels:
        shares = [numbers(rows, f"{label}_active_fraction") for rows in groups.rows.values()]
        cells = [text(100 * float(found.mean()), 1) if len(found) else "-" for found in shares]
        body.append((f"{label} {ACTION_UNIT_NAMES[label]}", *cells))
    return Table("active share of each action unit in percent, mean", ("action unit", *groups.rows), tuple(body))


def _which(row: StudyRow) -> str:
    """What a row is about, for a reader."""
    parts = [row.get(key) for key in (PARTICIPANT, CONDITION, "segment")]
    return ", ".join(str(part) for part in parts if part is not None)
