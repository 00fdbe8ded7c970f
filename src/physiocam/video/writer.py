"""Writes H.264 files that play anywhere."""

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.foundation.files import complete_file
from physiocam.video.sound import Sound

# The clock of frames with their own times: its ticks are exact at the usual rates.
_CLOCK = Fraction(1, 90_000)
# By default x264 decides by what the processor and the number of its cores make fast, and even from call to call
# differently. So the same frames always give the same file.
X264_OPTIONS = {"preset": "veryfast", "x264-params": "cpu-independent=1"}
_THREADS = 4


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[NDArray[np.uint8]],
    fs: float,
    crf: int = 18,
) -> None:
    """Encode frames as an H.264 MP4 file.

    The file appears when it is complete: it is written under a temporary name and then renamed.

    Parameters
    ----------
    path : path
        Ends in ".mp4"; an existing file is replaced.
    frames : iterable of uint8 arrays (H, W, 3), RGB
        All of one size, at least 2 x 2; an odd row or column at the end is dropped, since the format stores colour for
        pairs.
    fs : float
        Frames per second.
    crf : int
        Quality of the encoder: 18 looks lossless, 28 is a small file.

    Raises
    ------
    PhysiocamError
        If the file cannot be written, or there are no frames.
    """
    if not (math.isfinite(fs) and fs > 0):
        raise PhysiocamError(f"fs is {fs}, expected a positive number of frames per second")
    rate = Fraction(fs).limit_denominator(1001)
    with _mp4(path) as file:
        _encode(file, ((index / rate, image) for index, image in enumerate(frames)), rate, 1 / rate, crf, None)


def write_timed_video(
    path: str | os.PathLike[str],
    frames: Iterable[tuple[float, NDArray[np.uint8]]],
    fs: float,
    sound: Path | None = None,
    crf: int = 20,
) -> None:
    """Encode frames with their own times, and keep a recording's sound.

    Parameters
    ----------
    path, crf
        As in `write_video`.
    frames : iterable of (float, uint8 array (H, W, 3))
        When to show a frame, in seconds, strictly rising; and the frame.
    fs : float
        Approximate frames per second.
    sound : Path, optional
        Media file whose best audio stream is kept, if it has one, on the clock of the frames' times; damaged sound ends
        at the damage.

    Raises
    ------
    PhysiocamError
        If the file cannot be written, or there are no frames.
    """
    with _mp4(path) as file:
        _encode(file, frames, Fraction(fs).limit_denominator(1001), _CLOCK, crf, sound)


@contextmanager
def _mp4(path: str | os.PathLike[str]) -> Iterator[Path]:
    target = Path(path)
    if target.suffix.lower() != ".mp4":
        raise PhysiocamError(f"'{target}' does not end in .mp4, the only kind of video written; rename it")
    with complete_file(target) as beside:
        yield beside


def _encode(
    path: Path,
    frames: Iterable[tuple[Fraction | float, NDArray[np.uint8]]],
    rate: Fraction,
    clock: Fraction,
    crf: int,
    sound_of: Path | None,
) -> None:
    swscale = VideoReformatter()
    shape: tuple[int, ...] | None = None
    # With the index in front, a network player can start before it has the whole file.
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container, Sound(sound_of, container) as sound:
        stream = container.add_stream("libx264", rate=rate, options={**X264_OPTIONS, "crf": str(crf)})
        stream.codec_context.thread_count = _THREADS
        stream.codec_context.time_base = clock
        for shown_s, image in frames:
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
            yuv = swscale.reformat(
                rgb,
                format="yuv420p",
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
                dst_colorspace=Colorspace.ITU709,
            )
            yuv.time_base, yuv.pts = clock, round(shown_s / clock)
            # Sound and pictures are interleaved in the file, so neither waits long in memory.
            sound.mux_until(float(shown_s))
            container.mux(stream.encode(yuv))
        if shape is None:
            raise PhysiocamError("there are no frames to write; expected at least one")
        container.mux(stream.encode())
        sound.mux_until(math.inf)


def _even(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width that can be stored for frames of this shape."""
    if len(shape) != 3 or shape[2] != 3 or min(shape[:2]) < 2:
        raise PhysiocamError(f"a frame has shape {shape}, expected (H, W, 3) with at least 2 x 2 pixels")
    return shape[0] // 2 * 2, shape[1] // 2 * 2
