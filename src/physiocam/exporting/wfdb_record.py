"""WFDB: signals and annotations of a recording as a record of PhysioNet's tools."""

from pathlib import Path

import numpy as np

from physiocam.exporting.about import RecordingInfo, stem_of
from physiocam.exporting.channels import Channel, channels_of, start_s
from physiocam.exporting.events import BEAT, CUT, events_of
from physiocam.foundation.files import complete_files
from physiocam.results.measurement_data import MeasurementData

# 32 bits per sample, and steps of a millionth.
_FORMAT, _GAIN = "32", 1e6
_ANNOTATIONS = "atr"
_BEAT, _NOTE = "N", '"'


def write(measurement: MeasurementData, folder: Path, about: RecordingInfo) -> list[Path]:
    """Write NAME.hea, NAME.dat and NAME.atr; beats are N, other events are notes at their start and end."""
    import wfdb

    channels, name = channels_of(measurement), stem_of(measurement)
    marks = _marks(measurement)
    names = [f"{name}.dat", *([f"{name}.{_ANNOTATIONS}"] if marks else []), f"{name}.hea"]
    with complete_files(folder, names) as beside:
        wfdb.wrsamp(
            name, measurement.fs, [_unit(one) for one in channels], [one.name for one in channels],
            p_signal=np.stack([one.values for one in channels], axis=1), fmt=[_FORMAT] * len(channels),
            adc_gain=[_GAIN] * len(channels), baseline=[0] * len(channels),
            comments=[f"physiocam {measurement.version}", f"participant {about.participant}"],
            base_datetime=None if about.start is None else about.start.replace(tzinfo=None), write_dir=str(beside),
        )  # fmt: skip
        if marks:
            wfdb.wrann(
                name, _ANNOTATIONS, np.array([sample for sample, _, _ in marks]), [symbol for _, symbol, _ in marks],
                aux_note=[note for _, _, note in marks], fs=measurement.fs, write_dir=str(beside),
            )  # fmt: skip
    return [folder / one for one in names]


def _unit(channel: Channel) -> str:
    """NU, for no unit; a dot in a unit would end it."""
    return "NU" if channel.is_waveform or not channel.unit else channel.unit


def _marks(measurement: MeasurementData) -> list[tuple[int, str, str]]:
    """Sample, symbol and note of each annotation, in order."""
    origin, fs = start_s(measurement), measurement.fs
    found = []
    for event in events_of(measurement):
        if event.label == BEAT:
            found.append((event.start_s, _BEAT, ""))
        elif event.label == CUT:
            found.append((event.start_s, _NOTE, CUT))
        else:
            found += [(event.start_s, _NOTE, f"({event.label}"), (event.end_s, _NOTE, f"{event.label})")]
    last = measurement.frames - 1
    return sorted((min(round((time - origin) * fs), last), symbol, note) for time, symbol, note in found)
