"""A recording's frames in one pass, each with the squares that hold the faces."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from physiocam.errors import PhysiocamError, VideoError
from physiocam.signals.waveform import check_fs
from physiocam.video.ahead import read_ahead
from physiocam.video.cuts import CutFinder
from physiocam.video.face_source import has_scenes, locate_everyone
from physiocam.video.levels import RGB, Image
from physiocam.video.locators import PeopleLocator, Square
from physiocam.video.reader import Frame, Source, Video, open_video

Progress = Callable[[int, int | None], None]


class SeenFrame(NamedTuple):
    """A frame, and where everyone is in it.

    Attributes
    ----------
    image : uint8 or float32 array (H, W, C) or None
        With the channels that were asked for.
    squares : list of Square or None
        Of each person so far.
    cut : bool
        Whether another scene begins with this frame.
    """

    image: Image | None
    squares: list[Square | None]
    cut: bool


class FaceFrames:
    """One pass over a recording; see `open_frames`.

    Attributes
    ----------
    video : Video
    locator : PeopleLocator
        Who was seen so far.
    timestamps : list of float
        Times in seconds of the frames read so far.
    cuts : list of int
        The first frames of new scenes so far, counted from 0.
    seen : iterator of SeenFrame
        In the order of time, once.
    """

    def __init__(self, video: Video, locator: PeopleLocator, progress: Progress | None, channels: int) -> None:
        self.video = video
        self.locator = locator
        self._channels = channels
        self.timestamps: list[float] = []
        self.cuts: list[int] = []
        self._progress = progress
        self._halves = 0.0
        self.seen = self._seen()

    def advance(self, frames: float) -> None:
        """Count frames that went through one of two halves: being read, and being worked on."""
        self._halves += frames
        if self._progress is not None:
            # Thirds of a frame do not add up exactly.
            done, total = int(self._halves / 2 + 1e-6), self.video.frames
            # The last clip may be filled up, and a damaged file may hold fewer frames than it says.
            self._progress(done if total is None else min(done, total), total)

    def end(self) -> None:
        """Count all frames as worked on: nothing is done in those without a face."""
        self.advance(max(2 * len(self.timestamps) - self._halves, 0))

    def _seen(self) -> Generator[SeenFrame, None, None]:
        finder = CutFinder(self.video.fs) if has_scenes(self.locator) else None
        with closing(read_ahead(self.video, _bytes)) as frames:
            for index, frame in enumerate(frames):
                self.timestamps.append(frame.timestamp_s)
                self.advance(1)
                if cut := finder is not None and finder.add(frame.picture):
                    self.cuts.append(index)
                image, squares = locate_everyone(self.locator, frame.picture, self._channels, cut)
                yield SeenFrame(image, squares, cut)


@contextmanager
def open_frames(
    source: Source,
    locator: Callable[[float], PeopleLocator],
    *,
    max_fs: float = math.inf,
    fs: float | None = None,
    progress: Progress | None = None,
    channels: int = RGB,
) -> Iterator[FaceFrames]:
    """Open a recording for one pass over its frames and the squares of the faces.

    Parameters
    ----------
    source, fs, progress
        As in `physiocam.measure`.
    locator : callable
        Returns a new locator for the recording's frames per second.
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
    """
    with open_video(source, fs=fs, max_fs=max_fs, channels=channels) as video:
        try:
            check_fs(video.fs)
        except PhysiocamError as error:
            raise VideoError(f"'{video.source}' cannot be measured: {error}") from None
        frames = FaceFrames(video, locator(video.fs), progress, channels)
        # The reading thread must end before the video is closed.
        with closing(frames.seen):
            yield frames


def _bytes(frame: Frame) -> int:
    return 0 if frame.picture is None else frame.picture.nbytes
