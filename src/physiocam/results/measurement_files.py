"""A measurement as files in a folder: write, read and remove them."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, NonNegativeInt, PositiveFloat, ValidationError

from physiocam.errors import PhysiocamError, one_line
from physiocam.foundation.arguments import folder_path
from physiocam.foundation.files import complete_files
from physiocam.foundation.regular_files import read_file
from physiocam.networks.config import HEAD_POSE
from physiocam.results.csv_text import classes, csv_lines, each, fixed, general
from physiocam.results.measurement_data import ActionUnit, Face, MeasurementData, TaskOutput, TaskResult, Weights
from physiocam.results.unit_events import unit_events
from physiocam.signals.rate import Rate, RateSeries
from physiocam.signals.settings import SignalSettings, settings_from_text
from physiocam.signals.variability import HeartRateVariability, IntervalSpread

# The file name of the summary, and of files that may be next to it. Writing a new measurement removes them first.
MEASUREMENT = "measurement.json"
BEATS, REPORT, OVERLAY, MEASURED_WITH = "beats.csv", "report.html", "overlay.mp4", "measured_with.json"
_BESIDE = (MEASURED_WITH, REPORT, OVERLAY, BEATS, "tasks.csv")
WAVEFORMS, RATES, ACTION_UNITS, EVENTS = "waveforms.csv", "rates.csv", "action_units.csv", "events.csv"
_TABLES = (WAVEFORMS, RATES, ACTION_UNITS, EVENTS)
TASKS = "tasks.csv"

_WAVES = ("timestamp_s", "pulse", "respiration", "face_found")
_BAND = "pulse_band"
_SQUARE = ("face_x", "face_y", "face_size")
_RATES = ("timestamp_s", "heart_rate", "heart_rate_quality", "breathing_rate", "breathing_rate_quality")
_BEATS = ("timestamp_s", "quality", "interval_ms")
_EVENTS = ("unit", "onset_s", "apex_s", "offset_s", "peak_probability", "peak_intensity")
POSE = tuple(f"pose_{angle}" for angle in HEAD_POSE.labels)
# An intensity's column has the name of OpenFace.
_INTENSITY = "_r"
# A day at 60 frames/s, with twelve action units.
_MOST_BYTES = 2_000_000_000

_Columns = dict[str, NDArray[np.float64]]
_Kind = TypeVar("_Kind", bound=MeasurementData)


class _Task(BaseModel):
    """A task of your own in measurement.json; its values are in tasks.csv."""

    kind: str
    unit: str
    outputs: dict[str, TaskOutput]


class _Summary(BaseModel):
    """The content of measurement.json; fields that a later version may add are ignored."""

    model_config = ConfigDict(allow_inf_nan=False)

    source: str
    duration_s: float
    fs: PositiveFloat
    frames: NonNegativeInt
    face: Face
    heart_rate: Rate
    breathing_rate: Rate
    action_units: dict[str, ActionUnit]
    method: str
    weights: Weights | None
    settings: Annotated[SignalSettings, BeforeValidator(settings_from_text)]
    version: str
    notes: tuple[str, ...]
    neutral: str = "none"
    blinks_per_minute: float | None = None
    sdnn: IntervalSpread | None = None
    rmssd: IntervalSpread | None = None
    timing_noise_ms: float | None = None
    cuts_s: tuple[float, ...] = ()
    person: int | None = None
    tasks: dict[str, _Task] = {}


def write_measurement(measurement: MeasurementData, folder: str | bytes | os.PathLike[str]) -> None:
    """Write a measurement's files; see `Measurement.write`."""
    place = folder_path(folder, "folder")
    contents: dict[str, Iterable[str]] = {
        WAVEFORMS: _waveforms_csv(measurement),
        RATES: _rates_csv(measurement),
        ACTION_UNITS: _action_units_csv(measurement),
        EVENTS: _events_csv(measurement),
        MEASUREMENT: [measurement.to_json()],
    }
    if (beats := measurement.beats) is not None:
        contents[BEATS] = _beats_csv(beats)
    if measurement.tasks:
        contents[TASKS] = _tasks_csv(measurement)
    # The summary appears last: a folder with a measurement.json also has the other files.
    with complete_files(place, file_names(measurement)) as beside:
        for name, lines in contents.items():
            with (beside / name).open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        remove_results(place, measurement.source)


