"""UBFC-rPPG: faces with a finger's pulse wave, 30 frames/s.

subject1/vid.avi, ground_truth.txt    data set 2: three lines of numbers, pulse wave, heart rate, time in s
5-gt/vid.avi, gtdump.xmp              data set 1: rows of time in ms, heart rate, SpO2, pulse wave
"""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from physiocam.datasets.readers.frames import VideoFrames
from physiocam.datasets.recording import Recording, Signal
from physiocam.datasets.sensors.clock import Where
from physiocam.datasets.sensors.numbers import number
from physiocam.datasets.sensors.sensor import Samples, signals_of
from physiocam.datasets.sensors.text_tables import line_of, read_lines, read_numbers
from physiocam.errors import DatasetError

_SUBJECT = re.compile(r"subject\d+|\d+-gt")


@dataclass(frozen=True)
class SubjectEntry:
    """One subject of either data set.

    Attributes
    ----------
    folder : Path
    """

    folder: Path

    @property
    def name(self) -> str:
        """The folder's."""
        return self.folder.name

    @property
    def subject(self) -> str:
        """The folder's name: there is one recording a subject."""
        return self.folder.name

    @property
    def sources(self) -> tuple[str, ...]:
        """Video and ground truth."""
        files = (self.folder / name for name in ("vid.avi", "ground_truth.txt", "gtdump.xmp"))
        return tuple(str(path) for path in files if path.exists())

    def load(self) -> Recording:
        """Read the ground truth.

        Raises
        ------
        DatasetError
            If video or ground truth is missing or damaged.
        """
        notes: list[str] = []
        try:
            if not (self.folder / "vid.avi").exists():
                raise DatasetError("no 'vid.avi'")
            first_set = (self.folder / "gtdump.xmp").exists()
            signals = _first_set(self.folder / "gtdump.xmp", notes) if first_set else _second_set(self.folder, notes)
        except DatasetError as error:
            raise DatasetError(f"{self.name}: {error}") from None
        return Recording(
            name=self.name,
            subject=self.subject,
            trial="1",
            frames=VideoFrames(self.folder / "vid.avi"),
            signals=signals,
            notes=tuple(notes),
        )


def recordings(root: Path) -> list[SubjectEntry]:
    """UBFC-rPPG, data set 1 and 2; both may lie under one root."""
    folders = [path for pattern in ("*", "*/*") for path in root.glob(pattern) if path.is_dir()]
    found = [path for path in folders if _SUBJECT.fullmatch(path.name) or (path / "vid.avi").exists()]
    return [SubjectEntry(path) for path in sorted(found, key=lambda path: (_number(path), path.name))]


def _number(folder: Path) -> int:
    digits = re.search(r"\d+", folder.name)
    return int(digits[0]) if digits else 0


def _second_set(folder: Path, notes: list[str]) -> dict[str, Signal]:
    path = folder / "ground_truth.txt"
    filled = [(line, text.split()) for line, text in enumerate(read_lines(path), 1) if text.strip()]
    rows = [cells for _, cells in filled]
    if len(rows) != 3 or len({len(row) for row in rows}) != 1:
        counts = ", ".join(str(len(row)) for row in rows)
        raise DatasetError(f"'{path.name}' has lines of {counts or 'no'} numbers; expected three lines of one length")
    for line, cells in filled:
        for place, cell in enumerate(cells, 1):
            if number(cell) is None:
                raise DatasetError(
                    f"'{path.name}' holds a value that is not a number: '{cell[:40]}', value {place} of line {line}; "
                    "expected numbers with a decimal point"
                )
    wave, rate, times = (np.array([number(cell) for cell in row], dtype=np.float64) for row in rows)
    columns = {"pulse": (wave, "a.u.", 0), "heart_rate": (rate, "beats/min", 1)}
    return signals_of(
        [
            Samples(name, values, times, unit, f"line {filled[row][0]}", path.name, _number_of(path, filled[row][0]))
            for name, (values, unit, row) in columns.items()
        ],
        notes,
    )


def _first_set(path: Path, notes: list[str]) -> dict[str, Signal]:
    rows = read_numbers(path)
    if rows.shape[1] != 4:
        raise DatasetError(f"'{path.name}' has {rows.shape[1]} columns; expected time, heart rate, SpO2 and pulse wave")
    times = rows[:, 0] / 1000
    columns = {"pulse": (3, "a.u."), "heart_rate": (1, "beats/min"), "oxygen_saturation": (2, "%")}
    return signals_of(
        [
            Samples(name, rows[:, column], times, unit, f"column {column + 1}", path.name, partial(_line_of_row, path))
            for name, (column, unit) in columns.items()
        ],
        notes,
    )


def _number_of(path: Path, line: int) -> Where:
    return lambda index: f"number {index + 1} of line {line} of '{path.name}'"


def _line_of_row(path: Path, row: int) -> str:
    return f"line {line_of(path, row)} of '{path.name}'"
