"""The overlay video: a recording with its measurement drawn beside it."""

import os
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from physiocam.measuring.face_frames import Progress
from physiocam.report.overlay_frame import OverlayFrame
from physiocam.report.overlay_people import PeopleOverlayFrame
from physiocam.report.truth import Truth
from physiocam.results.measurement import Measurement
from physiocam.video.levels import shown
from physiocam.video.reader import Source, media_file, open_video
from physiocam.video.writer import write_timed_video


def write_overlay(
    measurement: Measurement | Sequence[Measurement],
    source: Source,
    path: str | os.PathLike[str],
    *,
    fs: float | None = None,
    truth: Truth | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a recording as a video with face box, running waveforms, rates and action units drawn beside it.

    Of several people, each has a box in a colour and a name, and a row beside the picture.

    Every frame of the recording is shown upright at its own time, and its sound is kept. The file appears when it is
    complete.

    Parameters
    ----------
    measurement : Measurement or sequence of Measurement
        Of this recording; several for several people.
    source : path or uint8 array of shape (T, H, W, 3)
        The recording, as it was given to `physiocam.measure`.
    path : path
        Ends in ".mp4"; an existing file is replaced.
    fs : float, optional
        As it was given to `physiocam.measure`.
    truth : Truth, optional
        What sensors and coders recorded of one person, drawn beside what was measured; see
        `physiocam.report.truth.truth_of`.
    progress : callable, optional
        As in `physiocam.measure`.

    Raises
    ------
    VideoError
        If the source cannot be read.
    PhysiocamError
        If the file cannot be written.
    ImportError
        If Pillow is not installed (extra `report`).
    """

    def drawn() -> Iterator[tuple[float, NDArray[np.uint8]]]:
        overlay: OverlayFrame | PeopleOverlayFrame | None = None
        for count, frame in enumerate(video.own_frames(), 1):
            if overlay is None:
                height, width, _ = frame.image.shape
                if isinstance(measurement, Measurement):
                    overlay = OverlayFrame(measurement, width, height, truth=truth)
                else:
                    overlay = PeopleOverlayFrame(measurement, width, height)
            yield frame.shown_s, overlay.draw(shown(frame.image), frame.timestamp_s)
            if progress is not None:
                progress(count, video.frames)

    with open_video(source, fs=fs, channels=None) as video:
        write_timed_video(path, drawn(), video.fs, media_file(source))