def read_measurement(folder: str | bytes | os.PathLike[str], kind: type[_Kind]) -> _Kind:
    """Read what `write_measurement` wrote; see `Measurement.load`."""
    place = folder_path(folder, "folder")
    try:
        summary = _Summary.model_validate_json(_text(place, MEASUREMENT))
    except ValidationError as error:
        raise PhysiocamError(
            f"'{place / MEASUREMENT}' is not a measurement: {one_line(error)}; measure the recording again"
        ) from None
    waves = _read(place, WAVEFORMS, _WAVES, summary.frames)
    rates = _read(place, RATES, _RATES)
    units = _read(place, ACTION_UNITS, tuple(f"{label}_p" for label in summary.action_units), summary.frames)
    squares = np.full((summary.frames, 3), -1, np.int32)
    if set(_SQUARE) <= waves.keys():
        known = np.stack([waves[name] for name in _SQUARE], axis=1)
        squares = np.where(np.isfinite(known), known, -1).astype(np.int32)
    rated = tuple(name.removesuffix(_INTENSITY) for name in units if name.endswith(_INTENSITY))
    return kind(
        **{
            field.name: getattr(summary, field.name)
            for field in fields(MeasurementData)
            if hasattr(summary, field.name) and field.name != "tasks"
        },
        tasks=_tasks(place, summary),
        timestamps_s=waves["timestamp_s"],
        face_found=waves["face_found"] == 1,
        face_squares=squares,
        pulse=waves["pulse"],
        # Earlier versions wrote this one alone.
        pulse_band=waves.get(_BAND, waves["pulse"]),
        respiration=waves["respiration"],
        rates_timestamps_s=rates["timestamp_s"],
        heart_rate_along=RateSeries(rates["heart_rate"], rates["heart_rate_quality"]),
        breathing_rate_along=RateSeries(rates["breathing_rate"], rates["breathing_rate_quality"]),
        action_unit_probability=_side_by_side(units, summary.frames, [f"{label}_p" for label in summary.action_units]),
        intensity_labels=rated,
        intensity=_side_by_side(units, summary.frames, [f"{label}{_INTENSITY}" for label in rated]),
        head_pose=_side_by_side(units, summary.frames, POSE),
        heart_rate_variability=_variability(place, summary),
    )


def _side_by_side(table: _Columns, rows: int, names: Sequence[str]) -> NDArray[np.float32]:
    columns = [table.get(name, np.full(rows, np.nan)) for name in names]
    return np.array(columns, dtype=np.float32).reshape(len(names), rows).T


def file_names(measurement: MeasurementData) -> tuple[str, ...]:
    """Names of the files that `write_measurement` writes, the summary last."""
    beats, tasks = (BEATS,) if measurement.beats is not None else (), (TASKS,) if measurement.tasks else ()
    return (*_TABLES, *beats, *tasks, MEASUREMENT)


def remove_results(folder: Path, source: str | None = None) -> None:
    """Remove the files of a measurement; a folder without a measurement.json stays unchanged.

    Parameters
    ----------
    folder : Path
    source : str, optional
        A recording that is not removed, even if it is in the folder and has the name of an overlay video.

    Raises
    ------
    OSError
        If a file cannot be removed.
    """
    if (folder / MEASUREMENT).is_file():
        # Remove the summary last: while it exists, the other files are known to belong to it.
        remove_files(folder, (*_BESIDE, *_TABLES, MEASUREMENT), source)


def remove_files(folder: Path, names: Iterable[str], source: str | None = None) -> None:
    """Remove files with these names, as `remove_results` does."""
    for path in (folder / name for name in names):
        if source is None or os.path.abspath(source) != os.path.abspath(path):
            path.unlink(missing_ok=True)


def _waveforms_csv(measurement: MeasurementData) -> Iterator[str]:
    squares = (
        (str(x), str(y), str(size)) if size > 0 else ("", "", "") for x, y, size in each(measurement.face_squares)
    )
    rows = zip(
        fixed(measurement.timestamps_s, 6),
        general(measurement.pulse),
        general(measurement.respiration),
        ("1" if found else "0" for found in measurement.face_found),
        squares,
        general(measurement.pulse_band),
        strict=True,
    )
    return csv_lines((*_WAVES, *_SQUARE, _BAND), ((*row, *square, band) for *row, square, band in rows))


def _rates_csv(measurement: MeasurementData) -> Iterator[str]:
    heart, breathing = measurement.heart_rate_along, measurement.breathing_rate_along
    rows = zip(
        fixed(measurement.rates_timestamps_s, 6),
        fixed(heart.value, 3),
        fixed(heart.quality, 4),
        fixed(breathing.value, 3),
        fixed(breathing.quality, 4),
        strict=True,
    )
    return csv_lines(_RATES, rows)


def _beats_csv(variability: HeartRateVariability) -> Iterator[str]:
    rows = zip(
        fixed(variability.beats_s, 3),
        fixed(variability.beat_quality, 4),
        fixed(variability.intervals_ms, 1),
        strict=True,
    )
    return csv_lines(_BEATS, rows)


