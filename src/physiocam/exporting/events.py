"""What happened in a recording, for formats that have events: active units, gaps without a face, cuts, beats."""

from dataclasses import dataclass

from physiocam.exporting.channels import start_s
from physiocam.results.measurement_data import MeasurementData
from physiocam.results.unit_events import unit_events
from physiocam.signals.waveform import stretches

GAP, CUT, BEAT = "no_face", "cut", "beat"


@dataclass(frozen=True)
class Event:
    """Something with a time.

    Attributes
    ----------
    label : str
        An action unit, "no_face", "cut" or "beat".
    start_s, end_s : float
        From the start of the video; equal for a beat and a cut.
    """

    label: str
    start_s: float
    end_s: float


def events_of(measurement: MeasurementData) -> list[Event]:
    """Return all events in order of time.

    Parameters
    ----------
    measurement : MeasurementData
    """
    origin, fs = start_s(measurement), measurement.fs
    found = [Event(one.unit, one.onset_s, one.offset_s) for one in unit_events(measurement)]
    found += [
        Event(GAP, origin + gap.start / fs, origin + gap.stop / fs) for gap in stretches(~measurement.face_found, 1)
    ]
    found += [Event(CUT, time, time) for time in measurement.cuts_s]
    if (variability := measurement.beats) is not None:
        found += [Event(BEAT, time, time) for time in variability.beats_s.tolist()]
    return sorted(found, key=lambda event: (event.start_s, event.label))
