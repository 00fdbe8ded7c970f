"""Files that are there as a whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from physiocam.errors import DatasetError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Hand out a path beside a file, and put what was written there in the file's place.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.

    Yields
    ------
    Path
        Of the same suffix.

    Raises
    ------
    DatasetError
        If the file cannot be written.
    """
    beside = path.with_name(f".{path.stem}-{uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise DatasetError(f"cannot write '{path}': {error.strerror}; choose another folder") from None
