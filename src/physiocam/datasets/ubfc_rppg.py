"""UBFC-rPPG: faces with a finger's pulse wave, 30 frames/s.

subject1/vid.avi, ground_truth.txt    data set 2: three lines of numbers, pulse wave, heart rate, time in s
5-gt/vid.avi, gtdump.xmp              data set 1: rows of time in ms, heart rate, SpO2, pulse wave
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from physiocam.datasets.frames import VideoFrames
from physiocam.datasets.recording import Recording, Signal
from physiocam.datasets.tables import read_lines, read_numbers
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
        try:
            if not (self.folder / "vid.avi").exists():
                raise DatasetError("no 'vid.avi'")
            first_set = (self.folder / "gtdump.xmp").exists()
            signals = _first_set(self.folder / "gtdump.xmp") if first_set else _second_set(self.folder)
        except DatasetError as error:
            raise DatasetError(f"{self.name}: {error}") from None
        return Recording(
            name=self.name,
            subject=self.subject,
            trial="1",
            frames=VideoFrames(self.folder / "vid.avi"),
            signals=signals,
        )


def recordings(root: Path) -> list[SubjectEntry]:
    """UBFC-rPPG, data set 1 and 2; both may lie under one root."""
    folders = [path for pattern in ("*", "*/*") for path in root.glob(pattern) if path.is_dir()]
    found = [path for path in folders if _SUBJECT.fullmatch(path.name) or (path / "vid.avi").exists()]
    return [SubjectEntry(path) for path in sorted(found, key=lambda path: (_number(path), path.name))]


def _number(folder: Path) -> int:
    digits = re.search(r"\d+", folder.name)
    return int(digits[0]) if digits else 0


def _second_set(folder: Path) -> dict[str, Signal]:
    path = folder / "ground_truth.txt"
    rows = [line.split() for line in read_lines(path) if line.strip()]
    if len(rows) != 3 or len({len(row) for row in rows}) != 1:
        counts = ", ".join(str(len(row)) for row in rows)
        raise DatasetError(f"'{path.name}' has lines of {counts or 'no'} numbers; expected three lines of one length")
    try:
        wave, rate, times = np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise DatasetError(f"'{path.name}' holds something else than numbers ({error})") from None
    return {"pulse": Signal.of(wave, times, "a.u."), "heart_rate": Signal.of(rate, times, "beats/min")}


def _first_set(path: Path) -> dict[str, Signal]:
    rows = read_numbers(path)
    if rows.shape[1] != 4:
        raise DatasetError(f"'{path.name}' has {rows.shape[1]} columns; expected time, heart rate, SpO2 and pulse wave")
    milliseconds, rate, saturation, wave = rows.T
    times = milliseconds / 1000
    return {
        "pulse": Signal.of(wave, times, "a.u."),
        "heart_rate": Signal.of(rate, times, "beats/min"),
        "oxygen_saturation": Signal.of(saturation, times, "%"),
    }
