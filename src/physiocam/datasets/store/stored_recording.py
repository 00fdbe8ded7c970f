"""A prepared recording in a store: its description, its arrays, and whether it is complete."""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from physiocam.datasets.recording import CropChoice, Signal
from physiocam.datasets.sources import SourceFile
from physiocam.datasets.store.store_files import (
    CHUNK_FRAMES,
    DESCRIPTION,
    attributes,
    check_array,
    chunk_path,
    digest,
    digests,
    frames_listed,
)
from physiocam.errors import DatasetError
from physiocam.foundation.later_fields import LaterFields
from physiocam.networks.tasks import Task

AGAIN = "run `physiocam prepare` again to repair it"
_MOST_LABELS = 200

Finite = Annotated[float, Field(allow_inf_nan=False)]
Labels = Annotated[tuple[str, ...], Field(max_length=_MOST_LABELS)]

# sha256 of every file of a recording, by its path.
_FILES = TypeAdapter(dict[str, str])


class RecordingInfo(LaterFields):
    """Description of a prepared recording.

    Attributes
    ----------
    name, subject, trial : str
    fs : float
        Frames per second.
    frames : int
        T.
    frames_without_face : int
    crop : CropChoice
    big_mean, big_std : float
        Of all the square's pixels in 0..1, before they were rounded to 8 bits.
    small_std : float
        Of the differences at the Big size.
    tasks : dict of str to tuple of str
        The columns of each task's targets.
    signals : dict of str to str
        Unit of each sensor's signal.
    action_units : tuple of str
        Columns of the codes; empty if nothing was coded.
    notes : tuple of str
    sources : tuple of SourceFile
    version : str
        Version of physiocam that prepared it.
    facts : dict of str to str
        What its data set says about it outside the sources, such as a row of a table.
    own_tasks : tuple of Task
        Those of the tasks that the data set itself describes.
    cuts : tuple of int
        First frames of new scenes, counted from 0 and rising; empty if cuts were not looked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    later = frozenset({"own_tasks", "cuts"})

    name: str
    subject: str
    trial: str
    fs: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    frames: Annotated[int, Field(ge=1)]
    frames_without_face: Annotated[int, Field(ge=0)]
    crop: CropChoice
    big_mean: Finite
    big_std: Finite
    small_std: Finite
    tasks: Annotated[dict[str, Labels], Field(max_length=_MOST_LABELS)]
    signals: dict[str, str]
    action_units: Labels
    notes: tuple[str, ...]
    sources: tuple[SourceFile, ...]
    version: str
    facts: dict[str, str] = {}  # noqa: RUF012
    own_tasks: tuple[Task, ...] = ()
    cuts: tuple[Annotated[int, Field(ge=1)], ...] = ()

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if any(first >= second for first, second in pairwise([*self.cuts, self.frames])):
            raise ValueError(f"cuts are {self.cuts[:3]}; expected rising frames of {self.frames}")
        return self


class StoredRecording:
    """A prepared recording; see `physiocam.datasets.store.store_files` for its content.

    Parameters
    ----------
    folder : Path
    settings : mapping, optional
        The settings of its store.

    Attributes
    ----------
    folder : Path
    info : RecordingInfo
    settings : mapping or None
        Its settings; None if they are not recorded.
    sha256 : str
        Over info, settings and the sha256 of every file: it covers the whole content.

    Raises
    ------
    DatasetError
        If it is missing or damaged.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        try:
            about = attributes(folder)
            self.info = RecordingInfo.model_validate(about["recording"])
            self._files = _FILES.validate_python(about["files"])
            self.sha256 = str(about["sha256"])
            self.settings: Mapping[str, Any] | None = about.get("settings")
            self._intact = self.sha256 == attributes_digest(self.info, self._files, self.settings)
            for column in CHUNK_FRAMES:
                if (listed := frames_listed(self._files, column)) < self.info.frames:
                    raise DatasetError(f"{DESCRIPTION} declares {self.info.frames} frames and lists files for {listed}")
            if settings is not None and self.settings is not None and self.settings != settings:
                raise DatasetError(f"{DESCRIPTION} was prepared with other settings than the store")
        except DatasetError as error:
            raise DatasetError(f"'{folder}' is damaged: {error}; {AGAIN}") from None
        except (KeyError, TypeError, ValueError, ValidationError):
            raise DatasetError(
                f"'{folder}' is damaged: {DESCRIPTION} does not describe a recording of this version; {AGAIN}"
            ) from None

    @cached_property
    def _group(self) -> zarr.Group:
        return zarr.open_group(str(self.folder), mode="r")

    @property
    def bits(self) -> Literal[8, 16]:
        """Of its Big frames."""
        return 16 if (self.settings or {}).get("bits") == 16 else 8

    @property
    def digest(self) -> str:
        """The sha256 of its content and description, independent of when and from where it was prepared."""
        told = self.info.model_dump(mode="json", exclude={"sources", "notes", "version", "facts"})
        return hashlib.sha256(json.dumps([told, self._files], sort_keys=True).encode()).hexdigest()

    def column(self, name: str) -> NDArray[Any]:
        """Read a whole array of the recording, such as "face_found" or "targets/pulse".

        Raises
        ------
        DatasetError
            If it is missing or damaged.
        """
        try:
            check_array(self.folder, name, self._shape(name))
            array = self._group[name]
            assert isinstance(array, zarr.Array)
            return np.asarray(array[...])
        except DatasetError as error:
            why = str(error)
        except Exception as error:  # damaged metadata can raise any exception
            why = type(error).__name__
        raise DatasetError(f"'{self.folder}' has no readable '{name}': {why}; {AGAIN}")

    def _shape(self, name: str) -> tuple[int | None, ...]:
        """The expected shape of an array; None if the array decides it."""
        group, _, inner = name.partition("/")
        frames, channels = self.info.frames, (self.settings or {}).get("channels", 3)
        fixed: dict[str, tuple[int | None, ...]] = {
            "big": (frames, None, None, channels),
            "small": (frames, channels, None, None),
            "mean_rgb": (frames, channels),
            "changes": (frames, 2),
            "signals": (2, None),
            "action_units": (frames, len(self.info.action_units)),
        }
        if group == "slow":
            return {"small": (None, channels, None, None), "changes": (None, 2), "shifts": (None, 2)}.get(
                inner, (None,)
            )
        if group in {"targets", "masks", "truth"}:
            return frames, len(self.info.tasks.get(inner, ()))
        return fixed.get(group, (frames,))

    def has(self, name: str) -> bool:
        """Return whether there is such an array; recordings of earlier versions have fewer."""
        return f"{name}/{DESCRIPTION}" in self._files

    def signal(self, name: str) -> Signal:
        """Read a sensor's signal, at its own rate."""
        times, values = self.column(f"signals/{name}")
        return Signal(values, times, self.info.signals[name])

    def read_frames(self, column: str, start: int, out: NDArray[Any]) -> None:
        """Read consecutive frames of "big" or "small" directly into an array, and no other bytes.

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
            If frames are missing.
        """
        chunk_frames = CHUNK_FRAMES[column]
        frame_bytes = out[0].nbytes
        done = 0
        while done < len(out):
            chunk, place = divmod(start + done, chunk_frames)
            part = out[done : done + chunk_frames - place]
            path = self.folder / chunk_path(column, chunk)
            try:
                with open(path, "rb", buffering=0) as file:
                    file.seek(place * frame_bytes)
                    missing = part.nbytes - (file.readinto(part.data) or 0)
            except OSError as error:
                raise DatasetError(f"'{path}' cannot be read ({error.strerror}); {AGAIN}") from None
            if missing:
                raise DatasetError(f"'{path}' is {missing} bytes short; {AGAIN}")
            done += len(part)

    def check(self) -> None:
        """Check that everything is there and has the right size; no frame is read.

        Raises
        ------
        DatasetError
            Naming the first file that is missing or damaged.
        """
        if problem := self._first_problem():
            raise DatasetError(f"'{self.folder}' is damaged: {problem}; {AGAIN}")

    def _first_problem(self) -> str | None:
        if not self._intact:
            return f"{DESCRIPTION}: altered"
        try:
            chunk_bytes = {column: check_array(self.folder, column, self._shape(column)) for column in CHUNK_FRAMES}
        except DatasetError as error:
            return str(error)
        for path, expected in self._files.items():
            column, _, rest = path.partition("/")
            try:
                if column in CHUNK_FRAMES and rest != DESCRIPTION:
                    size = os.stat(self.folder / path).st_size
                    if size != chunk_bytes[column]:
                        return f"{path}: {size} bytes, expected {chunk_bytes[column]}"
                elif digest(self.folder / path) != expected:
                    return f"{path}: altered"
            except OSError as error:
                return f"{path}: missing" if isinstance(error, FileNotFoundError) else f"{path}: {error.strerror}"
        return None

    def problems(self) -> list[str]:
        """Compare every file with its checksum; one line for each that is missing, altered or unknown."""
        found = [] if self._intact else [f"{DESCRIPTION}: altered"]
        there = dict(digests(self.folder))
        found += [f"{path}: missing" for path in sorted(self._files.keys() - there.keys())]
        found += [f"{path}: unknown file" for path in sorted(there.keys() - self._files.keys())]
        found += [f"{path}: altered" for path in sorted(self._files.keys() & there) if self._files[path] != there[path]]
        if not found and (problem := self._first_problem()):
            found.append(problem)
        return found


def attributes_digest(info: RecordingInfo, files: Mapping[str, str], settings: Mapping[str, Any] | None) -> str:
    """The sha256 of a recording's whole content."""
    # Recordings of earlier versions do not state their settings. Missing values are left out, so that these keep their
    # digest.
    parts = [info.model_dump(mode="json", exclude_defaults=True), files, *([] if settings is None else [settings])]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
