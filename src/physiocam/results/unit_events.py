"""When action units begin, culminate and end: events, as coders of faces note them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import ACTIVE_THRESHOLD, BLINK
from physiocam.results.measurement_data import MeasurementData
from physiocam.signals.waveform import scenes_of

# An event begins above the threshold of activity and ends below this; pauses and events shorter than these are none.
_ENDS_BELOW = 0.4
_SHORTEST_PAUSE_S = 0.2
_SHORTEST_S = 0.25
# A blink lasts a tenth of a second to half a second; eyes that are closed longer do not blink.
_SHORTEST_BLINK_S, _LONGEST_BLINK_S = 0.05, 0.7


@dataclass(frozen=True)
class UnitEvent:
    """One activation of an action unit.

    Attributes
    ----------
    unit : str
        Label, such as "AU12".
    onset_s, apex_s, offset_s : float
        When it begins, is strongest, and ends, in seconds from the start of the recording.
    peak_probability : float
        The highest in it.
    peak_intensity : float or None
        The highest in it, 0..5; None if the bundle does not give intensities.
    """

    unit: str
    onset_s: float
    apex_s: float
    offset_s: float
    peak_probability: float
    peak_intensity: float | None


def unit_events(measurement: MeasurementData) -> tuple[UnitEvent, ...]:
    """Return every event of every action unit, in the order of their onsets.

    An event begins where the probability rises to 0.5 and ends where it falls below 0.4. Pauses of less than 0.2 s do
    not end it, and what is shorter than 0.25 s (a blink: 0.05 s) is left out. Gaps and cuts end events.

    Parameters
    ----------
    measurement : MeasurementData
    """
    events = [event for label in measurement.action_units for event in _events_of(measurement, label)]
    return tuple(sorted(events, key=lambda event: (event.onset_s, event.unit)))


def blinks_per_minute(measurement: MeasurementData) -> float | None:
    """Return blinks per minute of the time in which the eyes were seen, or None if blinks are not measured."""
    if BLINK not in measurement.action_units:
        return None
    column = list(measurement.action_units).index(BLINK)
    seen_s = float(np.isfinite(measurement.action_unit_probability[:, column]).sum()) / measurement.fs
    if not seen_s:
        return None
    closed = _events_of(measurement, BLINK)
    return 60.0 * sum(event.offset_s - event.onset_s <= _LONGEST_BLINK_S for event in closed) / seen_s


def _events_of(measurement: MeasurementData, label: str) -> list[UnitEvent]:
    """Events of one action unit."""
    # As in the files, so that they never contradict each other.
    column = list(measurement.action_units).index(label)
    probability = measurement.action_unit_probability[:, column].astype(np.float64).round(4)
    intensity = None
    if label in measurement.intensity_labels:
        intensity = measurement.intensity[:, measurement.intensity_labels.index(label)].astype(np.float64).round(2)
    strength = probability if intensity is None else intensity
    events = []
    shortest_s = _SHORTEST_BLINK_S if label == BLINK else _SHORTEST_S
    runs = [
        (scene.start + start, scene.start + stop)
        for scene in scenes_of(len(probability), measurement.cuts)
        for start, stop in _runs(probability[scene], measurement.fs, shortest_s)
    ]
    for start, stop in runs:
        apex = start + int(np.nanargmax(strength[start:stop]))
        events.append(
            UnitEvent(
                label,
                float(measurement.timestamps_s[start]),
                float(measurement.timestamps_s[apex]),
                float(measurement.timestamps_s[stop - 1] + 1.0 / measurement.fs),
                float(np.nanmax(probability[start:stop])),
                None if intensity is None else float(np.nanmax(intensity[start:stop])),
            )
        )
    return events


def _runs(probability: NDArray[np.float64], fs: float, shortest_s: float) -> list[tuple[int, int]]:
    """First and one past the last frame of each event."""
    runs: list[tuple[int, int]] = []
    known = np.isfinite(probability)
    begun: int | None = None
    values = np.where(known, probability, -1.0).tolist()
    for frame, value in enumerate([*values, -1.0]):
        if begun is None and value >= ACTIVE_THRESHOLD:
            begun = frame
        elif begun is not None and value < _ENDS_BELOW:
            last = runs[-1] if runs else None
            if last and begun - last[1] < _SHORTEST_PAUSE_S * fs and known[last[1] : begun].all():
                runs[-1] = (last[0], frame)
            else:
                runs.append((begun, frame))
            begun = None
    return [(start, stop) for start, stop in runs if stop - start >= shortest_s * fs - 1e-6]
