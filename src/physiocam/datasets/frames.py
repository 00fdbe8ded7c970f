"""Where the frames of recordings lie: video files, and images in folders and archives."""

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np

from physiocam.errors import VideoError
from physiocam.video.even_grid import EvenGrid, timed_grid
from physiocam.video.images import ImageSequence, entries_of, files_of
from physiocam.video.reader import Video, open_video


@dataclass(frozen=True)
class VideoFrames:
    """Frames of a video file, or of a folder of images in natural order.

    Attributes
    ----------
    path : Path
    fs : float, optional
        Frames per second, in place of what the file says; a folder needs it.
    """

    path: Path
    fs: float | None = None

    def open(self) -> Video:
        """Open the file for one pass."""
        return open_video(self.path, self.fs)


@dataclass(frozen=True)
class ImageFrames:
    """Images with known times, in a folder or a zip archive.

    Attributes
    ----------
    source : Path
    names : tuple of str
        In order of time.
    times_s : tuple of float
        Rising.
    fs : float, optional
        Frames per second, where the times are multiples of its inverse; found from the times otherwise.
    """

    source: Path
    names: tuple[str, ...]
    times_s: tuple[float, ...]
    fs: float | None = None

    def open(self) -> Video:
        """Open the images for one pass.

        Raises
        ------
        VideoError
            If the times are no camera's.
        """
        reading = entries_of if self.source.suffix.lower() == ".zip" else files_of
        return Video(str(self.source), ImageSequence(partial(reading, self.source), self.names, self._grid()))

    def _grid(self) -> EvenGrid:
        times = np.array(self.times_s, dtype=np.float64)
        times -= times[0]
        if self.fs is not None:
            return EvenGrid(self.fs, times * self.fs)
        if len(times) < 2:
            raise VideoError(f"'{self.source}' has {len(times)} image; expected at least two")
        return timed_grid(times, math.inf)


def frames_in_header(path: Path) -> int | None:
    """Count the frames of a video file by what its header says.

    Returns
    -------
    int or None
        None where the header says nothing.

    Raises
    ------
    VideoError
        If it is no video.
    """
    try:
        with av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace") as container:
            stream = container.streams.best("video")
            if stream is None:
                raise VideoError(f"'{path}' holds no video")
            return stream.frames or None
    except (av.FFmpegError, OSError, ValueError):
        raise VideoError(
            f"'{path}' cannot be opened as a video; expected a file such as MP4, MOV, MKV or AVI"
        ) from None
