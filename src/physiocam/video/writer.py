"""Video out: H.264 files that play anywhere."""

import math
import os
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[NDArray[np.uint8]],
    fs: float,
    crf: int = 18,
) -> None:
    """Encode frames as an H.264 MP4 file.

    The file appears when it is complete: it is written beside and then renamed.

    Parameters
    ----------
    path : path
        Ends in ".mp4"; an existing file is replaced.
    frames : iterable of uint8 arrays (H, W, 3), RGB
        All of one size, at least 2 x 2; an odd row or column at the end is cut off, since the format stores
        colour for pairs.
    fs : float
        Frames per second.
    crf : int
        Quality of the encoder: 18 looks lossless, 28 is a small file.

    Raises
    ------
    PhysiocamError
        If the file cannot be written, or there is nothing that could be.
    """
    target = Path(path)
    if target.suffix.lower() != ".mp4":
        raise PhysiocamError(f"'{target}' does not end in .mp4, the only kind of video written; rename it")
    if not (math.isfinite(fs) and fs > 0):
        raise PhysiocamError(f"fs is {fs}, expected a positive number of frames per second")
    beside = target.with_name(f".{target.stem}.partial{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _encode(beside, frames, fs, crf)
        os.replace(beside, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PhysiocamError(f"cannot write '{target}': {reason}; choose another folder, or free some space") from None
    finally:
        with suppress(OSError):
            beside.unlink()


def _encode(path: Path, frames: Iterable[NDArray[np.uint8]], fs: float, crf: int) -> None:
    rate = Fraction(fs).limit_denominator(1001)
    options = {"crf": str(crf), "preset": "veryfast"}
    shape: tuple[int, ...] | None = None
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options=options)
        for image in frames:
            if shape is None:
                shape = image.shape
                stream.height, stream.width = _even(shape)
                stream.pix_fmt = "yuv420p"
                stream.codec_context.color_range = ColorRange.MPEG
                stream.codec_context.colorspace = Colorspace.ITU709
            if image.dtype != np.uint8 or image.shape != shape:
                raise PhysiocamError(
                    f"a frame is {image.dtype} {image.shape}, expected uint8 {shape} like the first one"
                )
            height, width = _even(shape)
            rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
            container.mux(
                stream.encode(
                    rgb.reformat(
                        format="yuv420p",
                        src_color_range=ColorRange.JPEG,
                        dst_color_range=ColorRange.MPEG,
                        dst_colorspace=Colorspace.ITU709,
                    )
                )
            )
        if shape is None:
            raise PhysiocamError("there are no frames to write; expected at least one")
        container.mux(stream.encode())


def _even(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width that can be stored for frames of this shape."""
    if len(shape) != 3 or shape[2] != 3 or min(shape[:2]) < 2:
        raise PhysiocamError(f"a frame has shape {shape}, expected (H, W, 3) with at least 2 x 2 pixels")
    return shape[0] // 2 * 2, shape[1] // 2 * 2
