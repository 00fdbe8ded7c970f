"""Files that appear when they are complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from physiocam.errors import PhysiocamError


@contextmanager
def complete_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a file to write to beside a path, and rename it to that path when the block ends without an error.

    Parameters
    ----------
    path : path
        An existing file is replaced; its folder is made if it does not exist.

    Yields
    ------
    Path
        With the same suffix. Gone afterwards, whatever happens.

    Raises
    ------
    PhysiocamError
        If the file cannot be written, or the disk is full.
    """
    target = Path(path)
    beside = target.with_name(f".{target.stem}.partial{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        os.replace(beside, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PhysiocamError(f"cannot write '{target}': {reason}; choose another folder, or free some space") from None
    finally:
        with suppress(OSError):
            beside.unlink()
