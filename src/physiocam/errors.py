"""The errors that physiocam raises on purpose."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from physiocam.readable import readable

if TYPE_CHECKING:
    from pydantic import ValidationError

_LONGEST_VALUE = 60


class PhysiocamError(Exception):
    """Base of every error with a message meant for the user.

    The message is one line: the value that is wrong, what was expected, and the next step. The command line
    prints it unchanged; any other exception is a bug of physiocam. File names in it may be any bytes, but the message
    can always be printed.

    Examples
    --------
    >>> import physiocam
    >>> try:
    ...     physiocam.measure("a.mp4", method="best")
    ... except physiocam.PhysiocamError as error:
    ...     print(error)
    method is 'best'; expected network, pos, chrom, green, ica, pbv, lgi, omit
    """

    def __str__(self) -> str:
        return readable(super().__str__())


class VideoError(PhysiocamError):
    """A source that cannot be opened, or has no frame that can be decoded.

    Examples
    --------
    >>> import physiocam
    >>> try:
    ...     physiocam.measure("no such video.mp4")
    ... except physiocam.VideoError as error:
    ...     print(error)
    'no such video.mp4' does not exist; expected a video file or a folder of images
    """


class BundleError(PhysiocamError):
    """A bundle that is missing, incomplete, altered or invalid.

    Examples
    --------
    >>> import physiocam
    >>> try:
    ...     physiocam.load_bundle("./no such folder")
    ... except physiocam.BundleError as error:
    ...     print("no bundle" in str(error))
    True
    """


class DatasetError(PhysiocamError):
    """A data set, a recording of one, or a store of prepared recordings that cannot be read or written.

    Examples
    --------
    >>> import physiocam
    >>> from physiocam.datasets.readers.catalogue import open_dataset
    >>> try:
    ...     open_dataset("folder", "no such folder")
    ... except physiocam.DatasetError as error:
    ...     print(error)
    'no such folder' is not a folder; expected the folder of the data set folder
    """


class UnwritableError(DatasetError):
    """A store that cannot be written to, on a full or protected disk. Further recordings would fail too."""


_NEXT_STEP = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space of your quota and run again",
    errno.EFBIG: "files there may not become so large; choose another folder",
    errno.EROFS: "choose a folder that is not read-only",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def unwritable(place: str | os.PathLike[str], failure: OSError, elsewhere: str = "choose another folder") -> str:
    """Return one line that says that a place cannot be written to, why, and what to do.

    Parameters
    ----------
    place : path
    failure : OSError
        The error of writing there.
    elsewhere : str
        How to choose another place.

    Returns
    -------
    str
    """
    # A reason may have several lines, if a library has wrapped the system's error.
    reason = failure.strerror or " ".join(str(failure).split())
    if failure.errno in (errno.EEXIST, errno.ENOTDIR):
        path = Path(place)
        file = next((above for above in (path, *path.parents) if above.exists() and not above.is_dir()), path)
        return f"cannot write to '{path}': '{file}' is not a folder; {elsewhere}"
    step = _NEXT_STEP.get(failure.errno or 0, f"{elsewhere}, or free some space")
    return f"cannot write to '{os.fspath(place)}': {reason}; {step}"


@contextmanager
def writing_to(
    place: str | os.PathLike[str],
    error: type[PhysiocamError] = PhysiocamError,
    elsewhere: str = "choose another folder",
) -> Iterator[None]:
    """Convert the operating system's refusal to write into an error of one line.

    Parameters
    ----------
    place : path
        As the user named it.
    error : type of PhysiocamError
        Type of the error that is raised.
    elsewhere : str
        How to choose another place.
    """
    try:
        yield
    except OSError as failure:
        raise error(unwritable(place, failure, elsewhere)) from None


def one_line(error: "ValidationError") -> str:
    """Return the first problem of a validation error as 'field is value: reason'."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    reason = first["msg"].removeprefix("Value error, ").replace("\n", " ")
    value = first["input"]
    if isinstance(value, str | int | float):
        where += f" is {repr(value)[:_LONGEST_VALUE]}"
    return f"{where}: {reason}{more}" if where else f"{reason}{more}"
