"""Frames that are pushed into a stream: checked, timed, and averaged if they come too fast."""

import math
from typing import NamedTuple

import numpy as np

from physiocam.errors import PhysiocamError, VideoError
from physiocam.foundation.arguments import number, unmasked
from physiocam.video.even_grid import mean_image
from physiocam.video.lazy_images import DecodedImage
from physiocam.video.levels import RGB, Image, levels

# No difference is taken between frames that are further apart: the change in between was not seen.
HOLE_S = 0.5

# A frame this much earlier than the last one is not late: the clock was set back. A frame this much later does not
# follow a pause: the clock was set ahead.
_LATE_S = 5.0
_LEAP_S = 3600.0


class TimedFrame(NamedTuple):
    """A frame to be processed.

    Attributes
    ----------
    image : uint8 or float32 array (H, W, C)
        Levels from 0 to 255.
    time_s : float
        Seconds since the first frame.
    follows : bool
        Whether it closely follows the frame before, at the same size. Otherwise no difference is taken between them.
    resized : bool
        Whether the frame size changes with this frame.
    """

    image: Image
    time_s: float
    follows: bool
    resized: bool


class FrameIntake:
    """Accepts the frames of a stream.

    Parameters
    ----------
    fs : float
        Frames per second of frames without a time.
    max_fs : float
        Frames per second above which frames are averaged.
    channels : int
        Channels of the frames.

    Attributes
    ----------
    frames : int
        Frames pushed so far.
    late : int
        Of these, frames that were not newer than the frame before, and were left out.
    """

    def __init__(self, fs: float, max_fs: float, channels: int = RGB) -> None:
        self.frames = self.late = 0
        self._channels = channels
        self._fs = fs
        self._max_fs = max_fs
        self._origin_s: float | None = None
        self._pushed_s = self._due_s = self._taken_s = -math.inf
        self._waiting: list[tuple[float, Image]] = []
        self._shape: tuple[int, ...] | None = None
        self._resized = False

    def push(self, image: Image, timestamp_s: float | None) -> list[TimedFrame]:
        """Add a frame, and return the frames to process now: none, one or two.

        Raises
        ------
        PhysiocamError
            As in `Stream.push`.
        """
        image = _checked(image, self._channels)
        time_s = self._time(timestamp_s)
        self.frames += 1
        if time_s <= self._pushed_s:
            self.late += 1
            return []
        self._pushed_s = time_s
        if image.shape != self._shape:
            # At another resolution, the face is at another place.
            self._shape, self._resized = image.shape, True
            self._waiting.clear()
        due = []
        if self._waiting and time_s - self._waiting[0][0] > 2.0 / self._max_fs:
            # A pause followed the waiting frames.
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
            raise PhysiocamError(f"timestamp_s is {timestamp_s}; expected a finite time in seconds")
        if self._origin_s is None:
            self._origin_s = timestamp_s
        time_s = timestamp_s - self._origin_s
        if time_s > self._pushed_s + _LEAP_S and self.frames:
            raise PhysiocamError(
                f"timestamp_s is {timestamp_s:.3f}, {time_s - self._pushed_s:.1f} s after the last frame's; "
                "call reset() to start again"
            )
        if time_s < self._pushed_s - _LATE_S:
            raise PhysiocamError(
                f"timestamp_s is {timestamp_s:.3f}, {self._pushed_s - time_s:.1f} s before the last frame's; "
                "call reset() to start again"
            )
        return time_s

    def _take_waiting(self) -> TimedFrame:
        """Return the waiting frames as one frame: their mean image, at their mean time."""
        times, images = zip(*self._waiting, strict=True)
        self._waiting.clear()
        time_s = sum(times) / len(times)
        image = images[0] if len(images) == 1 else mean_image(images)
        assert image is not None
        frame = TimedFrame(image, time_s, times[0] - self._taken_s <= HOLE_S and not self._resized, self._resized)
        self._taken_s, self._resized = time_s, False
        return frame


def is_due(time_s: float, last_s: float, fs: float, early: float) -> bool:
    """Return whether a frame is the next one to take at a rate.

    Parameters
    ----------
    time_s, last_s : float
        Times of the frame and of the last frame that was taken, in seconds.
    fs : float
        Frames per second to take.
    early : float
        The share of the interval by which a frame may come early.
    """
    return time_s - last_s >= (1.0 - early) / fs


def _checked(image: object, channels: int) -> Image:
    if isinstance(image, DecodedImage):
        return image
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[-1] not in (channels, RGB) or not image.size:
        shape = getattr(image, "shape", type(image).__name__)
        frame = "one RGB frame" if channels == RGB else f"one frame of {channels} channels"
        raise PhysiocamError(f"image is {shape}; expected an array (H, W, {channels}), {frame}")
    try:
        return levels(unmasked(image))
    except VideoError as error:
        raise PhysiocamError(str(error).replace("array", "image", 1)) from None
