"""MATLAB: the signals and events as a MAT file of version 5."""

from pathlib import Path

import numpy as np

from physiocam.exporting.about import RecordingInfo, stem_of
from physiocam.exporting.channels import channels_of, start_s
from physiocam.exporting.events import events_of
from physiocam.foundation.files import complete_file
from physiocam.results.measurement_data import MeasurementData


def write(measurement: MeasurementData, folder: Path, about: RecordingInfo) -> list[Path]:
    """Write NAME.mat with one structure, `physiocam`; missing values are NaN."""
    from scipy.io import savemat

    events = events_of(measurement)
    channels = channels_of(measurement)
    content = {
        "fs": measurement.fs,
        "time_s": start_s(measurement) + np.arange(measurement.frames) / measurement.fs,
        "signals": {one.name: one.values for one in channels},
        "units": {one.name: one.unit or "1" for one in channels},
        "descriptions": {one.name: one.description for one in channels},
        "events": {
            "label": np.array([one.label for one in events], dtype=object),
            "start_s": np.array([one.start_s for one in events]),
            "end_s": np.array([one.end_s for one in events]),
        },
        "summary": measurement.to_json(),
        "participant": about.participant,
        "start": "" if about.start is None else about.start.isoformat(),
        "version": measurement.version,
    }
    path = folder / f"{stem_of(measurement)}.mat"
    with complete_file(path) as beside:
        savemat(beside, {"physiocam": content}, oned_as="column", long_field_names=True)
    return [path]
