"""What encoders of cameras and messengers make of frames."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from disturbances import between
from physiocam.video.writer import X264_OPTIONS

_ENCODERS = {"h264": "libx264", "mjpeg": "mjpeg", "vp8": "libvpx"}
# By a negative number, libvpx does not look at the time that it takes: the same frames give the same film.
_VP8 = {"deadline": "realtime", "cpu-used": "-8"}


@dataclass(frozen=True)
class Encoding:
    """An encoder and its settings.

    Attributes
    ----------
    codec : str
        "h264", "mjpeg" or "vp8".
    pixels : str
        As FFmpeg calls them.
    bit_rate : int
        In bits/s; 0 where a quality in the options decides.
    key_every : int
        Frames from one key frame to the next.
    options : dict
        Of the encoder.
    """

    codec: str
    pixels: str = "yuv420p"
    bit_rate: int = 0
    key_every: int = 250
    options: dict[str, str] = field(default_factory=dict)


def draw_encoding(random: np.random.Generator, *, strongest: bool) -> Encoding | None:
    """Draw an encoding, from none at all to one that leaves little of a pulse.

    With `strongest` also those of messengers, which leave nothing of most.
    """
    kind = random.random()
    if kind < 0.25:
        return None
    if kind < 0.45:
        return Encoding("mjpeg", "yuvj420p", options={"qmin": "3", "qmax": str(int(random.integers(3, 9)))})
    key_every = int(random.choice([12, 15, 25, 30, 48, 60, 250]))
    if kind < 0.52:
        rate = int(between(random, 1.5e5 if strongest else 4e5, 3e6))
        return Encoding("vp8", bit_rate=rate, key_every=key_every, options=_VP8)
    crf = int(random.integers(8, 37 if strongest else 25))
    return Encoding("h264", key_every=key_every, options={**X264_OPTIONS, "crf": str(crf)})


def through_encoder(
    frames: Iterable[NDArray[np.uint8]], fs: float, encoding: Encoding | None
) -> Iterator[NDArray[np.uint8]]:
    """Encode frames (H, W, 3), of even height and width, and decode them again; None leaves them as they are."""
    if encoding is None:
        yield from frames
        return
    rate = Fraction(fs).limit_denominator(1001)
    encoder = av.CodecContext.create(_ENCODERS[encoding.codec], "w")
    decoder = av.CodecContext.create(encoding.codec, "r")
    assert isinstance(encoder, av.VideoCodecContext)
    assert isinstance(decoder, av.VideoCodecContext)
    encoder.pix_fmt, encoder.time_base, encoder.framerate = encoding.pixels, 1 / rate, rate
    encoder.gop_size, encoder.options = encoding.key_every, encoding.options
    encoder.thread_count = decoder.thread_count = 1
    if encoding.bit_rate:
        encoder.bit_rate = encoding.bit_rate

    def decoded(packets: Iterable[Any]) -> Iterator[NDArray[np.uint8]]:
        for packet in packets:
            for frame in decoder.decode(packet):
                yield frame.to_ndarray(format="rgb24", threads=1).astype(np.uint8, copy=False)

    for index, image in enumerate(frames):
        if not encoder.is_open:
            encoder.height, encoder.width = image.shape[:2]
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=encoding.pixels, threads=1)
        frame.pts, frame.time_base = index, 1 / rate
        yield from decoded(encoder.encode(frame))
    yield from decoded([*encoder.encode(None), None])
