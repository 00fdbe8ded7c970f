"""Recordings into a store: decoded, cut, resized and labelled once, so that training only reads."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, ValidationError, model_validator

from physiocam import __version__
from physiocam.datasets.jobs import run_jobs
from physiocam.datasets.labels import LABEL_SETTINGS, Labels, LabelSettings, make_labels
from physiocam.datasets.recording import Crop, Entry, Recording
from physiocam.datasets.store import RecordingInfo, RecordingWriter, SourceFile, Store
from physiocam.errors import DatasetError
from physiocam.inputs import Located, Sums, face_changes, lifted_pixels
from physiocam.provenance import difference
from physiocam.video.reader import Video
from physiocam.video.resize import area_resize
from physiocam.video.tracker import CentreSquare, FaceLocator, FaceTracker, Square

# Raised whenever the same settings give other numbers than before, so that a store never mixes the two.
_REVISION = 1

Preprocessing = Literal["default", "authors", "toolbox"]
Progress = Callable[["Prepared"], None]


class PrepareSettings(BaseModel):
    """What decides how a prepared recording looks; a store holds recordings of one such setting only.

    Attributes
    ----------
    preprocessing : "default", "authors" or "toolbox"
        How differences at the end and dark pixels are taken. "default": as when measuring, one difference a frame and
        a zero for the last. "authors": the last frame is dropped and the last difference is zero and counts in the
        deviation, as in the code of the paper. "toolbox": frames are rounded to 8 bits before the differences are
        taken, and black stays black, as in rPPG-Toolbox.
    crop : Crop or "recording"
        Where the face is cut; "recording" leaves it to each recording.
    crop_factor : float
        Side of a followed face's square over the longer side of the face.
    big_size, small_size : int
        Side of the Big and Small frames.
    labels : LabelSettings
        How targets are made; those named like the preprocessing, but for what is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preprocessing: Preprocessing = "default"
    crop: Crop | Literal["recording"] = "recording"
    crop_factor: PositiveFloat = 1.0
    big_size: PositiveInt = 144
    small_size: PositiveInt = 9
    labels: LabelSettings = LABEL_SETTINGS["default"]

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take the labels that go with the preprocessing."""
        usual = LABEL_SETTINGS.get(values.get("preprocessing", "default"))
        given = values.get("labels", {})
        if usual is None or not isinstance(given, dict):
            return values
        return {**values, "labels": {**usual.model_dump(), **given}}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.labels.differences != self.preprocessing:
            raise ValueError(f"labels.differences must be as preprocessing is, {self.preprocessing!r}")
        return self

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Check settings given by a user.

        Raises
        ------
        DatasetError
            Naming the first setting that is unknown or wrong.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(part for part in map(str, first["loc"]) if part.isidentifier())
            wrong = f"setting {name}={first['input']!r}: " if name else ""
            known = ", ".join([*cls.model_fields, *(f"labels.{field}" for field in LabelSettings.model_fields)])
            raise DatasetError(f"{wrong}{first['msg']}; settings are {known}") from None


@dataclass(frozen=True)
class Prepared:
    """What became of one recording.

    Attributes
    ----------
    name : str
    frames : int
        0 where it failed.
    kept : bool
        It was in the store already.
    notes : tuple of str
        What is odd about it, such as frames that could not be read.
    error : str or None
        Why it failed, in one line.
    """

    name: str
    frames: int = 0
    kept: bool = False
    notes: tuple[str, ...] = ()
    error: str | None = None


def prepare(
    entries: Sequence[Entry],
    path: str | os.PathLike[str],
    settings: PrepareSettings | None = None,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> list[Prepared]:
    """Prepare recordings into a store.

    It may be stopped at any moment: recordings that are done stay, and the next call goes on with the rest.

    Parameters
    ----------
    entries : sequence of Entry
        As a data set lists them.
    path : path
        The store; made where there is none.
    settings : PrepareSettings, optional
    jobs : int
        Recordings worked on at a time, each in a process of its own.
    scheduler : str, optional
        Address of a dask scheduler whose workers do the work; they must see sources and store under the same paths.
    progress : callable, optional
        Called with every recording's outcome as it becomes known.

    Returns
    -------
    list of Prepared
        One an entry, in their order.

    Raises
    ------
    DatasetError
        If the store was prepared with other settings or is being written to, or two recordings share their name.
    """
    settings = settings or PrepareSettings()
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DatasetError(f"recordings '{', '.join(twice[:3])}' appear more than once; expected one name a recording")
    store = Store.create(path, {"revision": _REVISION, **settings.model_dump(mode="json")})
    report: dict[int, Prepared] = {}

    def note(index: int, prepared: Prepared) -> None:
        report[index] = prepared
        if progress is not None:
            progress(prepared)

    with store.writing():
        there = set(store.names())
        for index, entry in enumerate(entries):
            if entry.name in there:
                note(index, _check(store, entry))
        waiting = [index for index in range(len(entries)) if index not in report]
        work = partial(_prepare_entry, store=store.path.resolve(), settings=settings)
        for outcome in run_jobs(work, [entries[index] for index in waiting], jobs, scheduler):
            index, info = waiting[outcome.index], outcome.result
            if info is None:
                note(index, Prepared(names[index], error=outcome.error))
            else:
                note(index, Prepared(names[index], frames=info.frames, notes=info.notes))
    return [report[index] for index in range(len(entries))]


def _check(store: Store, entry: Entry) -> Prepared:
    """Whether the recording in the store is still what its sources say."""
    try:
        info = store.recording(entry.name).info
        changed = _changed(info.sources, _sources(entry))
        if changed:
            raise DatasetError(
                f"{changed} since '{entry.name}' was prepared; delete '{store.path / entry.name}' to prepare it anew"
            )
        if told := difference(info.facts, _facts(entry)):
            raise DatasetError(
                f"'{entry.name}' was prepared {told}; delete '{store.path / entry.name}' to prepare it anew"
            )
    except DatasetError as error:
        return Prepared(entry.name, error=str(error))
    return Prepared(entry.name, frames=info.frames, kept=True, notes=info.notes)


def _prepare_entry(entry: Entry, store: Path, settings: PrepareSettings) -> RecordingInfo:
    """Prepare one recording."""
    sources = _sources(entry)
    recording = entry.load()
    if recording.name != entry.name:
        raise DatasetError(f"the reader lists '{entry.name}' and loads '{recording.name}'; expected the same name")
    with recording.frames.open() as video:
        writer = RecordingWriter(store, recording.name, settings.big_size, settings.small_size)
        with writer:
            info, columns = _write_frames(recording, video, writer, settings, sources, _facts(entry))
            changed = _changed(sources, _sources(entry))
            if changed:
                raise DatasetError(f"{changed} while '{entry.name}' was being prepared; run again")
            writer.finish(info, columns)
    return info


def _write_frames(
    recording: Recording,
    video: Video,
    writer: RecordingWriter,
    settings: PrepareSettings,
    sources: tuple[SourceFile, ...],
    facts: dict[str, str],
) -> tuple[RecordingInfo, dict[str, NDArray[Any]]]:
    crop = recording.crop if settings.crop == "recording" else settings.crop
    locator = _locator(crop, video.fs, settings.crop_factor)
    timestamps: list[float] = []

    def located() -> Iterator[Located]:
        for frame in video:
            timestamps.append(frame.timestamp_s)
            yield frame.image, locator.locate(frame.image)

    pixels = _toolbox_pixels if settings.preprocessing == "toolbox" else lifted_pixels
    streams = _Streams(writer, settings)
    for face, change in face_changes(located(), settings.big_size, pixels):
        streams.add(face, change)
    frames = streams.finish()
    # A tracker that notices late that the face had left takes back what it said.
    found = np.array(locator.found, dtype=bool)
    times, mean_rgb = np.array(timestamps), np.array(streams.mean_rgb)
    mean_rgb[~found] = np.nan
    labels = make_labels(recording, times, mean_rgb, settings.labels)
    found = found[:frames]
    columns: dict[str, NDArray[Any]] = {
        "timestamps_s": times[:frames],
        "face_found": found,
        "mean_rgb": mean_rgb[:frames],
        **_label_columns(labels, found),
    }
    for name, signal in recording.signals.items():
        columns[f"signals/{name}"] = np.stack([signal.timestamps_s, signal.values])
    codes = recording.action_units
    if codes is not None:
        columns["action_units/occurrence"] = codes.occurrence[:frames]
        if codes.intensity is not None:
            columns["action_units/intensity"] = codes.intensity[:frames]
    info = RecordingInfo(
        name=recording.name,
        subject=recording.subject,
        trial=recording.trial,
        fs=video.fs,
        frames=frames,
        frames_without_face=int(frames - found.sum()),
        crop=crop,
        big_mean=streams.big.mean,
        big_std=streams.big.std,
        small_std=streams.small.std,
        tasks={task: tuple(names) for task, names in labels.columns.items()},
        signals={name: signal.unit for name, signal in recording.signals.items()},
        action_units=codes.labels if codes is not None else (),
        notes=(*recording.notes, *video.notes),
        sources=sources,
        version=__version__,
        facts=facts,
    )
    return info, columns


def _label_columns(labels: Labels, found: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Targets, and masks that leave out what the face, or its change to the next frame, does not show."""
    followed = found.copy()
    followed[:-1] &= found[1:]
    columns: dict[str, NDArray[Any]] = {}
    for task, targets in labels.targets.items():
        seen = found if task == "au" else followed
        columns[f"targets/{task}"] = targets
        columns[f"masks/{task}"] = labels.masks[task] & seen[:, np.newaxis]
    return columns


