"""Your own folder: videos, and recordings.csv with what is known about each.

    recordings.csv    video, and optionally subject, trial, fs, start, pulse_csv, respiration_csv, action_units_csv,
                      heart_rate, breathing_rate, and the columns that tasks.yaml names
    tasks.yaml        tasks of your own; see `own_tasks`

Paths are relative to the folder. Without recordings.csv, every video file in the folder and its subfolders is a
recording of a different subject.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from physiocam.datasets.readers.frames import VideoFrames, outline
from physiocam.datasets.readers.own_tasks import TASKS, OwnTask, own_tasks
from physiocam.datasets.recording import ActionUnitCodes, Recording, Signal, TaskLabels
from physiocam.datasets.sensors import numbers
from physiocam.datasets.sensors.clock import parse_time, read_times
from physiocam.datasets.sensors.codes import codes_of_table
from physiocam.datasets.sensors.columns import rate_in_header, time_column, wave_column
from physiocam.datasets.sensors.plausible import RATES, check_rate, check_unit_of_times
from physiocam.datasets.sensors.sensor import Samples, lines
from physiocam.datasets.sensors.text_tables import Table, read_cells, read_table
from physiocam.errors import DatasetError, PhysiocamError
from physiocam.video.images import videos_below

_SIGNALS = {"pulse_csv": ("pulse", "a.u."), "respiration_csv": ("respiration", "a.u.")}
_COLUMNS = ("video", "subject", "trial", "fs", "start", *_SIGNALS, "action_units_csv", *RATES)

# If all times are farther from 0 than a day, they are dates.
_LONGEST_S = 86_400.0
_EXPECTED_TIMES = "expected 0 at its first frame, or that frame's time in a column 'start' of recordings.csv"

# Characters of a recording's name; file systems take 255 bytes.
_LONGEST_NAME = 150


@dataclass(frozen=True)
class FolderEntry:
    """One video of the folder.

    Attributes
    ----------
    name, subject, trial : str
    root : Path
    row : mapping of str to str
        Its row of recordings.csv, without empty cells.
    notes : tuple of str
    number : int
        Number of the row, where the header is row 1.
    own : tuple of OwnTask
        Tasks of the folder's own.
    """

    name: str
    subject: str
    trial: str
    root: Path
    row: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())
    number: int = 0
    own: tuple[OwnTask, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The video and its labels."""
        columns = dict.fromkeys(["video", *_SIGNALS, "action_units_csv", *(one.file for one in self.own)])
        files = [self.root / self.row[column] for column in columns if column in self.row]
        return tuple(str(path) for path in files if os.path.exists(path))

    @property
    def facts(self) -> dict[str, str]:
        """Values of its row other than the video; no source file holds them."""
        facts = {column: value for column, value in self.row.items() if column != "video"}
        return facts | {f"task {one.task.name}": one.described() for one in self.own}

    def load(self) -> Recording:
        """Read what is known about the video.

        Raises
        ------
        DatasetError
            If a file is missing or cannot be interpreted.
        """
        try:
            return self._load()
        except PhysiocamError as error:
            raise DatasetError(f"{self.name}: {error}") from None

    def _load(self) -> Recording:
        video = self.root / self.row["video"]
        # Unlike Path.exists, this is False, not an error, for an invalid path.
        if not os.path.exists(video):
            raise DatasetError(f"no '{self.row['video']}' in '{self.root}'")
        frames = VideoFrames(video, self._number("fs"))
        notes = list(self.notes)
        signals = self._signals(frames, notes)
        codes = self.row.get("action_units_csv")
        return Recording(
            name=self.name,
            subject=self.subject,
            trial=self.trial,
            frames=frames,
            signals=signals,
            action_units=_action_units(self.root / codes, frames, notes) if codes else None,
            tasks=self._tasks(frames, notes),
            notes=tuple(notes),
        )

    def _tasks(self, frames: VideoFrames, notes: list[str]) -> dict[str, TaskLabels]:
        found: dict[str, TaskLabels] = {}
        tables: dict[str, Table] = {}
        for one in self.own:
            if not one.file:
                labels = one.of_row(self.row, self.number)
            elif one.file in self.row:
                if one.file not in tables:
                    tables[one.file] = read_table(self.root / self.row[one.file])
                    notes += tables[one.file].notes
                labels = one.of_table(tables[one.file], outline(frames).fs, self._start(), notes)
            else:
                labels = None
            if labels is not None:
                found[one.task.name] = labels
        return found

    def _signals(self, frames: VideoFrames, notes: list[str]) -> dict[str, Signal]:
        signals = {}
        for column, (name, unit) in _SIGNALS.items():
            if column in self.row:
                path = self.root / self.row[column]
                signal = read_signal(path, unit, name, notes, self._start())
                if signal is not None:
                    _check_overlap(path, signal, frames)
                    signals[name] = signal
        for name, limits in RATES.items():
            rate = self._number(name)
            if rate is not None:
                try:
                    check_rate(name, rate)
                except DatasetError as error:
                    raise DatasetError(f"{error} (row {self.number} of recordings.csv)") from None
                signals[name] = Signal.of([rate], [0.0], limits.unit, f"column '{name}' of recordings.csv")
        return signals

    def _start(self) -> float:
        """Time of the first frame on the sensors' clock."""
        text = self.row.get("start")
        start = parse_time(text) if text else 0.0
        if start is None:
            raise DatasetError(
                f"start is '{text}' in recordings.csv; expected when the video began on the sensors' clock: seconds, "
                "hours:minutes:seconds, or a date like 2024-05-01 12:00:00.5"
            )
        return start

    def _number(self, column: str) -> float | None:
        if column not in self.row:
            return None
        # A list from a spreadsheet may have decimal commas throughout.
        found = numbers.number(self.row[column])
        if found is None:
            found = numbers.number(self.row[column], "comma")
        if found is None or not (np.isfinite(found) and found > 0):
            raise DatasetError(
                f"{column} is '{self.row[column]}' in recordings.csv; expected a positive number (row {self.number})"
            )
        return found


