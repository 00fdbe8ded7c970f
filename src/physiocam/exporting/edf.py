"""EDF+: the signals with annotations, for programs that score polysomnography and EEG."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.exporting.about import RecordingInfo, stem_of
from physiocam.exporting.channels import Channel, channels_of, start_s
from physiocam.exporting.events import events_of
from physiocam.foundation.files import complete_file
from physiocam.results.measurement_data import MeasurementData

# EDF has no sign for a missing value. No rate and no probability is this.
MISSING = -1.0

# Ranges of values, so that all files have the same scale.
_WAVEFORM = (-8.0, 8.0)
_RATE = (MISSING, 300.0)
_SHARE = (MISSING, 1.0)


def write(measurement: MeasurementData, folder: Path, about: RecordingInfo) -> list[Path]:
    """Write NAME.edf. Missing waveforms are 0 and have an annotation; missing rates and probabilities are -1."""
    from edfio import Edf, EdfAnnotation, EdfSignal, Patient, Recording

    # The header has eight characters for the length of a record.
    per_record = max(round(measurement.fs), 1)
    record_s = round(per_record / measurement.fs, 6)
    origin = start_s(measurement)
    signals = [
        EdfSignal(
            _filled(channel, per_record),
            per_record / record_s,
            # At most 16 characters.
            label=channel.name.replace("_quality", "_q"),
            transducer_type="video of the face",
            physical_dimension=_unit(channel),
            physical_range=_range(channel),
            prefiltering="" if channel.is_waveform else "missing is -1",
        )
        for channel in channels_of(measurement)
    ]
    notes = [
        EdfAnnotation(event.start_s - origin, event.end_s - event.start_s, event.label)
        for event in events_of(measurement)
    ]
    notes.append(EdfAnnotation(measurement.duration_s, None, "end of the recording"))
    start = about.start
    written = Edf(
        signals,
        patient=Patient(code=about.participant),
        recording=Recording(
            startdate=None if start is None else start.date(), equipment_code=f"physiocam_{measurement.version}"
        ),
        starttime=None if start is None else start.time(),
        data_record_duration=record_s,
        annotations=notes,
    )
    path = folder / f"{stem_of(measurement)}.edf"
    with complete_file(path) as beside:
        written.write(beside)
    return [path]


def _filled(channel: Channel, per_record: int) -> NDArray[np.float64]:
    """Values without gaps, up to the end of a record."""
    low, high = _range(channel)
    missing = 0.0 if channel.is_waveform else MISSING
    rest = -len(channel.values) % per_record
    values = np.append(channel.values, np.full(rest, np.nan))
    return np.clip(np.where(np.isfinite(values), values, missing), low, high)


def _unit(channel: Channel) -> str:
    """At most eight characters."""
    return channel.unit if channel.is_waveform else "1/min" if channel.unit else "1"


def _range(channel: Channel) -> tuple[float, float]:
    if channel.is_waveform:
        return _WAVEFORM
    return _RATE if channel.unit else _SHARE
