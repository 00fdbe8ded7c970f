"""Video out: H.264 files that play anywhere."""

import os
from collections.abc import Iterable
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
        All of one size; an odd row or column at the end is cut off, since the format stores colour for pairs.
    fs : float
        Frames per second.
    crf : int
        Quality of the encoder: 18 looks lossless, 28 is a small file.

    Raises
    ------
    PhysiocamError
        If the file cannot be written.
    """
    target = Path(path)
    beside = target.with_name(f".{target.stem}.partial{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _encode(beside, frames, fs, crf)
        os.replace(beside, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PhysiocamError(f"cannot write '{target}': {reason}; choose another folder, or free some space") from None
    finally:
        beside.unlink(missing_ok=True)


def _encode(path: Path, frames: Iterable[NDArray[np.uint8]], fs: float, crf: int) -> None:
    rate = Fraction(fs).limit_denominator(1001)
    with av.open(str(path), "w") as container:
        stream = None
        for image in frames:
            height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
            if stream is None:
                stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "veryfast"})
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.color_range = ColorRange.MPEG
                stream.codec_context.colorspace = Colorspace.ITU709
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
        if stream is not None:
            container.mux(stream.encode())
