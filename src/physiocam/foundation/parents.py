"""Processes that end with the one that started them, however that ends."""

import os
import sys
from threading import Thread
from time import sleep

# Seconds between two looks at the parent.
_EVERY_S = 0.2

_watched: set[int] = set()


def end_with(parent: int) -> None:
    """End this process soon after its parent has ended; called again, it does nothing more.

    A thread watches the parent, because only Linux can tell a process of its parent's death.

    Parameters
    ----------
    parent : int
        Its process id.
    """
    if os.getpid() in _watched:
        return
    _watched.add(os.getpid())
    Thread(target=_watch, args=(parent,), daemon=True, name="parent").start()


def end_with_parent_process() -> None:
    """End this process, one of Python's `multiprocessing`, soon after the one that asked for it has ended.

    That one need not be its parent to the system: a fork server starts processes for others, and outlives them.
    """
    Thread(target=_outlast, daemon=True, name="parent process").start()


def _outlast() -> None:
    # Here: a process that measures one video starts no others.
    import multiprocessing

    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _watch(parent: int) -> None:
    if sys.platform == "win32":
        import _winapi
        from multiprocessing.connection import wait

        wait([_winapi.OpenProcess(_winapi.SYNCHRONIZE, False, parent)])
    else:
        # An orphan is given to another parent.
        while os.getppid() == parent:
            sleep(_EVERY_S)
    # At once, and without a word: what it was doing has nobody left to report to, and what is half-written is hidden.
    os._exit(1)
