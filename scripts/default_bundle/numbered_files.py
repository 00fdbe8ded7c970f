"""Numbered files that several processes make, each kept with what it was made with."""

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from physiocam.foundation.provenance import keep_file


def numbered_files(
    folder: Path,
    count: int,
    make: Callable[[int, Path], None],
    made_with: Mapping[str, Any],
    hold: Callable[[], None],
    *,
    jobs: int,
) -> list[Path]:
    """Make those that are not there as they would be made now; shows its progress.

    Parameters
    ----------
    folder : Path
    count : int
    make : callable
        Writes the file of a number to a path.
    made_with : mapping
        What decides the files beside their numbers.
    hold : callable
        Called once in each process, before it makes anything.
    jobs : int
        Processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:05d}.npz" for index in range(count)]
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=hold) as pool:
        waiting = [pool.submit(keep_file, path, {**made_with, "index": index}, partial(make, index))
                   for index, path in enumerate(paths)]  # fmt: skip
        for done, job in enumerate(as_completed(waiting), start=1):
            job.result()
            if done % 20 == 0 or done == count:
                print(f"{folder.name}: {done}/{count}", flush=True)
    return paths
