"""Media for the tests of the video room, encoded on the spot."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Encode = Callable[..., Path]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Encode images with full control over times, formats and tags; the name decides the container, or `kind`."""

    def encode(
        path: Path,
        images: Sequence[NDArray[np.uint8]],
        *,
        fs: float = 30,
        times: Sequence[int] | None = None,
        time_base: Fraction = Fraction(1, 1000),
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        options: dict[str, str] | None = None,
        container_options: dict[str, str] | None = None,
        display_matrix: Sequence[int] | None = None,
        prepare: Callable[[Any], None] = lambda stream: None,
        sound: bool = False,
        kind: str | None = None,
    ) -> Path:
        defaults = {"crf": "1", "preset": "ultrafast"} if codec == "libx264" else {}
        with av.open(str(path), "w", format=kind, options=container_options or {}) as container:
            rate = Fraction(fs).limit_denominator(1001)
            stream: Any = container.add_stream(codec, rate=rate, options=defaults | (options or {}))
            stream.height, stream.width = images[0].shape[:2]
            stream.pix_fmt = pix_fmt
            if times is not None:
                stream.codec_context.time_base = time_base
            if display_matrix is not None:
                stream.set_display_matrix(display_matrix)
            prepare(stream)
            if sound:
                silence = container.add_stream("pcm_s16le", rate=8000)
                block = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
                block.sample_rate = 8000
                container.mux(silence.encode(block))
            for index, image in enumerate(images):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt)
                if times is not None:
                    frame.pts, frame.time_base = times[index], time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return encode


@pytest.fixture(scope="session")
def plain() -> Callable[..., list[NDArray[np.uint8]]]:
    """Images of one grey level each."""

    def plain(levels: Sequence[float], height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
        return [np.full((height, width, 3), round(level), np.uint8) for level in levels]

    return plain
