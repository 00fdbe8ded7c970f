"""The store: prepared recordings on disk, one zarr group a recording, each there as a whole or not at all.

    STORE/zarr.json             what the store holds, and the settings that all of it was prepared with
    STORE/NAME/zarr.json        RecordingInfo, and the sha256 of every file of the recording
    STORE/NAME/big              uint8 (T, S, S, 3): the face square of every frame
    STORE/NAME/small            float32 (T, 3, s, s): changes from a frame to the next, not yet divided by small_std
    STORE/NAME/timestamps_s     float64 (T,)
    STORE/NAME/face_found       bool (T,)
    STORE/NAME/mean_rgb         float32 (T, 3): mean colour of the square in 0..1, NaN without a face
    STORE/NAME/targets/TASK     float32 (T, C)
    STORE/NAME/masks/TASK       bool (T, C): which targets count
    STORE/NAME/signals/SIGNAL   float64 (2, n): times in seconds and values, as the sensor recorded them
    STORE/NAME/action_units/... occurrence and intensity, int8 (T, A), as coded

Frames are kept as plain bytes in chunks of some dozen: what a codec would save on the grain of real faces (5 to 25 %)
costs more time than all the rest, and a clip's few frames can be read by themselves.
"""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self
from uuid import uuid4

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from physiocam.datasets.recording import Crop, Signal
from physiocam.errors import DatasetError

_FORMAT = 1
_PARTIAL = ".partial"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")

# Frames a chunk. The last chunk of a recording is written in full, so that large ones would waste space.
_CHUNK_FRAMES = {"big": 32, "small": 256}


# sha256 of every file of a recording, by its path.
_FILES = TypeAdapter(dict[str, str])


class SourceFile(BaseModel):
    """A file that a recording was made of, as it was then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int
    mtime_ns: int


class RecordingInfo(BaseModel):
    """What a prepared recording says of itself.

    Attributes
    ----------
    name, subject, trial : str
    fs : float
        Frames per second.
    frames : int
        T.
    frames_without_face : int
    crop : Crop
    big_mean, big_std : float
        Of all the square's pixels in 0..1, before they were rounded to 8 bits.
    small_std : float
        Of the changes at the Big size.
    tasks : dict of str to tuple of str
        The columns of each task's targets.
    signals : dict of str to str
        Unit of each sensor's signal.
    action_units : tuple of str
        Columns of the codes; empty where nothing was coded.
    notes : tuple of str
    sources : tuple of SourceFile
    version : str
        Version of physiocam that prepared it.
    facts : dict of str to str
        What its data set says of it outside of the sources, such as a row of a table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    subject: str
    trial: str
    fs: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    frames: Annotated[int, Field(ge=1)]
    frames_without_face: Annotated[int, Field(ge=0)]
    crop: Crop
    big_mean: float
    big_std: float
    small_std: float
    tasks: dict[str, tuple[str, ...]]
    signals: dict[str, str]
    action_units: tuple[str, ...]
    notes: tuple[str, ...]
    sources: tuple[SourceFile, ...]
    version: str
    facts: dict[str, str] = {}


