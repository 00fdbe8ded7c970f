"""Files that appear when they are complete, and what is left of those that never did.

Whatever is being written lies in a hidden folder `.physiocam-ID` beside its place. The lock `.physiocam-ID.lock` beside
that is held by the process that writes for as long as it lives: a folder whose lock can be had is left over from a
process that was killed, and the next one that writes there removes it.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

from physiocam.errors import PhysiocamError, writing_to
from physiocam.foundation.locks import Lock, take

_BESIDE = ".physiocam-"
_LOCK = ".lock"
_SETTLED_AT_ONCE = 16


@contextmanager
def folder_beside(place: Path) -> Iterator[Path]:
    """Give a hidden folder of one's own to write into, on the same disk as a place; gone afterwards.

    Parameters
    ----------
    place : Path
        A folder, made if it does not exist. What killed processes have left there is removed.

    Yields
    ------
    Path

    Raises
    ------
    OSError
        If nothing can be written there.
    """
    place.mkdir(parents=True, exist_ok=True)
    remove_left_over(place)
    lock = None
    while lock is None:  # another process may be looking at the lock just now, whether it is left over
        own = place / f"{_BESIDE}{uuid4().hex}"
        lock = take(own.with_name(own.name + _LOCK))
    try:
        own.mkdir()
        yield own
    finally:
        _remove(own, lock)


def remove_left_over(place: Path) -> None:
    """Remove what killed processes were writing into a folder; what is being written there now stays.

    Parameters
    ----------
    place : Path
    """
    for path in place.glob(f"{_BESIDE}*{_LOCK}"):
        with suppress(OSError):
            lock = take(path)
            if lock is not None and lock.trusted:
                _remove(path.with_suffix(""), lock)


def _remove(folder: Path, lock: Lock) -> None:
    # The lock goes last: a folder without one would never be removed.
    rmtree(folder, ignore_errors=True)
    lock.release()


@contextmanager
def complete_file(path: str | os.PathLike[str], error: type[PhysiocamError] = PhysiocamError) -> Iterator[Path]:
    """Give a file to write to beside a path, and move it to that path when the block ends without an error.

    Parameters
    ----------
    path : path
        An existing file is replaced; its folder is made if it does not exist.
    error : type of PhysiocamError
        What is raised.

    Yields
    ------
    Path
        Of the same name, in a folder of its own: several processes may write the same file. Gone afterwards,
        whatever happens.

    Raises
    ------
    PhysiocamError
        If the file cannot be written, or the disk is full.
    """
    target = Path(path)
    with writing_to(target, error), folder_beside(target.parent) as beside:
        yield beside / target.name
        to_disk(beside)
        os.replace(beside / target.name, target)
        settle(target.parent)


@contextmanager
def complete_files(folder: str | os.PathLike[str], names: Sequence[str]) -> Iterator[Path]:
    """Give a folder beside, to write files into; they appear, one after the other, if nothing fails until then.

    Parameters
    ----------
    folder : path
        Made if it does not exist; files of the same names in it are replaced.
    names : sequence of str
        Of the files, in the order in which they appear.

    Raises
    ------
    PhysiocamError
        If the folder cannot be written to, or the disk is full.
    """
    target = Path(folder)
    with writing_to(target, elsewhere="choose another folder with folder="), folder_beside(target) as beside:
        yield beside
        to_disk(beside)
        for name in names:
            os.replace(beside / name, target / name)
        settle(target)


def check_folder(folder: str | os.PathLike[str]) -> None:
    """Make sure before long work that its results can be written.

    Parameters
    ----------
    folder : path
        Made if it does not exist.

    Raises
    ------
    PhysiocamError
        If no file can be written into it.
    """
    with complete_files(folder, ()):
        pass


def to_disk(folder: Path) -> None:
    """Wait until all that a folder holds has reached the disk: what is renamed then outlasts a power failure whole.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    OSError
        If the disk has refused some of it.
    """
    paths = [folder, *folder.rglob("*")]
    # A disk waits for many about as long as for one.
    with ThreadPoolExecutor(_SETTLED_AT_ONCE) as threads:
        list(threads.map(settle, paths))


def settle(path: Path) -> None:
    """Wait until a file, or which names a folder holds, has reached the disk.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If the disk has refused a file.
    """
    if path.is_dir():
        # Windows opens no folder, and some network file systems settle none: there the files must do.
        with suppress(OSError):
            _fsync(path, os.O_RDONLY)
    else:
        _fsync(path, os.O_RDWR)


def _fsync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
