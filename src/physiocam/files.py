"""Files that appear when they are complete."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
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
