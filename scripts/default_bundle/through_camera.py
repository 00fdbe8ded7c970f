"""What a camera's encoder makes of frames."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.video.writer import write_video


def through_camera(frames: Iterable[NDArray[np.uint8]], fs: float, crf: int | None) -> Iterator[NDArray[np.uint8]]:
    """Encode frames (H, W, 3) as H.264 and decode them again; None leaves them as they are."""
    if crf is None:
        yield from frames
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "clip.mp4"
        write_video(path, frames, fs, crf)
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
