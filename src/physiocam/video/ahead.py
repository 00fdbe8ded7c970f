"""Reading ahead: a thread decodes the next frames while the caller works on the last ones."""

from collections.abc import Generator, Iterable
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")

_DEPTH = 4
_WAIT_S = 0.1


def read_ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """Iterate in a thread of its own, a few items ahead of the caller.

    Close it before what it reads from is closed: that ends the thread.

    Parameters
    ----------
    items : iterable

    Yields
    ------
    item
        The same ones, in the same order.

    Raises
    ------
    Exception
        Whatever the iteration raises, at the place where it was raised.
    """
    # Items come wrapped, so that an end and an error can be told from an item.
    queue: Queue[tuple[Item] | BaseException | None] = Queue(_DEPTH)
    stopped = Event()

    def put(thing: tuple[Item] | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                queue.put(thing, timeout=_WAIT_S)
            except Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for item in items:
                if not put((item,)):
                    return
            put(None)
        except BaseException as error:  # raised again in the caller's thread
            put(error)

    thread = Thread(target=read, name="physiocam-reader", daemon=True)
    thread.start()
    try:
        while (thing := queue.get()) is not None:
            if isinstance(thing, BaseException):
                raise thing
            yield thing[0]
    finally:
        stopped.set()
        thread.join()
