"""The layout of a store, and checks of its files before anything is read or memory is allocated.

    STORE/zarr.json             format of the store, and the settings of all its recordings
    STORE/NAME/zarr.json        RecordingInfo, the same settings, and the sha256 of every file of the recording
    STORE/NAME/big              uint8 (T, H, W, C): the face square of every frame; uint16 if the settings have 16 bits
    STORE/NAME/small            float32 (T, C, h, w): changes from a frame to the next, not yet divided by small_std
    STORE/NAME/timestamps_s     float64 (T,)
    STORE/NAME/face_found       bool (T,)
    STORE/NAME/mean_rgb         float32 (T, C): mean colour of the square in 0..1; NaN without a face, and in the last
                                frame before a cut
    STORE/NAME/shown            bool (T,): whether there was a face square; face_found excludes those that the tracker
                                found to be wrong later
    STORE/NAME/changes          float64 (T, 2): mean and mean square of the change to the next frame, before it was
                                resized to the Small size
    STORE/NAME/slow/small       float32 (S, 3, s, s): like small and changes, of every n-th frame in a wider
    STORE/NAME/slow/changes     float64 (S, 2)        square, for slow networks
    STORE/NAME/slow/shown       bool (S,)
    STORE/NAME/slow/shifts      float32 (S, 2): how far the shoulders, and what is above them, move to the next of these
                                frames, as a share of the wider square's side; NaN where that was not seen
    STORE/NAME/targets/TASK     float32 (T, C)
    STORE/NAME/masks/TASK       bool (T, C): which targets count
    STORE/NAME/truth/TASK       float64 (T, C): what is known of a task of the data set's own, NaN where it is unknown
    STORE/NAME/signals/SIGNAL   float64 (2, n): times in seconds and values, as the sensor recorded them
    STORE/NAME/action_units/... occurrence and intensity, int8 (T, A), as coded

Frames are stored uncompressed in chunks of some dozen: a codec would save 5 to 25 % on real, noisy faces, but take more
time than everything else, and a clip's few frames can be read separately. Every other array is one chunk.
"""

import hashlib
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic_core import from_json

from physiocam.errors import DatasetError
from physiocam.foundation.frame_sizes import FrameSize, height_width
from physiocam.foundation.regular_files import read_file

FORMAT = 1
DESCRIPTION = "zarr.json"
PARTIAL = ".partial"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")

# Frames per chunk. The last chunk of a recording is written in full, so large chunks would waste space.
CHUNK_FRAMES = {"big": 32, "small": 256}
_ITEM_BYTES = {"bool": 1, "int8": 1, "uint8": 1, "uint16": 2, "float32": 4, "float64": 8}
# Largest compression ratio of a signal's rising times; 14 was the largest seen.
_MOST_COMPRESSED = 200
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_HEAD = 18


class OtherFormatError(DatasetError):
    """A store from another version of physiocam."""


@dataclass(frozen=True)
class FrameLayout:
    """Shape and type of the frames in a store.

    Attributes
    ----------
    big_size, small_size : FrameSize
    channels : int
    bits : 8 or 16
        Of the Big frames.
    """

    big_size: FrameSize
    small_size: FrameSize
    channels: int = 3
    bits: Literal[8, 16] = 8

    def shape(self, column: str) -> tuple[int, ...]:
        """Shape of a frame of "big" or "small"."""
        if column == "big":
            return (*height_width(self.big_size), self.channels)
        return (self.channels, *height_width(self.small_size))

    def dtype(self, column: str) -> str:
        """Type of the numbers of "big" or "small"."""
        return ("|u1" if self.bits == 8 else "<u2") if column == "big" else "<f4"

    @property
    def full(self) -> int:
        """The largest number of a Big frame."""
        return (1 << self.bits) - 1


def chunk_path(column: str, chunk: int) -> str:
    """Path of a chunk of frames in its recording; zarr's default would nest four folders for each file."""
    return f"{column}/c.{chunk}.0.0.0"


def attributes(folder: Path) -> dict[str, Any]:
    """Read the attributes of a zarr group.

    Raises
    ------
    DatasetError
        If its zarr.json is missing, empty, truncated or of another kind; the message does not name the file.
    """
    try:
        content = read_file(folder / DESCRIPTION)
    except FileNotFoundError:
        raise DatasetError(f"{DESCRIPTION} is missing") from None
    except OSError as error:
        raise DatasetError(f"{DESCRIPTION} cannot be read ({error.strerror})") from None
    if not content.strip(b"\0 \n"):
        raise DatasetError(f"{DESCRIPTION} is empty")
    try:
        group = from_json(content, allow_inf_nan=False)
    except ValueError:
        raise DatasetError(f"{DESCRIPTION} is truncated or not JSON") from None
    if not isinstance(group, dict) or group.get("node_type") != "group" or group.get("zarr_format") != 3:
        raise DatasetError(f"{DESCRIPTION} does not describe a group of zarr format 3")
    found = group.get("attributes")
    if not isinstance(found, dict):
        raise DatasetError(f"{DESCRIPTION} has no attributes")
    return found


