"""Several processes that train together: each runs the same command, and only the first one prints and writes."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

import torch.distributed as dist
from pytorch_lightning.utilities import rank_zero_only

from physiocam.errors import PhysiocamError

# How long processes wait for each other; the first one predicts a whole test set while the others wait.
PATIENCE = timedelta(days=2)

# Numbers of the groups that wait, the same in all processes.
_GROUPS = count()


def is_first() -> bool:
    """Whether this process is the first of those that train together, or the only one."""
    # Before training, Lightning counts processes on each machine by themselves.
    machine = os.environ.get("NODE_RANK", os.environ.get("GROUP_RANK", "0"))
    return getattr(rank_zero_only, "rank", 0) in (0, None) and machine == "0"


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
    try:
        with _together() as together:
            if together:
                dist.barrier()
    except RuntimeError:
        if not is_first():
            raise SystemExit(1) from None
        raise PhysiocamError("another process of this run has ended; see its output, and run again") from None


@contextmanager
def _together() -> Iterator[bool]:
    """Connect processes that a launcher such as torchrun has started, if training has not done so."""
    launched = {"RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()
    if not dist.is_available():
        yield False
    elif dist.is_initialized() or not launched:
        yield dist.is_initialized()
    else:
        place = f"physiocam/{next(_GROUPS)}"
        rank, size = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE"))
        store = dist.PrefixStore(place, _meeting_place(rank, size))  # type: ignore[attr-defined]
        dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE)
        try:
            yield True
        finally:
            dist.destroy_process_group()


@cache
def _meeting_place(rank: int, size: int) -> Any:
    """Where processes of a launcher find each other, kept to the end: for every group, and for training's after them.

    If each group opened its own, a process that is early could be left alone in the one before, which closes.
    """
    # Of torchrun's processes none opens it: it does.
    opens = rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return dist.TCPStore(address, port, size, opens, PATIENCE, multi_tenant=True)  # type: ignore[attr-defined]