def recordings(root: Path) -> list[FolderEntry]:
    """Videos of your own, with or without recordings.csv.

    Raises
    ------
    DatasetError
        If recordings.csv cannot be read or names no video.
    """
    listing = root / "recordings.csv"
    own = own_tasks(root)
    if own and not listing.exists():
        raise DatasetError(
            f"'{root / TASKS}' describes tasks, and there is no '{listing.name}' that says where their labels are"
        )
    if not listing.exists():
        rows = [{"video": path.relative_to(root).as_posix()} for path in videos_below(root)]
        notes: tuple[str, ...] = ()
    else:
        rows, notes = _rows(listing, own)
    names = _names([row["video"] for row in rows])
    return [
        FolderEntry(name, row.get("subject", name), row.get("trial", name), root, row, notes, number, own)
        for number, (name, row) in enumerate(zip(names, rows, strict=True), start=2)
    ]


def read_signal(
    path: Path, unit: str, name: str = "pulse", notes: list[str] | None = None, start_s: float = 0.0
) -> Signal | None:
    """Read a sensor's wave from a CSV file.

    Parameters
    ----------
    path : Path
        Either with a column of times (time, timestamp_ms, ...), or with a column whose name states the sampling rate
        ("64", "pulse 64 Hz", "fs=64"). The wave's column is chosen by its name (ppg, bvp, pleth, ...), or is the only
        candidate.
    unit : str
    name : "pulse" or "respiration"
    notes : list of str, optional
        Receives a line for each correction or assumption.
    start_s : float
        Time of the video's first frame on the sensor's clock.

    Returns
    -------
    Signal or None
        None if the sensor measured nothing.

    Raises
    ------
    DatasetError
        If it cannot be read, has neither times nor a rate, or is ambiguous.
    """
    notes = [] if notes is None else notes
    table = read_table(path)
    notes += table.notes
    clock, stated = time_column(table), ""
    if clock is not None:
        times = read_times(table, clock) - start_s
    elif (found := rate_in_header(table)) is not None:
        times = np.arange(len(table.lines)) / found[0]
        stated = f", taken as {found[0]:g} Hz, from '{found[1]}'"
    else:
        raise DatasetError(
            f"'{path.name}' has columns {', '.join(table.header)}; expected one called time, in s, or a sampling rate "
            "in the header, such as 'pulse 64 Hz'"
        )
    if np.nanmin(np.abs(times), initial=np.inf) > _LONGEST_S:
        raise DatasetError(
            f"'{path.name}' has the time '{table.cells[0][clock or 0][:40]}' in line {table.lines[0]}, which is "
            f"outside the video; {_EXPECTED_TIMES}"
        )
    wave = wave_column(table, name)
    source = f"column '{table.header[wave]}'{stated}"
    return Samples(name, table.numbers(wave), times, unit, source, path.name, lines(path.name, table.lines)).to_signal(
        notes
    )


