"""What a result was made with: written beside it, and compared before the result is trusted or gone on with.

A stage says by facts (names in plain English, with plain values) what decides its result: recordings and weights by
digests of their content, settings, the version of physiocam. Where they lie and how fast it was plays no part.
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

# Of a recording's files so much is read: videos differ everywhere, so that spots all over tell two of them apart.
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
        The sha256 of each file that was made, by its path in the folder.
    about : dict
        What else is worth knowing of them, and is not compared.
    """

    made_with: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


def write_record(
    folder: Path, made_with: Facts, files: Iterable[str] = (), *, name: str = RECORD, about: Facts | None = None
) -> None:
    """Write a record beside finished results; it appears when it is complete.

    Parameters
    ----------
    folder : Path
    made_with : mapping
        Plain values.
    files : iterable of str
        What was made, by paths in the folder.
    name : str
    about : mapping, optional

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
    """Read a record; None where there is none that can be understood."""
    try:
        content = from_json((folder / name).read_bytes())
        record = Record(content["made_with"], content["files"], content["about"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    parts = (record.made_with, record.files, record.about)
    return record if all(isinstance(part, dict) for part in parts) else None


def mismatch(folder: Path, made_with: Facts, name: str = RECORD) -> str | None:
    """Say why results in a folder are not those that would be made now.

    Parameters
    ----------
    folder : Path
    made_with : mapping
        The facts as they are now.
    name : str
        Of the record.

    Returns
    -------
    str or None
        Such as "with epochs 1, not 2"; None where the results can be taken as they are.
    """
    record = read_record(folder, name)
    if record is None:
        return "of which nothing says what they were made with"
    return difference(record.made_with, made_with) or damage(folder, record)


def keep_file(path: Path, made_with: Facts, make: Callable[[Path], None]) -> None:
    """Make a file unless it is there as it would be made now; its record stands beside it.

    Parameters
    ----------
    path : Path
    made_with : mapping
        All that decides its content.
    make : callable
        Writes it, to a path of the same suffix.

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
    """Name the first file that is no longer as its record says; None where all are."""
    for file, expected in record.files.items():
        try:
            if digest_of(folder / file) != expected:
                return f"with another '{file}' than was made"
        except OSError:
            return f"without '{file}', which was made"
    return None


def difference(before: Facts, now: Facts) -> str | None:
    """Say in plain English the first thing in which facts differ.

    Parameters
    ----------
    before, now : mapping
        Facts, nested as they may be.

    Returns
    -------
    str or None
        "with epochs 1, not 2", "with recording 'S1' of other content", "with recording 'S1', which is not there now",
        or "without recording 'S1'"; None where they are the same.
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
    """The sha256 of a file, or of all files in a folder and below with their names.

    Raises
    ------
    OSError
        If one cannot be read.
    """
    if not path.is_dir():
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    digest = sha256()
    for inside in _files_below(path):
        digest.update(f"{inside.relative_to(path).as_posix()} {digest_of(inside)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def source_digest(path: str | os.PathLike[str]) -> str:
    """A digest of a recording, file or folder of images: of names, sizes and times, and of spots all over its content.

    Reading a large video as a whole would take longer than all else where nothing has changed.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    source = Path(path)
    source.stat()
    # Frames lie in the folder itself, not below.
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
    """The file's content where it is short, else evenly spread parts with its beginning and its end."""
    # A pipe would have to be waited for.
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
    """Version of physiocam and a digest of its files: what is quickly made again is tied to the very code.

    Parameters
    ----------
    scripts : path
        Files outside of the package that have a part in the result.
    """
    digest = sha256(_package_digest().encode())
    for script in scripts:
        digest.update(digest_of(Path(script)).encode())
    return f"{version.__version__}, code {digest.hexdigest()[:12]}"


@cache
def _package_digest() -> str:
    return digest_of(Path(__file__).parents[1])


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file that is not hidden, nor compiled by Python, in the order of their paths."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in inside and not any(part.startswith(".") for part in inside):
            yield path