class Store:
    """A folder of prepared recordings.

    Parameters
    ----------
    path : path
        An existing store.

    Attributes
    ----------
    path : Path
    settings : dict
        What all its recordings were prepared with.

    Raises
    ------
    DatasetError
        If there is no store, or one of another format.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        about = _attributes(self.path).get("physiocam_store")
        if not isinstance(about, dict) or about.get("format") != _FORMAT or not isinstance(about.get("settings"), dict):
            raise DatasetError(
                f"'{self.path}' is no store of format {_FORMAT}; make one with: physiocam prepare NAME ROOT {self.path}"
            )
        self.settings: dict[str, Any] = about["settings"]

    @classmethod
    def create(cls, path: str | os.PathLike[str], settings: Mapping[str, Any]) -> Self:
        """Make an empty store, or open the one that is there if its settings are the same.

        Raises
        ------
        DatasetError
            If the folder holds something else, or recordings prepared with other settings.
        """
        path = Path(path)
        if path.is_dir() and not (path / "zarr.json").exists() and any(path.glob("[!.]*")):
            raise DatasetError(f"'{path}' holds other files and no store; name a new or an empty folder")
        if not (path / "zarr.json").exists():
            beside = path / f"{_PARTIAL}-{uuid4().hex}"
            zarr.create_group(str(beside), attributes={"physiocam_store": {"format": _FORMAT, "settings": settings}})
            (beside / "zarr.json").replace(path / "zarr.json")
            beside.rmdir()
        store = cls(path)
        if store.settings != settings:
            changed = sorted(
                key
                for key in {*settings, *store.settings}
                if settings.get(key, _ABSENT) != store.settings.get(key, _ABSENT)
            )
            was = ", ".join(f"{key}={store.settings.get(key, 'unset')}" for key in changed)
            now = ", ".join(f"{key}={settings.get(key, 'unset')}" for key in changed)
            raise DatasetError(
                f"'{path}' was prepared with {was}, asked for is {now}; name another store, or delete this one"
            )
        return store

    def names(self) -> list[str]:
        """Names of the recordings that are there, sorted."""
        return sorted(
            entry.name
            for entry in os.scandir(self.path)
            if _NAME.fullmatch(entry.name) and os.path.exists(os.path.join(entry.path, "zarr.json"))
        )

    def recording(self, name: str) -> "StoredRecording":
        """Open a recording.

        Raises
        ------
        DatasetError
            If it is not there or damaged.
        """
        return StoredRecording(self.path / name)

    def digests(self, names: Collection[str] | None = None) -> dict[str, str]:
        """Return the `digest` of recordings by their names; all by default.

        Raises
        ------
        DatasetError
            If one is not there or damaged.
        """
        return {name: self.recording(name).digest for name in (self.names() if names is None else sorted(names))}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one who prepares into this store, and clear away what a killed run left.

        Raises
        ------
        DatasetError
            If another process is at it.
        """
        handle = _locked(self.path)
        try:
            self._clear()
            yield
            self._clear()
        finally:
            if handle is not None:
                os.close(handle)

    def _clear(self) -> None:
        # Renamed before it is deleted: a worker that outlived its run then notices that its folder is gone.
        partial = self.path / _PARTIAL
        if partial.exists():
            partial.rename(self.path / f"{_PARTIAL}-{uuid4().hex}")
        for leftover in self.path.glob(f"{_PARTIAL}-*"):
            shutil.rmtree(leftover, ignore_errors=True)


_ABSENT = object()


