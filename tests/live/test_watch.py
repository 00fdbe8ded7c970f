"""Frames reach the stream, observers are told, and nothing waits for ever."""

from collections.abc import Generator
from threading import Event
from time import monotonic

import numpy as np
import pytest

import physiocam
from physiocam.errors import VideoError
from physiocam.live.camera import TakenFrame
from physiocam.live.feed import Feed
from physiocam.live.frame_rate import FrameRate
from physiocam.live.observer import Observer, Snapshot
from physiocam.live.watch import watch

IMAGE = np.zeros((48, 48, 3), dtype=np.uint8)


def taken(count: int, fs: float = 30.0) -> Generator[TakenFrame, None, None]:
    for index in range(count):
        yield TakenFrame(100.0 + index / fs, IMAGE)


@pytest.fixture(scope="module")
def stream() -> physiocam.Stream:
    return physiocam.Stream(threads=1)


class Witness(Observer):
    def __init__(self, leaves_after: int | None = None) -> None:
        self.frames: list[TakenFrame] = []
        self.moments: list[Snapshot] = []
        self._leaves_after = leaves_after

    def frame(self, frame: TakenFrame) -> None:
        self.frames.append(frame)
        self.left = len(self.frames) == self._leaves_after

    def snapshot(self, snapshot: Snapshot) -> None:
        self.moments.append(snapshot)


def watched(
    stream: physiocam.Stream, frames: Generator[TakenFrame, None, None], witness: Witness, seconds: float | None = None
) -> list[str]:
    told: list[str] = []
    stream.reset()
    with Feed(frames) as feed:
        watch(feed, stream, [witness], told.append, seconds)
    return told


def slowly(frames: Generator[TakenFrame, None, None], witness: Witness) -> Generator[TakenFrame, None, None]:
    """Frames that wait until the one before has been seen."""
    for count, frame in enumerate(frames):
        yield frame
        end = monotonic() + 5.0
        while len(witness.frames) <= count and monotonic() < end:
            Event().wait(0.001)


def test_every_frame_comes_through(stream: physiocam.Stream) -> None:
    witness = Witness()
    told = watched(stream, slowly(taken(120), witness), witness)
    assert stream.frames == len(witness.frames) == 120
    assert told == []
    assert witness.moments
    last = witness.moments[-1]
    assert last.dropped == 0
    assert last.measurements[0].heart_rate.note == "no face was found"
    # Told some times a second, not for each frame.
    assert len(witness.moments) < 60


def test_slow_results_leave_time_for_frames(stream: physiocam.Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    told = (stream.measurement(),)
    asleep = Event()

    def slow(_: float | None = None) -> tuple[physiocam.Measurement, ...]:
        asleep.wait(0.2)
        return told

    monkeypatch.setattr(stream, "measurements", slow)
    witness = Witness()
    before = monotonic()
    watched(stream, slowly(taken(300, fs=300.0), witness), witness, seconds=0.9)
    spent = monotonic() - before
    assert len(witness.moments) <= spent / 0.6 + 1


def test_it_ends_after_the_time(stream: physiocam.Stream) -> None:
    witness = Witness()
    watched(stream, slowly(taken(120), witness), witness, seconds=1.0)
    assert stream.frames == 31


def test_it_ends_when_a_watcher_leaves(stream: physiocam.Stream) -> None:
    witness = Witness(leaves_after=7)
    watched(stream, slowly(taken(10_000), witness), witness)
    assert len(witness.frames) == 7


def test_a_source_that_fails_is_told_after_its_frames(stream: physiocam.Stream) -> None:
    def broken() -> Generator[TakenFrame, None, None]:
        yield from taken(5)
        raise VideoError("'x' is broken")

    witness = Witness()
    with pytest.raises(VideoError, match="is broken"):
        watched(stream, broken(), witness)
    assert len(witness.frames) == 5


def test_of_too_many_frames_the_newest_are_kept() -> None:
    started = Event()

    def flood() -> Generator[TakenFrame, None, None]:
        yield from taken(100)
        started.set()

    with Feed(flood()) as feed:
        assert started.wait(5.0)
        left = []
        while not feed.over:
            frame = feed.take(1.0)
            assert frame is not None
            left.append(frame.time_s)
    assert feed.dropped == 100 - len(left)
    assert 0 < len(left) < 20
    assert left == [frame.time_s for frame in taken(100)][-len(left) :]


def test_a_source_that_hangs_is_not_waited_for(stream: physiocam.Stream) -> None:
    hangs = Event()

    def hanging() -> Generator[TakenFrame, None, None]:
        yield from taken(3)
        hangs.wait(30.0)

    class Impatient(Witness):
        def snapshot(self, snapshot: Snapshot) -> None:
            super().snapshot(snapshot)
            self.left = snapshot.silent_s > 0.5

    witness = Impatient()
    before = monotonic()
    watched(stream, hanging(), witness)
    hangs.set()
    assert monotonic() - before < 10.0
    assert witness.moments[-1].silent_s > 0.5


def test_the_pace_is_told_once_when_it_changes() -> None:
    pace = FrameRate()
    times = np.concatenate([np.arange(300) / 30.0, 10.0 + np.arange(150) / 15.0, 20.0 + np.arange(150) / 16.0])
    # A sixteenth more is no other rate.
    told = [(time_s, line) for time_s in times if (line := pace.add(float(time_s)))]
    assert [line for _, line in told] == ["frames now come at 15/s, 30/s before"]
    assert 12.5 < told[0][0] < 14.0
    assert pace.frames_per_s == pytest.approx(16.0, rel=0.05)


@pytest.mark.parametrize("pause_s", [0.4, 1.5, 60.0])
def test_a_pause_is_no_other_pace(pause_s: float) -> None:
    pace = FrameRate()
    times = np.concatenate([np.arange(300) / 30.0, 10.0 + pause_s + np.arange(300) / 30.0])
    assert not any(pace.add(float(time_s)) for time_s in times)
    assert pace.frames_per_s == pytest.approx(30.0)


def test_waiting_for_a_first_frame_has_an_end_too(stream: physiocam.Stream) -> None:
    waits = Event()

    def never() -> Generator[TakenFrame, None, None]:
        waits.wait(30.0)
        yield from taken(1)

    before = monotonic()
    watched(stream, never(), Witness(), seconds=1.0)
    waits.set()
    assert 1.0 <= monotonic() - before < 10.0
    assert stream.frames == 0
