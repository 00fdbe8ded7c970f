"""Several processes that train together: each runs the same command, and only the first one prints and writes."""

from collections.abc import Callable
from datetime import timedelta

import torch.distributed as dist
from pytorch_lightning.utilities import rank_zero_only

from physiocam.errors import PhysiocamError

# How long processes wait for each other; the first one predicts a whole test set while the others wait.
PATIENCE = timedelta(days=2)


def is_first() -> bool:
    """Whether this process is the first of those that train together, or the only one."""
    return getattr(rank_zero_only, "rank", 0) in (0, None)


def said_once(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return a print function that does nothing except in the first process."""
    return say if is_first() else lambda _: None


def wait_for_first() -> None:
    """Wait for all processes, so that they can read what the first one has written.

    Raises
    ------
    PhysiocamError
        In the first process, if another one has ended. If the first one has ended, it has printed why, and the others
        end.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return
    try:
        dist.barrier()
    except RuntimeError:
        if not is_first():
            raise SystemExit(1) from None
        raise PhysiocamError("another process of this run has ended; see its output, and run again") from None
