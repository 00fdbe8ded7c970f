"""The store: prepared recordings on disk, one zarr group per recording, each complete or absent.

`store_files.py` defines the layout, `stored_recording.py` reads a recording and `store_writer.py` writes one.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self
from uuid import uuid4

from physiocam.datasets.sources import SourceFile
from physiocam.datasets.store.store_files import (
    DESCRIPTION,
    FORMAT,
    NAME,
    PARTIAL,
    FrameLayout,
    OtherFormatError,
    store_settings,
)
from physiocam.datasets.store.store_writer import RecordingWriter
from physiocam.datasets.store.stored_recording import RecordingInfo, StoredRecording
from physiocam.errors import DatasetError
from physiocam.foundation.files import complete_file, remove_left_over
from physiocam.foundation.frame_sizes import FrameSize, frame_size
from physiocam.foundation.locks import alone_in
from physiocam.inputs.crop import Cut
from physiocam.video.locators import SquareKind

__all__ = ["RecordingInfo", "RecordingWriter", "SourceFile", "Store", "StoredRecording", "recording_names"]

_ABSENT = object()


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
        The settings of all its recordings.

    Raises
    ------
    DatasetError
        If there is no store, or one of another format, or its description is damaged.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise DatasetError(
                f"'{self.path}' does not exist or is not a store; make one with: physiocam prepare NAME ROOT "
                f"{self.path}"
            )
        try:
            self.settings = store_settings(self.path)
        except DatasetError as error:
            raise DatasetError(
                f"'{self.path}' is not a store of format {FORMAT}: {error}; run `physiocam prepare` again with the "
                "same settings, which repairs it, or choose another folder"
            ) from None

    @classmethod
    def create(cls, path: str | os.PathLike[str], settings: Mapping[str, Any]) -> Self:
        """Make an empty store, or open an existing one with the same settings.

        If a store's own description is lost, it is restored from its recordings, if they state their settings.

        Raises
        ------
        DatasetError
            If the folder holds something else, or recordings prepared with other settings.
        """
        path = Path(path)
        try:
            store_settings(path)
        except DatasetError:
            with alone_in(path, "preparing", error=DatasetError):
                _describe(path, settings)
        store = cls(path)
        _check_same(path, store.settings, settings)
        return store

    def names(self) -> list[str]:
        """Names of all its recordings, complete or damaged, sorted."""
        return recording_names(self.path)

    def subjects(self) -> set[str]:
        """Everyone who is in a recording."""
        return {info.subject for info in self._infos(None)}

    def recording(self, name: str) -> "StoredRecording":
        """Open a recording.

        Raises
        ------
        DatasetError
            If it is missing or damaged.
        """
        return StoredRecording(self.path / name, self.settings)

    def number(self, name: str, most: float) -> float:
        """Return a setting that is a number above zero, such as "big_size".

        Raises
        ------
        DatasetError
            If it is not, or is too large.
        """
        value = self.settings.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
            raise DatasetError(
                f"'{self.path / DESCRIPTION}' says {name}={value!r}, expected a number up to {most:g}; prepare another "
                "store"
            )
        return value

    def frame_size(self, setting: str) -> FrameSize:
        """Size of the frames in pixels, by its setting "big_size" or "small_size".

        Raises
        ------
        DatasetError
            If the store's settings do not say.
        """
        value = self.settings.get(setting)
        try:
            return frame_size(value)
        except ValueError as error:
            raise DatasetError(
                f"'{self.path / DESCRIPTION}' says {setting}={value!r}, {error}; prepare another store"
            ) from None

    @property
    def layout(self) -> FrameLayout:
        """Shape and type of its frames.

        Raises
        ------
        DatasetError
            If the store's settings do not say.
        """
        channels = int(self.number("channels", 8)) if "channels" in self.settings else 3
        bits: Literal[8, 16] = 16 if self.settings.get("bits") == 16 else 8
        return FrameLayout(self.frame_size("big_size"), self.frame_size("small_size"), channels, bits)

    def cut(self, names: Collection[str] | None = None) -> Cut:
        """How the faces of recordings, all by default, were cut out; if they differ, of most of their frames.

        Raises
        ------
        DatasetError
            If one is missing or damaged, or the settings do not say.
        """
        frames: Counter[SquareKind] = Counter()
        for info in self._infos(names):
            frames[info.crop] += info.frames
        square = frames.most_common(1)[0][0] if frames else "face"
        return Cut(square, self.number("crop_factor", 10), self.settings.get("preprocessing", "default"))

    def squares(self, names: Collection[str] | None = None) -> dict[str, int]:
        """Number of recordings, all by default, by the kind of square that was cut."""
        return dict(Counter(info.crop for info in self._infos(names)))

    def _infos(self, names: Collection[str] | None) -> Iterator[RecordingInfo]:
        return (self.recording(name).info for name in (self.names() if names is None else names))

    def digests(self, names: Collection[str] | None = None) -> dict[str, str]:
        """Return the `digest` of recordings by their names; all by default.

        Raises
        ------
        DatasetError
            If one is missing or damaged.
        """
        return {name: self.recording(name).digest for name in (self.names() if names is None else sorted(names))}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Lock the store against other runs, and remove what a killed run left.

        Raises
        ------
        DatasetError
            If another process uses it, or nothing can be written.
        """
        with alone_in(self.path, "preparing", error=DatasetError):
            self._clear()
            try:
                yield
            finally:
                self._clear()

    def _clear(self) -> None:
        remove_left_over(self.path)
        # Renamed before it is deleted: a worker that outlived its run then notices that its folder is gone.
        partial = self.path / PARTIAL
        if partial.exists():
            partial.rename(self.path / f"{PARTIAL}-{uuid4().hex}")
        for leftover in self.path.glob(f"{PARTIAL}-*"):
            shutil.rmtree(leftover, ignore_errors=True)


