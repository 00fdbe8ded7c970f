"""A folder of one's own: videos, and beside them recordings.csv with what is known about each.

    recordings.csv    video, and optionally subject, trial, fs, pulse_csv, respiration_csv, action_units_csv,
                      heart_rate, breathing_rate

Paths are relative to the folder. Without recordings.csv, every video file in the folder and below is a recording of a
subject of its own.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.frames import VideoFrames
from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes, Recording, Signal
from physiocam.datasets.tables import Table, read_cells, read_table
from physiocam.errors import DatasetError, PhysiocamError

_VIDEOS = {".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".mts", ".3gp"}

_SIGNALS = {"pulse_csv": ("pulse", "a.u."), "respiration_csv": ("respiration", "a.u.")}
_RATES = {"heart_rate": "beats/min", "breathing_rate": "breaths/min"}
_COLUMNS = ("video", "subject", "trial", "fs", *_SIGNALS, "action_units_csv", *_RATES)

_TIME = re.compile(r"(time|timestamps?|t|seconds?)([ _]*[(\[]?s(ec(onds)?)?[)\]]?)?")
_NUMBER = r"(\d+\.?\d*|\.\d+)"
_RATE = re.compile(rf"{_NUMBER}|.*?{_NUMBER} *hz\b.*|.*(?:fs|rate|frequency) *[=:]? *{_NUMBER}.*", re.ASCII)
_UNIT = re.compile(r"au[ _]?0*(\d{1,3})(?:_c)?", re.ASCII)

# Intensities are 0 to 5.
_STRONGEST = 5

# Characters of a recording's name; file systems take 255 bytes.
_LONGEST_NAME = 150

# Codes that mean "could not be seen": the data sets' 9, ours, and an empty cell.
_UNSEEN = (9.0, float(UNKNOWN))


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
    """

    name: str
    subject: str
    trial: str
    root: Path
    row: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())

    @property
    def sources(self) -> tuple[str, ...]:
        """The video and its labels."""
        columns = ("video", *_SIGNALS, "action_units_csv")
        files = [self.root / self.row[column] for column in columns if column in self.row]
        return tuple(str(path) for path in files if os.path.exists(path))

    def load(self) -> Recording:
        """Read what is known about the video.

        Raises
        ------
        DatasetError
            If a file is missing or not understood.
        """
        try:
            return self._load()
        except PhysiocamError as error:
            raise DatasetError(f"{self.name}: {error}") from None

    def _load(self) -> Recording:
        video = self.root / self.row["video"]
        # Unlike Path.exists, this is False, not an error, for what can be no path.
        if not os.path.exists(video):
            raise DatasetError(f"no '{self.row['video']}' in '{self.root}'")
        frames = VideoFrames(video, self._number("fs"))
        signals = {
            name: read_signal(self.root / self.row[column], unit)
            for column, (name, unit) in _SIGNALS.items()
            if column in self.row
        }
        for column, unit in _RATES.items():
            rate = self._number(column)
            if rate is not None:
                signals[column] = Signal.of([rate], [0.0], unit)
        codes = self.row.get("action_units_csv")
        return Recording(
            name=self.name,
            subject=self.subject,
            trial=self.trial,
            frames=frames,
            signals=signals,
            action_units=_action_units(self.root / codes, frames) if codes else None,
            notes=self.notes,
        )

    def _number(self, column: str) -> float | None:
        if column not in self.row:
            return None
        try:
            number = float(self.row[column])
        except ValueError:
            number = np.nan
        if not (np.isfinite(number) and number > 0):
            raise DatasetError(f"{column} is '{self.row[column]}' in recordings.csv; expected a positive number")
        return number


def recordings(root: Path) -> list[FolderEntry]:
    """Videos of your own, with or without recordings.csv.

    Raises
    ------
    DatasetError
        If recordings.csv cannot be read or names no video.
    """
    listing = root / "recordings.csv"
    if not listing.exists():
        rows = [{"video": path.relative_to(root).as_posix()} for path in videos_below(root)]
        notes: tuple[str, ...] = ()
    else:
        rows, notes = _rows(listing)
    names = _names([row["video"] for row in rows])
    return [
        FolderEntry(name, row.get("subject", name), row.get("trial", name), root, row, notes)
        for name, row in zip(names, rows, strict=True)
    ]


def videos_below(root: Path) -> list[Path]:
    """Video files in a folder and below, sorted."""
    return sorted(p for p in root.rglob("*") if p.suffix.lower() in _VIDEOS and not p.name.startswith("."))


