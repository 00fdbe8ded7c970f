"""Differences between samples at any times, resampled to an even time grid."""

import numpy as np
from numpy.typing import NDArray


def even_differences(
    times_s: NDArray[np.float64], differences: NDArray[np.floating], grid_s: NDArray[np.float64], hole_s: float
) -> NDArray[np.float64]:
    """Resample a waveform that is given by its differences.

    The waveform, their sum, is interpolated linearly between samples; its differences from one grid time to the next
    are returned.

    Parameters
    ----------
    times_s : float64 array (T,), strictly rising
    differences : float array (T,)
        From each sample to the next; NaN where it is unknown. The last one is not used.
    grid_s : float64 array (G,), rising
    hole_s : float
        Samples further apart than this are separated by a gap.

    Returns
    -------
    float64 array (G,)
        NaN if a difference on the way to the next grid time is unknown or outside the samples, and at the last one.
    """
    even = np.full(len(grid_s), np.nan)
    if len(times_s) < 2 or len(grid_s) < 2:
        return even
    steps = np.where(np.diff(times_s) > hole_s, np.nan, differences[:-1].astype(np.float64))
    known = np.isfinite(steps)
    waveform = np.concatenate([[0.0], np.cumsum(np.where(known, steps, 0.0))])
    unknown_s = np.concatenate([[0.0], np.cumsum(np.where(known, 0.0, np.diff(times_s)))])
    even[:-1] = np.diff(np.interp(grid_s, times_s, waveform))
    # Rounding of the grid's times, which can reach into neighbours, must not lose a sample.
    blind = np.diff(np.interp(grid_s, times_s, unknown_s)) > 1e-3 * np.diff(grid_s)
    outside = (grid_s < times_s[0] - 1e-6) | (grid_s > times_s[-1] + 1e-6)
    even[:-1][blind | outside[:-1] | outside[1:]] = np.nan
    return even
