"""Rates along a recording, for each of its frames."""

import numpy as np
from numpy.typing import NDArray

from physiocam.results.measurement_data import MeasurementData
from physiocam.signals.quantities import STEP_S


def each_frame(measurement: MeasurementData, along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the value of each second, repeated for its frames (T,); NaN in an incomplete second at the end."""
    second = (np.arange(measurement.frames) / measurement.fs / STEP_S).astype(int)
    return np.asarray(np.append(along, np.nan)[np.minimum(second, len(along))])
