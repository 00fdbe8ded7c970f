"""Things that are made in a thread beside the caller."""

from threading import Event

import pytest

from physiocam.foundation.beside import Beside


def test_the_caller_goes_on() -> None:
    go = Event()
    waiting = Beside(lambda: go.wait(10))
    go.set()
    assert waiting.get() is True


def test_errors_come_where_the_thing_is_needed() -> None:
    def fail() -> int:
        raise ValueError("no such thing")

    failing = Beside(fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="no such thing"):
            failing.get()
