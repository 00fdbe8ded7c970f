"""Decoded pictures as upright RGB arrays, whatever their colour matrix, range, depth and rotation."""

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from physiocam.errors import VideoError

# AVColorSpace values that swscale has coefficients for, under the same numbers.
_KNOWN_MATRICES = {1, 4, 5, 6, 7, 9}

# BT.2020 with constant luminance; its coefficients are nearly those of the common kind.
_BT2020_CONSTANT = 10


class RgbConverter:
    """Converts the frames of one recording; the first one sets the size.

    The matrix and range that a frame states are obeyed. A frame that states none is taken as players take
    it: BT.709 for high definition, BT.601 below; limited range, unless the pixel format says otherwise.
    """

    def __init__(self) -> None:
        self._swscale = VideoReformatter()
        self._size: tuple[int, int] | None = None

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
        if self._size is None:
            self._size = frame.width, frame.height
        matrix = _matrix(frame)
        try:
            rgb = self._swscale.reformat(
                frame,
                width=self._size[0],
                height=self._size[1],
                format="rgb24",
                src_colorspace=matrix,
                # Without effect on RGB; but older PyAV heeds the source's only where the two differ.
                dst_colorspace=Colorspace.ITU601 if matrix == Colorspace.ITU709 else Colorspace.ITU709,
                src_color_range=_range(frame),
                dst_color_range=ColorRange.JPEG,
            )
        except (av.FFmpegError, ValueError):
            raise VideoError(
                f"pixel format '{frame.format.name}' cannot be converted to RGB; re-encode the video as H.264"
            ) from None
        return np.ascontiguousarray(_upright(rgb.to_ndarray().astype(np.uint8, copy=False), frame))


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


def _upright(image: NDArray[np.uint8], frame: av.VideoFrame) -> NDArray[np.uint8]:
    """Apply the display matrix; angles between the quarter turns are left alone, as players do."""
    try:
        side_data: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV trips over kinds of side data that it does not know, such as EXIF
        return np.rot90(image, round(frame.rotation / 90))
    if side_data is None:
        return image
    # Stored rows and columns (a b; c d) take a point (x, y) to (a x + c y, b x + d y).
    a, b, _, c, d = np.frombuffer(bytes(side_data), dtype=np.int32, count=5).astype(np.int64)
    if a == d == 0 and b and c:
        image, a, d = image.swapaxes(0, 1), c, b
    elif b or c:
        return image
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
