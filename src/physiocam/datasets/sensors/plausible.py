"""What a sensor's numbers can be: a searching oximeter's zeros are no heart rate, and ms are no seconds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.sensors.clock import Where
from physiocam.datasets.sensors.moving import FLAT_S, moving_values
from physiocam.errors import DatasetError

# Larger numbers are no measurement, and overflow when they are squared.
_LARGEST = 1e30

# An oximeter of seven bits says 127 where it knows nothing; it is also a rate that hearts have.
_SEVEN_BITS = 127.0
_NEAR = 10.0


@dataclass(frozen=True)
class Range:
    """What a quantity can be.

    Attributes
    ----------
    lowest, highest : float
    unit : str
    """

    lowest: float
    highest: float
    unit: str


RATES = {
    "heart_rate": Range(20.0, 250.0, "beats/min"),
    "breathing_rate": Range(2.0, 100.0, "breaths/min"),
}
_RANGES = {**RATES, "oxygen_saturation": Range(1.0, 100.0, "%")}

# Samples per second of a wave.
_RATES_HZ = {"pulse": (4.0, 20_000.0), "respiration": (1.0, 20_000.0)}
_UNITS_PER_S = {"ms": 1e3, "us": 1e6, "ns": 1e9, "min": 1 / 60}

# How many times as long as the video a signal is whose times are in another unit than was thought, and how near.
_OTHER_UNITS = {
    60.0: "seconds instead of minutes, or 1/60 s: name their column time_s",
    1 / 60: "minutes: name their column time_min",
    10.0: "tenths of a second: write them in s",
    0.1: "tens of seconds: write them in s",
    100.0: "hundredths of a second: write them in s",
    0.01: "hundreds of seconds: write them in s",
    1000.0: "ms: name their column time_ms",
    0.001: "s instead of ms: name their column time_s",
    1 / 3600: "hours: write them in s",
}
_NEAR_UNIT = 0.03


def check_rate(name: str, value: float) -> None:
    """Refuse a rate that nobody has.

    Parameters
    ----------
    name : str
        "heart_rate" or "breathing_rate".
    value : float
        Per minute.

    Raises
    ------
    DatasetError
        With the value and what was expected; the place is the caller's to name.
    """
    limits = RATES[name]
    if not limits.lowest <= value <= limits.highest:
        raise DatasetError(f"{name} is {value:g}; {_expected(limits, value)}")


def recorded_rates(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep the rates that a heart or a chest can have, of whatever was recorded or kept in a file.

    Parameters
    ----------
    name : "heart_rate" or "breathing_rate"
    values : float64 array (S,)
        Per minute.
    """
    limits = RATES[name]
    return values[(values >= limits.lowest) & (values <= limits.highest)]


def known_values(
    name: str, values: NDArray[np.float64], seconds: NDArray[np.float64], where: Where, notes: list[str]
) -> NDArray[np.float64]:
    """Make NaN of samples that are no measurement.

    Parameters
    ----------
    name : str
        Of the signal, such as "pulse" or "heart_rate"; of others only what is no number is not known.
    values, seconds : float64 arrays (S,)
    where : callable
        Names a sample, by its index, in a message.
    notes : list of str
        Gets a line for each kind of them.

    Returns
    -------
    float64 array (S,)

    Raises
    ------
    DatasetError
        If most rates are none, as when they are in Hz.
    """
    found = np.where(np.abs(values) < _LARGEST, values, np.nan)
    if unknown := int(np.count_nonzero(np.isnan(found))):
        notes.append(f"{name}: {unknown} samples are not numbers")
    if name in _RANGES:
        return _possible(name, found, _RANGES[name], where, notes)
    if name in FLAT_S:
        return moving_values(name, found, seconds, where, notes)
    return found


def check_sampling(name: str, rate_hz: float) -> None:
    """Refuse a wave whose samples are too far apart or too near, as when its times are in another unit.

    Raises
    ------
    DatasetError
    """
    lowest, highest = _RATES_HZ.get(name, (0.0, np.inf))
    if lowest <= rate_hz <= highest:
        return
    if rate_hz == 0:
        raise DatasetError(f"a single sample of a {name} wave; expected several seconds")
    fitting = [unit for unit, factor in _UNITS_PER_S.items() if lowest <= rate_hz * factor <= 5000]
    hint = f"; if its times are in {' or '.join(fitting)}, name their column time_{fitting[0]}" if fitting else ""
    raise DatasetError(
        f"a {name} wave of {rate_hz:.3g} samples per second; expected {lowest:g} to {highest:g} and times in s{hint}"
    )


def check_unit_of_times(lasts_s: float, video_s: float) -> None:
    """Refuse a signal that lasts as much longer or shorter than its video as one unit of time than another.

    Parameters
    ----------
    lasts_s, video_s : float
        In s; infinite where the video's is not known.

    Raises
    ------
    DatasetError
        The file is the caller's to name.
    """
    for ratio, unit in _OTHER_UNITS.items():
        if abs(lasts_s / video_s / ratio - 1) <= _NEAR_UNIT:
            raise DatasetError(
                f"lasts {lasts_s:.6g} s and the video {video_s:.6g} s; expected times in s, or a sampling rate in Hz. "
                f"If its times are in {unit}; if they are right, keep the part that the video shows"
            )


def _possible(
    name: str, values: NDArray[np.float64], limits: Range, where: Where, notes: list[str]
) -> NDArray[np.float64]:
    known = np.isfinite(values)
    idle = known & (values <= 0)
    stuck = known & _seven_bits(values) if name in RATES else np.zeros(len(values), dtype=bool)
    beyond = known & ~idle & ((values < limits.lowest) | (values > limits.highest))
    measured = known & ~idle & ~stuck & ~_sentinel(values)
    if name in RATES and 2 * np.count_nonzero(beyond & measured) > np.count_nonzero(measured):
        first = int(np.flatnonzero(beyond & measured)[0])
        raise DatasetError(f"{name} is {values[first]:g} in {where(first)}; {_expected(limits, values[first])}")
    unknown = idle | stuck | beyond
    if unknown.any():
        first = int(np.flatnonzero(unknown)[0])
        notes.append(
            f"{name}: {np.count_nonzero(unknown)} of {len(values)} samples are unknown, first {values[first]:g} in "
            f"{where(first)}; expected {limits.lowest:g} to {limits.highest:g} {limits.unit}"
        )
    return np.where(unknown, np.nan, values)


def _sentinel(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """All bits set, which oximeters write where they know nothing."""
    return np.isin(values, [2.0**bits - 1 for bits in (8, 9, 10, 15, 16)])


def _seven_bits(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Stretches of 127 without a rate near it on either side: hearts do not jump."""
    is_it: NDArray[np.bool_] = values == _SEVEN_BITS
    stuck = is_it.copy()
    edges = np.flatnonzero(np.diff(is_it, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2).tolist():
        beside = [values[i] for i in (start - 1, stop) if 0 <= i < len(values)]
        if any(abs(rate - _SEVEN_BITS) <= _NEAR for rate in beside):
            stuck[start:stop] = False
    return stuck


def _expected(limits: Range, value: float) -> str:
    hint = f"; if it is in Hz, give {60 * value:g}" if limits.lowest <= 60 * value <= limits.highest else ""
    return f"expected {limits.lowest:g} to {limits.highest:g} {limits.unit}{hint}"
