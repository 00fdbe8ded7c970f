"""BIDS: continuous physiology and events of a recording in a data set of the Brain Imaging Data Structure."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from physiocam.exporting.about import RecordingInfo
from physiocam.exporting.channels import Channel, channels_of, start_s
from physiocam.exporting.events import events_of
from physiocam.foundation.files import complete_files
from physiocam.networks.action_units import ACTION_UNIT_NAMES
from physiocam.results.measurement_data import MeasurementData

_VERSION = "1.10.0"
_ROOT = ("dataset_description.json", "README.md")

# Names that BIDS gives to columns of physiology.
_COLUMNS = {"pulse": "cardiac", "respiration": "respiratory"}

_README = """# Facial videos, measured

Each `*_physio.tsv.gz` holds signals that physiocam measured in the video of a face, and the JSON file next to it names
their columns, units and sampling rate. Missing values are n/a: no face, or no rate that stands out from the noise. The
`*_events.tsv` list when facial action units were active, when no face was seen, hard cuts, and beats.
"""


def write(measurement: MeasurementData, folder: Path, about: RecordingInfo) -> list[Path]:
    """Write physio and events of a recording into a data set; its description is written if there is none."""
    session = f"ses-{about.session}" if about.session else ""
    person = f"sub-{about.participant}"
    place = folder / person / session / "beh"
    name = "_".join(part for part in (person, session, f"task-{about.task}") if part)
    physio, events = f"{name}_recording-video_physio", f"{name}_events"
    channels = channels_of(measurement)
    contents = {
        f"{physio}.tsv.gz": _gzipped(_rows(channels)),
        f"{physio}.json": _json(_physio_about(measurement, channels)),
        f"{events}.tsv": _events(measurement),
        f"{events}.json": _json(_events_about(measurement)),
    }
    return [*_description(folder, measurement), *_written(place, contents)]


def _description(folder: Path, measurement: MeasurementData) -> list[Path]:
    about = {
        "Name": "Physiology and facial action units from video",
        "BIDSVersion": _VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "physiocam", "Version": measurement.version}],
    }
    contents = dict(zip(_ROOT, (_json(about), _README.encode()), strict=True))
    return _written(folder, {name: text for name, text in contents.items() if not (folder / name).exists()})


def _written(folder: Path, contents: dict[str, bytes]) -> list[Path]:
    with complete_files(folder, list(contents)) as beside:
        for name, content in contents.items():
            (beside / name).write_bytes(content)
    return [folder / name for name in contents]


def _rows(channels: Sequence[Channel]) -> str:
    rows = np.stack([channel.values for channel in channels], axis=1).tolist()
    return "".join("\t".join(_cell(value) for value in row) + "\n" for row in rows)


def _cell(value: float) -> str:
    return f"{value:.9g}" if np.isfinite(value) else "n/a"


def _gzipped(text: str) -> bytes:
    # Without a time, the same content gives the same file.
    return gzip.compress(text.encode(), mtime=0)


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _physio_about(measurement: MeasurementData, channels: Iterable[Channel]) -> dict[str, Any]:
    named = {_COLUMNS.get(channel.name, channel.name): channel for channel in channels}
    return {
        "SamplingFrequency": measurement.fs,
        "StartTime": start_s(measurement),
        "Columns": list(named),
        "PhysioType": "generic",
        "Manufacturer": "physiocam",
        "SoftwareVersions": measurement.version,
        **{
            name: {
                "Description": channel.description,
                "Units": "arbitrary" if channel.is_waveform else channel.unit or "1",
            }
            for name, channel in named.items()
        },
    }


def _events(measurement: MeasurementData) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(("onset", "duration", "trial_type"))
    for event in events_of(measurement):
        writer.writerow((f"{event.start_s:.6f}", f"{event.end_s - event.start_s:.6f}", event.label))
    return text.getvalue().encode()


def _events_about(measurement: MeasurementData) -> dict[str, Any]:
    levels = {label: f"{unit.name} active" for label, unit in measurement.action_units.items()}
    return {
        "onset": {"Description": "start, from the start of the video", "Units": "s"},
        "duration": {"Description": "length; 0 for a beat and a cut", "Units": "s"},
        "trial_type": {
            "LongName": "Event",
            "Description": "Facial action unit, gap, cut or beat",
            "Levels": {
                **(levels or ACTION_UNIT_NAMES),
                "no_face": "no face was found",
                "cut": "another scene begins",
                "beat": "beat of the pulse",
            },
        },
        "StimulusPresentation": {"SoftwareName": "none"},
    }
