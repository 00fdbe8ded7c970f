"""A lock that lets one run at a time, with all its processes, use an output folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from physiocam.errors import writing_to
from physiocam.foundation.locks import alone_in
from physiocam.foundation.parents import end_with
from physiocam.training.processes import is_first


@contextmanager
def one_run_in(output: Path) -> Iterator[None]:
    """Let no other run train into a folder. The first process holds the lock; the others end with their parent.

    Parameters
    ----------
    output : Path

    Raises
    ------
    PhysiocamError
        If another run uses it, or the folder cannot be written to.
    """
    with writing_to(output):
        if not is_first():
            end_with(os.getppid())
            yield
            return
        with alone_in(output, "training into"):
            yield
