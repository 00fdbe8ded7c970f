"""Inputs of slow networks in a store: changes between every n-th frame, in a wider square, and the shoulders' shift."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PositiveFloat

from physiocam.foundation.frame_sizes import SizeField, height_width
from physiocam.inputs.blocks import frame_step
from physiocam.inputs.crop import Crop
from physiocam.inputs.shoulders import SHIFTED, WideChanges
from physiocam.video.levels import Image
from physiocam.video.locators import Square
from physiocam.video.resize import area_resize


class SlowSettings(BaseModel):
    """Rate, crop and sizes of slow networks' inputs; the defaults are those of the default bundle.

    Attributes
    ----------
    fs : float
        Frames per second; every n-th frame is used, with the n that comes closest to this rate.
    crop : Crop
    big_size, small_size : int or (int, int)
        Size of the frames that differences are taken between, and of the differences that are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fs: PositiveFloat = 5.0
    crop: Crop = Crop(factor=2.0, down=0.4)
    big_size: SizeField = 144
    small_size: SizeField = 9


def moments(change: NDArray[np.float32] | None) -> tuple[float, float]:
    """Mean and mean square of a change, by which it is standardized later; NaN where there is none."""
    if change is None:
        return np.nan, np.nan
    return float(change.mean(dtype=np.float64)), float(np.vdot(change, change)) / change.size


class SlowFrames:
    """Collects the inputs of slow networks while a recording's frames are read.

    Parameters
    ----------
    settings : SlowSettings
    crop : Crop
        Crop of the squares that are added.
    fs : float
        Frames per second of the recording.
    """

    def __init__(self, settings: SlowSettings, crop: Crop, fs: float) -> None:
        self._step = frame_step(fs, settings.fs)
        self._size = height_width(settings.small_size)
        self._changes = WideChanges(settings.big_size, (crop, settings.crop))
        # Frames of this scene, and those of earlier scenes that are used.
        self._frames = self._kept_before = 0
        self._shown: list[bool] = []
        # One row per change from a frame to the next.
        self._small: list[NDArray[np.float32]] = []
        self._moments: list[tuple[float, float]] = []
        self._shifts: list[NDArray[np.float32]] = []

    def add(self, image: Image | None, square: Square | None) -> None:
        """Add a frame (H, W, 3), with the square of the face in it."""
        if self._frames % self._step == 0:
            (face, _, change), shift = self._changes.add(image, square)
            if self._shown:
                self._add_change(change, shift)
            self._shown.append(face is not None)
        self._frames += 1

    def cut(self) -> None:
        """Note that another scene begins with the next frame, which is the first that is used of it."""
        self._changes.add(None, None)
        self._kept_before += -(-self._frames // self._step)
        self._frames = 0

    def _add_change(self, change: NDArray[np.float32] | None, shift: NDArray[np.float32]) -> None:
        small = np.zeros((*self._size, 3), np.float32) if change is None else area_resize(change, *self._size)
        self._small.append(small.transpose(2, 0, 1))
        self._moments.append(moments(change))
        self._shifts.append(shift)

    def columns(self, dropped: int) -> dict[str, NDArray[np.generic]]:
        """Return the arrays for a store that does not keep the recording's last `dropped` frames."""
        self._add_change(None, np.full(SHIFTED, np.nan, np.float32))
        kept = self._kept_before + -(-(self._frames - dropped) // self._step)
        return {
            "slow/small": np.stack(self._small[:kept]),
            "slow/changes": np.array(self._moments[:kept]),
            "slow/shown": np.array(self._shown[:kept]),
            "slow/shifts": np.array(self._shifts[:kept]),
        }