class _Streams:
    """Frames on their way into the store, with the statistics of what has passed."""

    def __init__(self, writer: RecordingWriter, settings: PrepareSettings) -> None:
        self.big = Sums()
        self.small = Sums()
        self.mean_rgb: list[NDArray[np.float32]] = []
        self._writer = writer
        self._size = settings.small_size
        self._drop_last = settings.preprocessing == "authors"
        self._pending: NDArray[np.float32] | None = None
        self._blank = np.zeros((settings.big_size, settings.big_size, 3), np.uint8)
        self._average = np.full(settings.big_size**2, settings.big_size**-2.0, np.float32)

    def add(self, face: NDArray[np.float32] | None, change: NDArray[np.float32] | None) -> None:
        if self.mean_rgb:
            self._flush()
            self._pending = change
        if face is None:
            self._writer.add_big(self._blank)
            self.mean_rgb.append(np.full(3, np.nan, np.float32))
            return
        self.big.add(face)
        self.mean_rgb.append(self._average @ face.reshape(-1, 3))
        scaled = face * np.float32(255)
        scaled += np.float32(0.5)
        self._writer.add_big(scaled.astype(np.uint8))

    def _flush(self) -> None:
        """Write the change that leads to the last frame but one; there is one less of them than frames."""
        frames = len(self.mean_rgb)
        if frames < 2:
            return
        if self._pending is None:
            self._writer.add_small(np.zeros((3, self._size, self._size), np.float32))
            return
        self.small.add(self._pending)
        self._writer.add_small(area_resize(self._pending, self._size, self._size).transpose(2, 0, 1))

    def finish(self) -> int:
        """Write the last change; the number of frames that are kept."""
        frames = len(self.mean_rgb)
        if frames < 2:
            raise DatasetError(f"the recording has {frames} frame, expected at least 2")
        if self._drop_last:
            # The zero takes the place of the last real difference, and counts in the deviation.
            self._pending = np.zeros_like(self._blank, dtype=np.float32)
            self._flush()
            return frames - 1
        self._flush()
        self._writer.add_small(np.zeros((3, self._size, self._size), np.float32))
        return frames


