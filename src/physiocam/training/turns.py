"""One run at a time into an output folder, whose own processes all take part."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from physiocam.errors import writing_to
from physiocam.locks import alone_in
from physiocam.parents import end_with

# What says which of a run's processes this is, by who has started it: Lightning, torchrun, Slurm, LSF.
_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")


def is_first_process() -> bool:
    """Whether this is the first of a run's processes, or the only one."""
    return all(os.environ.get(name, "0") == "0" for name in _RANKS)


@contextmanager
def one_run_in(output: Path) -> Iterator[None]:
    """Let no other run train into a folder. The first process has the turn; the others end with who started them.

    Parameters
    ----------
    output : Path

    Raises
    ------
    PhysiocamError
        If another run is at it, or the folder cannot be written to.
    """
    with writing_to(output):
        if not is_first_process():
            end_with(os.getppid())
            yield
            return
        with alone_in(output, "training into"):
            yield
