"""Sources of frames: video files, and images in folders and archives."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np

from physiocam.datasets.recording import Frames
from physiocam.errors import VideoError
from physiocam.readable import readable
from physiocam.video.container import open_container, video_stream
from physiocam.video.even_grid import EvenGrid, timed_grid
from physiocam.video.images import ImageSequence, entries_of, files_of
from physiocam.video.pixels import RgbConverter
from physiocam.video.reader import ARRAY_SUFFIX, Video, open_video
from physiocam.video.stated_rate import makes_up_times, stated_rate


@dataclass(frozen=True)
class VideoFrames:
    """Frames of a video file, of a folder of images in natural order, or of an array in a file (.npy).

    Attributes
    ----------
    path : Path
    fs : float, optional
        Frames per second, instead of the file's own rate; required for a folder and an array.
    """

    path: Path
    fs: float | None = None

    def open(self) -> Video:
        """Open the file for one pass."""
        return open_video(self.path, self.fs, channels=None)


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
        Frames per second, if the times are multiples of its inverse; otherwise computed from the times.
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
            If the times cannot be a camera's.
        """
        reading = entries_of if self.source.suffix.lower() == ".zip" else files_of
        return Video(readable(self.source), ImageSequence(partial(reading, self.source), self.names, self._grid()))

    def _grid(self) -> EvenGrid:
        times = np.array(self.times_s, dtype=np.float64)
        times -= times[0]
        if self.fs is not None:
            return EvenGrid(self.fs, times * self.fs)
        if len(times) < 2:
            raise VideoError(f"'{self.source}' has {len(times)} image; expected at least two")
        return timed_grid(times, math.inf)


@dataclass(frozen=True)
class Outline:
    """What is known about frames without decoding more than the first.

    Attributes
    ----------
    frames : int or None
        None if the file's header does not say.
    fs : float
        Frames per second.
    size : tuple of int
        Width and height.
    """

    frames: int | None
    fs: float
    size: tuple[int, int]


def outline(frames: Frames) -> Outline:
    """Read the first frame, and what the file states about the others.

    Raises
    ------
    VideoError
        If not even the first frame can be read.
    """
    if isinstance(frames, VideoFrames) and frames.path.is_file() and frames.path.suffix.lower() != ARRAY_SUFFIX:
        return _header(frames.path, frames.fs)
    with frames.open() as video:
        first = next(iter(video)).picture
        if first is None:
            raise VideoError(f"the first frame of '{video.source}' cannot be read")
        return Outline(video.frames, video.fs, (first.shape[1], first.shape[0]))


def odd_sizes(bytes_of: Mapping[str, int]) -> tuple[str, ...]:
    """Notes on images whose files are much smaller than the others: cut off, or empty.

    Parameters
    ----------
    bytes_of : mapping of str to int
        Sizes of the files by the names of the images.
    """
    typical = np.median(list(bytes_of.values()))
    odd = [name for name, size in bytes_of.items() if size < typical / 10]
    named = ", ".join(f"'{name}'" for name in odd[:5]) + (", ..." if len(odd) > 5 else "")
    return (f"{len(odd)} of {len(bytes_of)} images are empty or cut off: {named}",) if odd else ()


def _header(path: Path, fs: float | None) -> Outline:
    # Opening it for reading would list all packets, which reads every byte of an uncompressed file.
    try:
        with open_container(path) as container:
            stream = video_stream(container, path)
            height, width, _ = RgbConverter(str(path))(next(container.decode(stream))).shape
            if fs is None and makes_up_times(container, stream, path):
                raise VideoError(f"'{path}' states no frame rate; give it as fs")
            rate = fs or stated_rate(container, stream, path) or float(stream.guessed_rate or 0)
            return Outline(stream.frames or None, rate, (width, height))
    except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration):
        raise VideoError(f"'{path}' cannot be opened as a video, or its first frame cannot be decoded") from None
