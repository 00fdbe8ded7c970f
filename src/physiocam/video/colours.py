"""How the colours of a decoded frame are coded: its matrix and its range."""

import av
from av.video.reformatter import ColorRange, Colorspace

# AVColorSpace values for which swscale has coefficients, with the names that FFmpeg's filters use.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020"}

# BT.2020 with constant luminance; its coefficients are nearly those of common BT.2020.
_BT2020_CONSTANT = 10


def matrix_of(frame: av.VideoFrame) -> int:
    """Return the matrix that a frame states, or players' default: BT.709 for high definition, BT.601 below."""
    stated = int(frame.colorspace)
    if stated == _BT2020_CONSTANT:
        return int(Colorspace.BT2020)
    if stated in _MATRICES:
        return stated
    return int(Colorspace.ITU709 if frame.width >= 1280 or frame.height > 576 else Colorspace.ITU601)


def matrix_name(frame: av.VideoFrame) -> str:
    """Return FFmpeg's name of `matrix_of`."""
    return _MATRICES[matrix_of(frame)]


def range_of(frame: av.VideoFrame) -> int:
    """Return the range that a frame states, or limited range, unless the pixel format says otherwise."""
    if frame.format.name.startswith("yuvj"):
        return int(ColorRange.JPEG)
    return int(frame.color_range) or int(ColorRange.MPEG)
