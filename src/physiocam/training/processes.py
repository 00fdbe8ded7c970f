"""Several processes that train together: each runs the same command, and the first one speaks and writes for all."""

from collections.abc import Callable
from datetime import timedelta

import torch.distributed as dist
from pytorch_lightning.utilities import rank_zero_only

from physiocam.errors import PhysiocamError

# How long processes wait for one another; the first one predicts a whole test set while the others wait.
PATIENCE = timedelta(days=2)


def is_first() -> bool:
    """Whether this process is the first of those that train together, or the only one."""
    return getattr(rank_zero_only, "rank", 0) in (0, None)


def said_once(say: Callable[[str], None]) -> Callable[[str], None]:
    """Make a way to say something that only the first process uses."""
    return say if is_first() else lambda _: None


def wait_for_first() -> None:
    """Wait until all processes are here, so that what the first one has written can be read.

    Raises
    ------
    PhysiocamError
        In the first process, if another one is gone. Where the first one is gone, it has said why, and the others end.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return
    try:
        dist.barrier()
    except RuntimeError:
        if not is_first():
            raise SystemExit(1) from None
        raise PhysiocamError("another process of this run has ended; see its output, and run again") from None
