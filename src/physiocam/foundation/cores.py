"""How many threads or processes to start."""

import math
import os
from pathlib import Path

from physiocam.foundation.arguments import whole_number

# Linux files with the processor time that a container may use: quota and period in microseconds.
_CGROUP = Path("/sys/fs/cgroup")
_QUOTAS = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))


def usable_cores() -> int:
    """Return how many cores this process may use, given its CPU affinity and its container's limit; at least 1."""
    counted = getattr(os, "process_cpu_count", None)  # from Python 3.13 on
    if counted is not None:
        cores = counted()
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count()
    return max(min(cores or 1, _container_cores()), 1)


def within_cores(wanted: object, name: str) -> int:
    """Return how many threads or processes to start: the wanted number, but at most one per core.

    Parameters
    ----------
    wanted : int or None
        None means one per core.
    name : str
        Name of the argument, for the message.

    Raises
    ------
    PhysiocamError
        If `wanted` is not a whole number of 1 or more.
    """
    cores = usable_cores()
    return cores if wanted is None else min(whole_number(wanted, name, least=1), cores)


def _container_cores() -> int:
    for files in _QUOTAS:
        try:
            quota, period = " ".join((_CGROUP / file).read_text() for file in files).split()
            if int(quota) > 0:
                return math.ceil(int(quota) / int(period))
        except (OSError, ValueError, ZeroDivisionError):  # no limit is set ("max"), or this is another system
            continue
    return 2**31
