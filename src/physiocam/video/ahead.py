"""Reading ahead: a thread decodes the next frames while the caller processes the previous ones."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from threading import Condition, Thread
from typing import TypeVar

Item = TypeVar("Item")

# Largest number of waiting items, and of their bytes; one item of any size may always wait.
_DEPTH = 4
_BYTES = 50_000_000


def read_ahead(items: Iterable[Item], size: Callable[[Item], int] = lambda _: 0) -> Generator[Item, None, None]:
    """Iterate in a separate thread, a few items ahead of the caller.

    Close it before closing its source: that ends the thread.

    Parameters
    ----------
    items : iterable
    size : callable
        Bytes of an item: fewer large items are read ahead.

    Yields
    ------
    item
        The same ones, in the same order.

    Raises
    ------
    Exception
        Any error of the iteration, at the same position.
    """
    # Items are wrapped with their sizes, so that they can be distinguished from an end and an error.
    waiting: deque[tuple[tuple[Item] | BaseException | None, int]] = deque()
    changed = Condition()
    stopped = reading = False

    def put(thing: tuple[Item] | BaseException | None, size: int = 0) -> bool:
        def room() -> bool:
            few = len(waiting) < _DEPTH and sum(other for _, other in waiting) + size <= _BYTES
            return stopped or few or not waiting

        with changed:
            changed.wait_for(room)
            waiting.append((thing, size))
            changed.notify_all()
            return not stopped

    def read() -> None:
        nonlocal reading
        with changed:
            if stopped:
                return
            reading = True
        try:
            for item in items:
                if not put((item,), size(item)):
                    return
            put(None)
        except BaseException as error:  # raised again in the caller's thread
            put(error)
        finally:
            with changed:
                reading = False
                changed.notify_all()

    def get() -> tuple[Item] | BaseException | None:
        with changed:
            changed.wait_for(lambda: waiting)
            thing, _ = waiting.popleft()
            changed.notify_all()
            return thing

    thread = Thread(target=read, name="physiocam-reader", daemon=True)
    try:
        thread.start()
        while (thing := get()) is not None:
            if isinstance(thing, BaseException):
                raise thing
            yield thing[0]
    finally:
        with changed:
            stopped = True
            changed.notify_all()
            # An interrupt may arrive while the thread starts: it then cannot be joined, but may still read.
            changed.wait_for(lambda: not reading)
        if thread.is_alive():
            thread.join()