class StoredRecording:
    """A prepared recording; see the head of `physiocam.datasets.store` for what it holds.

    Parameters
    ----------
    folder : Path

    Attributes
    ----------
    folder : Path
    info : RecordingInfo

    Raises
    ------
    DatasetError
        If it is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        attributes = _attributes(folder)
        try:
            self.info = RecordingInfo.model_validate(attributes["recording"])
            self._files = _FILES.validate_python(attributes["files"])
            self._sha256: str = attributes["sha256"]
        except (KeyError, TypeError, ValueError, ValidationError):
            raise DatasetError(
                f"'{folder}' is no prepared recording, or damaged; delete the folder and prepare again"
            ) from None
        self._intact = self._sha256 == _attributes_digest(self.info, self._files)

    @cached_property
    def _group(self) -> zarr.Group:
        return zarr.open_group(str(self.folder), mode="r")

    @property
    def digest(self) -> str:
        """The sha256 of what it holds and says of itself, whenever and from wherever that was prepared."""
        told = self.info.model_dump(mode="json", exclude={"sources", "notes", "version", "facts"})
        return hashlib.sha256(json.dumps([told, self._files], sort_keys=True).encode()).hexdigest()

    def column(self, name: str) -> NDArray[Any]:
        """Read an array of the recording as a whole, such as "face_found" or "targets/pulse".

        Raises
        ------
        DatasetError
            If it is missing or damaged.
        """
        try:
            array = self._group[name]
            assert isinstance(array, zarr.Array)
            return np.asarray(array[...])
        except (KeyError, OSError, ValueError, RuntimeError, AssertionError) as error:
            why = type(error).__name__
            raise DatasetError(
                f"'{self.folder}' has no readable '{name}' ({why}); delete the folder and prepare again"
            ) from None

    def signal(self, name: str) -> Signal:
        """Read what a sensor recorded, at its own rate."""
        times, values = self.column(f"signals/{name}")
        return Signal(values, times, self.info.signals[name])

    def read_frames(self, column: str, start: int, out: NDArray[Any]) -> None:
        """Read consecutive frames of "big" or "small" straight into an array, and no other byte.

        Parameters
        ----------
        column : "big" or "small"
        start : int
            First frame.
        out : C-contiguous array of shape (n, ...)
            Of the column's dtype and frame shape.

        Raises
        ------
        DatasetError
            If the frames are not all there.
        """
        chunk_frames = _CHUNK_FRAMES[column]
        frame_bytes = out[0].nbytes
        done = 0
        while done < len(out):
            chunk, place = divmod(start + done, chunk_frames)
            part = out[done : done + chunk_frames - place]
            path = self.folder / _chunk_path(column, chunk, out.ndim)
            try:
                with open(path, "rb", buffering=0) as file:
                    file.seek(place * frame_bytes)
                    missing = part.nbytes - (file.readinto(part.data) or 0)
            except OSError as error:
                raise DatasetError(f"'{path}' cannot be read ({error.strerror}); run: physiocam store verify") from None
            if missing:
                raise DatasetError(f"'{path}' is {missing} bytes short; run: physiocam store verify")
            done += len(part)

    def problems(self) -> list[str]:
        """Compare every file with its checksum; one line for each that is missing, altered or not known."""
        found = [] if self._intact else ["zarr.json: altered"]
        there = dict(_digests(self.folder))
        found += [f"{path}: missing" for path in sorted(self._files.keys() - there.keys())]
        found += [f"{path}: unknown file" for path in sorted(there.keys() - self._files.keys())]
        found += [f"{path}: altered" for path in sorted(self._files.keys() & there) if self._files[path] != there[path]]
        return found


class RecordingWriter:
    """Writes a recording frame by frame beside the store's others; it appears there when it is whole.

    Leaving the context without `finish` leaves nothing behind.

    Parameters
    ----------
    store : Path
    name : str
    big_size, small_size : int
        Side of the Big and Small frames.

    Raises
    ------
    DatasetError
        If the name cannot be a folder's.
    """

    def __init__(self, store: Path, name: str, big_size: int, small_size: int) -> None:
        if not _NAME.fullmatch(name):
            raise DatasetError(
                f"recording name {name!r} is no plain file name; expected letters, digits, '_', '-', '.'"
            )
        self._final = store / name
        self._own = store / _PARTIAL / f"{name}-{uuid4().hex}"
        self._own.mkdir(parents=True)
        self._token = self._own / "writing"
        self._token.touch()
        self._folder = self._own / name
        self._big = _FrameColumn(self._folder, "big", (big_size, big_size, 3), "u1")
        self._small = _FrameColumn(self._folder, "small", (3, small_size, small_size), "<f4")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        shutil.rmtree(self._own, ignore_errors=True)

    def add_big(self, frame: NDArray[np.uint8]) -> None:
        """Append a Big frame (S, S, 3)."""
        self._big.add(frame)

    def add_small(self, frame: NDArray[np.float32]) -> None:
        """Append a Small frame (3, s, s)."""
        self._small.add(frame)

    def finish(self, info: RecordingInfo, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write the rest and let the recording appear.

        Parameters
        ----------
        info : RecordingInfo
        columns : mapping of str to array
            Every other array of the recording, by its path in the group.

        Raises
        ------
        DatasetError
            If another run has cleared this one away meanwhile.
        """
        group = zarr.create_group(str(self._folder))
        self._big.close(group, info.frames)
        self._small.close(group, info.frames)
        for name, values in columns.items():
            group.create_array(name, data=np.asarray(values), chunks=tuple(max(n, 1) for n in values.shape))
        known = {**self._big.digests, **self._small.digests}
        files = dict(sorted({**dict(_digests(self._folder, known)), **known}.items()))
        group.update_attributes(
            {
                "recording": info.model_dump(mode="json"),
                "files": files,
                "sha256": _attributes_digest(info, files),
            }
        )
        if not self._token.exists():
            raise DatasetError(f"another run prepares '{self._final.parent}' now; wait for it, or run again")
        try:
            self._folder.rename(self._final)
        except OSError:
            # A worker thought dead may have finished the same recording; theirs is as good as ours.
            if not (self._final / "zarr.json").exists():
                raise


