"""Where a sensor's wave moves as waves do: what stands still, or is a rate written again and again, is none."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.sensors.clock import Where

# Seconds after which the same number again and again is no wave: longer than any pause of a heart, or of a chest.
FLAT_S = {"pulse": 1.0, "respiration": 5.0}

# A wave has several values a beat, or a breath; a rate that is written again and again changes once a second at most.
_CHANGES_HZ = {"pulse": 2.0, "respiration": 0.2}

# Some sensors write a rate more often. Then its numbers are whole, or have one decimal, and stand for some samples.
_RATE_CHANGES_HZ = {"pulse": 8.0, "respiration": 1.0}
_RATE_VALUES = {"pulse": (20.0, 250.0), "respiration": (2.0, 100.0)}
_RATE_HELD = 0.9

# A searching sensor's value stands for some samples, and again before a share of FLAT_S is over. It makes up more of
# such a stretch than the top of a wave that is clipped.
_RUN = 3
_GAP = 0.25
_SHARE = 0.8

# A searching sensor's values may also change among a few at one end of its range, nearer than a wave's to each other.
_END = 0.01
_FEW = 4


def moving_values(
    name: str, values: NDArray[np.float64], seconds: NDArray[np.float64], where: Where, notes: list[str]
) -> NDArray[np.float64]:
    """Make NaN of the samples of a wave where it stands still.

    Parameters
    ----------
    name : "pulse" or "respiration"
    values, seconds : float64 arrays (S,)
    where : callable
        Names a sample, by its index, in a message.
    notes : list of str
        Gets a line for each kind of them.

    Returns
    -------
    float64 array (S,)
    """
    if not np.isfinite(values).any():
        return values
    if len(values) > 1 and np.ptp(values) == 0:
        notes.append(f"{name}: the same value throughout")
        return np.full(len(values), np.nan)
    starts, stops = _runs(values)
    changes, duration = len(starts) - 1, float(seconds[-1] - seconds[0])
    if changes < _CHANGES_HZ[name] * duration or (
        changes < _RATE_CHANGES_HZ[name] * duration and _is_rate(name, values, stops - starts)
    ):
        notes.append(f"{name}: changes {changes} times in {duration:.1f} s, so it is a rate, not a wave; left out")
        return np.full(len(values), np.nan)
    found = values.copy()
    lasting = seconds[stops - 1] - seconds[starts] >= FLAT_S[name]
    for start, stop in zip(starts[lasting].tolist(), stops[lasting].tolist(), strict=True):
        found[start:stop] = np.nan
    if lasting.any():
        first, last = int(starts[lasting][0]), int(stops[lasting][0]) - 1
        count = int((stops - starts)[lasting].sum())
        notes.append(
            f"{name}: {count} of {len(values)} samples are unknown: the same value for {FLAT_S[name]:g} s or more, "
            f"first {values[first]:g} from {where(first)} to {where(last)}"
        )
    searching = np.zeros(len(values), dtype=bool)
    for start, stop in _searching(values, seconds, FLAT_S[name]):
        searching[start:stop] = True
    searching &= np.isfinite(found)
    if searching.any():
        first = int(np.flatnonzero(searching)[0])
        notes.append(
            f"{name}: {np.count_nonzero(searching)} of {len(values)} samples are unknown: almost only the same "
            f"few values for {FLAT_S[name]:g} s or more, first {values[first]:g} in {where(first)}"
        )
    return np.where(searching, np.nan, found)


def _runs(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First sample of each run of one value, and the sample behind its last; NaN differs from everything."""
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    return np.concatenate([[0], changes]), np.concatenate([changes, [len(values)]])


def _is_rate(name: str, values: NDArray[np.float64], lengths: NDArray[np.int64]) -> bool:
    known = values[np.isfinite(values)]
    lowest, highest = _RATE_VALUES[name]
    return bool(
        ((known >= lowest) & (known <= highest)).all()
        and (np.abs(10 * known - np.rint(10 * known)) < 1e-6).all()
        and lengths[lengths >= _RUN].sum() >= _RATE_HELD * len(values)
    )


def _searching(values: NDArray[np.float64], seconds: NDArray[np.float64], flat_s: float) -> Iterator[tuple[int, int]]:
    """Stretches of hardly anything but one value, or but a few at one end of the range."""
    yield from _stretches(values, seconds, flat_s)
    lowest, highest = np.nanmin(values), np.nanmax(values)
    near = _END * (highest - lowest)
    for at_end in (values <= lowest + near, values >= highest - near):
        for start, stop in _stretches(np.where(at_end, 1.0, np.nan), seconds, flat_s):
            if len(np.unique(values[start:stop][at_end[start:stop]])) <= _FEW:
                yield start, stop


def _stretches(values: NDArray[np.float64], seconds: NDArray[np.float64], flat_s: float) -> list[tuple[int, int]]:
    starts, stops = _runs(values)
    long = stops - starts >= _RUN
    starts, stops = starts[long], stops[long]
    if not len(starts):
        return []
    # Runs of one value beside each other, in order of time.
    order = np.argsort(values[starts], kind="stable")
    starts, stops = starts[order], stops[order]
    apart = (values[starts[1:]] != values[starts[:-1]]) | (
        seconds[starts[1:]] - seconds[stops[:-1] - 1] > _GAP * flat_s
    )
    begins = np.concatenate([[0], np.flatnonzero(apart) + 1])
    first, last = starts[begins], stops[np.append(begins[1:], len(starts)) - 1]
    still = (seconds[last - 1] - seconds[first] >= flat_s) & (
        np.add.reduceat(stops - starts, begins) >= _SHARE * (last - first)
    )
    return list(zip(first[still].tolist(), last[still].tolist(), strict=True))
