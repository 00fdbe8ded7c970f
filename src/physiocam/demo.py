"""The demonstration: a generated clip with known truth, measured like any file."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.measuring.face_frames import Progress
from physiocam.measuring.measure import measure
from physiocam.results.measurement import Measurement
from physiocam.synthetic.portrait import demo_clip
from physiocam.video.writer import write_video


@dataclass(frozen=True)
class DemoResult:
    """Truth and measurement of the generated clip.

    Attributes
    ----------
    heart_rate : float
        True mean heart rate in beats/min.
    breathing_rate : float
        True mean breathing rate in breaths/min.
    measurement : Measurement
    """

    heart_rate: float
    breathing_rate: float
    measurement: Measurement


def run_demo(folder: str | os.PathLike[str] | None = None, progress: Progress | None = None) -> DemoResult:
    """Generate a face clip of 30 s, encode it as H.264, and measure the file.

    Parameters
    ----------
    folder : path, optional
        Where to keep the clip (demo.mp4) and the result files; by default nothing is kept.
    progress : callable, optional
        As in `physiocam.measure`.

    Returns
    -------
    DemoResult

    Raises
    ------
    PhysiocamError
        If the portrait is not installed (extra `demo`), or the folder cannot be written to.
    """
    clip = demo_clip()
    frames = len(clip.timestamps_s)

    def report(done: int) -> None:
        # Each frame is drawn and then measured.
        if progress is not None:
            progress(done, 2 * frames)

    def drawn() -> Iterator[NDArray[np.uint8]]:
        for done, frame in enumerate(clip.frames()):
            report(done)
            yield frame

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(folder or scratch) / "demo.mp4"
        write_video(path, drawn(), clip.fs)
        measurement = measure(path, progress=lambda done, _: report(frames + done))
    if folder is not None:
        measurement.write(folder)
    return DemoResult(clip.heart_rate, clip.breathing_rate, measurement)
