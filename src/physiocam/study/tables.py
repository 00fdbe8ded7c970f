"""The tidy tables of a study: one row per recording, per segment and per epoch."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from physiocam.batch.outcome import VideoOutcome
from physiocam.errors import PhysiocamError
from physiocam.readable import readable
from physiocam.results.measurement import Measurement
from physiocam.results.unit_events import unit_events
from physiocam.study.design import CONDITION, PARTICIPANT, SESSION, Design, StudyRecording
from physiocam.study.dictionary import Column, columns_of, without_clash
from physiocam.study.segment import Segment
from physiocam.study.values import Part, Row, Value, part_values, whole_values

# Columns that are names, also if they look like numbers.
_LABELS = (PARTICIPANT, SESSION, CONDITION)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")

# A shorter rest at the end of a recording is not an epoch.
_LEAST_EPOCH = 0.5


@dataclass(frozen=True)
class StudyTable:
    """A tidy table.

    Attributes
    ----------
    name : str
        "recordings", "segments" or "epochs".
    columns : tuple of Column
    rows : tuple of mapping of str to float, int, str or None
        One value per column; None if it is not measured.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, float | int | str | None], ...]


def study_tables(design: Design, outcomes: Sequence[VideoOutcome], epoch_s: float) -> tuple[StudyTable, ...]:
    """Make the three tables of a measured study.

    Parameters
    ----------
    design : Design
    outcomes : sequence of VideoOutcome
        One per recording of the design.
    epoch_s : float
        Length of the epochs.

    Returns
    -------
    tuple of StudyTable
        recordings, segments, epochs.
    """
    recordings: list[Row] = []
    segments: list[Row] = []
    epochs: list[Row] = []
    for recording, outcome in zip(design.recordings, outcomes, strict=True):
        about: Row = {"recording": readable(recording.name), **_own(recording.columns)}
        measurement, error = _measurement(outcome)
        recordings.append(_recording_row(about, recording, measurement, error))
        events = () if measurement is None else unit_events(measurement)
        for one in recording.segments:
            part, note = (None, error) if measurement is None else _part_of(one, measurement)
            row: Row = about | _own(one.columns) | _span(one)
            row["note"] = note
            if measurement is not None and part is not None:
                row |= {"start_s": part.start_s, "end_s": part.end_s}
                row |= part_values(measurement, part, events)
            segments.append(row)
        if measurement is not None:
            epochs += [
                about | {"epoch": number, "start_s": part.start_s, "end_s": part.end_s}
                | part_values(measurement, part, events)
                for number, part in enumerate(_epochs(measurement.duration_s, epoch_s), 1)
            ]  # fmt: skip
    own = [without_clash(name) for name in (*design.columns, *design.segment_columns)]
    tables = {"recordings": recordings, "segments": segments, "epochs": epochs}
    return tuple(_table(name, rows, own) for name, rows in tables.items())


def _measurement(outcome: VideoOutcome) -> tuple[Measurement | None, str | None]:
    try:
        return outcome.measurement(), None
    except PhysiocamError as error:
        return None, str(error)


def _recording_row(about: Row, recording: StudyRecording, measurement: Measurement | None, error: str | None) -> Row:
    row: Row = about | {
        "video": readable(recording.video),
        "error": error,
        "problems": "; ".join(recording.problems) or None,
    }
    if measurement is None:
        return row
    row |= {
        "notes": "; ".join(measurement.notes) or None,
        "duration_s": measurement.duration_s,
        "fs": measurement.fs,
        "frames": measurement.frames,
    }
    return row | whole_values(measurement, unit_events(measurement))


def _own(columns: Mapping[str, str]) -> Row:
    return {without_clash(name): cell or None for name, cell in columns.items()}


def _span(one: Segment) -> Row:
    known = one.problem is None
    return {
        "segment": one.label or None,
        "tier": one.tier or None,
        "start_s": one.start_s if known else None,
        "end_s": one.end_s if known else None,
    }


def _part_of(one: Segment, measurement: Measurement) -> tuple[Part | None, str | None]:
    """The part of the recording that a segment has, and what is unusual about it."""
    lasts = measurement.duration_s
    if one.problem is not None:
        return None, one.problem
    if one.start_s >= lasts:
        return None, f"it starts at {one.start_s:g} s, after the end of the recording at {lasts:.1f} s"
    if one.end_s == one.start_s:
        return None, "it is a marker without a length; give the time around it"
    if one.end_s is None or one.end_s <= lasts:
        return Part(one.start_s, lasts if one.end_s is None else one.end_s), None
    return Part(one.start_s, lasts), f"it ends at {one.end_s:g} s, after the end of the recording at {lasts:.1f} s"


def _epochs(duration_s: float, epoch_s: float) -> list[Part]:
    starts = np.arange(0.0, duration_s, epoch_s)
    parts = [Part(float(start), min(float(start) + epoch_s, duration_s)) for start in starts]
    return [part for part in parts if part.duration_s >= _LEAST_EPOCH * epoch_s]


def _table(name: str, rows: Sequence[Row], own: Sequence[str]) -> StudyTable:
    # The longest row first, for its order; without a row, the file still has a header.
    names = dict.fromkeys(key for row in sorted(rows, key=len, reverse=True) for key in row)
    names = names or dict.fromkeys(("recording", *own, "start_s", "end_s"))
    numbers = [key for key in own if key in names and key not in _LABELS and _all_numbers(row.get(key) for row in rows)]
    full = tuple({key: _value(row.get(key), key in numbers) for key in names} for row in rows)
    return StudyTable(name, tuple(columns_of(names, own)), full)


def _all_numbers(cells: Iterable[Value]) -> bool:
    """Whether the cells of a study's own column are numbers; 007 is a name."""
    filled = [str(cell) for cell in cells if cell is not None]
    return bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)


def _value(value: Value, is_number: bool) -> Value:
    if is_number and isinstance(value, str):
        return float(value) if "." in value else int(value)
    # More digits mean nothing.
    return round(value, 6) if isinstance(value, float) else value
