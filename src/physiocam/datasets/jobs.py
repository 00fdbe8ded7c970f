"""One function over many items: here, on several processes, or on a cluster; whatever fails, the rest goes on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from physiocam.errors import PhysiocamError

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of one item.

    Attributes
    ----------
    index : int
        Place of the item among the items.
    result : object or None
        What the function returned; None where it failed.
    error : str or None
        Why it failed, in one line.
    """

    index: int
    result: Result | None
    error: str | None = None


def run_jobs(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int = 1, scheduler: str | None = None
) -> Iterator[Outcome[Result]]:
    """Call a function for every item and yield what became of each as soon as it is known.

    Parameters
    ----------
    function : callable
        Has to pickle where it runs in other processes, as its items and results do.
    items : sequence
    jobs : int
        Processes. One means this very process.
    scheduler : str, optional
        Address of a dask scheduler, such as "tcp://10.0.0.1:8786"; its workers then take the place of `jobs`.

    Yields
    ------
    Outcome
        One an item, in the order in which they finish. An exception in the function is an outcome too; so is the
        death of the process that worked on the item.

    Raises
    ------
    PhysiocamError
        If there is no scheduler, or no worker, at the address.
    """
    if jobs < 1:
        raise PhysiocamError(f"{jobs} jobs are none; expected 1 or more")
    if scheduler is not None:
        with _cluster(scheduler) as workers:
            yield from _parallel(function, items, workers, pre_dispatch="all")
    elif jobs == 1 or len(items) < 2:
        for index, item in enumerate(items):
            yield _attempt(function, index, item)
    else:
        yield from _parallel(function, items, lambda: _processes(jobs), pre_dispatch="n_jobs")


def _attempt(function: Callable[[Item], Result], index: int, item: Item) -> Outcome[Result]:
    try:
        return Outcome(index, function(item))
    except PhysiocamError as error:
        return Outcome(index, None, str(error))
    except Exception as error:  # one broken item must not end the others' work
        return Outcome(index, None, f"unexpected {type(error).__name__}: {' '.join(str(error).split())}")


def _parallel(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: Callable[[], AbstractContextManager[Any]],
    pre_dispatch: str,
) -> Iterator[Outcome[Result]]:
    """Run until every item has its outcome, whoever dies on the way."""
    from joblib import Parallel, delayed

    waiting = dict(enumerate(items))
    started: list[int] = []

    def calls() -> Iterator[Any]:
        for index, item in list(waiting.items()):
            started.append(index)
            yield delayed(_attempt)(function, index, item)

    while waiting:
        started.clear()
        try:
            with workers():
                run = Parallel(return_as="generator_unordered", pre_dispatch=pre_dispatch, batch_size=1)
                for outcome in run(calls()):
                    del waiting[outcome.index]
                    yield outcome
        except Exception:  # a worker died, and took the whole run with it
            for index in [index for index in started if index in waiting]:
                yield _alone(function, index, waiting.pop(index), workers)


def _alone(
    function: Callable[[Item], Result],
    index: int,
    item: Item,
    workers: Callable[[], AbstractContextManager[Any]],
) -> Outcome[Result]:
    """Find out whether it was this item that killed its worker."""
    from joblib import Parallel, delayed

    try:
        with workers():
            (outcome,) = Parallel()([delayed(_attempt)(function, index, item)])
    except Exception as error:
        why = str(error).split(". ")[0].split("\n")[0]
        return Outcome(index, None, f"the process that worked on it ended (out of memory, or a crash?): {why}")
    else:
        return outcome  # type: ignore[no-any-return]


def _processes(jobs: int) -> AbstractContextManager[Any]:
    from joblib import parallel_config

    return parallel_config(backend="loky", n_jobs=jobs)  # type: ignore[no-any-return]


@contextmanager
def _cluster(scheduler: str) -> Iterator[Callable[[], AbstractContextManager[Any]]]:
    """Joblib's workers on a dask cluster."""
    from dask.distributed import Client
    from joblib import parallel_config

    try:
        client = Client(scheduler, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise PhysiocamError(
            f"no dask scheduler answers at '{scheduler}' ({type(error).__name__}); start one with: dask scheduler"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=30)
        except TimeoutError:
            raise PhysiocamError(
                f"the scheduler at '{scheduler}' has no worker; start some with: dask worker {scheduler}"
            ) from None
        yield lambda: parallel_config(backend="dask", client=client)