def store_settings(path: Path) -> dict[str, Any]:
    """Read the settings of a store; an error says only what is wrong."""
    about = attributes(path).get("physiocam_store")
    if not isinstance(about, dict) or not isinstance(about.get("settings"), dict):
        raise DatasetError(f"{DESCRIPTION} does not describe a store")
    if about.get("format") != FORMAT:
        raise OtherFormatError(f"{DESCRIPTION} is of format {about.get('format')!r}, from another version of physiocam")
    return dict(about["settings"])


def digests(folder: Path, known: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Path and sha256 of every file of a recording, except the group's own zarr.json and the known ones."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name != DESCRIPTION and name not in known and path.is_file():
            yield name, digest(path)


def digest(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def frames_listed(files: Mapping[str, str], column: str) -> int:
    """Frames of "big" or "small" that the listed chunks can hold."""
    return CHUNK_FRAMES[column] * sum(path.startswith(f"{column}/c.") for path in files)


def check_array(folder: Path, name: str, shape: tuple[int | None, ...]) -> int:
    """Make sure that an array's metadata declare no more than its files hold.

    Parameters
    ----------
    folder : Path
        Of the recording.
    name : str
        Of the array in it.
    shape : tuple of int or None
        The expected shape; None if only its file states it.

    Returns
    -------
    int
        Bytes of a chunk.

    Raises
    ------
    DatasetError
        The message says only what is wrong.
    """
    try:
        about = from_json(read_file(folder / name / DESCRIPTION))
        declared = tuple(about["shape"])
        chunks = tuple(about["chunk_grid"]["configuration"]["chunk_shape"])
        item, codecs = _ITEM_BYTES[about["data_type"]], [codec["name"] for codec in about["codecs"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise DatasetError(f"{name}/{DESCRIPTION} is missing or damaged") from None
    if len(declared) != len(shape) or not all(
        type(there) is int and there >= 0 and wanted in {None, there}
        for there, wanted in zip(declared, shape, strict=True)
    ):
        wanted = ", ".join("n" if side is None else str(side) for side in shape)
        raise DatasetError(f"{name}/{DESCRIPTION} declares the shape {list(declared)}, expected [{wanted}]")
    frames = CHUNK_FRAMES.get(name)
    expected = (frames, *declared[1:]) if frames else tuple(max(side, 1) for side in declared)
    if chunks != expected or codecs not in ([["bytes"]] if frames else [["bytes"], ["bytes", "zstd"]]):
        raise DatasetError(f"{name}/{DESCRIPTION} declares chunks of {list(chunks)} by {codecs}, which no store uses")
    size: int = item * math.prod(expected)
    if not frames:
        _check_chunk(folder / name, size, "zstd" in codecs, None in shape)
    return size


def _check_chunk(array: Path, size: int, compressed: bool, free: bool) -> None:
    """Make sure that the only chunk of an array has the declared size; an all-zero chunk may be missing."""
    chunks = [path for path in array.rglob("*") if path.name != DESCRIPTION and path.is_file()]
    for path in chunks:
        inside: int | None = path.stat().st_size
        most = _MOST_COMPRESSED * path.stat().st_size
        if compressed:
            with path.open("rb") as file:
                inside = _zstd_bytes(file.read(_ZSTD_HEAD))
        if inside != size or (free and size > most):
            raise DatasetError(f"{path.relative_to(array).as_posix()} does not hold the {size} bytes declared")
    if free and not chunks and size > _MOST_COMPRESSED:
        raise DatasetError(f"it declares {size} bytes and has no file")


def _zstd_bytes(head: bytes) -> int | None:
    """Unpacked size that the header of a zstd frame states (RFC 8878, 3.1.1.1); None if it states none."""
    if head[:4] != _ZSTD or len(head) < 6:
        return None
    descriptor = head[4]
    single, width = bool(descriptor & 0x20), (0, 2, 4, 8)[descriptor >> 6]
    start = 5 + (not single) + (0, 1, 2, 4)[descriptor & 3]
    width = width or int(single)
    if not width or len(head) < start + width:
        return None
    stated = int.from_bytes(head[start : start + width], "little")
    return stated + 256 if width == 2 else stated
