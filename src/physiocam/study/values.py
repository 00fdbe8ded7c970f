"""What was measured in a part of a recording: rates, variability, action units."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.report.missing_rates import rate_of, why_no_rate
from physiocam.results.measurement import Measurement
from physiocam.results.unit_events import UnitEvent
from physiocam.signals.quantities import UNITS, Quantity
from physiocam.signals.rate import Rate
from physiocam.signals.rate_notes import NAMES
from physiocam.signals.variability import HeartRateVariability, heart_rate_variability

Value = float | int | str | None
Row = dict[str, Value]

_RATES: dict[Quantity, str] = {"heart": "heart_rate", "breathing": "breathing_rate"}
# Times are compared up to this, in seconds.
_CLOSE = 1e-6


@dataclass(frozen=True)
class Part:
    """A part of a recording, within it.

    Attributes
    ----------
    start_s, end_s : float
    """

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


def whole_values(measurement: Measurement, events: Sequence[UnitEvent]) -> Row:
    """Return what was measured in the whole recording.

    Parameters
    ----------
    measurement : Measurement
    events : sequence of UnitEvent
        Of the measurement.
    """
    row: Row = {"face_found_fraction": measurement.face.found_fraction}
    for quantity, name in _RATES.items():
        rate, along, _ = rate_of(measurement, quantity)
        row |= _rate_values(name, rate, _share(np.isfinite(along.value)))
        if rate.interval is not None:
            row |= {f"{name}_low": rate.interval[0], f"{name}_high": rate.interval[1]}
    row |= _variability_values(measurement.heart_rate_variability)
    return row | _unit_values(measurement, Part(0.0, measurement.duration_s), events)


def part_values(measurement: Measurement, part: Part, events: Sequence[UnitEvent]) -> Row:
    """Return what was measured in a part of the recording.

    A rate is the mean of the rates along the recording whose windows lie in the part; see docs/study.md.

    Parameters
    ----------
    measurement : Measurement
    part : Part
    events : sequence of UnitEvent
        Of the measurement.
    """
    found = measurement.face_found[_frames(measurement, part)]
    row: Row = {"face_found_fraction": _share(found)}
    rates: dict[Quantity, Rate] = {}
    for quantity, name in _RATES.items():
        rates[quantity], coverage = _rate_in(measurement, quantity, part)
        row |= _rate_values(name, rates[quantity], coverage)
    if measurement.heart_rate_variability is not None:
        pulse = measurement.pulse_band[_frames(measurement, part)]
        row |= _variability_values(heart_rate_variability(pulse, measurement.fs, rates["heart"]))
    return row | _unit_values(measurement, part, events)


def _rate_in(measurement: Measurement, quantity: Quantity, part: Part) -> tuple[Rate, float]:
    """The rate of a part, and the share of its seconds that have one."""
    whole, along, _ = rate_of(measurement, quantity)
    settings, unit, name = measurement.settings.of(quantity), UNITS[quantity], NAMES[quantity]
    if part.duration_s < settings.minimum_s - _CLOSE:
        return Rate(None, unit, 0.0, f"{part.duration_s:.1f} s long; {name} needs {settings.minimum_s:g} s"), 0.0
    times, half = measurement.rates_timestamps_s, settings.window_s / 2
    if not len(times):
        return Rate(None, unit, 0.0, whole.note or "the recording is too short for rates along it"), 0.0
    # Windows end with the recording.
    origin = float(measurement.timestamps_s[0])
    starts = np.maximum(times - half, origin)
    ends = np.minimum(times + half, origin + measurement.duration_s)
    inside = (starts >= part.start_s - _CLOSE) & (ends <= part.end_s + _CLOSE)
    note = None
    if not inside.any():
        inside = np.arange(len(times)) == np.argmin(np.abs(times - (part.start_s + part.end_s) / 2))
        beyond = max(part.start_s - starts[inside][0], ends[inside][0] - part.end_s)
        note = f"the window of {settings.window_s:g} s reaches {beyond:.1f} s beyond"
    value, quality = along.value[inside], along.quality[inside]
    known = np.isfinite(value)
    if not known.any():
        reasons = Counter(np.array(why_no_rate(measurement, quantity), dtype=object)[inside].tolist())
        return Rate(None, unit, float(quality.mean()), reasons.most_common(1)[0][0]), 0.0
    return Rate(float(value[known].mean()), unit, float(quality[known].mean()), note), _share(known)


def _rate_values(name: str, rate: Rate, coverage: float) -> Row:
    return {
        name: rate.value,
        f"{name}_quality": rate.quality,
        f"{name}_coverage": coverage,
        f"{name}_note": rate.note,
    }


def _variability_values(variability: HeartRateVariability | None) -> Row:
    if variability is None:
        return {}
    return {
        key: value
        for name, spread in (("sdnn", variability.sdnn), ("rmssd", variability.rmssd))
        for key, value in ((f"{name}_ms", spread.value), (f"{name}_note", spread.note))
    }


def _unit_values(measurement: Measurement, part: Part, events: Sequence[UnitEvent]) -> Row:
    row: Row = {}
    probability = measurement.action_unit_probability[_frames(measurement, part)].astype(np.float64)
    for index, label in enumerate(measurement.action_units):
        known = probability[np.isfinite(probability[:, index]), index]
        begun = sum(one.unit == label and part.start_s <= one.onset_s < part.end_s for one in events)
        seen_s = len(known) / measurement.fs
        row |= {
            f"{label}_mean_probability": float(known.mean()) if len(known) else None,
            f"{label}_active_fraction": float((known >= ACTIVE_THRESHOLD).mean()) if len(known) else None,
            f"{label}_events_per_minute": 60.0 * begun / seen_s if len(known) else None,
            f"{label}_peak_probability": float(known.max()) if len(known) else None,
        }
    return row


def _frames(measurement: Measurement, part: Part) -> slice:
    """The frames whose times lie in a part."""
    first, last = np.searchsorted(measurement.timestamps_s, [part.start_s - _CLOSE, part.end_s - _CLOSE])
    return slice(int(first), int(last))


def _share(there: NDArray[np.bool_]) -> float:
    return float(there.mean()) if len(there) else 0.0
