"""One function over many items: here, on several processes, or on a cluster; whatever fails, the rest goes on."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from physiocam.errors import PhysiocamError, UnwritableError
from physiocam.foundation.arguments import whole_number
from physiocam.foundation.cores import usable_cores
from physiocam.foundation.parents import end_with

Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds to wait for a cluster's scheduler, and for its first worker.
_SCHEDULER_S = 10
_WORKERS_S = 30

# Which warnings a process started from here keeps to itself, as Python's PYTHONWARNINGS has it.
_TIDYING = "ignore:resource_tracker:UserWarning"


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
    unwritable : bool
        It failed because nothing more can be written where the results go: what is left would fail as well.
    """

    index: int
    result: Result | None
    error: str | None = None
    unwritable: bool = False


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
        Processes, of which no more are started than there are cores. One means this very process.
    scheduler : str, optional
        Address of a dask scheduler, such as "tcp://10.0.0.1:8786"; its workers then take the place of `jobs`, and
        need the same physiocam.

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
    jobs = whole_number(jobs, "jobs", least=1)
    if not items:
        return
    if scheduler is not None:
        yield from _on_cluster(function, items, scheduler)
    elif jobs == 1 or len(items) == 1:
        for index, item in enumerate(items):
            yield _attempt(function, index, item)
    else:
        # Two at least: what ends a process must not end this one.
        yield from _on_processes(function, items, min(jobs, max(usable_cores(), 2)))


def _attempt(function: Callable[[Item], Result], index: int, item: Item) -> Outcome[Result]:
    try:
        return Outcome(index, function(item))
    except PhysiocamError as error:
        return Outcome(index, None, str(error), isinstance(error, UnwritableError))
    except Exception as error:  # one broken item must not end the others' work
        return Outcome(index, None, f"unexpected {type(error).__name__}: {' '.join(str(error).split())}")


def _on_processes(function: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Outcome[Result]]:
    """Run until every item has its outcome, whichever process dies on the way."""
    from joblib import delayed

    waiting = dict(enumerate(items))
    started: list[int] = []

    def calls() -> Iterator[Any]:
        for index, item in list(waiting.items()):
            started.append(index)
            yield delayed(_attempt)(function, index, item)

    while waiting:
        started.clear()
        try:
            run = _workers(jobs, return_as="generator_unordered", pre_dispatch=jobs, batch_size=1)
            for outcome in run(calls()):
                del waiting[outcome.index]
                yield outcome
        except Exception:  # a process died, and took all the others' work in progress with it
            for index in [index for index in started if index in waiting]:
                yield _alone(function, index, waiting.pop(index))
        except BaseException:  # we are being ended, or nobody wants the rest: so are the processes
            _end_workers()
            raise


def _workers(jobs: int, **how: Any) -> Any:
    """Processes of this machine, which end with this one."""
    from joblib import Parallel

    # Whoever stops early means it.
    unused = r"\d+ tasks (which were still being processed|have been successfully executed)"
    warnings.filterwarnings("ignore", unused, UserWarning)
    # The process that tidies up behind joblib, if this one is killed, would complain of what it finds.
    asked = [wish for wish in os.environ.get("PYTHONWARNINGS", "").split(",") if wish and wish != _TIDYING]
    os.environ["PYTHONWARNINGS"] = ",".join([*asked, _TIDYING])
    return Parallel(jobs, backend="loky", initializer=end_with, initargs=(os.getpid(),), **how)


def _end_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _alone(function: Callable[[Item], Result], index: int, item: Item) -> Outcome[Result]:
    """Find out whether it was this item that killed its process."""
    from joblib import delayed

    try:
        # Two jobs, because a single one would run in this very process.
        (outcome,) = _workers(2)([delayed(_attempt)(function, index, item)])
    except Exception as error:
        return _died(index, error)
    else:
        return outcome  # type: ignore[no-any-return]


def _on_cluster(function: Callable[[Item], Result], items: Sequence[Item], scheduler: str) -> Iterator[Outcome[Result]]:
    """Run on a dask cluster, which gives the work of a lost worker to another.

    Not through joblib: its dask backend waits for ever for a task that has cost several workers their life.
    """
    from dask.distributed import Client, as_completed

    try:
        client = Client(scheduler, timeout=_SCHEDULER_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise PhysiocamError(
            f"no dask scheduler answers at '{scheduler}' ({type(error).__name__}); start one with: dask scheduler"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_WORKERS_S)
        except TimeoutError:
            raise PhysiocamError(
                f"the scheduler at '{scheduler}' has no worker; start some with: dask worker {scheduler}"
            ) from None
        places = {client.submit(_attempt, function, index, item, pure=False): index for index, item in enumerate(items)}
        for future in as_completed(list(places), loop=client.loop):  # type: ignore[no-untyped-call]
            if future.status == "finished":
                yield future.result()
            else:
                yield _died(places[future], future.exception())
            # The cluster need not remember what is known here.
            del places[future]


def _died(index: int, error: object) -> Outcome[Any]:
    why = str(error).split(". ")[0].split("\n")[0]
    return Outcome(index, None, f"the process that worked on it ended (out of memory, or a crash?): {why}")
