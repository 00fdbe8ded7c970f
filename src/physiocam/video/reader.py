"""Reads recordings: video files, folders of images and arrays, as frames on one even time grid."""

import math
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.foundation.arguments import number, unmasked
from physiocam.readable import readable
from physiocam.video.container import VideoFile
from physiocam.video.even_grid import FASTEST_FS, SLOWEST_FS, EvenGrid, Still, averaged, on_grid, untimed_grid
from physiocam.video.images import image_folder
from physiocam.video.levels import MOST_CHANNELS, RGB, Image, levels, whole_levels

# Suffix of a file with an array of frames, as numpy.save writes it.
ARRAY_SUFFIX = ".npy"

# Types of a recording's source.
Source = str | bytes | os.PathLike[str] | NDArray[Any] | Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Frame:
    """One time of the grid.

    Attributes
    ----------
    timestamp_s : float
        Time in seconds; the first frame is at 0.
    picture : Image of shape (H, W, 3) or None
        RGB; None if the recording has a gap. Of files, the pixels are made when they are looked at: in part with
        `physiocam.video.parts`. Arrays may have other channels; with more than 8 bits, they are float32 with levels
        from 0 to 255.
    """

    timestamp_s: float
    picture: Image | None

    @property
    def image(self) -> NDArray[Any] | None:
        """All pixels of the picture: an array (H, W, 3), uint8 or float32, or None."""
        return None if self.picture is None else np.asarray(self.picture)


@dataclass(frozen=True)
class OwnFrame:
    """An original frame of the recording, not resampled to the grid.

    Attributes
    ----------
    timestamp_s : float
        Time in seconds on the grid's clock, on which the first frame is at 0.
    shown_s : float
        When a player shows it, in seconds on the file's own clock, which its sound shares.
    picture : Image of shape (H, W, 3)
        RGB, upright; see `Frame`.
    """

    timestamp_s: float
    shown_s: float
    picture: Image

    @property
    def image(self) -> NDArray[Any]:
        """All pixels of the picture: a uint8 array (H, W, 3)."""
        return np.asarray(self.picture)


class _Recording(Protocol):
    grid: EvenGrid
    notes: list[str]

    def stills(self) -> Generator[Still, None, None]: ...


class Video:
    """A recording on an even time grid; iterates `Frame` once, in constant memory.

    Attributes
    ----------
    source : str
        Name of the source, for messages and results; see `physiocam.readable`.
    fs : float
        Grid times per second.
    frames : int or None
        Expected number of frames; a damaged recording may yield fewer.
    notes : list of str
        What the user should know about the recording; complete after the last frame.
    """

    def __init__(self, source: str, recording: _Recording) -> None:
        self.source = source
        self.fs = recording.grid.fs
        self.frames: int | None = recording.grid.frames
        self.notes = recording.notes
        self._recording = recording
        self._images = on_grid(averaged(recording.stills(), recording.grid.together), self.fs)
        self._started = False

    def __iter__(self) -> Iterator[Frame]:
        """Read the frames.

        Raises
        ------
        VideoError
            On a second pass, or if no frame can be decoded.
        """
        self._start()
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        for index, image in enumerate(self._images):
            yield Frame(index / self.fs, image)

    def own_frames(self) -> Iterator[OwnFrame]:
        """Read the recording's own frames, instead of those of the even grid.

        Yields
        ------
        OwnFrame
            In the order of time; images that cannot be read are left out.

        Raises
        ------
        VideoError
            On a second pass, or if no frame can be decoded.
        """
        self._start()
        last = -math.inf
        with closing(self._recording.stills()) as stills:
            for still in stills:
                grid_s = still.position / self.fs
                shown_s = grid_s if still.shown_s is None else still.shown_s
                if shown_s > last and still.image is not None:
                    last = shown_s
                    yield OwnFrame(grid_s, shown_s, whole_levels(still.image))

    def _start(self) -> None:
        if self._started:
            raise VideoError(f"'{self.source}' has been read already; open it again for a second pass")
        self._started = True

    def close(self) -> None:
        """Close the file; no frame can be read after that."""
        self._started = True
        self._images.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_video(source: Source, fs: float | None = None, max_fs: float = math.inf, channels: int | None = RGB) -> Video:
    """Open a recording for one pass over its frames.

    Parameters
    ----------
    source : path, array of shape (T, H, W, 3), or list of arrays (H, W, 3)
        Video file, folder of images (one per frame, natural order of the names), array of NumPy in a file (.npy), or
        RGB frames: uint8, uint16 or float from 0 to 1.
    fs : float, optional
        Frames per second. Required for arrays and folders; for files it replaces the file's own rate.
    max_fs : float
        In faster recordings k frames are averaged into one, with the smallest k for a rate of at most `max_fs`.
    channels : int or None
        Channels that the frames of an array must have; None allows 1 to 8. Those of one channel may be (T, H, W).

    Returns
    -------
    Video

    Raises
    ------
    VideoError
        If the source is missing, unreadable or empty, or `fs` is missing or out of range.
    """
    fs = None if fs is None else number(fs, "fs", VideoError)
    if fs is not None and not SLOWEST_FS <= fs <= FASTEST_FS:
        raise VideoError(f"fs is {fs}, expected frames per second, {SLOWEST_FS:g} to {FASTEST_FS:g}")
    if isinstance(source, list | tuple):
        source = _stacked(source)
    if isinstance(source, np.ndarray):
        if fs is None:
            raise VideoError("an array has no frame rate; pass fs=, its frames per second")
        return Video("array", _ArrayRecording(unmasked(source, VideoError), fs, max_fs, channels))
    if isinstance(source, str | bytes) and not source:
        raise VideoError("source is an empty name; expected a video file or a folder of images")
    try:
        path = Path(os.fsdecode(source))  # type: ignore[arg-type]
    except TypeError:
        kind = type(source).__name__
        raise VideoError(f"source is of type {kind}, expected a path or a uint8 array (T, H, W, 3)") from None
    if path.is_dir():
        return Video(readable(path), image_folder(path, fs, max_fs))
    if not path.exists():
        raise VideoError(f"'{path}' does not exist; expected a video file or a folder of images")
    if not path.is_file():
        raise VideoError(f"'{path}' is not a regular file; expected a video file or a folder of images")
    if path.stat().st_size == 0:
        raise VideoError(f"'{path}' is empty (0 bytes); expected a video file")
    if path.suffix.lower() == ARRAY_SUFFIX:
        if fs is None:
            raise VideoError(f"the array '{path}' has no frame rate; pass fs=, its frames per second")
        return Video(readable(path), _ArrayRecording(_array_of(path), fs, max_fs, channels))
    return Video(readable(path), VideoFile(path, fs, max_fs))


