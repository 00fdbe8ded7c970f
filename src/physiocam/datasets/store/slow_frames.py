"""What a store keeps for slow networks: one frame of several, in a wider square, as changes from one to the next."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from physiocam.inputs.crop import Crop, recrop
from physiocam.inputs.face_changes import FaceChanges
from physiocam.video.locators import Square
from physiocam.video.resize import area_resize


class SlowSettings(BaseModel):
    """What slow networks see; the defaults are what those of the default bundle do.

    Attributes
    ----------
    fs : float
        Frames per second: every n-th frame, with n such that it comes closest.
    crop : Crop
    big_size, small_size : int
        Side of the frames that differences are taken between, and of the differences that are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fs: PositiveFloat = 5.0
    crop: Crop = Crop(factor=2.0, down=0.4)
    big_size: PositiveInt = 144
    small_size: PositiveInt = 9

    def step(self, fs: float) -> int:
        """Return every how many frames of a recording one is seen."""
        return max(round(fs / self.fs), 1)


def moments(change: NDArray[np.float32] | None) -> tuple[float, float]:
    """Mean and mean square of a change, by which it is standardized later; NaN where there is none."""
    if change is None:
        return np.nan, np.nan
    return float(change.mean(dtype=np.float64)), float(np.vdot(change, change)) / change.size


class SlowFrames:
    """Gathers them while a recording's frames pass by.

    Parameters
    ----------
    settings : SlowSettings
    crop : Crop
        How the squares that pass by were cut.
    fs : float
        Frames per second of the recording.
    """

    def __init__(self, settings: SlowSettings, crop: Crop, fs: float) -> None:
        self._step = settings.step(fs)
        self._crops = crop, settings.crop
        self._size = settings.small_size
        self._faces = FaceChanges(settings.big_size)
        self._frames = 0
        self._shown: list[bool] = []
        # A row for each change, from a frame to the next.
        self._small: list[NDArray[np.float32]] = []
        self._moments: list[tuple[float, float]] = []

    def add(self, image: NDArray[np.uint8] | None, square: Square | None) -> None:
        """Let a frame (H, W, 3) pass by, with the square of the face in it."""
        if self._frames % self._step == 0:
            if image is not None and square is not None:
                square = recrop(square, *self._crops, image.shape[1], image.shape[0])
            face, change = self._faces.add(image, square)
            if self._shown:
                self._add_change(change)
            self._shown.append(face is not None)
        self._frames += 1

    def _add_change(self, change: NDArray[np.float32] | None) -> None:
        size = self._size
        small = np.zeros((size, size, 3), np.float32) if change is None else area_resize(change, size, size)
        self._small.append(small.transpose(2, 0, 1))
        self._moments.append(moments(change))

    def columns(self, frames: int) -> dict[str, NDArray[np.generic]]:
        """Return the arrays for a store that keeps so many frames of the recording."""
        self._add_change(None)
        kept = -(-frames // self._step)
        return {
            "slow/small": np.stack(self._small[:kept]),
            "slow/changes": np.array(self._moments[:kept]),
            "slow/shown": np.array(self._shown[:kept]),
        }
