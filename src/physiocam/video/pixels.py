"""Decoded pictures as upright RGB arrays, whatever their colour matrix, range, depth, rotation and shape of pixels."""

from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from physiocam.errors import VideoError

# AVColorSpace values for which swscale has coefficients, with the same numbers.
_KNOWN_MATRICES = {1, 4, 5, 6, 7, 9}

# BT.2020 with constant luminance; its coefficients are nearly those of common BT.2020.
_BT2020_CONSTANT = 10

# Sizes that differ only by the rounding of encoders have the same aspect ratio.
_SAME_SHAPE = 0.97

# Pixels this many times as wide as high, or as high as wide, are a mistake of the file.
_LONGEST_PIXEL = 4

# AVFrameSideDataType: the display matrix, and a number larger than all types.
_DISPLAY_MATRIX, _SIDE_DATA_KINDS = 6, 64


class RgbConverter:
    """Converts the frames of one recording; the first one sets the size.

    Others are scaled to it, with bars if their aspect ratio differs, so that a face keeps its shape.

    The matrix and range that a frame states are used. If a frame states none, players' defaults apply: BT.709 for high
    definition, BT.601 below; limited range, unless the pixel format says otherwise.

    Parameters
    ----------
    pixel_aspect : Fraction
        Width of a stored pixel, as a multiple of its height. Pictures are stretched to square pixels.
    """

    def __init__(self, pixel_aspect: Fraction = Fraction(1)) -> None:
        self._swscale = VideoReformatter()
        self._pixel_aspect = pixel_aspect
        self._size: tuple[int, int] | None = None
        self._other_size: tuple[int, int] | None = None
        self._rotation: float | None = None
        self._orientation = _Orientation()

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """Convert one frame.

        Parameters
        ----------
        frame : av.VideoFrame

        Returns
        -------
        uint8 array of shape (H, W, 3), RGB, upright

        Raises
        ------
        VideoError
            If the pixel format cannot be converted.
        """
        stored = _with_square_pixels(frame.width, frame.height, self._pixel_aspect)
        if self._size is None:
            self._size = stored
        elif stored != self._size:
            self._other_size = stored
        width, height = _fitted(stored, self._size)
        matrix = _matrix(frame)
        try:
            rgb = self._swscale.reformat(
                frame,
                width=width,
                height=height,
                format="rgb24",
                src_colorspace=matrix,
                # Without effect on RGB, but older PyAV uses the source's value only if the two differ.
                dst_colorspace=Colorspace.ITU601 if matrix == Colorspace.ITU709 else Colorspace.ITU709,
                src_color_range=_range(frame),
                dst_color_range=ColorRange.JPEG,
            )
        except (av.FFmpegError, ValueError):
            raise VideoError(
                f"pixel format '{frame.format.name}' cannot be converted to RGB; re-encode the video as H.264"
            ) from None
        if frame.rotation != self._rotation:
            # Only when it changes: reading side data puts a frame into a reference cycle, which keeps it in memory for
            # long.
            self._rotation, self._orientation = frame.rotation, _Orientation.of(frame)
        image = _within_bars(rgb.to_ndarray().astype(np.uint8, copy=False), self._size)
        return np.ascontiguousarray(self._orientation.upright(image))

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


def _within_bars(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    if image.shape[:2] == (height, width):
        return image
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas


def _matrix(frame: av.VideoFrame) -> int:
    stated = int(frame.colorspace)
    if stated == _BT2020_CONSTANT:
        return int(Colorspace.BT2020)
    if stated in _KNOWN_MATRICES:
        return stated
    return int(Colorspace.ITU709 if frame.width >= 1280 or frame.height > 576 else Colorspace.ITU601)


def _range(frame: av.VideoFrame) -> int:
    if frame.format.name.startswith("yuvj"):
        return int(ColorRange.JPEG)
    return int(frame.color_range) or int(ColorRange.MPEG)


def _with_display_matrix_only(frame: av.VideoFrame) -> av.VideoFrame:
    """The same picture without its other side data.

    PyAV's `side_data` must not read them: it frees the text of some, such as the name of an ICC profile, and the frame
    frees it again, which crashes the process. It also fails on unknown types, like EXIF.
    """
    graph = Graph()
    node = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))
    for kind in range(_SIDE_DATA_KINDS):
        if kind != _DISPLAY_MATRIX:
            following = graph.add("sidedata", f"mode=delete:type={kind}")
            node.link_to(following)
            node = following
    sink = graph.add("buffersink")
    node.link_to(sink)
    graph.configure()
    graph.push(frame)
    bare = graph.pull()
    assert isinstance(bare, av.VideoFrame)
    return bare


class _Orientation(NamedTuple):
    """How a stored picture is rotated upright."""

    quarter_turns: int = 0
    swapped: bool = False
    rows_step: int = 1
    columns_step: int = 1

    @classmethod
    def of(cls, frame: av.VideoFrame) -> "_Orientation":
        """Read the display matrix; angles other than quarter turns are ignored, as in players."""
        side_data: Any = _with_display_matrix_only(frame).side_data.get("DISPLAYMATRIX")
        if side_data is None:
            return cls()
        # Stored rows and columns (a b; c d) map a point (x, y) to (a x + c y, b x + d y).
        a, b, _, c, d = np.frombuffer(bytes(side_data), dtype=np.int32, count=5).astype(np.int64)
        swapped = bool(a == d == 0 and b and c)
        if swapped:
            a, d = c, b
        elif b or c:
            return cls()
        return cls(0, swapped, -1 if d < 0 else 1, -1 if a < 0 else 1)

    def upright(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = np.rot90(image, self.quarter_turns)
        if self.swapped:
            image = image.swapaxes(0, 1)
        return image[:: self.rows_step, :: self.columns_step]
