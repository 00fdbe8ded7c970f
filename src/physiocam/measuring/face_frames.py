"""A recording's frames in one pass, each with the square that holds its face."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError, VideoError
from physiocam.inputs.face_changes import Located
from physiocam.measuring.face_colour import FaceColour
from physiocam.signals.waveform import check_fs
from physiocam.video.ahead import read_ahead
from physiocam.video.face_source import FaceSource, face_locator, locate_in
from physiocam.video.levels import RGB
from physiocam.video.locators import Square, TrackedLocator
from physiocam.video.people import notes_of
from physiocam.video.reader import Frame, Source, Video, open_video

Progress = Callable[[int, int | None], None]


class FaceFrames:
    """One pass over a recording; see `open_frames`.

    Attributes
    ----------
    video : Video
    timestamps : list of float
        Times in seconds of the frames read so far.
    located : iterator of (image, square)
        In the order of time, once.
    """

    def __init__(
        self, video: Video, locator: TrackedLocator, crop_factor: float, progress: Progress | None, channels: int
    ) -> None:
        self.video = video
        self._channels = channels
        self.timestamps: list[float] = []
        self._locator = locator
        self._squares: list[Square | None] = []
        self._progress = progress
        self._halves = 0
        self._colour = FaceColour(crop_factor)
        self.located = self._located()

    @property
    def found(self) -> NDArray[np.bool_]:
        """Whether there is a face, a frame read so far; the tracker may still change its mind about the last second."""
        return np.array(self._locator.found, dtype=bool)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the recording as far as it was read, and who else is in it."""
        return (*self.video.notes, *self._colour.notes(), *notes_of(self._locator.seen, self.video.fs))

    @property
    def squares(self) -> NDArray[np.int32]:
        """Face squares (T, 3) as x, y and side in pixels; -1 where no face is found, or the whole frame is used."""
        pairs = zip(self._squares, self._locator.found, strict=True)
        squares = [square if found and square and square.size else (-1, -1, -1) for square, found in pairs]
        return np.array(squares, dtype=np.int32).reshape(-1, 3)

    def advance(self, frames: int) -> None:
        """Count frames that went through one of two halves: being read, and being worked on."""
        self._halves += frames
        if self._progress is not None:
            done, total = self._halves // 2, self.video.frames
            # The last clip may be filled up, and a damaged file may hold fewer frames than it says.
            self._progress(done if total is None else min(done, total), total)

    def _located(self) -> Generator[Located, None, None]:
        with closing(read_ahead(self.video, _bytes)) as frames:
            for frame in frames:
                self.timestamps.append(frame.timestamp_s)
                self.advance(1)
                image, square = locate_in(self._locator, frame.image, self._channels)
                self._squares.append(square)
                self._colour.add(image, square)
                yield image, square


@contextmanager
def open_frames(
    source: Source,
    crop_factor: float,
    *,
    max_fs: float = math.inf,
    fs: float | None = None,
    face: FaceSource = "auto",
    progress: Progress | None = None,
    channels: int = RGB,
) -> Iterator[FaceFrames]:
    """Open a recording for one pass over its frames and their face squares.

    Parameters
    ----------
    source, fs, face, progress
        As in `physiocam.measure`.
    crop_factor : float
        Side of a found face's square, as a multiple of the longer side of its box.
    max_fs : float
        As in `video.reader.open_video`.
    channels : int
        Channels of the frames.

    Yields
    ------
    FaceFrames

    Raises
    ------
    VideoError
        If the source cannot be opened, holds no frame, or has too few of them a second.
    PhysiocamError
        If `face` makes no sense.
    """
    with open_video(source, fs=fs, max_fs=max_fs, channels=channels) as video:
        try:
            check_fs(video.fs)
        except PhysiocamError as error:
            raise VideoError(f"'{video.source}' cannot be measured: {error}") from None
        frames = FaceFrames(video, face_locator(face, video.fs, crop_factor), crop_factor, progress, channels)
        # The reading thread must end before the video is closed.
        with closing(frames.located):
            yield frames


def _bytes(frame: Frame) -> int:
    return 0 if frame.image is None else frame.image.nbytes