def _check_overlap(path: Path, signal: Signal, frames: VideoFrames) -> None:
    """Refuse a signal that was not recorded with the video, such as one with other dates or another unit of time."""
    first, last = float(signal.timestamps_s[0]), float(signal.timestamps_s[-1])
    seen = outline(frames)
    end = seen.frames / seen.fs if seen.frames and seen.fs else np.inf
    if first >= end or last < 0:
        raise DatasetError(
            f"'{path.name}' has times from {first:.6g} to {last:.6g} s, and the video lasts from 0 to {end:.6g} s; "
            f"{_EXPECTED_TIMES}"
        )
    try:
        check_unit_of_times(last - first, end)
    except DatasetError as error:
        raise DatasetError(f"'{path.name}' {error}") from None


def _rows(listing: Path, own: Sequence[OwnTask]) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    try:
        cells = read_cells(listing)
        if not cells:
            raise DatasetError(f"'{listing.name}' is empty; expected a first line such as 'video,heart_rate'")
    except DatasetError as error:
        raise DatasetError(f"'{listing.parent}' cannot be read: {error}") from None
    header, *body = cells
    columns = [name.lower() for name in header]
    if "video" not in columns:
        raise DatasetError(f"'{listing}' has no column 'video'; columns are {', '.join(_COLUMNS)}")
    for number, row in enumerate(body, start=2):
        if any(row[len(columns) :]):
            raise DatasetError(
                f"'{listing}' has {len(row)} cells in row {number} and {len(columns)} columns; expected one cell per "
                "column (put text with commas in quotes)"
            )
    rows = [{name: cell for name, cell in zip(columns, row, strict=False) if cell} for row in body]
    for number, named in enumerate(rows, start=2):
        if "video" not in named:
            raise DatasetError(f"'{listing}' names no video in row {number}; expected one in every row")
    known = (*_COLUMNS, *(column for one in own for column in one.columns))
    unused = [name for name in columns if name not in known]
    note = f"not used of recordings.csv: column {', '.join(unused)}; known are {', '.join(dict.fromkeys(known))}"
    for one in own:
        if lacking := [column for column in one.columns if column not in columns]:
            raise DatasetError(
                f"'{listing}' has no column '{lacking[0]}' for the task '{one.task.name}' of '{TASKS}'; columns are "
                f"{', '.join(columns)}"
            )
    return rows, (note,) if unused else ()


def _names(videos: list[str]) -> list[str]:
    """Unique names that are valid file names."""
    names: list[str] = []
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for video in videos:
        plain = Path(os.path.splitext(video)[0]).as_posix()
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", plain).lstrip("_.-")[:_LONGEST_NAME] or "video"
        # Continue the count of this name: a table may name a video thousands of times.
        count = counts.get(stem, 0) + 1
        while (name := stem if count == 1 else f"{stem}-{count}") in taken:
            count += 1
        counts[stem] = count
        taken.add(name)
        names.append(name)
    return names


def _action_units(path: Path, frames: VideoFrames, notes: list[str]) -> ActionUnitCodes:
    table = read_table(path)
    notes += table.notes
    with frames.open() as video:
        count, fs = video.frames, video.fs
    assert count is not None
    return codes_of_table(table, fs, count, notes)
