"""Files that appear only when they are complete, and removal of the remains of killed processes.

Files are first written into a hidden folder `.physiocam-ID` next to their final place. The writing process holds the
lock `.physiocam-ID.lock` as long as it lives. If another process can take the lock, the folder was left by a process
that was killed; the next process that writes there removes it.
"""

import os
from collections.abc import Iterator, Sequence
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
    """Give the caller a hidden folder inside `place` to write into, and remove it afterwards.

    Parameters
    ----------
    place : Path
        A folder, created if it does not exist. What killed processes have left there is removed.

    Yields
    ------
    Path
        The hidden folder, on the same disk as `place`.

    Raises
    ------
    OSError
        If `place` cannot be written to.
    """
    place.mkdir(parents=True, exist_ok=True)
    remove_left_over(place)
    lock = None
    while lock is None:  # another process may be testing just now whether this lock is left over
        own = place / f"{_BESIDE}{uuid4().hex}"
        lock = take(own.with_name(own.name + _LOCK))
    try:
        own.mkdir()
        yield own
    finally:
        _remove(own, lock)


def remove_left_over(place: Path) -> None:
    """Remove what killed processes were writing into a folder; files that are being written now stay.

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
    # Release the lock last: a folder without a lock would never be removed.
    rmtree(folder, ignore_errors=True)
    lock.release()


@contextmanager
def complete_file(path: str | os.PathLike[str], error: type[PhysiocamError] = PhysiocamError) -> Iterator[Path]:
    """Give a temporary file to write to, and move it to a path when the block ends without an error.

    Parameters
    ----------
    path : path
        Where the file appears. An existing file is replaced; the folder is created if it does not exist.
    error : type of PhysiocamError
        Type of the error that is raised.

    Yields
    ------
    Path
        The temporary file: the same name in its own folder, so several processes may write the same file. It is
        always removed afterwards.

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
    """Give a temporary folder to write files into; they appear, one after the other, if the block does not fail.

    Parameters
    ----------
    folder : path
        Where the files appear. Created if it does not exist; files of the same names are replaced.
    names : sequence of str
        Names of the files, in the order in which they appear.

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
    """Check before long work that its results can be written.

    Parameters
    ----------
    folder : path
        Created if it does not exist.

    Raises
    ------
    PhysiocamError
        If the folder cannot be written to.
    """
    with complete_files(folder, ()):
        pass


def to_disk(folder: Path) -> None:
    """Wait until a folder's content is on the disk: files renamed after that survive a power failure complete.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    OSError
        If the disk has refused a part of it.
    """
    paths = [folder, *folder.rglob("*")]
    # Waiting for many files takes about as long as for one.
    # Here, since most commands never come here.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_SETTLED_AT_ONCE) as threads:
        list(threads.map(settle, paths))


def settle(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If the disk has refused a file.
    """
    if path.is_dir():
        # Windows cannot open folders, and some network file systems cannot sync them: there, syncing the files must do.
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
