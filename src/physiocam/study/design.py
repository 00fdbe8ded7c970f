"""The design of a study: its recordings, with participants, conditions and segments."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from physiocam.batch.plan import free_place, recorded_videos
from physiocam.datasets.sensors.text_tables import read_table
from physiocam.errors import DatasetError, PhysiocamError
from physiocam.readable import readable
from physiocam.study.events import read_events
from physiocam.study.segment import TIMES, Segment, given, has_times, segment_of

_VIDEO, _EVENTS, _SEGMENT = "video", "events", "segment"
PARTICIPANT, SESSION, CONDITION = "participant", "session", "condition"

# What is about a row, and describes neither recordings nor segments.
_OF_ROWS = {_VIDEO, _EVENTS, _SEGMENT, *TIMES}

# Other names of a column.
_OTHER_NAMES = {"participant_id": PARTICIPANT, "subject": PARTICIPANT, "session_id": SESSION, "file": _VIDEO}

# Parts of a name as in BIDS, and their columns.
_OF_NAME = {"sub": PARTICIPANT, "ses": SESSION, "task": "task", "run": "run"}

# Files beside a video that hold its events, as what comes after its name.
_BESIDE = (".eaf", "_events.tsv", "_events.csv")


@dataclass(frozen=True)
class StudyRecording:
    """A recording of a study.

    Attributes
    ----------
    video : str
    name : str
        Unique in the study; its results are in a folder of this name.
    columns : mapping of str to str
        Participant, session, condition and whatever else the study's table has.
    segments : tuple of Segment
    problems : tuple of str
        What could not be read, one line each.
    """

    video: str
    name: str
    columns: Mapping[str, str]
    segments: tuple[Segment, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Design:
    """What a study consists of.

    Attributes
    ----------
    name : str
    recordings : tuple of StudyRecording
    columns : tuple of str
        Names of the columns that describe recordings.
    segment_columns : tuple of str
        Names of the columns that describe segments only.
    files : tuple of str
        The table and the event files that were read.
    """

    name: str
    recordings: tuple[StudyRecording, ...]
    columns: tuple[str, ...]
    segment_columns: tuple[str, ...]
    files: tuple[str, ...] = ()


def read_design(source: str | os.PathLike[str]) -> Design:
    """Read a study's table, or find the videos of a folder with the event files beside them.

    Parameters
    ----------
    source : path
        A table with a column `video`, and any of `participant`, `session`, `condition`, `segment`, `start`, `end`,
        `duration` and `events`; other columns are kept. Several rows of a video are its segments. Paths are relative to
        the table. Or a folder of videos: events are in `NAME_events.tsv`, `NAME_events.csv` or `NAME.eaf` beside the
        video `NAME.mp4`; parts of BIDS names (`sub-01_ses-2_task-rest`) become columns.

    Returns
    -------
    Design

    Raises
    ------
    PhysiocamError
        If there is no such table or folder, or it names no video.
    """
    path = Path(source)
    if not path.exists():
        raise PhysiocamError(f"'{path}' does not exist; expected a table with a column video, or a folder of videos")
    rows = _rows_of_folder(path) if path.is_dir() else _rows_of_table(path)
    root = path if path.is_dir() else path.parent
    groups: dict[str, list[_Row]] = {}
    for row in rows:
        groups.setdefault(os.path.abspath(root / row.cells[_VIDEO]), []).append(row)
    # What differs between the rows of a recording describes its segments.
    differing = {
        name for group in groups.values() for name in group[0].cells if len({row.cells[name] for row in group}) > 1
    }
    own = differing - _OF_ROWS
    names = _names(groups, root)
    recordings = tuple(_recording(video, names[video], group, own, root) for video, group in groups.items())
    columns = dict.fromkeys(name for row in rows for name in row.cells if name not in _OF_ROWS | own)
    further = dict.fromkeys(name for one in recordings for segment in one.segments for name in segment.columns)
    events = [file for video, group in groups.items() for file in _event_files(video, group, root) if file.is_file()]
    return Design(
        name=path.resolve().stem,
        recordings=recordings,
        columns=tuple(columns),
        segment_columns=tuple(name for name in further if name not in columns),
        files=tuple(os.path.abspath(file) for file in dict.fromkeys([*([] if path.is_dir() else [path]), *events])),
    )


@dataclass(frozen=True)
class _Row:
    """Cells by column, and where they are written."""

    cells: Mapping[str, str]
    where: str


def _rows_of_folder(folder: Path) -> list[_Row]:
    rows = [_Row({_VIDEO: os.path.abspath(video), **_named(video)}, "") for video in recorded_videos(folder)]
    if not rows:
        raise PhysiocamError(f"'{folder}' holds no video; expected a folder of videos, or a table with a column video")
    return rows


def _rows_of_table(path: Path) -> list[_Row]:
    try:
        table = read_table(path)
    except DatasetError as error:
        raise PhysiocamError(f"the study '{path}' cannot be read: {error}") from None
    header = [_OTHER_NAMES.get(name, name) for name in table.header]
    if _VIDEO not in header:
        raise PhysiocamError(f"'{path}' has no column 'video'; expected one, with the path of each row's video")
    if twice := [name for name in header if header.count(name) > 1]:
        raise PhysiocamError(f"'{path}' has two columns for '{twice[0]}'; expected one")
    rows = [
        _Row(dict(zip(header, map(given, cells), strict=True)), f"'{path.name}' line {line}")
        for cells, line in zip(table.cells, table.lines.tolist(), strict=True)
    ]
    found = [row for row in rows if row.cells[_VIDEO]]
    if not found:
        raise PhysiocamError(f"'{path}' names no video in its column 'video'")
    return found


def _recording(video: str, name: str, rows: Sequence[_Row], own: set[str], root: Path) -> StudyRecording:
    """One recording from its rows; the columns of `own` describe segments."""
    columns = {key: cell for key, cell in rows[0].cells.items() if key not in own | _OF_ROWS}
    segments: list[Segment] = []
    problems: list[str] = []
    for row in rows:
        label = row.cells.get(_SEGMENT, "")
        if label or has_times(row.cells):
            further = {key: cell for key, cell in row.cells.items() if key in own}
            segments.append(segment_of(row.cells, label, row.where, columns=further))
    for events in dict.fromkeys(_event_files(video, rows, root)):
        try:
            segments += read_events(events, video)
        except PhysiocamError as error:
            problems.append(f"events are left out: {error}")
    problems += [f"a segment is not measured: {one.problem}" for one in segments if one.problem is not None]
    return StudyRecording(video, name, columns, tuple(segments), tuple(map(readable, problems)))


def _event_files(video: str, rows: Iterable[_Row], root: Path) -> list[Path]:
    named = [root / cell for row in rows if (cell := row.cells.get(_EVENTS, ""))]
    if named:
        return named
    stem = os.path.splitext(video)[0]
    # In BIDS, the last part of a name is what the file holds.
    stems = dict.fromkeys((stem, re.sub(r"_[a-z]+$", "", stem))) if "sub-" in os.path.basename(stem) else (stem,)
    return [Path(one + end) for one in stems for end in _BESIDE if os.path.isfile(one + end)]


def _named(video: Path) -> dict[str, str]:
    """Columns from a name as in BIDS."""
    found = dict(re.findall(r"(?:^|_)(sub|ses|task|run)-([A-Za-z0-9]+)", video.name))
    return {column: found[key] for key, column in _OF_NAME.items() if key in found}


def _names(videos: Iterable[str], root: Path) -> dict[str, str]:
    """A unique name for each video: its path in the study without the suffix, or its folder and name elsewhere."""
    names: dict[str, str] = {}
    top = os.path.abspath(root)
    for video in videos:
        path = Path(video)
        place = path.relative_to(top) if path.is_relative_to(top) else PurePath(path.parent.name, path.name)
        wanted = place if path.is_dir() else place.with_suffix("")
        names[video] = free_place(wanted, {name.lower() for name in names.values()}).as_posix()
    return names


def around_markers(design: Design, before_s: float, after_s: float) -> Design:
    """Return the design with a segment around each marker without a length."""
    return replace(
        design,
        recordings=tuple(
            replace(one, segments=tuple(segment.around(before_s, after_s) for segment in one.segments))
            for one in design.recordings
        ),
    )
