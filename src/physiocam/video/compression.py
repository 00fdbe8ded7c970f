"""What a video encoder makes of frames, in memory."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.video.orientation import Rectangle
from physiocam.video.part_reader import PartReader

_OPTIONS = {"preset": "veryfast", "tune": "zerolatency"}


def compressed(frames: Sequence[NDArray[np.uint8]], crf: int) -> list[NDArray[np.uint8]]:
    """Encode frames as H.264 and decode them again, without a file.

    The first is a key frame, the others are predicted from those before, as those of a camera are.

    Parameters
    ----------
    frames : sequence of uint8 arrays (H, W, 3), RGB
        All of one size.
    crf : int
        Quality: 18 looks lossless, 38 is a poor video call.

    Returns
    -------
    list of uint8 arrays (H, W, 3)
    """
    height, width = frames[0].shape[:2]
    encoder, decoder = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    assert isinstance(encoder, av.VideoCodecContext)
    assert isinstance(decoder, av.VideoCodecContext)
    # Colour is stored for pairs of pixels.
    even = [(0, height % 2), (0, width % 2), (0, 0)]
    encoder.height, encoder.width = height + height % 2, width + width % 2
    encoder.pix_fmt, encoder.time_base, encoder.options = "yuv420p", Fraction(1, 30), {**_OPTIONS, "crf": str(crf)}
    # More threads would delay frames.
    encoder.thread_count = decoder.thread_count = 1

    def packets() -> Iterator[Any]:
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.pad(frame, even, mode="edge"), format="rgb24")
            picture.pts = number
            yield from encoder.encode(picture.reformat(format="yuv420p"))
        yield from encoder.encode(None)

    decoded = [picture for packet in packets() for picture in decoder.decode(packet)]
    decoded += decoder.decode(None)
    # As when a video is measured; a plain conversion of whole frames would make them a level darker.
    reader, part = PartReader(), Rectangle(0, 0, width, height)
    return [np.rint(reader.mean(picture, part, width, height)).clip(0, 255).astype(np.uint8) for picture in decoded]