def read_signal(path: Path, unit: str) -> Signal:
    """Read a sensor's signal from a CSV file.

    Parameters
    ----------
    path : Path
        Either with a column of times in s (time, time_s, t, timestamp, seconds), of which the first other column is
        the signal, or with one column whose header states the sampling rate ("64", "pulse 64 Hz", "fs=64").
    unit : str

    Raises
    ------
    DatasetError
        If it cannot be read, or has neither times nor a rate.
    """
    table = read_table(path)
    clock = next((index for index, name in enumerate(table.header) if _TIME.fullmatch(name)), None)
    if clock is not None:
        others = [index for index in range(len(table.header)) if index != clock]
        if not others:
            raise DatasetError(f"'{path.name}' has times but no values; expected two columns")
        return Signal.of(table.values[:, others[0]], table.values[:, clock], unit)
    rate = next((float(next(filter(None, found.groups()))) for found in map(_RATE.fullmatch, table.header) if found), 0)
    if not rate > 0:
        raise DatasetError(
            f"'{path.name}' has columns {', '.join(table.header)}; expected one called time, in s, or a sampling rate "
            "in the header, such as 'pulse 64 Hz'"
        )
    return Signal.of(table.values[:, 0], np.arange(len(table.values)) / rate, unit)


def _rows(listing: Path) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    try:
        header, *body = read_cells(listing) or [[]]
    except DatasetError as error:
        raise DatasetError(f"'{listing.parent}' cannot be read: {error}") from None
    columns = [name.lower() for name in header]
    if "video" not in columns:
        raise DatasetError(f"'{listing}' has no column 'video'; columns are {', '.join(_COLUMNS)}")
    rows = [{name: cell for name, cell in zip(columns, row, strict=False) if cell} for row in body]
    for number, row in enumerate(rows, start=2):
        if "video" not in row:
            raise DatasetError(f"'{listing}' names no video in row {number}; expected one in every row")
    unused = [name for name in columns if name not in _COLUMNS]
    note = f"not used of recordings.csv: column {', '.join(unused)}; known are {', '.join(_COLUMNS)}"
    return rows, (note,) if unused else ()


def _names(videos: list[str]) -> list[str]:
    """Names fit for a file, none twice."""
    names: list[str] = []
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for video in videos:
        plain = Path(os.path.splitext(video)[0]).as_posix()
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", plain).lstrip("_.-")[:_LONGEST_NAME] or "video"
        # Counted on from where the last one of this name was: a table may name a video thousands of times.
        count = counts.get(stem, 0) + 1
        while (name := stem if count == 1 else f"{stem}-{count}") in taken:
            count += 1
        counts[stem] = count
        taken.add(name)
        names.append(name)
    return names


def _action_units(path: Path, frames: VideoFrames) -> ActionUnitCodes:
    table = read_table(path)
    found = {index: match for index, name in enumerate(table.header) if (match := _UNIT.fullmatch(name))}
    if not found:
        raise DatasetError(f"'{path.name}' has no column of an action unit; expected AU01, AU02, ...")
    with frames.open() as video:
        count, fs = video.frames, video.fs
    assert count is not None
    place = _rows_of_frames(path, table, fs)
    inside = (place >= 0) & (place < count)
    if (place >= count + 1).any():
        raise DatasetError(f"'{path.name}' codes frame {int(place.max()) + 1}, and the video has {count} frames")
    codes = table.values[:, list(found)]
    codes[np.isin(codes, _UNSEEN) | ~np.isfinite(codes)] = UNKNOWN
    strange = codes[(codes < UNKNOWN) | (codes > _STRONGEST)]
    if len(strange):
        raise DatasetError(f"'{path.name}' codes {strange[0]:g}; expected 0 to {_STRONGEST}, or 9 for unknown")
    intensity = np.full((count, len(found)), UNKNOWN, dtype=np.int8)
    intensity[place[inside]] = codes[inside]
    labels = tuple(f"AU{int(match[1]):02d}" for match in found.values())
    return ActionUnitCodes(labels, np.minimum(intensity, 1), intensity if (intensity > 1).any() else None)


def _whole(times: NDArray[np.float64], fs: float = 1.0) -> NDArray[np.int64]:
    """Places on a clock of fs ticks; -1, before every frame, for what is no time."""
    known = np.abs(times) < 1e12
    return np.where(known, np.rint(np.where(known, times, 0.0) * fs), -1.0).astype(np.int64)


def _rows_of_frames(path: Path, table: Table, fs: float) -> NDArray[np.int64]:
    """Which frame, from 0, each row of codes is about."""
    for index, name in enumerate(table.header):
        if _TIME.fullmatch(name):
            return _whole(table.values[:, index], fs)
        if name == "frame":
            frames = _whole(table.values[:, index])
            return frames - min(int(frames.min()), 1)  # some count from 0, most from 1
    raise DatasetError(f"'{path.name}' has neither a column 'frame' nor 'time'; expected one of them")
