"""Films that benchmarks write: in several codecs, with a chosen rhythm of key frames, several films at a time."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

import physiocam
from physiocam.foundation.provenance import digest_of
from physiocam.video.writer import X264_OPTIONS

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Encoding:
    """What a camera or a messenger makes of frames.

    Attributes
    ----------
    codec : str
        FFmpeg's name of an encoder.
    suffix : str
        Of the file, which decides the container.
    options : tuple of pairs of str
        Of the encoder.
    kbits : int
        Thousand bits per second; 0 leaves it to the options.
    """

    codec: str
    suffix: str
    options: tuple[tuple[str, str], ...]
    kbits: int = 0


def h264(crf: int, key_frames: int | None = None) -> Encoding:
    """H.264 of a constant quality, and with a key frame every so many frames where that is given."""
    rhythm = () if key_frames is None else (("g", str(key_frames)), ("sc_threshold", "0"))
    return Encoding("libx264", ".mp4", (("crf", str(crf)), *X264_OPTIONS.items(), *rhythm))


def h264_at(kbits: int) -> Encoding:
    """H.264 of a constant bit rate."""
    return Encoding("libx264", ".mp4", tuple(X264_OPTIONS.items()), kbits)


def mjpeg(scale: int) -> Encoding:
    """Motion JPEG; the quantizer's scale is 2 (fine) to 31 (coarse)."""
    return Encoding("mjpeg", ".avi", (("qmin", str(scale)), ("qmax", str(scale))))


def vp8(kbits: int) -> Encoding:
    """VP8, as browsers record it; by a negative number, libvpx does not look at the time that it takes."""
    return Encoding("libvpx", ".webm", (("deadline", "realtime"), ("cpu-used", "-16")), kbits)


def vp9(kbits: int, key_frames: int) -> Encoding:
    """VP9 with a key frame every so many frames."""
    rate = f"{kbits}k"
    options = (
        ("deadline", "realtime"),
        ("cpu-used", "8"),
        ("g", str(key_frames)),
        ("minrate", rate),
        ("maxrate", rate),
    )
    return Encoding("libvpx-vp9", ".webm", options, kbits)


def write_film(path: Path, frames: Iterable[NDArray[np.uint8]], fs: float, encoding: Encoding) -> None:
    """Encode frames (H, W, 3), all of one size; an odd row or column at the end is dropped."""
    rate = Fraction(fs).limit_denominator(1001)
    jpeg = encoding.codec == "mjpeg"
    pixels = "yuvj420p" if jpeg else "yuv420p"
    scale = ColorRange.JPEG if jpeg else ColorRange.MPEG
    matrix = Colorspace.ITU709 if encoding.codec == "libx264" else Colorspace.ITU601
    swscale = VideoReformatter()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoding.codec, rate=rate, options=dict(encoding.options))
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt, stream.codec_context.thread_count = pixels, 1
        stream.codec_context.color_range = scale
        stream.codec_context.colorspace = matrix
        if encoding.kbits:
            stream.bit_rate = 1000 * encoding.kbits
        for index, image in enumerate(frames):
            height, width = (side // 2 * 2 for side in image.shape[:2])
            if not index:
                stream.height, stream.width = height, width
            rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
            yuv = swscale.reformat(
                rgb, format=pixels, src_color_range=ColorRange.JPEG, dst_color_range=scale, dst_colorspace=matrix,
                threads=1,
            )  # fmt: skip
            yuv.time_base, yuv.pts = 1 / rate, index
            container.mux(stream.encode(yuv))
        container.mux(stream.encode())


def make_all(make: Callable[[Item], Made], items: Sequence[Item], jobs: int) -> list[Made]:
    """Call a function for every item, in processes of their own; results in order."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_use_one_thread) as pool:
        return list(pool.map(make, items))


def _use_one_thread() -> None:
    """Processes whose threads wait for each other's cores are many times as slow."""
    cv2.setNumThreads(1)


def grain(pool: NDArray[np.float32], height: int, width: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Noise for one frame, (height, width, 3), from a place that is drawn in a pool of twice its pixels.

    Parameters
    ----------
    pool : float32 array (3, 2 * height * width)
        As `physiocam.synthetic.portrait.noise_pool` makes it.
    height, width : int
    random : numpy Generator
    """
    start = int(random.integers(height * width))
    return pool[:, start : start + height * width].reshape(3, height, width).transpose(1, 2, 0)


def film_code(*scripts: str) -> str:
    """A digest of the code that draws, reads and writes films: a change in measuring makes no film again.

    Parameters
    ----------
    scripts : str
        Names of modules in this folder that draw.
    """
    digest = sha256(_package_digest().encode())
    for script in ("films", *scripts):
        digest.update(digest_of(Path(__file__).with_name(f"{script}.py")).encode())
    return digest.hexdigest()[:12]


@cache
def _package_digest() -> str:
    package = Path(physiocam.__file__).parent
    return "".join(digest_of(package / part) for part in ("synthetic", "video"))
