"""Something that is made in a thread of its own while the caller goes on."""

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Beside(Generic[Thing]):
    """Calls a function in a thread of its own, at once.

    Parameters
    ----------
    make : callable
        Best something that leaves Python's lock alone for most of its time, such as loading a network.

    Examples
    --------
    >>> sum_of_squares = Beside(lambda: sum(number**2 for number in range(10)))
    >>> sum_of_squares.get()
    285
    """

    def __init__(self, make: Callable[[], Thing]) -> None:
        self._made: Thing | None = None
        self._error: BaseException | None = None
        self._thread = Thread(target=self._make, args=(make,), name="physiocam-beside")
        self._thread.start()

    def _make(self, make: Callable[[], Thing]) -> None:
        try:
            self._made = make()
        except BaseException as error:  # raised again in the caller's thread
            self._error = error

    def get(self) -> Thing:
        """Wait for the function's result, and return it.

        Raises
        ------
        Exception
            Any error of the function, each time.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._made  # type: ignore[return-value]
