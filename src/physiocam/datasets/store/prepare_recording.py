"""Write one recording into a store: decoded, cropped, resized and labelled."""

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.labels import Labels, make_labels
from physiocam.datasets.recording import Entry, Recording
from physiocam.datasets.sources import changed_source, facts_of, sources_of
from physiocam.datasets.store.prepare_settings import PrepareSettings
from physiocam.datasets.store.slow_frames import SlowFrames, moments
from physiocam.datasets.store.store_files import FrameLayout
from physiocam.datasets.store.store_writer import RecordingWriter
from physiocam.datasets.store.stored_recording import RecordingInfo
from physiocam.errors import DatasetError
from physiocam.foundation.frame_sizes import height_width
from physiocam.inputs.crop import Crop
from physiocam.inputs.face_changes import FaceChange, FaceChanges, pixels_of, seen_changes
from physiocam.inputs.statistics import RunningStatistics
from physiocam.networks.tasks import AU
from physiocam.version import __version__
from physiocam.video.cuts import CutFinder, cuts_notes
from physiocam.video.face_source import face_locator, has_scenes, locate_everyone
from physiocam.video.locators import OnePerson
from physiocam.video.people import notes_of
from physiocam.video.reader import Video
from physiocam.video.resize import area_resize
from physiocam.video.tracker import FaceTracker


def prepare_recording(entry: Entry, store: Path, settings: PrepareSettings) -> RecordingInfo:
    """Prepare one recording into a store.

    Raises
    ------
    PhysiocamError
        If it cannot be read, differs from its entry, or has changed meanwhile.
    UnwritableError
        If nothing can be written to the store.
    """
    sources = sources_of(entry)
    recording = entry.load()
    if recording.name != entry.name:
        raise DatasetError(f"the reader lists '{entry.name}' and loads '{recording.name}'; expected the same name")
    with recording.frames.open() as video:
        writer = RecordingWriter(store, recording.name, _layout(settings))
        with writer:
            info, columns = _write_frames(recording, video, writer, settings)
            changed = changed_source(sources, sources_of(entry))
            if changed:
                raise DatasetError(f"{changed} while '{entry.name}' was being prepared; run again")
            info = info.model_copy(update={"sources": sources, "facts": facts_of(entry)})
            writer.finish(info, columns)
    return info


def _write_frames(
    recording: Recording,
    video: Video,
    writer: RecordingWriter,
    settings: PrepareSettings,
) -> tuple[RecordingInfo, dict[str, NDArray[Any]]]:
    crop = recording.crop if settings.crop == "recording" else settings.crop
    person = OnePerson(face_locator("find" if crop == "face" else crop, video.fs, settings.crop_factor))
    finder = CutFinder(video.fs) if settings.cuts and has_scenes(person) else None
    slow = SlowFrames(settings.slow, Crop(factor=settings.crop_factor), video.fs) if settings.slow else None
    changes = FaceChanges(settings.big_size, pixels_of(settings.preprocessing))
    streams = _Streams(writer, settings)
    timestamps: list[float] = []
    cuts: list[int] = []
    for index, frame in enumerate(video):
        timestamps.append(frame.timestamp_s)
        if cut := finder is not None and finder.add(frame.picture):
            cuts.append(index)
            changes.add(None, None)
            if slow:
                slow.cut()
        image, (square,) = locate_everyone(person, frame.picture, settings.channels, cut)
        if slow:
            slow.add(image, square)
        streams.add(changes.add(image, square))
    frames = streams.finish()
    # A tracker that notices late that the face has left revises earlier frames.
    found = np.array(person.locator.found, dtype=bool)
    times, mean_rgb = np.array(timestamps), np.array(streams.mean_rgb)
    mean_rgb[~found] = np.nan
    last_of_scenes = np.array(cuts, dtype=int) - 1
    mean_rgb[last_of_scenes] = np.nan
    labels = make_labels(recording, times, mean_rgb, settings.labels)
    found = found[:frames]
    columns: dict[str, NDArray[Any]] = {
        "timestamps_s": times[:frames],
        "face_found": found,
        "mean_rgb": mean_rgb[:frames],
        "shown": np.array([square is not None for square in person.people[0].squares[:frames]]),
        "changes": np.array(streams.changes)[:frames],
        **(slow.columns(len(times) - frames) if slow else {}),
        **_label_columns(labels, found, last_of_scenes, {name: one.task.kind for name, one in recording.tasks.items()}),
    }
    columns |= _truth_columns(recording, frames)
    codes = recording.action_units
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
        notes=(*recording.notes, *labels.notes, *video.notes, *_notes(person, cuts, video.fs)),
        sources=(),
        version=__version__,
        own_tasks=tuple(recording.tasks[task].task for task in labels.truth),
        cuts=tuple(cut for cut in cuts if cut < frames),
    )
    return info, columns


