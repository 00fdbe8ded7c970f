"""Turns: one process at a time writes into a place, and a place whose process has died is free again.

A lock is one of the operating system's on a small file, which ends with the process that holds it, however that ends;
the file says who holds it. Network file systems are taken to pass such locks on, as NFS 4, SMB and Lustre with `flock`
do. Where a file system knows none, everybody gets the turn, and nothing is taken for left over.
"""

import errno
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from physiocam.errors import PhysiocamError, writing_to

if sys.platform == "win32":
    import msvcrt

    # Far behind what the file says, so that others can read that.
    _BEHIND = 1 << 30

    def _lock(handle: int) -> None:
        os.lseek(handle, _BEHIND, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


_HELD = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
_LONGEST = 200


class Lock:
    """A lock that this process holds on a file, until it is released.

    Attributes
    ----------
    path : Path
    trusted : bool
        False where the file system knows no locks, so that others may hold it too.
    """

    _all: ClassVar["set[Lock]"] = set()

    def __init__(self, path: Path, handle: int, trusted: bool) -> None:
        self.path = path
        self.trusted = trusted
        self._handle = handle
        self._all.add(self)

    def release(self) -> None:
        """Remove the file, and let others have their turn."""
        if self not in self._all:  # this is a copy of the process that holds it
            return
        with suppress(OSError):
            self.path.unlink()
        self._close()
        # Windows removes no file that is open.
        with suppress(OSError):
            if sys.platform == "win32":
                self.path.unlink()

    def _close(self) -> None:
        self._all.discard(self)
        os.close(self._handle)

    @classmethod
    def _forget(cls) -> None:
        # A copy of this process would hold the locks for as long as it lives.
        for lock in list(cls._all):
            lock._close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Lock._forget)


def take(path: Path) -> Lock | None:
    """Lock a file, which is made where there is none.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Lock or None
        None if somebody else holds it.

    Raises
    ------
    OSError
        If the file cannot be made.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        trusted = True
        try:
            _lock(handle)
            # Whoever held it before may have removed the file between our opening and locking it.
            if not os.path.samestat(os.fstat(handle), os.stat(path)):
                os.close(handle)
                continue
        except FileNotFoundError:
            os.close(handle)
            continue
        except OSError as failure:
            if failure.errno in _HELD or failure.errno not in _NO_LOCKS:
                os.close(handle)
                if failure.errno in _HELD:
                    return None
                raise
            trusted = False
        # Only for the message to others: a full disk does not matter here.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.write(handle, f"process {os.getpid()} on {platform.node()}, since {datetime.now():%F %H:%M}".encode())
        return Lock(path, handle, trusted)


@contextmanager
def alone_in(
    folder: str | os.PathLike[str],
    doing: str,
    name: str = ".lock",
    error: type[PhysiocamError] = PhysiocamError,
) -> Iterator[None]:
    """Be the only process that does something into a folder.

    Parameters
    ----------
    folder : path
        Made if it does not exist, and removed again if nothing was written into it.
    doing : str
        What is done to the folder, such as "preparing".
    name : str
        Of the lock's file in the folder.
    error : type of PhysiocamError
        What is raised.

    Raises
    ------
    PhysiocamError
        If another process is at it, named in the message; or the folder cannot be written to.
    """
    folder = Path(folder)
    with writing_to(folder, error):
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        lock = take(folder / name)
    if lock is None:
        raise error(f"another process is {doing} '{folder}' ({_holder(folder / name)}); wait until it has ended")
    try:
        yield
    finally:
        lock.release()
        if new:
            with suppress(OSError):
                folder.rmdir()


def _holder(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            said = file.read(_LONGEST)
    except OSError:
        said = ""
    return " ".join(said.split()) or "it does not say which"
