"""Frames whose pixels are made only where they are looked at."""

from collections.abc import Callable, Sequence
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.video.levels import Image
from physiocam.video.orientation import Orientation, Rectangle
from physiocam.video.part_reader import PartReader
from physiocam.video.parts import reduced, thinned


class DecodedImage:
    """A frame as the decoder gives it.

    Parameters
    ----------
    frame : av.VideoFrame
    reader : PartReader
        One for all frames of a recording.
    convert : callable
        Returns the whole upright frame, uint8 (H, W, 3).
    size : (int, int)
        Width and height of the stored picture with square pixels.
    orientation : Orientation
        From there to the upright picture.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        frame: av.VideoFrame,
        reader: PartReader,
        convert: Callable[[av.VideoFrame], NDArray[np.uint8]],
        size: tuple[int, int],
        orientation: Orientation,
    ) -> None:
        width, height = orientation.size(*size)
        self.shape = (height, width, 3)
        self._frame, self._reader, self._convert = frame, reader, convert
        self._size, self._orientation = size, orientation

    @property
    def nbytes(self) -> int:
        """Bytes of the whole image in RGB."""
        height, width, channels = self.shape
        return height * width * channels

    def reduced(self, part: Rectangle, height: int, width: int) -> NDArray[np.float32]:
        """See `physiocam.video.parts.reduced`."""
        try:
            read = self._reader.mean(self._frame, self._stored(part), *self._orientation.size(width, height))
        except (av.FFmpegError, ValueError):
            return reduced(np.asarray(self), part, height, width)
        return self._orientation.upright(read)

    def thinned(self, step: int) -> NDArray[np.uint8]:
        """See `physiocam.video.parts.thinned`."""
        height, width, _ = self.shape
        size = self._orientation.size(width // step, height // step)
        try:
            return self._orientation.upright(self._reader.picked(self._frame, *size))
        except (av.FFmpegError, ValueError):
            return thinned(np.asarray(self), step)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Convert the whole frame: a uint8 array (H, W, 3)."""
        return self._convert(self._frame).astype(dtype or np.uint8, copy=bool(copy))

    def _stored(self, part: Rectangle) -> Rectangle:
        """Where a part is in the stored picture, whose pixels may not be square; to whole pixels."""
        height, width, _ = self.shape
        x, y, part_width, part_height = self._orientation.stored(part, width, height)
        across, down = self._frame.width / self._size[0], self._frame.height / self._size[1]
        left, top = round(x * across), round(y * down)
        right, bottom = round((x + part_width) * across), round((y + part_height) * down)
        return Rectangle(left, top, max(right - left, 1), max(bottom - top, 1))


class MixedImage:
    """The weighted mean of frames of one size.

    Parameters
    ----------
    parts : sequence of (float, Image)
        Weights, which add up to 1, and frames of 8 bits.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, parts: Sequence[tuple[float, Image]]) -> None:
        self._parts = parts
        self.shape = parts[0][1].shape
        self.nbytes = sum(image.nbytes for _, image in parts)

    def reduced(self, part: Rectangle, height: int, width: int) -> NDArray[np.float32]:
        """See `physiocam.video.parts.reduced`."""
        return self._mean(lambda image: reduced(image, part, height, width))

    def thinned(self, step: int) -> NDArray[np.uint8]:
        """See `physiocam.video.parts.thinned`."""
        return _rounded(self._mean(lambda image: thinned(image, step)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Convert the whole frames and take the mean: a uint8 array (H, W, C)."""
        return _rounded(self._mean(np.asarray)).astype(dtype or np.uint8, copy=bool(copy))

    def _mean(self, look: Callable[[Image], NDArray[Any]]) -> NDArray[np.float32]:
        total = np.float32(0.0)
        for weight, image in self._parts:
            total = total + np.multiply(look(image), np.float32(weight), dtype=np.float32)
        return np.asarray(total)


def _rounded(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(image).astype(np.uint8)