def recording_names(store: Path) -> list[str]:
    """Names of a store's recordings, complete or damaged, sorted; its description need not be readable."""
    return sorted(entry.name for entry in os.scandir(store) if NAME.fullmatch(entry.name) and entry.is_dir())


def _describe(path: Path, settings: Mapping[str, Any]) -> None:
    """Write a store's own description, if there is no readable one."""
    try:
        store_settings(path)
    except OtherFormatError as error:
        raise DatasetError(f"'{path}': {error}; name a new or an empty folder") from None
    except DatasetError as error:
        why = str(error)
    else:  # another process was quicker
        return
    known = _settings_of_recordings(path)
    others = [entry.name for entry in os.scandir(path) if not entry.name.startswith(".") and entry.name != DESCRIPTION]
    if others and not known:
        what = "holds other files but no store" if why.endswith("missing") else f"holds '{others[0]}', and {why}"
        raise DatasetError(f"'{path}' {what}; name a new or an empty folder")
    for one in known:
        _check_same(path, one, settings)
    group = {
        "attributes": {"physiocam_store": {"format": FORMAT, "settings": dict(settings)}},
        "zarr_format": 3,
        "node_type": "group",
    }
    with complete_file(path / DESCRIPTION, DatasetError) as beside:
        beside.write_text(json.dumps(group, indent=2), encoding="utf-8")


def _settings_of_recordings(path: Path) -> list[Mapping[str, Any]]:
    """The settings of a store's recordings, as far as they can be read."""
    known = []
    for name in recording_names(path):
        with suppress(DatasetError):
            known.append(StoredRecording(path / name).settings)
    return [settings for settings in known if settings is not None]


def _check_same(path: Path, there: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    changed = sorted(key for key in {*asked, *there} if asked.get(key, _ABSENT) != there.get(key, _ABSENT))
    if changed:
        was = ", ".join(f"{key}={there.get(key, 'unset')}" for key in changed)
        now = ", ".join(f"{key}={asked.get(key, 'unset')}" for key in changed)
        raise DatasetError(
            f"'{path}' was prepared with {was}, asked for is {now}; name another store, or delete this one"
        )
