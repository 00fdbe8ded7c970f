"""SCAMPS: 2,800 rendered avatars of 600 frames, 30 frames/s, with everything known.

    P000001.mat    MATLAB v7.3, which is HDF5: Xsub (the face, 0..1), d_ppg (pulse), d_br (breathing), au2, au4, ...

A unit counts as present from a fifth of its full movement on.
"""

import math
import re
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes, Recording, Signal
from physiocam.datasets.sensors.sensor import Samples, signals_of
from physiocam.errors import DatasetError, VideoError
from physiocam.foundation.regular_files import check_regular
from physiocam.video.even_grid import EvenGrid, Still, untimed_grid
from physiocam.video.reader import Video

FS = 30.0

_PRESENT_FROM = 0.2
# A rendered face may overshoot a little; larger numbers have another scale.
_LEAST, _MOST = -0.5, 2.0
_UNIT = re.compile(r"au_?0*(\d+)", re.IGNORECASE)
_SIGNALS = {"pulse": "d_ppg", "respiration": "d_br"}

# Frames read at a time: 11 MB of a file's doubles.
_BLOCK = 8


@dataclass(frozen=True)
class AvatarFrames:
    """The face frames of one file.

    Attributes
    ----------
    path : Path
    """

    path: Path

    def open(self) -> Video:
        """Open the file for one pass.

        Raises
        ------
        VideoError
            If it has no frames.
        """
        return Video(str(self.path), _Xsub(self.path))


class _Xsub:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.notes: list[str] = []
        try:
            with _opened(path) as file:
                shape = file["Xsub"].shape
        except (KeyError, AttributeError, DatasetError):
            raise VideoError(f"'{path}' has no frames under 'Xsub'") from None
        # MATLAB's axes are in reverse order.
        if len(shape) != 4 or shape[0] != 3 or shape[3] < 1:
            raise VideoError(f"'Xsub' in '{path}' has shape {shape}; expected (3, W, H, frames)")
        self.grid: EvenGrid = untimed_grid(shape[3], FS, math.inf)

    def stills(self) -> Generator[Still, None, None]:
        with _opened(self._path) as file:
            frames = file["Xsub"]
            for start in range(0, len(self.grid.positions), _BLOCK):
                block = frames[..., start : start + _BLOCK]
                for index in range(block.shape[-1]):
                    yield Still(float(start + index), partial(_rgb, block[..., index]))


def _rgb(frame: NDArray[Any]) -> NDArray[np.uint8]:
    image = frame.transpose(2, 1, 0)
    if image.dtype != np.uint8:
        image = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(image)


@dataclass(frozen=True)
class AvatarEntry:
    """One file.

    Attributes
    ----------
    path : Path
    """

    path: Path

    @property
    def name(self) -> str:
        """Such as "P000001"."""
        return self.path.stem

    @property
    def subject(self) -> str:
        """The name: every file is a different avatar."""
        return self.path.stem

    @property
    def sources(self) -> tuple[str, ...]:
        """The file."""
        return (str(self.path),)

    def load(self) -> Recording:
        """Read waveforms and action units.

        Raises
        ------
        DatasetError
            If the file cannot be read or lacks one of them, or h5py is not installed.
        """
        notes: list[str] = []
        try:
            with _opened(self.path) as file:
                waves = {key: _column(file, key) for key in _SIGNALS.values()}
                units = {int(match[1]): _column(file, key) for key in file if (match := _UNIT.fullmatch(key))}
                frames = file["Xsub"].shape[-1] if "Xsub" in file else 0
            lengths = {key: len(values) for key, values in waves.items()}
            lengths |= {f"au{unit}": len(values) for unit, values in units.items()}
            wrong = [f"{length} of '{key}'" for key, length in lengths.items() if length != frames]
            if wrong:
                raise DatasetError(f"{frames} frames under 'Xsub', but values {', '.join(wrong)}")
            signals = self._signals(waves, notes)
            occurrence = {unit: self._presence(unit, values) for unit, values in units.items()}
        except DatasetError as error:
            raise DatasetError(f"{self.name}: {error}") from None
        codes = None
        if units:
            labels = tuple(f"AU{unit:02d}" for unit in sorted(units))
            codes = ActionUnitCodes(labels, np.stack([occurrence[unit] for unit in sorted(units)], axis=1))
        return Recording(
            name=self.name,
            subject=self.subject,
            trial="1",
            frames=AvatarFrames(self.path),
            signals=signals,
            action_units=codes,
            notes=tuple(notes),
        )

    def _signals(self, waves: dict[str, NDArray[np.float64]], notes: list[str]) -> dict[str, Signal]:
        times = {key: np.arange(len(values)) / FS for key, values in waves.items()}
        return signals_of(
            [
                Samples(
                    name, waves[key], times[key], "a.u.", f"'{key}'", self.path.name, partial(_value_of, self.path, key)
                )
                for name, key in _SIGNALS.items()
            ],
            notes,
        )

    def _presence(self, unit: int, movement: NDArray[np.float64]) -> NDArray[np.int8]:
        beyond = (movement < _LEAST) | (movement > _MOST)
        if beyond.any():
            index = int(np.flatnonzero(beyond)[0])
            raise DatasetError(
                f"{_value_of(self.path, f'au{unit}', index)} is {movement[index]:g}; expected a share of the full "
                "movement, 0 to 1"
            )
        present = (movement >= _PRESENT_FROM - 1e-9).astype(np.int8)
        return np.where(np.isfinite(movement), present, np.int8(UNKNOWN))


def recordings(root: Path) -> list[AvatarEntry]:
    """SCAMPS."""
    return [AvatarEntry(path) for path in sorted(root.glob("P*.mat"))]


def _opened(path: Path) -> Any:
    try:
        import h5py
    except ImportError:
        raise DatasetError("SCAMPS comes as HDF5; run: pip install 'physiocam[datasets]'") from None
    try:
        check_regular(path)
        return h5py.File(path, "r")
    except OSError:
        raise DatasetError(f"'{path.name}' cannot be read as a MATLAB v7.3 file") from None


def _value_of(path: Path, key: str, index: int) -> str:
    return f"value {index + 1} of '{key}' in '{path.name}'"


def _column(file: Any, key: str) -> NDArray[np.float64]:
    try:
        return np.asarray(file[key], dtype=np.float64).reshape(-1)
    except (KeyError, TypeError, ValueError, OSError):
        raise DatasetError(f"no '{key}' that could be read") from None
