"""Reading ahead: the same items, errors where they belong, and no thread left behind."""

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import count

import pytest

from physiocam.video import ahead as module
from physiocam.video.ahead import read_ahead


def readers() -> int:
    return sum(thread.name == "physiocam-reader" for thread in threading.enumerate())


def test_gives_the_same_items_in_order() -> None:
    assert list(read_ahead(range(100))) == list(range(100))
    assert list(read_ahead([])) == []
    assert list(read_ahead([None, 1])) == [None, 1]
    assert readers() == 0


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken")

    seen: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        seen.extend(read_ahead(items()))
    assert readers() == 0
    ahead = read_ahead(items())
    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(ValueError, match="broken"):
        next(ahead)


def test_stays_only_a_few_items_ahead() -> None:
    read = []

    def items() -> Iterator[int]:
        for number in count():
            read.append(number)
            yield number

    with closing(read_ahead(items())) as ahead:
        assert next(ahead) == 0
        assert len(read) <= 7


def test_closing_ends_the_thread_before_the_source_is_closed() -> None:
    source = (number for number in count())
    with closing(source), closing(read_ahead(source)) as ahead:
        assert next(ahead) == 0
    assert readers() == 0


def test_of_large_items_only_one_waits() -> None:
    read = []

    def items() -> Iterator[int]:
        for number in count():
            read.append(number)
            yield number

    with closing(read_ahead(items(), lambda _: 90_000_000)) as ahead:
        assert next(ahead) == 0
        time.sleep(0.1)
        # The one handed out, the one that waits, and the one that has no room to wait.
        assert len(read) <= 3
        assert next(ahead) == 1


@pytest.mark.parametrize(("pixels", "most"), [(640 * 480, 6), (1920 * 1080, 6), (3840 * 2160, 4)])
def test_so_many_frames_are_in_memory_at_a_time(pixels: int, most: int) -> None:
    read = []

    def items() -> Iterator[int]:
        for number in count():
            read.append(number)
            yield number

    with closing(read_ahead(items(), lambda _: 3 * pixels)) as ahead:
        assert next(ahead) == 0
        time.sleep(0.1)
        assert len(read) <= most


@pytest.mark.parametrize("begun", [True, False])
def test_an_interrupt_while_the_thread_starts_leaves_the_source_alone(
    monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    class Interrupted(threading.Thread):
        def start(self) -> None:
            if begun:
                super().start()
                time.sleep(0.05)  # the thread is in the middle of an item
            raise KeyboardInterrupt

    def items() -> Generator[int, None, None]:
        for number in count():
            time.sleep(0.2)
            yield number

    monkeypatch.setattr(module, "Thread", Interrupted)
    source = items()
    with pytest.raises(KeyboardInterrupt):
        next(read_ahead(source))
    source.close()
    assert readers() == 0