def media_file(source: Source) -> Path | None:
    """Return the path of a source that is a media file, and may have sound; None for frames in other forms."""
    if not isinstance(source, str | bytes | os.PathLike):
        return None
    path = Path(os.fsdecode(source))
    return path if path.is_file() and path.suffix.lower() != ARRAY_SUFFIX else None


def _array_of(path: Path) -> NDArray[Any]:
    """The array of a file, whose frames are read only when they are needed; nothing is unpickled."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, MemoryError) as error:
        reason = " ".join(str(error).split())[:120]
        raise VideoError(f"'{path}' cannot be read as an array of frames: {reason}; write it with numpy.save") from None
    assert isinstance(found, np.ndarray)
    return found


def _stacked(images: Sequence[Any]) -> NDArray[Any]:
    kinds = {str(image.shape) if isinstance(image, np.ndarray) else type(image).__name__ for image in images}
    if len(kinds) != 1 or not isinstance(images[0], np.ndarray):
        few = ", ".join(sorted(kinds)[:3]) or "none"
        raise VideoError(f"the frames in the list are {few}; expected uint8 arrays (H, W, 3), all of one size")
    return np.stack([unmasked(image, VideoError) for image in images])


class _ArrayRecording:
    """Frames in memory, or in a file that is mapped into it."""

    def __init__(self, images: NDArray[Any], fs: float, max_fs: float, channels: int | None) -> None:
        shape = images.shape
        if images.ndim == 3 and channels in (None, 1):
            images = images[..., np.newaxis]
        there = images.shape[-1]
        # Grey is taken from colours too; see `levels.with_channels`.
        fits = there == channels or (channels == 1 and there == RGB) or (not channels and there <= MOST_CHANNELS)
        if images.ndim != 4 or not (fits or images.size == 0):
            expected = f"(T, H, W, {channels or 'C'}): " + ("RGB frames" if channels == RGB else "frames and channels")
            raise VideoError(f"array has shape {shape}, expected {expected}")
        if images.size == 0:
            raise VideoError(f"array has shape {shape}, expected at least one frame of one pixel")
        levels(images[0])
        self._array = images
        self.grid = untimed_grid(len(images), fs, max_fs)
        self.notes = list(self.grid.notes)

    def stills(self) -> Generator[Still, None, None]:
        for index, position in enumerate(self.grid.positions):
            yield Still(float(position), partial(self._frame, index))

    def _frame(self, index: int) -> Image:
        return levels(self._array[index])