def _action_units_csv(measurement: MeasurementData) -> Iterator[str]:
    header = ["frame", "timestamp_s"]
    columns: list[Iterable[str]] = [map(str, range(measurement.frames)), fixed(measurement.timestamps_s, 6)]
    for index, label in enumerate(measurement.action_units):
        probability = measurement.action_unit_probability[:, index]
        header += [f"{label}_p", f"{label}_c"]
        columns += [fixed(probability, 4), classes(probability)]
    for label, intensity in zip(measurement.intensity_labels, measurement.intensity.T, strict=True):
        header.append(f"{label}{_INTENSITY}")
        columns.append(fixed(intensity, 2))
    if np.isfinite(measurement.head_pose).any():
        header += POSE
        columns += [fixed(angle, 1) for angle in measurement.head_pose.T]
    return csv_lines(header, zip(*columns, strict=True))


def _tasks_csv(measurement: MeasurementData) -> Iterator[str]:
    header = ["frame", "timestamp_s"]
    columns: list[Iterable[str]] = [map(str, range(measurement.frames)), fixed(measurement.timestamps_s, 6)]
    for name, task in measurement.tasks.items():
        for column, values in zip(task_columns(name, task), task.values.T, strict=True):
            header.append(column)
            columns.append(general(values))
            if task.kind == "binary":
                header.append(f"{column.removesuffix('_p')}_c")
                columns.append(classes(values))
    return csv_lines(header, zip(*columns, strict=True))


def task_columns(name: str, task: TaskResult | _Task) -> tuple[str, ...]:
    """Name the columns of a task's values: the task, the label of one of several outputs, `_p` for a probability."""
    ending = "_p" if task.kind == "binary" else ""
    return tuple(f"{name}_{label}{ending}" if len(task.outputs) > 1 else f"{name}{ending}" for label in task.outputs)


def _tasks(place: Path, summary: _Summary) -> dict[str, TaskResult]:
    if not summary.tasks:
        return {}
    names = {name: task_columns(name, task) for name, task in summary.tasks.items()}
    table = _read(place, TASKS, tuple(column for columns in names.values() for column in columns), summary.frames)
    return {
        name: TaskResult(task.kind, task.unit, task.outputs, _side_by_side(table, summary.frames, names[name]))
        for name, task in summary.tasks.items()
    }


def _events_csv(measurement: MeasurementData) -> Iterator[str]:
    rows = (
        (
            event.unit,
            *(f"{time_s:.3f}" for time_s in (event.onset_s, event.apex_s, event.offset_s)),
            f"{event.peak_probability:.4f}",
            "" if event.peak_intensity is None else f"{event.peak_intensity:.2f}",
        )
        for event in unit_events(measurement)
    )
    return csv_lines(_EVENTS, rows)


def _variability(folder: Path, summary: _Summary) -> HeartRateVariability | None:
    if summary.sdnn is None or summary.rmssd is None:
        return None
    # Without a heart rate, no beats are written.
    nothing: NDArray[np.float64] = np.zeros(0)
    beats = dict.fromkeys(_BEATS, nothing)
    if summary.heart_rate.value is not None:
        beats = _read(folder, BEATS, _BEATS)
    return HeartRateVariability(
        sdnn=summary.sdnn,
        rmssd=summary.rmssd,
        timing_noise_ms=summary.timing_noise_ms,
        beats_s=beats["timestamp_s"],
        beat_quality=beats["quality"],
        intervals_ms=beats["interval_ms"],
    )


def _text(folder: Path, name: str) -> str:
    try:
        return read_file(folder / name, _MOST_BYTES).decode()
    except UnicodeDecodeError:
        raise PhysiocamError(f"'{folder / name}' is not text; measure the recording again") from None
    except OSError as failure:
        raise PhysiocamError(
            f"'{folder / name}' cannot be read: {failure.strerror}; expected a folder with the files of a measurement"
        ) from None


def _read(folder: Path, name: str, needed: tuple[str, ...], rows: int | None = None) -> _Columns:
    """The columns of a table; empty cells become NaN."""
    header, *lines = list(csv.reader(io.StringIO(_text(folder, name)))) or [[]]
    missing = [column for column in needed if column not in header]
    if missing:
        raise PhysiocamError(f"'{folder / name}' has no column '{missing[0]}'; measure the recording again")
    if rows is not None and len(lines) != rows:
        raise PhysiocamError(f"'{folder / name}' has {len(lines)} rows; expected {rows}; measure the recording again")
    try:
        table = np.array([[float(cell or "nan") for cell in line] for line in lines]).reshape(len(lines), len(header))
    except ValueError:
        raise PhysiocamError(
            f"'{folder / name}' has a row that is not {len(header)} numbers; measure the recording again"
        ) from None
    return dict(zip(header, table.T, strict=True))
