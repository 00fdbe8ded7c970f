"""Write a recording to the store: into a temporary folder, frame by frame, which is renamed when it is complete."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import numpy as np
import zarr
from numpy.typing import NDArray

from physiocam.datasets.store.store_files import (
    CHUNK_FRAMES,
    NAME,
    PARTIAL,
    FrameLayout,
    chunk_path,
    digests,
    store_settings,
)
from physiocam.datasets.store.stored_recording import RecordingInfo, StoredRecording, attributes_digest
from physiocam.errors import DatasetError, UnwritableError, writing_to
from physiocam.foundation.files import settle, to_disk


class RecordingWriter:
    """Writes a recording frame by frame; it appears in the store when it is complete.

    Leaving the context without `finish` leaves nothing behind.

    Parameters
    ----------
    store : Path
    name : str
    layout : FrameLayout

    Raises
    ------
    DatasetError
        If it cannot be a folder's name.
    UnwritableError
        If the store cannot be written to.
    """

    def __init__(self, store: Path, name: str, layout: FrameLayout) -> None:
        if not NAME.fullmatch(name):
            raise DatasetError(
                f"recording name {name!r} is not a plain file name; expected letters, digits, '_', '-', '.'"
            )
        self._store = store
        self._final = store / name
        self._own = store / PARTIAL / f"{name}-{uuid4().hex}"
        self._token = self._own / "writing"
        self._folder = self._own / name
        with writing_to(store, UnwritableError):
            self._own.mkdir(parents=True)
            self._token.touch()
        self._big = _FrameColumn(self._folder, "big", layout)
        self._small = _FrameColumn(self._folder, "small", layout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        shutil.rmtree(self._own, ignore_errors=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with writing_to(self._store, UnwritableError):
                yield
        except UnwritableError:
            self._check_turn()
            raise

    def _check_turn(self) -> None:
        if not self._token.exists():
            raise DatasetError(f"another run is preparing '{self._store}'; wait for it, or run again later")

    def add_big(self, frame: NDArray[np.uint8 | np.uint16]) -> None:
        """Append a Big frame (H, W, C)."""
        with self._writing():
            self._big.add(frame)

    def add_small(self, frame: NDArray[np.float32]) -> None:
        """Append a Small frame (C, h, w)."""
        with self._writing():
            self._small.add(frame)

    def finish(self, info: RecordingInfo, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write the rest and let the recording appear; it replaces a damaged one.

        Parameters
        ----------
        info : RecordingInfo
        columns : mapping of str to array
            Every other array of the recording, by its path in the group.

        Raises
        ------
        DatasetError
            If another run has removed this one meanwhile.
        UnwritableError
            If the store cannot be written to.
        """
        with self._writing():
            self._write_rest(info, columns)
            to_disk(self._folder)
            self._check_turn()
            self._appear()
            settle(self._store)

    def _write_rest(self, info: RecordingInfo, columns: Mapping[str, NDArray[Any]]) -> None:
        group = zarr.create_group(str(self._folder))
        self._big.close(group, info.frames)
        self._small.close(group, info.frames)
        for name, values in columns.items():
            group.create_array(name, data=np.asarray(values), chunks=tuple(max(n, 1) for n in values.shape))
        known = {**self._big.digests, **self._small.digests}
        files = dict(sorted({**dict(digests(self._folder, known)), **known}.items()))
        settings = store_settings(self._store)
        about = {"recording": info.model_dump(mode="json"), "settings": settings, "files": files}
        group.update_attributes({**about, "sha256": attributes_digest(info, files, settings)})

    def _appear(self) -> None:
        try:
            self._folder.rename(self._final)
        except OSError:
            if not self._final.is_dir():
                raise
            try:
                StoredRecording(self._final).check()
            except DatasetError:
                self._final.rename(self._own / "damaged")
                self._folder.rename(self._final)
            # Otherwise a worker that seemed dead has finished the same recording, which is equally valid.


class _FrameColumn:
    """An array of frames, written chunk by chunk as plain bytes; its zarr metadata follow when the length is known.

    Attributes
    ----------
    digests : dict of str to str
        The sha256 of each chunk's file, by its path in the group.
    """

    def __init__(self, folder: Path, name: str, layout: FrameLayout) -> None:
        self.digests: dict[str, str] = {}
        self._folder = folder
        self._name = name
        self._waiting = np.zeros((CHUNK_FRAMES[name], *layout.shape(name)), layout.dtype(name))
        self._count = 0
        self._written = 0

    def add(self, frame: NDArray[Any]) -> None:
        self._waiting[self._count] = frame
        self._count += 1
        if self._count == len(self._waiting):
            self._flush()

    def close(self, group: zarr.Group, frames: int) -> None:
        """Write the last chunk; only the first frames of what was added count."""
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
        path = chunk_path(self._name, self._written // len(self._waiting))
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / path).write_bytes(self._waiting.data)
        self.digests[path] = hashlib.sha256(self._waiting.data).hexdigest()
        self._written += len(self._waiting)
        self._count = 0
