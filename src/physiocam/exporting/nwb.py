"""NWB: signals and events of a recording in Neurodata Without Borders."""

from pathlib import Path

import numpy as np

from physiocam.errors import PhysiocamError
from physiocam.exporting.about import RecordingInfo, stem_of
from physiocam.exporting.channels import channels_of, start_s
from physiocam.exporting.events import events_of
from physiocam.foundation.files import complete_file
from physiocam.results.measurement_data import MeasurementData


def write(measurement: MeasurementData, folder: Path, about: RecordingInfo) -> list[Path]:
    """Write NAME.nwb; action units are one series of columns, missing values are NaN.

    Raises
    ------
    PhysiocamError
        Without the time at which the recording began, which NWB needs.
    """
    from pynwb import NWBHDF5IO, NWBFile, TimeSeries
    from pynwb.epoch import TimeIntervals
    from pynwb.file import Subject

    if about.start is None:
        raise PhysiocamError("start is missing; NWB needs the time at which the recording began, start=")
    stem, fs, origin = stem_of(measurement), measurement.fs, start_s(measurement)
    file = NWBFile(
        session_description=f"video of a face, measured with physiocam {measurement.version}",
        identifier=f"{stem} {about.start.isoformat()}",
        session_start_time=about.start if about.start.tzinfo else about.start.astimezone(),
        session_id=about.session or None,
        subject=Subject(subject_id=about.participant, species="Homo sapiens"),
    )
    module = file.create_processing_module(name="behavior", description="measured in the video")
    units = set(measurement.action_units)
    for channel in channels_of(measurement):
        if channel.name not in units:
            module.add(
                TimeSeries(
                    name=channel.name, data=channel.values, unit=channel.unit or "1", rate=fs, starting_time=origin,
                    description=channel.description,
                )
            )  # fmt: skip
    if units:
        module.add(
            TimeSeries(
                name="action_units", data=np.asarray(measurement.action_unit_probability, dtype=np.float64), unit="1",
                rate=fs, starting_time=origin,
                description="probability of each action unit, 0 to 1; columns: " + ", ".join(measurement.action_units),
            )
        )  # fmt: skip
    events = TimeIntervals(name="events", description="active action units, gaps without a face, cuts, and beats")
    events.add_column(name="label", description="action unit, no_face, cut or beat")
    for event in events_of(measurement):
        events.add_interval(start_time=event.start_s, stop_time=event.end_s, label=event.label)
    file.add_time_intervals(events)
    path = folder / f"{stem}.nwb"
    with complete_file(path) as beside, NWBHDF5IO(str(beside), "w") as opened:
        opened.write(file)
    return [path]