class _FrameColumn:
    """An array of frames that is written chunk by chunk, as plain bytes; zarr hears of it when its length is known.

    Attributes
    ----------
    digests : dict of str to str
        The sha256 of each chunk's file, by its path in the group.
    """

    def __init__(self, folder: Path, name: str, frame: tuple[int, ...], dtype: str) -> None:
        self.digests: dict[str, str] = {}
        self._folder = folder
        self._name = name
        self._waiting = np.zeros((_CHUNK_FRAMES[name], *frame), dtype)
        self._count = 0
        self._written = 0

    def add(self, frame: NDArray[Any]) -> None:
        self._waiting[self._count] = frame
        self._count += 1
        if self._count == len(self._waiting):
            self._flush()

    def close(self, group: zarr.Group, frames: int) -> None:
        """Write the last chunk; of what was added only the first frames count."""
        if self._written < frames:
            self._waiting[frames - self._written :] = 0
            self._flush()
        shape = (frames, *self._waiting.shape[1:])
        group.create_array(
            self._name,
            shape=shape,
            chunks=self._waiting.shape,
            dtype=self._waiting.dtype,
            compressors=None,
            chunk_key_encoding={"name": "default", "separator": "."},
        )

    def _flush(self) -> None:
        path = _chunk_path(self._name, self._written // len(self._waiting), self._waiting.ndim)
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / path).write_bytes(self._waiting.data)
        self.digests[path] = hashlib.sha256(self._waiting.data).hexdigest()
        self._written += len(self._waiting)
        self._count = 0


def _chunk_path(column: str, chunk: int, dimensions: int) -> str:
    # Files side by side; zarr's usual way would nest four folders around each.
    return f"{column}/{'.'.join(['c', str(chunk), *['0'] * (dimensions - 1)])}"


def _attributes(folder: Path) -> dict[str, Any]:
    """Attributes of a zarr group; empty where there is none that can be read."""
    try:
        attributes = from_json((folder / "zarr.json").read_bytes())["attributes"]
    except FileNotFoundError:
        raise DatasetError(f"'{folder}' does not exist or is no store; expected a folder that prepare made") from None
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return attributes if isinstance(attributes, dict) else {}


def _attributes_digest(info: RecordingInfo, files: Mapping[str, str]) -> str:
    # Without what is not said, so that recordings keep the digest they had before it could be.
    text = json.dumps([info.model_dump(mode="json", exclude_defaults=True), files], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _digests(folder: Path, known: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Path and sha256 of every file of a recording but the group's own zarr.json, and those known already."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name != "zarr.json" and name not in known and path.is_file():
            with path.open("rb") as file:
                yield name, hashlib.file_digest(file, "sha256").hexdigest()


def _locked(folder: Path) -> int | None:
    """Lock a folder for as long as this process lives; None where the system cannot."""
    if sys.platform == "win32":
        return None
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DatasetError(f"another process is preparing '{folder}'; wait until it has finished") from None
    except OSError:
        # Some network file systems know no locks; two runs at once then only cost time.
        os.close(handle)
        return None
    return handle
