"""DISFA: 27 people watching films, twelve action units rated frame by frame, 20 frames/s.

    Videos_LeftCamera/LeftVideoSN001_comp.avi       copies differ in the case of letters and in "Video_"
    ActionUnit_Labels/SN001/SN001_au1.txt           one line per frame: number from 1, intensity 0..5

Any intensity above 0 counts as present (paper, appendix D.2). Seven of the units are among BP4D+'s twelve: AU01, AU02,
AU04, AU06, AU12, AU15, AU17. Units are always identified by name, so each is compared with itself; the released code
takes columns by numbers of a different order.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.readers.frames import VideoFrames, outline
from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes, Recording
from physiocam.datasets.sensors.codes import STRONGEST, check_codes
from physiocam.datasets.sensors.text_tables import line_of, read_numbers
from physiocam.errors import DatasetError, PhysiocamError

UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)

# More frames than this without a code, or codes without a frame, are not explained by rounding at a video's end.
_SLACK = 2

_LABELS = "ActionUnit_Labels"


@dataclass(frozen=True)
class SubjectEntry:
    """One subject's video by one camera.

    Attributes
    ----------
    root : Path
    subject : str
        Such as "SN001".
    camera : "left" or "right"
    video : Path or None
        None if there are codes without a video.
    """

    root: Path
    subject: str
    camera: Literal["left", "right"]
    video: Path | None

    @property
    def name(self) -> str:
        """The subject's: there is one recording per subject and camera."""
        return self.subject

    @property
    def sources(self) -> tuple[str, ...]:
        """The video and the coder's files."""
        codes = [path for unit in UNITS if (path := self._codes_of(unit)).exists()]
        return tuple(str(path) for path in ([self.video] if self.video else []) + codes)

    def _codes_of(self, unit: int) -> Path:
        return self.root / _LABELS / self.subject / f"{self.subject}_au{unit}.txt"

    def load(self) -> Recording:
        """Read the coder's files.

        Raises
        ------
        DatasetError
            If a file is missing or damaged, or codes and video differ in length.
        """
        try:
            return self._load()
        except PhysiocamError as error:
            raise DatasetError(f"{self.subject}: {error}") from None

    def _load(self) -> Recording:
        if self.video is None:
            raise DatasetError(f"there are codes, but no video of the {self.camera} camera")
        frames = VideoFrames(self.video)
        count = outline(frames).frames
        notes: list[str] = []
        columns = [self._intensity(unit, count, notes) for unit in UNITS]
        if len({len(column) for column in columns}) != 1:
            counts = ", ".join(f"AU{unit:02d} {len(column)}" for unit, column in zip(UNITS, columns, strict=True))
            raise DatasetError(f"units are coded for different numbers of frames: {counts}")
        intensity = np.stack(columns, axis=1)
        return Recording(
            name=self.name,
            subject=self.subject,
            trial=self.camera,
            frames=frames,
            action_units=ActionUnitCodes(
                tuple(f"AU{unit:02d}" for unit in UNITS), np.minimum(intensity, np.int8(1)), intensity
            ),
            notes=tuple(notes),
        )

    def _intensity(self, unit: int, frames: int | None, notes: list[str]) -> NDArray[np.int8]:
        path = self._codes_of(unit)
        rows = read_numbers(path)
        if rows.shape[1] != 2:
            raise DatasetError(f"'{path.name}' has {rows.shape[1]} columns; expected frame and intensity")
        numbers = rows[:, 0]
        if not np.array_equal(np.sort(numbers), np.arange(1, len(numbers) + 1)):
            odd = next(row for row in range(len(numbers)) if numbers[row] != row + 1)
            raise DatasetError(
                f"'{path.name}' has frame {numbers[odd]:g} in line {line_of(path, odd)}; expected {odd + 1}: each "
                "frame once, from 1"
            )
        levels = check_codes(rows[:, 1], STRONGEST, path.name, lambda row: f"line {line_of(path, row)}")
        coded = len(numbers)
        count = coded if frames is None else frames
        if abs(coded - count) > _SLACK:
            raise DatasetError(f"'{path.name}' codes {coded} frames, and the video has {count}")
        if coded != count and unit == UNITS[0]:
            notes.append(f"{coded} frames are coded, and the video has {count}")
        column = np.full(count, UNKNOWN, dtype=np.int8)
        inside = numbers <= count
        column[numbers[inside].astype(np.int64) - 1] = levels[inside]
        return column


def left_camera(root: Path) -> list[SubjectEntry]:
    """DISFA, the left camera's videos."""
    return _entries(root, "left")


def right_camera(root: Path) -> list[SubjectEntry]:
    """DISFA, the right camera's videos."""
    return _entries(root, "right")


def _entries(root: Path, camera: Literal["left", "right"]) -> list[SubjectEntry]:
    folder = re.compile(rf"videos?_?{camera}_?camera", re.IGNORECASE)
    video = re.compile(rf"{camera}video(sn\d+)(?:_comp)?\.(?:avi|mp4|mov|mkv|wmv)", re.IGNORECASE)
    videos = {
        match[1].upper(): path
        for place in root.iterdir()
        if place.is_dir() and folder.fullmatch(place.name)
        for path in place.iterdir()
        if (match := video.fullmatch(path.name))
    }
    coded = {path.name for path in (root / _LABELS).glob("SN*") if path.is_dir()}
    if not videos:
        raise DatasetError(f"'{root}' has no videos of the {camera} camera; expected Videos_{camera.title()}Camera/")
    return [SubjectEntry(root, subject, camera, videos.get(subject)) for subject in sorted(videos.keys() | coded)]
