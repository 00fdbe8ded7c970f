"""Files that somebody hands in: only ordinary ones are opened, and read up to a limit."""

import errno
import os
import stat

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
