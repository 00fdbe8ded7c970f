"""By how much one recording's clock is behind another's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.evaluation.rate_source import Series

# Waveforms are compared at this, in Hz.
_HZ = 20.0

# A smaller correlation, in size, is found between any two recordings; and this much must overlap.
_LEAST_CORRELATION = 0.4
_LEAST_OVERLAP_S = 8.0

# Of shifts that leave hardly more unexplained than the best one, by this factor and this much, the smallest is taken:
# of a steady heart they are whole beats apart.
_ALIKE, _ALIKE_LEAST = 1.05, 0.003


@dataclass(frozen=True)
class Lag:
    """A shift of times.

    Attributes
    ----------
    shift_s : float
        Added to the times of the other recording, it makes them those of the reference.
    correlation : float
        Of the two waveforms after the shift.
    is_sure : bool
        Whether no other shift fits nearly as well.
    """

    shift_s: float
    correlation: float
    is_sure: bool


def find_lag(reference: Series, other: Series, most_s: float) -> Lag | None:
    """Find the shift at which two waveforms are most alike.

    Parameters
    ----------
    reference, other : Series
    most_s : float
        The largest shift, in either direction.

    Returns
    -------
    Lag or None
        None if no shift makes them alike.
    """
    first = min(reference.times_s[0], other.times_s[0] - most_s)
    last = max(reference.times_s[-1], other.times_s[-1] + most_s)
    grid = np.arange(first, last + 1 / _HZ, 1 / _HZ)
    a, b = _on(grid, reference), _on(grid, other)
    most = round(most_s * _HZ)
    steps = np.arange(-most, most + 1)
    found = np.array([abs(_correlation(a, b, int(step))) for step in steps])
    if found.max() < _LEAST_CORRELATION:
        return None
    around, alike = np.pad(found, 1), _ALIKE * (1.0 - found.max()) + _ALIKE_LEAST
    peaks = np.flatnonzero((found >= around[:-2]) & (found >= around[2:]) & (1.0 - found <= alike))
    step = int(min(steps[peaks], key=abs))
    return Lag(step / _HZ, _correlation(a, b, step), len(peaks) == 1)


def _on(grid: NDArray[np.float64], series: Series) -> NDArray[np.float64]:
    """The values on a grid; NaN where there is none within half a step of a known one."""
    known = np.isfinite(series.values)
    times = series.times_s[known]
    if not len(times):
        return np.full(len(grid), np.nan)
    values = np.interp(grid, times, series.values[known])
    after = np.searchsorted(times, grid).clip(1, len(times) - 1) if len(times) > 1 else np.zeros(len(grid), dtype=int)
    nearest = np.minimum(np.abs(grid - times[after - 1]), np.abs(grid - times[after]))
    return np.where(nearest <= 1 / _HZ, values, np.nan)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64], step: int) -> float:
    """Correlation with `b` moved later by some samples; 0 where too little overlaps."""
    x, y = (a[step:], b[: len(b) - step]) if step >= 0 else (a[:step], b[-step:])
    both = np.isfinite(x) & np.isfinite(y)
    if np.count_nonzero(both) < _LEAST_OVERLAP_S * _HZ:
        return 0.0
    x, y = x[both] - x[both].mean(), y[both] - y[both].mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0
