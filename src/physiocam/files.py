"""Files that appear when they are complete, and files of others that are read up to a limit."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from uuid import uuid4

from physiocam.errors import PhysiocamError

# What a description, a page of settings or a list of results may hold, far above what any does.
TEXT_BYTES = 64_000_000

_KINDS = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a named pipe",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
    stat.S_IFSOCK: "it is a socket",
}


def check_regular(path: str | os.PathLike[str], most_bytes: int | None = None) -> None:
    """Make sure that a path is an ordinary file before anything opens it: a pipe waits for ever, a device never ends.

    Parameters
    ----------
    path : path
    most_bytes : int, optional
        Size up to which it may be read.

    Raises
    ------
    OSError
        If it does not exist, is something else, or is larger; `strerror` says what was found and expected.
    """
    try:
        status = os.stat(path)
    except ValueError:  # a zero byte, which no path has
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path)) from None
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "it is something else")
        raise OSError(errno.EINVAL, f"{kind}; expected an ordinary file", os.fspath(path))
    if most_bytes is not None and status.st_size > most_bytes:
        size, most = status.st_size / 1e6, most_bytes / 1e6
        raise OSError(errno.EFBIG, f"it has {size:,.0f} MB; expected at most {most:,.0f} MB", os.fspath(path))


def read_file(path: str | os.PathLike[str], most_bytes: int = TEXT_BYTES) -> bytes:
    """Read a whole file that somebody handed in, as `Path.read_bytes` does, but only an ordinary one of a sane size.

    Raises
    ------
    OSError
        As `check_regular`, or if it cannot be read.
    """
    check_regular(path, most_bytes)
    with open(path, "rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:  # files of /proc have no size, and others grow
        raise OSError(errno.EFBIG, f"it has more than {most_bytes / 1e6:,.0f} MB", os.fspath(path))
    return content


@contextmanager
def complete_file(path: str | os.PathLike[str], error: type[PhysiocamError] = PhysiocamError) -> Iterator[Path]:
    """Give a file to write to beside a path, and rename it to that path when the block ends without an error.

    Parameters
    ----------
    path : path
        An existing file is replaced; its folder is made if it does not exist.
    error : type of PhysiocamError
        What is raised.

    Yields
    ------
    Path
        With the same suffix, and a name of its own: several processes may write the same file. Gone afterwards,
        whatever happens.

    Raises
    ------
    PhysiocamError
        If the file cannot be written, or the disk is full.
    """
    target = Path(path)
    beside = target.with_name(f".{target.stem}-{uuid4().hex}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        os.replace(beside, target)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise error(f"cannot write '{target}': {reason}; choose another folder, or free some space") from None
    finally:
        with suppress(OSError):
            beside.unlink()


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
    beside: Path | None = None
    try:
        target.mkdir(parents=True, exist_ok=True)
        beside = Path(mkdtemp(prefix=".physiocam-", dir=target))
        yield beside
        for name in names:
            os.replace(beside / name, target / name)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise PhysiocamError(
            f"cannot write to '{target}': {reason}; choose another folder with -o, or free some space"
        ) from None
    finally:
        if beside is not None:
            with suppress(OSError):
                rmtree(beside)


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
