"""What sensors and coders recorded, at the frames of a measurement, for the overlay video."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.alignment import onto_frames
from physiocam.datasets.recording import UNKNOWN, Recording
from physiocam.results.measurement import Measurement
from physiocam.signals.quantities import WAVEFORM_TASKS, Quantity
from physiocam.signals.rate import estimate_rate
from physiocam.signals.waveform import clean_waveform


@dataclass(frozen=True, eq=False)
class Truth:
    """Sensors' waves and coders' codes, one value for each frame of a measurement.

    Attributes
    ----------
    waveforms : mapping of Quantity to float64 array (T,)
        Filtered like the measured ones, of standard deviation 1; NaN where the sensor did not record.
    rates : mapping of Quantity to float or None
        Of the whole recording, per minute, from the wave.
    codes : mapping of str to int8 array (T,)
        By action unit: 1 present, 0 absent, -1 unknown.
    """

    waveforms: Mapping[Quantity, NDArray[np.float64]] = field(default_factory=dict)
    rates: Mapping[Quantity, float | None] = field(default_factory=dict)
    codes: Mapping[str, NDArray[np.int8]] = field(default_factory=dict)


def truth_of(recording: Recording, measurement: Measurement) -> Truth:
    """Bring what a data set says about a recording to the frames of its measurement.

    Parameters
    ----------
    recording : Recording
        As its reader loads it.
    measurement : Measurement
        Of its frames.
    """
    times, settings = measurement.timestamps_s, measurement.settings
    waveforms: dict[Quantity, NDArray[np.float64]] = {}
    rates: dict[Quantity, float | None] = {}
    for quantity, task in WAVEFORM_TASKS.items():
        if task in recording.signals:
            difference = np.append(np.diff(onto_frames(recording.signals[task], times)), np.nan)
            waveforms[quantity] = clean_waveform(difference, measurement.fs, quantity, settings)
            rates[quantity] = estimate_rate(difference, measurement.fs, quantity, settings).value
    codes: dict[str, NDArray[np.int8]] = {}
    if recording.action_units is not None:
        occurrence = recording.action_units.occurrence
        # Coders number the frames of the file; a measurement may have another rate.
        rows = np.round(np.linspace(0, len(occurrence) - 1, measurement.frames)).astype(int)
        for column, label in enumerate(recording.action_units.labels):
            if (occurrence[:, column] != UNKNOWN).any():
                codes[label] = occurrence[rows, column]
    return Truth(waveforms, rates, codes)
