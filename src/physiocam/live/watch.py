"""The loop of a live measurement: frames from a feed to a stream, and results to observers."""

import math
from collections.abc import Callable, Sequence
from time import monotonic

from physiocam.live.feed import Feed
from physiocam.live.frame_rate import FrameRate
from physiocam.live.observer import SHOWN_S, Observer, Snapshot
from physiocam.measuring.stream import Stream

# Seconds between snapshots for the observers; more if they take long, as with many people: frames need the time too.
_EVERY_S = 0.25
_MOST_OF_TIME = 1 / 3


def watch(
    feed: Feed,
    stream: Stream,
    observers: Sequence[Observer],
    on_status: Callable[[str], None],
    seconds: float | None = None,
) -> None:
    """Push frames into a stream until they end, the time is over or an observer has left.

    Parameters
    ----------
    feed : Feed
    stream : Stream
    observers : sequence of Observer
    on_status : callable
        Called with a line when the rate of frames changes.
    seconds : float, optional
        Length of the recording from its first frame; without a frame, how long to wait for one.

    Raises
    ------
    PhysiocamError
        If the source of frames cannot be read.
    """
    rate = FrameRate()
    first_s: float | None = None
    time_s, next_s = 0.0, -math.inf
    started_s = heard_s = monotonic()
    while not (feed.over or any(observer.left for observer in observers)):
        frame = feed.take(_EVERY_S)
        now_s = monotonic()
        if frame is not None:
            if first_s is None:
                first_s, started_s = frame.time_s, now_s
            time_s, heard_s = frame.time_s - first_s, now_s
            if seconds is not None and time_s > seconds:
                return
            stream.push(frame.picture, frame.time_s)
            if changed := rate.add(time_s):
                on_status(changed)
            for observer in observers:
                observer.frame(frame)
        elif seconds is not None and now_s - started_s > seconds:
            return
        if now_s >= next_s:
            told = stream.measurements(SHOWN_S) or (stream.measurement(SHOWN_S),)
            snapshot = Snapshot(told, time_s, rate.frames_per_s, feed.dropped, monotonic() - heard_s)
            for observer in observers:
                observer.snapshot(snapshot)
            next_s = now_s + max(_EVERY_S, (monotonic() - now_s) / _MOST_OF_TIME)
