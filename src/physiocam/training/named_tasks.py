"""Tasks that a run's settings name instead of describing them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from physiocam.errors import PhysiocamError
from physiocam.networks.tasks import AU, PULSE, RESPIRATION, Task

_KNOWN = {task.name: task for task in (AU, PULSE, RESPIRATION)}


def with_named_tasks(tasks: Sequence[Any], store: object) -> list[Any]:
    """Return tasks with their descriptions, where only their names are given.

    Parameters
    ----------
    tasks : sequence
        Names, and other values, which are returned as they are.
    store : str or path, or None
        The store whose recordings describe the tasks of their own.

    Raises
    ------
    PhysiocamError
        If nothing describes a task of this name.
    """
    names = [task for task in tasks if isinstance(task, str)]
    own = _of_store(store) if set(names) - set(_KNOWN) and isinstance(store, str | Path) else {}
    known = {**own, **_KNOWN}
    if unknown := [name for name in names if name not in known]:
        place = f"'{store}' describes" if store else "without a store, known are only"
        raise PhysiocamError(f"network.tasks names '{unknown[0]}'; {place} {', '.join(known)}")
    return [known[task].model_dump() if isinstance(task, str) else task for task in tasks]


def _of_store(path: str | Path) -> dict[str, Task]:
    from physiocam.datasets.store.store import Store

    store = Store(path)
    return {task.name: task for name in store.names() for task in store.recording(name).info.own_tasks}
