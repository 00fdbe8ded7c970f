"""The source files of a prepared recording, and whether they have changed."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from physiocam.datasets.recording import Entry
from physiocam.errors import DatasetError
from physiocam.readable import readable


class SourceFile(BaseModel):
    """A file that a recording was made of, as it was then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int
    mtime_ns: int


def facts_of(entry: Entry) -> dict[str, str]:
    """Other values that determine the recording, if the data set has any."""
    return dict(getattr(entry, "facts", {}))


def sources_of(entry: Entry) -> tuple[SourceFile, ...]:
    """Size and time of every file behind a recording.

    Raises
    ------
    DatasetError
        If one cannot be accessed.
    """
    return tuple(_source(path) for path in entry.sources)


def _source(path: str) -> SourceFile:
    try:
        status = os.stat(path)
        if not os.path.isdir(path):
            return SourceFile(path=readable(path), size=status.st_size, mtime_ns=status.st_mtime_ns)
        inside = [item.stat() for item in os.scandir(path)]
    except OSError as error:
        raise DatasetError(f"source '{path}' cannot be read ({error.strerror}); expected a file or a folder") from None
    # A folder of frames: all files in it together.
    times = [status.st_mtime_ns, *(item.st_mtime_ns for item in inside)]
    return SourceFile(path=readable(path), size=sum(item.st_size for item in inside), mtime_ns=max(times))


def changed_source(before: tuple[SourceFile, ...], after: tuple[SourceFile, ...]) -> str | None:
    """Name a source that has changed, or None; its location does not matter."""
    old, new = (
        {(Path(source.path).name, source.size, source.mtime_ns) for source in sources} for sources in (before, after)
    )
    if old == new and len(before) == len(after):
        return None
    changed = sorted(name for name, _, _ in old ^ new)
    return f"source '{changed[0]}' has changed" if changed else "the number of sources has changed"