class _BottomSquare:
    """The largest square at the bottom of a portrait frame."""

    def __init__(self) -> None:
        self.found: list[bool] = []

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        self.found.append(image is not None)
        if image is None:
            return None
        height, width = image.shape[:2]
        if height < width:
            raise DatasetError(f"frames are {width}x{height}, and the bottom square needs portrait; set crop=center")
        return Square(0, height - width, width)


def _locator(crop: Crop, fs: float, factor: float) -> FaceLocator:
    if crop == "face":
        return FaceTracker(fs, factor)
    return CentreSquare() if crop == "center" else _BottomSquare()


def _toolbox_pixels(cut: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Resized and rounded to 8 bits, black left black."""
    face = np.rint(area_resize(cut, size, size))
    face /= np.float32(255)
    return face


def _facts(entry: Entry) -> dict[str, str]:
    """What decides the recording beside its sources, where the data set says so."""
    return dict(getattr(entry, "facts", {}))


def _sources(entry: Entry) -> tuple[SourceFile, ...]:
    """Size and time of every file behind a recording."""
    return tuple(_source(path) for path in entry.sources)


def _source(path: str) -> SourceFile:
    try:
        status = os.stat(path)
        if not os.path.isdir(path):
            return SourceFile(path=path, size=status.st_size, mtime_ns=status.st_mtime_ns)
        inside = [item.stat() for item in os.scandir(path)]
    except OSError as error:
        raise DatasetError(f"source '{path}' cannot be read ({error.strerror}); expected a file or a folder") from None
    # A folder of frames: the files in it, taken together.
    times = [status.st_mtime_ns, *(item.st_mtime_ns for item in inside)]
    return SourceFile(path=path, size=sum(item.st_size for item in inside), mtime_ns=max(times))


def _changed(before: tuple[SourceFile, ...], after: tuple[SourceFile, ...]) -> str | None:
    """Say which source is not as it was; where it lies does not matter."""
    old, new = (
        {(Path(source.path).name, source.size, source.mtime_ns) for source in sources} for sources in (before, after)
    )
    if old == new and len(before) == len(after):
        return None
    changed = sorted(name for name, _, _ in old ^ new)
    return f"source '{changed[0]}' has changed" if changed else "the number of sources has changed"
