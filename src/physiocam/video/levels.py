"""What frames are: their levels, 8 bits or more; their channels, RGB or anything else; and when pixels are made."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.orientation import Rectangle


class LazyImage(Protocol):
    """A frame (H, W, C) whose pixels are made when they are looked at.

    Look at a part with `physiocam.video.parts`, or at all of it with `numpy.asarray`.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the whole image."""

    @property
    def nbytes(self) -> int:
        """Bytes of the whole image."""

    def reduced(self, part: Rectangle, height: int, width: int) -> NDArray[np.float32]:
        """See `physiocam.video.parts.reduced`."""

    def thinned(self, step: int) -> NDArray[Any]:
        """See `physiocam.video.parts.thinned`."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the whole image."""


# A frame (H, W, C) with levels from 0 to 255: whole ones, or float32 where the recording has more than 8 bits.
Image = NDArray[Any] | LazyImage

RGB = 3
MOST_CHANNELS = 8

# Levels of 16 bits, and numbers from 0 to 1, that become one of the 255 steps.
_STEP_OF_16 = np.float32(1 / 257)
_STEP_OF_1 = np.float32(255)


def levels(frame: NDArray[Any]) -> NDArray[Any]:
    """Return a frame of an array with levels from 0 to 255.

    Parameters
    ----------
    frame : uint8, uint16 or float array (H, W, C)
        uint16 from 0 to 65535, float from 0 to 1.

    Returns
    -------
    uint8 array (H, W, C), or float32 for the other two

    Raises
    ------
    VideoError
        If it is of another type, or a float is not between 0 and 1.

    Examples
    --------
    >>> levels(np.full((1, 1, 1), 65535, np.uint16)), levels(np.full((1, 1, 1), 0.5))
    (array([[[255.]]], dtype=float32), array([[[127.5]]], dtype=float32))
    """
    if frame.dtype == np.uint8:
        return frame
    if frame.dtype == np.uint16:
        return frame * _STEP_OF_16
    if frame.dtype.kind != "f":
        raise VideoError(f"array is {frame.dtype}, expected uint8 (0..255), uint16 (0..65535) or float (0..1)")
    low, high = float(frame.min()), float(frame.max())
    if not (low >= 0.0 and high <= 1.0):
        values = f"values from {low:g} to {high:g}"
        raise VideoError(f"array is {frame.dtype} with {values}; expected uint8, or numbers from 0 to 1 without NaN")
    return frame.astype(np.float32) * _STEP_OF_1


def eight_bits(image: Image) -> NDArray[np.uint8]:
    """Return the pixels of a frame in whole levels, as they are if they have them."""
    pixels = np.asarray(image)
    return pixels if pixels.dtype == np.uint8 else np.rint(pixels).astype(np.uint8)


def whole_levels(image: Image) -> Image:
    """Return a frame in whole levels, itself if it has them."""
    return image if image.dtype == np.uint8 else eight_bits(image)


def shown(image: Image) -> NDArray[np.uint8]:
    """Return a frame as a picture (H, W, 3) in RGB: with other channels, the grey of their mean.

    Examples
    --------
    >>> shown(np.full((1, 1, 2), (10.0, 20.0), np.float32))
    array([[[15, 15, 15]]], dtype=uint8)
    """
    if image.shape[2] != RGB:
        image = np.repeat(np.asarray(image).mean(axis=2, keepdims=True, dtype=np.float32), RGB, axis=2)
    return eight_bits(image)


def with_channels(image: Image, channels: int) -> Image:
    """Return a frame with as many channels as a network takes: grey is the mean of red, green and blue.

    Raises
    ------
    VideoError
        If it has another number of channels.

    Examples
    --------
    >>> with_channels(np.full((1, 1, 3), (10, 20, 33), np.uint8), 1)
    array([[[21.]]], dtype=float32)
    """
    there = image.shape[2]
    if there == channels:
        return image
    if there == RGB and channels == 1:
        return np.asarray(np.asarray(image).mean(axis=2, keepdims=True), np.float32)
    raise VideoError(
        f"frames have {there} channels, and {channels} are expected; give recordings with {channels}, or prepare a "
        f"store and train a network for {there}: --set channels={there}, --set network.input_channels={there}"
    )
