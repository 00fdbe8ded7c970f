"""Records of what a result was made with, compared before the result is trusted or resumed.

A stage lists the facts that decide its result, as plain English names with plain values: digests of the content of
recordings and weights, settings, the version of physiocam. Paths and speed are not facts. The record is next to the
result.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from physiocam import version
from physiocam.foundation.files import complete_file

# The usual name of a record.
RECORD = "made_with.json"

Facts = Mapping[str, Any]

# So much of a recording's files is read. Two videos differ almost everywhere, so spots all over distinguish them.
_SPOTS = 64
_SPOT_BYTES = 1 << 16

_DIGEST_DIGITS = 64
_LONGEST = 60


@dataclass(frozen=True)
class Record:
    """What a folder's results were made with.

    Attributes
    ----------
    made_with : dict
        The facts.
    files : dict of str to str
        The sha256 of each result file, by its path in the folder.
    about : dict
        Further information, which is not compared.
    """

    made_with: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


def write_record(
    folder: Path, made_with: Facts, files: Iterable[str] = (), *, name: str = RECORD, about: Facts | None = None
) -> None:
    """Write a record next to finished results; it appears when it is complete.

    Parameters
    ----------
    folder : Path
    made_with : mapping
        Plain values.
    files : iterable of str
        The result files, as paths in the folder.
    name : str
        File name of the record.
    about : mapping, optional
        Further information, which is not compared.

    Raises
    ------
    PhysiocamError
        If it cannot be written.
    """
    digests = {file: digest_of(folder / file) for file in files}
    content = {"made_with": made_with, "files": digests, "about": about or {}}
    with complete_file(folder / name) as beside:
        beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_record(folder: Path, name: str = RECORD) -> Record | None:
    """Read a record; None if it is missing or damaged."""
    try:
        content = from_json((folder / name).read_bytes())
        record = Record(content["made_with"], content["files"], content["about"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    parts = (record.made_with, record.files, record.about)
    return record if all(isinstance(part, dict) for part in parts) else None


def mismatch(folder: Path, made_with: Facts, name: str = RECORD) -> str | None:
    """Say how the results in a folder differ from those that would be made now.

    Parameters
    ----------
    folder : Path
    made_with : mapping
        The facts as they are now.
    name : str
        File name of the record.

    Returns
    -------
    str or None
        Such as "with epochs 1, not 2"; None if the results can be used as they are.
    """
    record = read_record(folder, name)
    if record is None:
        return "without a record of what they were made with"
    return difference(record.made_with, made_with) or damage(folder, record)


def keep_file(path: Path, made_with: Facts, make: Callable[[Path], None]) -> None:
    """Make a file, with a record next to it, unless the existing file is what would be made now.

    Parameters
    ----------
    path : Path
    made_with : mapping
        Everything that decides its content.
    make : callable
        Writes the file to a given path, of the same suffix.

    Raises
    ------
    PhysiocamError
        If it cannot be written.
    """
    record = f"{path.name}.json"
    if mismatch(path.parent, made_with, record) is not None:
        (path.parent / record).unlink(missing_ok=True)
        with complete_file(path) as beside:
            make(beside)
        write_record(path.parent, made_with, [path.name], name=record)


def damage(folder: Path, record: Record) -> str | None:
    """Name the first file that is missing or differs from its record; None if all files match."""
    for file, expected in record.files.items():
        try:
            if digest_of(folder / file) != expected:
                return f"with another '{file}' than was made"
        except OSError:
            return f"without '{file}', which was made"
    return None


def difference(before: Facts, now: Facts) -> str | None:
    """Say in plain English what differs first between two sets of facts.

    Parameters
    ----------
    before, now : mapping
        Facts; they may be nested.

    Returns
    -------
    str or None
        "with epochs 1, not 2", "with recording 'S1' of other content", "with recording 'S1', which is not there now",
        or "without recording 'S1'"; None if they are equal.
    """
    return _difference(before, json.loads(json.dumps(now)), "")


def _difference(before: Facts, now: Facts, within: str) -> str | None:
    for key in dict.fromkeys([*now, *before]):
        name = f"{within} '{key}'" if within else key
        if key not in before:
            return f"without {name}"
        if key not in now:
            return f"with {name}, which is not there now"
        old, new = before[key], now[key]
        if isinstance(old, dict) and isinstance(new, dict):
            if found := _difference(old, new, name):
                return found
        elif old != new or type(old) is not type(new):
            if _is_digest(old) and _is_digest(new):
                return f"with {name} of other content"
            return f"with {name} {_short(old)}, not {_short(new)}"
    return None


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == _DIGEST_DIGITS and not set(value) - set("0123456789abcdef")


def _short(value: object) -> str:
    text = f"{value[:8]}..." if isinstance(value, str) and _is_digest(value) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def digest_of(path: Path) -> str:
    """The sha256 of a file, or of the names and contents of all files in a folder and below.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    if not path.is_dir():
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    digest = sha256()
    for inside in _files_below(path):
        digest.update(f"{inside.relative_to(path).as_posix()} {digest_of(inside)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def source_digest(path: str | os.PathLike[str]) -> str:
    """A digest of a video file or a folder of images: of names, sizes, times, and spots all over the content.

    Reading a large video as a whole would take longer than everything else when nothing has changed.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    source = Path(path)
    source.stat()
    # Frames are in the folder itself, not in subfolders.
    files = sorted(file for file in source.iterdir() if file.is_file()) if source.is_dir() else [source]
    digest = sha256()
    for file in files:
        status = file.stat()
        digest.update(
            f"{file.name if file != source else ''} {status.st_size} {status.st_mtime_ns}\n".encode(
                errors="surrogateescape"
            )
        )
        for spot in _spots(file, status.st_size, max(_SPOTS // len(files), 1)):
            digest.update(spot)
    return digest.hexdigest()


def _spots(file: Path, size: int, count: int) -> Iterator[bytes]:
    """The whole content of a short file; else evenly spread parts, including the start and the end."""
    # Reading a pipe would block.
    if not file.is_file():
        return
    with suppress(OSError), file.open("rb") as opened:
        if size <= count * _SPOT_BYTES:
            yield opened.read()
            return
        for spot in range(count):
            opened.seek((size - _SPOT_BYTES) * spot // max(count - 1, 1))
            yield opened.read(_SPOT_BYTES)


def code_version(*scripts: str | os.PathLike[str]) -> str:
    """The version of physiocam and a digest of its code, for results that are quick to make again.

    Parameters
    ----------
    scripts : path
        Files outside the package that affect the result.
    """
    digest = sha256(_package_digest().encode())
    for script in scripts:
        digest.update(digest_of(Path(script)).encode())
    return f"{version.__version__}, code {digest.hexdigest()[:12]}"


@cache
def _package_digest() -> str:
    return digest_of(Path(__file__).parents[1])


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file that is neither hidden nor compiled by Python, in the order of the paths."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in inside and not any(part.startswith(".") for part in inside):
            yield path
