"""Events of action units: when each began, and when it ended."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.results.measurement_data import MeasurementData
from physiocam.signals.waveform import stretches

# Shorter interruptions are closed, and shorter events left out: single frames flicker around the threshold.
SHORTEST_S = 0.1


@dataclass(frozen=True)
class UnitEvent:
    """One stretch of time in which an action unit was active.

    Attributes
    ----------
    label : str
        Of the unit, such as "AU12".
    start_s, end_s : float
        Of the first frame, and after the last one.
    peak_probability : float
        The highest in it.
    """

    label: str
    start_s: float
    end_s: float
    peak_probability: float


def unit_events(measurement: MeasurementData) -> list[UnitEvent]:
    """Find the events of all action units.

    A unit is active where its probability is at least 0.5. Interruptions and events of less than 0.1 s do not count; a
    gap without a face ends an event.

    Parameters
    ----------
    measurement : MeasurementData

    Returns
    -------
    list of UnitEvent
        In order of time.
    """
    fs, origin = measurement.fs, float(measurement.timestamps_s[:1].sum())
    found = []
    for label, probability in zip(measurement.action_units, measurement.action_unit_probability.T, strict=True):
        for run in _active(probability, fs):
            peak = float(np.nanmax(probability[run]))
            found.append(UnitEvent(label, origin + run.start / fs, origin + run.stop / fs, peak))
    return sorted(found, key=lambda event: (event.start_s, event.label))


def _active(probability: NDArray[np.float32], fs: float) -> list[slice]:
    """Runs of active frames, with short interruptions closed and short runs left out."""
    known = np.isfinite(probability)
    closed: list[slice] = []
    for run in stretches(known & (probability >= ACTIVE_THRESHOLD), 1):
        before = closed[-1].stop if closed else None
        if before is not None and run.start - before < SHORTEST_S * fs and known[before : run.start].all():
            closed[-1] = slice(closed[-1].start, run.stop)
        else:
            closed.append(run)
    return [run for run in closed if run.stop - run.start >= SHORTEST_S * fs]
