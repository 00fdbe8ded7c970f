"""A sensor's signal at the times of the frames."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import Signal
from physiocam.datasets.sensors.clock import longest_step, rate_of

Alignment = Literal["linear", "release"]


def onto_frames(signal: Signal, timestamps_s: NDArray[np.float64], method: Alignment = "linear") -> NDArray[np.float64]:
    """Values of a signal at the times of the frames.

    Parameters
    ----------
    signal : Signal
    timestamps_s : float64 array (T,)
        Times of all frames of the recording, on its clock.
    method : "linear" or "release"
        "linear" interpolates between the two samples around a frame's time. "release" stretches the samples over the
        frames whatever their times, as the code of the paper does: frame j of T has the value at sample j S / (T - 1),
        and the last frames have that of the last sample.

    Returns
    -------
    float64 array (T,)
        NaN where the sensor did not record, and where the samples around a frame are missing ("linear" only). A frame
        within half a sample of the first or last sample, or of one next to a gap, has its value.
    """
    values, times = signal.values, signal.timestamps_s
    if method == "release":
        stretched = np.linspace(0, len(values), len(timestamps_s))
        return np.interp(stretched, np.arange(len(values)), values)
    step = 1.0 / rate_of(times) if len(times) > 1 else 2e-9
    # Each frame's neighbours: the last sample at or before it, and the first after it.
    after = np.clip(np.searchsorted(times, timestamps_s, side="right"), 1, max(len(times) - 1, 1))
    before, after = after - 1, np.minimum(after, len(times) - 1)
    nearer = np.where(timestamps_s - times[before] <= times[after] - timestamps_s, before, after)
    near = np.abs(timestamps_s - times[nearer]) <= step / 2 + 1e-9
    between = (timestamps_s >= times[0]) & (timestamps_s <= times[-1])
    covered = between & (times[after] - times[before] <= longest_step(times))
    onto = np.interp(timestamps_s, times, values)
    return np.where(covered, onto, np.where(near, values[nearer], np.nan))