def _notes(person: OnePerson, cuts: Sequence[int], fs: float) -> list[str]:
    """Who else was seen, and where another scene begins."""
    notes = notes_of(person.seen, fs) + cuts_notes([cut / fs for cut in cuts])
    if cuts and isinstance(person.locator, FaceTracker):
        notes.append("after a cut the largest face is followed, which may be another person's")
    return notes


def _truth_columns(recording: Recording, frames: int) -> dict[str, NDArray[Any]]:
    """What sensors and coders recorded, as they did."""
    columns: dict[str, NDArray[Any]] = {
        f"signals/{name}": np.stack([signal.timestamps_s, signal.values]) for name, signal in recording.signals.items()
    }
    codes = recording.action_units
    if codes is not None:
        columns["action_units/occurrence"] = codes.occurrence[:frames]
        if codes.intensity is not None:
            columns["action_units/intensity"] = codes.intensity[:frames]
    return columns


def _label_columns(
    labels: Labels, found: NDArray[np.bool_], last_of_scenes: NDArray[np.int_], kinds: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """Targets, and masks that leave out frames without a face, or without a difference to the next frame."""
    followed = seen_changes(found)
    followed[last_of_scenes] = False
    columns: dict[str, NDArray[Any]] = {f"truth/{task}": truth for task, truth in labels.truth.items()}
    for task, targets in labels.targets.items():
        of_frames = kinds[task] != "waveform" if task in kinds else task == AU.name
        seen = found if of_frames else followed
        columns[f"targets/{task}"] = targets
        columns[f"masks/{task}"] = labels.masks[task] & seen[:, np.newaxis]
    return columns


class _Streams:
    """Writes frames to the store, and accumulates their statistics."""

    def __init__(self, writer: RecordingWriter, settings: PrepareSettings) -> None:
        self.big = RunningStatistics()
        self.small = RunningStatistics()
        self.mean_rgb: list[NDArray[np.float32]] = []
        self.changes: list[tuple[float, float]] = []
        self._writer = writer
        layout = _layout(settings)
        self._small_shape = height_width(settings.small_size)
        self._full = np.float32(layout.full)
        self._drop_last = settings.preprocessing == "authors"
        self._pending: NDArray[np.float32] | None = None
        self._blank = np.zeros(layout.shape("big"), layout.dtype("big"))
        pixels = prod(height_width(settings.big_size))
        self._average = np.full(pixels, 1.0 / pixels, np.float32)

    def add(self, found: FaceChange) -> None:
        face, _, change = found
        if self.mean_rgb:
            self._flush()
            self._pending = change
        if face is None:
            self._writer.add_big(self._blank)
            self.mean_rgb.append(np.full(self._blank.shape[2], np.nan, np.float32))
            return
        self.big.add(face)
        self.mean_rgb.append(self._average @ face.reshape(-1, self._blank.shape[2]))
        scaled = face * self._full
        scaled += np.float32(0.5)
        self._writer.add_big(scaled.astype(self._blank.dtype))

    def _flush(self) -> None:
        """Write the difference that leads to the last frame but one; there is one less of them than frames."""
        frames = len(self.mean_rgb)
        if frames < 2:
            return
        self.changes.append(moments(self._pending))
        if self._pending is None:
            self._writer.add_small(self._no_change())
            return
        self.small.add(self._pending)
        self._writer.add_small(area_resize(self._pending, *self._small_shape).transpose(2, 0, 1))

    def _no_change(self) -> NDArray[np.float32]:
        return np.zeros((self._blank.shape[2], *self._small_shape), np.float32)

    def finish(self) -> int:
        """Write the last difference; return the number of frames that are kept."""
        frames = len(self.mean_rgb)
        if frames < 2:
            raise DatasetError(f"the recording has {frames} frame, expected at least 2")
        if self._drop_last:
            # The zero replaces the last real difference, and counts in the deviation.
            self._pending = np.zeros_like(self._blank, dtype=np.float32)
            self._flush()
            return frames - 1
        self._flush()
        self._writer.add_small(self._no_change())
        self.changes.append(moments(None))
        return frames


def _layout(settings: PrepareSettings) -> FrameLayout:
    return FrameLayout(settings.big_size, settings.small_size, settings.channels, settings.bits)
