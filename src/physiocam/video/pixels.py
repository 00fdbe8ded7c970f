"""Decoded pictures as upright RGB images, whatever their colour matrix, range, depth, rotation and shape of pixels."""

from fractions import Fraction
from functools import partial

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.colours import matrix_of, range_of
from physiocam.video.lazy_images import DecodedImage
from physiocam.video.levels import Image
from physiocam.video.orientation import Orientation
from physiocam.video.part_reader import PartReader

# Sizes that differ only by the rounding of encoders have the same aspect ratio.
_SAME_SHAPE = 0.97

# Pixels this many times as wide as high, or as high as wide, are a mistake of the file.
_LONGEST_PIXEL = 4


class RgbConverter:
    """Converts the frames of one recording; the first one sets the size.

    Others are scaled to it, with bars if their aspect ratio differs, so that a face keeps its shape.

    The matrix and range that a frame states are used. If a frame states none, players' defaults apply: BT.709 for high
    definition, BT.601 below; limited range, unless the pixel format says otherwise.

    Parameters
    ----------
    source : str
        Name of the recording, for messages.
    pixel_aspect : Fraction
        Width of a stored pixel, as a multiple of its height. Pictures are stretched to square pixels.
    """

    def __init__(self, source: str, pixel_aspect: Fraction = Fraction(1)) -> None:
        self._source = source
        self._swscale = VideoReformatter()
        self._pixel_aspect = pixel_aspect
        self._size: tuple[int, int] | None = None
        self._other_size: tuple[int, int] | None = None
        self._rotation: float | None = None
        self._orientation = Orientation()
        self._parts = PartReader()

    def __call__(self, frame: av.VideoFrame) -> Image:
        """Return one frame as an image, whose pixels are converted where they are looked at.

        Parameters
        ----------
        frame : av.VideoFrame

        Returns
        -------
        DecodedImage, or uint8 array of shape (H, W, 3)
            RGB, upright.

        Raises
        ------
        VideoError
            If the pixel format cannot be converted; by an image, when it is looked at.
        """
        stored = _with_square_pixels(frame.width, frame.height, self._pixel_aspect)
        if self._size is None:
            self._size = stored
        elif stored != self._size:
            self._other_size = stored
        if frame.rotation != self._rotation:
            # Only when it changes: reading side data puts a frame into a reference cycle, which keeps it in memory for
            # long.
            self._rotation, self._orientation = frame.rotation, Orientation.of(frame)
        if stored != self._size:
            return self._whole(frame, self._size, self._orientation)
        return DecodedImage(
            frame, self._parts, partial(self._whole, size=stored, orientation=self._orientation), stored,
            self._orientation,
        )  # fmt: skip

    def _whole(self, frame: av.VideoFrame, size: tuple[int, int], orientation: Orientation) -> NDArray[np.uint8]:
        """All pixels of a frame at this size, upright."""
        width, height = _fitted(_with_square_pixels(frame.width, frame.height, self._pixel_aspect), size)
        matrix = matrix_of(frame)
        try:
            rgb = self._swscale.reformat(
                frame,
                width=width,
                height=height,
                format="rgb24",
                src_colorspace=matrix,
                # Without effect on RGB, but older PyAV uses the source's value only if the two differ.
                dst_colorspace=Colorspace.ITU601 if matrix == Colorspace.ITU709 else Colorspace.ITU709,
                src_color_range=range_of(frame),
                dst_color_range=ColorRange.JPEG,
            )
        except (av.FFmpegError, ValueError):
            raise VideoError(
                f"'{self._source}': pixel format '{frame.format.name}' cannot be converted to RGB; re-encode the "
                "video as H.264"
            ) from None
        return np.ascontiguousarray(orientation.upright(_within_bars(_pixels(rgb), size)))

    @property
    def notes(self) -> tuple[str, ...]:
        """Changes to the frames converted so far, for the user."""
        if self._other_size is None or self._size is None:
            return ()
        (width, height), (other_width, other_height) = self._size, self._other_size
        return (
            f"the picture's size changes, from {width}x{height} to {other_width}x{other_height}; "
            "all frames are resized to the first",
        )


def pixel_aspect(stated: Fraction | None) -> Fraction:
    """Return the shape of pixels that a file states, or 1 where it states none or an impossible one."""
    if not stated or not Fraction(1, _LONGEST_PIXEL) <= stated <= _LONGEST_PIXEL:
        return Fraction(1)
    return stated


def _with_square_pixels(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Size of a picture whose pixels are stretched, never shrunk, to squares."""
    return (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))


def _fitted(stored: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Size of a picture fitted into that of others: all of it, unless its aspect ratio differs."""
    scale = min(size[0] / stored[0], size[1] / stored[1])
    width, height = (max(round(length * scale), 1) for length in stored)
    return size if width >= _SAME_SHAPE * size[0] and height >= _SAME_SHAPE * size[1] else (width, height)


def _pixels(rgb: av.VideoFrame) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of a frame in RGB where they are: a copy of a large picture would be as large."""
    plane = rgb.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: rgb.height, : 3 * rgb.width].reshape(rgb.height, rgb.width, 3)


def _within_bars(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    if image.shape[:2] == (height, width):
        return image
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas
