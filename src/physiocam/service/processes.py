"""Starts the processes of jobs and live sessions."""

import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

# What every process needs is imported once, in the process from which they are forked.
_IMPORTED = ["physiocam.service.job_process", "physiocam.service.live_process"]


def start_process(function: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Start a process that ends with this one.

    Parameters
    ----------
    function : callable
        Called in the process with the arguments, and its end of the connection last.
    *arguments
        Have to pickle.

    Returns
    -------
    tuple of Process and Connection
        This end of the connection; reading from it raises EOFError when the process has ended.
    """
    context: Any = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    if sys.platform != "win32":
        context.set_forkserver_preload(_IMPORTED)
    here, there = context.Pipe()
    process = context.Process(target=function, args=(*arguments, there), daemon=True)
    process.start()
    there.close()
    return process, here
