"""Frames in the formats of data sets: AVI files and single images."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_avi(
    path: Path,
    images: Iterable[NDArray[np.uint8]],
    fs: float,
    codec: str,
    pixels: str,
    options: dict[str, str] | None = None,
) -> None:
    """Write an AVI file, and make its folders.

    Parameters
    ----------
    path : Path
    images : iterable of uint8 arrays (H, W, 3), RGB
        All of one size.
    fs : float
        Frames per second.
    codec, pixels : str
        As FFmpeg calls them: "ffv1" with "bgr0" is lossless, "mpeg4" with "yuv420p" is not.
    options : dict, optional
        Of the codec.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fs).limit_denominator(1001), options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = pixels
        for image in images:
            if not stream.codec_context.is_open:
                stream.height, stream.width = image.shape[:2]
            container.mux(stream.encode(_frame(image, pixels)))
        container.mux(stream.encode())


def encoded(
    images: Iterable[NDArray[np.uint8]], codec: str, pixels: str, options: dict[str, str] | None = None
) -> Iterator[bytes]:
    """Encode each image as the content of a separate file.

    Parameters
    ----------
    images : iterable of uint8 arrays (H, W, 3), RGB
        All of one size.
    codec, pixels : str
        As FFmpeg calls them: "png" with "rgb24", "mjpeg" with "yuvj444p".
    options : dict, optional
        Of the codec.

    Yields
    ------
    bytes
    """
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.pix_fmt, encoder.time_base, encoder.options = pixels, Fraction(1, 30), options or {}
    # More threads would delay images.
    encoder.thread_count = 1
    for image in images:
        if not encoder.is_open:
            encoder.height, encoder.width = image.shape[:2]
        yield b"".join(bytes(packet) for packet in encoder.encode(_frame(image, pixels)))


def _frame(image: NDArray[np.uint8], pixels: str) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)
