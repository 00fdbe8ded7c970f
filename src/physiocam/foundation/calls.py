"""Several calls at a time, in threads."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Result = TypeVar("Result")


class Calls:
    """Makes calls in threads that are kept for the next ones.

    Parameters
    ----------
    threads : int
        Calls at a time.

    Examples
    --------
    >>> Calls(2).run([lambda: 1, lambda: 2, lambda: 3])
    [1, 2, 3]
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._others: ThreadPoolExecutor | None = None

    def run(self, calls: Sequence[Callable[[], Result]]) -> list[Result]:
        """Make all calls, and return their results in the same order.

        Raises
        ------
        Exception
            The error of the first call that failed, once the others have ended.
        """
        if self._threads == 1 or len(calls) < 2:
            return [call() for call in calls]
        if self._others is None:
            from concurrent.futures import ThreadPoolExecutor

            self._others = ThreadPoolExecutor(self._threads, "physiocam-network")
        futures = [self._others.submit(call) for call in calls]
        errors = [error for future in futures if (error := future.exception())]
        if errors:
            raise errors[0]
        return [future.result() for future in futures]
