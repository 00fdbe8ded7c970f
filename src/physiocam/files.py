"""Files that appear when they are complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from uuid import uuid4

from physiocam.errors import PhysiocamError


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
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise PhysiocamError(f"cannot write to '{folder}': {reason}; choose another folder with -o") from None
