"""Frames as they are pushed: put in order by their times, those that come too fast averaged."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import number, unmasked
from physiocam.video.even_grid import mean_image

# No difference is taken between frames further apart; what was in between was not seen.
HOLE_S = 0.5

# A clock that goes back further than that was set back, and one that leaps further ahead was set ahead: neither is a
# frame that came late, nor a pause.
_LATE_S = 5.0
_LEAP_S = 3600.0


class TimedFrame(NamedTuple):
    """A frame to be worked on.

    Attributes
    ----------
    image : uint8 array (H, W, 3)
    time_s : float
        Since the first frame.
    follows : bool
        Whether it follows the one before closely, at the same size. Otherwise no difference is taken between the two.
    resized : bool
        Whether frames have another size from this one on.
    """

    image: NDArray[np.uint8]
    time_s: float
    follows: bool
    resized: bool


class FrameIntake:
    """Takes in the frames of a stream.

    Parameters
    ----------
    fs : float
        Frames per second of frames that come without a time.
    max_fs : float
        Frames that come faster are averaged.

    Attributes
    ----------
    frames : int
        Frames pushed so far.
    late : int
        Of these, frames that were no newer than the one before, and were left out.
    """

    def __init__(self, fs: float, max_fs: float) -> None:
        self.frames = self.late = 0
        self._fs = fs
        self._max_fs = max_fs
        self._origin_s: float | None = None
        self._pushed_s = self._due_s = self._taken_s = -math.inf
        self._waiting: list[tuple[float, NDArray[np.uint8]]] = []
        self._shape: tuple[int, ...] | None = None
        self._resized = False

    def push(self, image: NDArray[np.uint8], timestamp_s: float | None) -> list[TimedFrame]:
        """Take in a frame, and return what is to be worked on now: nothing, one frame or two.

        Raises
        ------
        PhysiocamError
            As by `Stream.push`.
        """
        image = _checked(image)
        time_s = self._time(timestamp_s)
        self.frames += 1
        if time_s <= self._pushed_s:
            self.late += 1
            return []
        self._pushed_s = time_s
        if image.shape != self._shape:
            # Another resolution is another picture: the face is somewhere else in it.
            self._shape, self._resized = image.shape, True
            self._waiting.clear()
        due = []
        if self._waiting and time_s - self._waiting[0][0] > 2.0 / self._max_fs:
            # They were followed by a pause.
            due.append(self._take_waiting())
        self._waiting.append((time_s, image))
        if is_due(time_s, self._due_s, self._max_fs, early=1e-3):
            self._due_s = time_s
            due.append(self._take_waiting())
        return due

    def _time(self, timestamp_s: float | None) -> float:
        """Seconds since the first frame."""
        timestamp_s = self.frames / self._fs if timestamp_s is None else number(timestamp_s, "timestamp_s")
        if not math.isfinite(timestamp_s):
            raise PhysiocamError(f"timestamp_s is {timestamp_s}; expected a time in seconds")
        if self._origin_s is None:
            self._origin_s = timestamp_s
        time_s = timestamp_s - self._origin_s
        if time_s > self._pushed_s + _LEAP_S and self.frames:
            raise PhysiocamError(
                f"timestamp_s is {timestamp_s:.3f}, {time_s - self._pushed_s:.1f} s after the last frame's; "
                "call reset() to begin anew"
            )
        if time_s < self._pushed_s - _LATE_S:
            raise PhysiocamError(
                f"timestamp_s is {timestamp_s:.3f}, {self._pushed_s - time_s:.1f} s before the last frame's; "
                "call reset() to begin anew"
            )
        return time_s

    def _take_waiting(self) -> TimedFrame:
        """Return the frames that wait as one: their mean, at their mean time."""
        times, images = zip(*self._waiting, strict=True)
        self._waiting.clear()
        time_s = sum(times) / len(times)
        image = images[0] if len(images) == 1 else mean_image(images)
        assert image is not None
        frame = TimedFrame(image, time_s, times[0] - self._taken_s <= HOLE_S and not self._resized, self._resized)
        self._taken_s, self._resized = time_s, False
        return frame


def is_due(time_s: float, last_s: float, fs: float, early: float) -> bool:
    """Return whether a frame is the next one of those taken at this rate.

    Parameters
    ----------
    time_s, last_s : float
        Of the frame, and of the last one that was taken.
    fs : float
    early : float
        The share of its interval by which a frame may come too early.
    """
    return time_s - last_s >= (1.0 - early) / fs


def _checked(image: object) -> NDArray[np.uint8]:
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[-1] != 3 or not image.size:
        shape = getattr(image, "shape", type(image).__name__)
        raise PhysiocamError(f"image is {shape}; expected an array (H, W, 3), one RGB frame")
    plain = unmasked(image)
    if plain.dtype != np.uint8:
        raise PhysiocamError(f"image is {plain.dtype}; expected uint8, scaled to 0..255")
    return plain
