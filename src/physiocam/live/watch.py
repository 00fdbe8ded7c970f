"""Passes frames from a camera through a stream, and the measurement to the views."""

import math
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic
from types import TracebackType
from typing import Self

import numpy as np

from physiocam.live.camera import TakenFrame
from physiocam.measuring.stream import Stream
from physiocam.results.measurement import Measurement

# Length of the window that is shown: as long as breathing needs.
SHOWN_S = 30.0

# Seconds between updates.
_EVERY_S = 0.25

# Frames that may wait while another one is processed; if there are more, the oldest are dropped, as a camera would.
_WAITING = 8

# Seconds over which the frame rate is measured, and the relative change that is reported when it is steady: half of the
# intervals differ by no more than a camera's jitter, and their mean is near the typical one.
_RATE_S = 3.0
_RATE_CHANGED = 0.25
_JITTER = 0.4
_STEADY = 0.05

# If no frame arrives for this long, something is wrong.
SILENT_S = 2.0


class Feed:
    """Reads frames in a separate thread, so that none waits for the networks in a camera's short buffer.

    Parameters
    ----------
    frames : generator of TakenFrame
        Closed when the feed is, if it can be.

    Attributes
    ----------
    dropped : int
        Frames that came too fast to be worked on.
    """

    def __init__(self, frames: Generator[TakenFrame, None, None]) -> None:
        self.dropped = 0
        self._frames = frames
        self._waiting: deque[TakenFrame] = deque()
        self._changed = Condition()
        self._over = False
        self._error: Exception | None = None
        # It may hang in a camera's driver; the program must still end.
        self._thread = Thread(target=self._read, name="physiocam-camera", daemon=True)

    def take(self, wait_s: float) -> TakenFrame | None:
        """Return the oldest waiting frame, or None if there is none within this time.

        Raises
        ------
        Exception
            The error that ended the frames, when all have been taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over, wait_s)
            if self._waiting:
                return self._waiting.popleft()
            if self._error is not None:
                raise self._error
            return None

    @property
    def over(self) -> bool:
        """Whether no frame is left, none will arrive, and no error is left to be raised."""
        with self._changed:
            return self._over and not self._waiting and self._error is None

    def _read(self) -> None:
        try:
            for frame in self._frames:
                with self._changed:
                    if self._over:
                        return
                    if len(self._waiting) == _WAITING:
                        self._waiting.popleft()
                        self.dropped += 1
                    self._waiting.append(frame)
                    self._changed.notify()
        except Exception as error:  # raised again in `take`
            self._error = error
        finally:
            self._frames.close()
            with self._changed:
                self._over = True
                self._changed.notify()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._changed:
            self._over = True
        self._thread.join(SILENT_S)


@dataclass(frozen=True)
class Moment:
    """The measurement at a moment.

    Attributes
    ----------
    measurement : Measurement
        Of the last `SHOWN_S` seconds.
    time_s : float
        Since the first frame, in seconds.
    frames_per_s : float
        Measured over some seconds.
    dropped : int
        Frames that came too fast to be worked on.
    silent_s : float
        Seconds without a frame.
    """

    measurement: Measurement
    time_s: float
    frames_per_s: float
    dropped: int
    silent_s: float


class Watcher:
    """A view of the stream.

    Attributes
    ----------
    left : bool
        Whether the view was closed.
    """

    left = False

    def frame(self, frame: TakenFrame) -> None:
        """Receive a frame."""

    def moment(self, moment: Moment) -> None:
        """Receive the current measurement, several times per second."""


class Pace:
    """Measures the frame rate, and reports changes."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._usual: float | None = None
        self.frames_per_s = 0.0

    def add(self, time_s: float) -> str | None:
        """Count a frame; return a line if the frame rate has changed."""
        if self._times and time_s - self._times[-1] > SILENT_S:
            self._times.clear()
        self._times.append(time_s)
        while time_s - self._times[0] > _RATE_S:
            self._times.popleft()
        if time_s <= self._times[0]:
            return None
        self.frames_per_s = (len(self._times) - 1) / (time_s - self._times[0])
        steady = self._steady_rate() if time_s - self._times[0] >= 0.9 * _RATE_S else None
        if steady is None:
            return None
        before, self._usual = self._usual, self._usual or steady
        if before is None or abs(steady / before - 1.0) < _RATE_CHANGED:
            return None
        self._usual = steady
        return f"frames now come at {steady:.0f}/s, {before:.0f}/s before"

    def _steady_rate(self) -> float | None:
        """Frames per second, unless there is a change or a pause within the time over which they are counted."""
        intervals = np.diff(self._times)
        short, usual, long = np.quantile(intervals, [0.25, 0.5, 0.75])
        if long > (1 + _JITTER) * short or abs(usual / intervals.mean() - 1.0) > _STEADY:
            return None
        return float(1.0 / usual)


def watch(
    feed: Feed, stream: Stream, watchers: Sequence[Watcher], tell: Callable[[str], None], seconds: float | None = None
) -> None:
    """Push frames into a stream until they end, the time is over or a view was closed.

    Parameters
    ----------
    feed : Feed
    stream : Stream
    watchers : sequence of Watcher
    tell : callable
        Called with a line when the frame rate changes.
    seconds : float, optional
        Length of the recording from its first frame; if there is no frame, time to wait for one.

    Raises
    ------
    PhysiocamError
        If the source of frames cannot be read.
    """
    pace = Pace()
    first_s: float | None = None
    time_s, told_s = 0.0, -math.inf
    started_s = heard_s = monotonic()
    while not (feed.over or any(watcher.left for watcher in watchers)):
        frame = feed.take(_EVERY_S)
        now_s = monotonic()
        if frame is not None:
            if first_s is None:
                first_s, started_s = frame.time_s, now_s
            time_s, heard_s = frame.time_s - first_s, now_s
            if seconds is not None and time_s > seconds:
                return
            stream.push(frame.image, frame.time_s)
            if changed := pace.add(time_s):
                tell(changed)
            for watcher in watchers:
                watcher.frame(frame)
        elif seconds is not None and now_s - started_s > seconds:
            return
        if now_s - told_s >= _EVERY_S:
            told_s = now_s
            moment = Moment(stream.measurement(SHOWN_S), time_s, pace.frames_per_s, feed.dropped, monotonic() - heard_s)
            for watcher in watchers:
                watcher.moment(moment)
