"""Why a rate is not measured at a moment of a recording."""

import numpy as np
from numpy.typing import NDArray

from physiocam.results.measurement import Measurement
from physiocam.signals.confidence import floor_of
from physiocam.signals.quantities import Quantity
from physiocam.signals.rate import Rate, RateSeries
from physiocam.signals.rate_notes import nothing_steady

WAVES: dict[Quantity, str] = {"heart": "pulse", "breathing": "respiration"}


def rate_of(measurement: Measurement, quantity: Quantity) -> tuple[Rate, RateSeries, NDArray[np.float64]]:
    """Return a quantity's rate, its rates along the recording and its waveform."""
    if quantity == "heart":
        return measurement.heart_rate, measurement.heart_rate_along, measurement.pulse
    return measurement.breathing_rate, measurement.breathing_rate_along, measurement.respiration


def why_no_rate(measurement: Measurement, quantity: Quantity) -> list[str | None]:
    """Give the reason for each missing rate along a recording.

    Parameters
    ----------
    measurement : Measurement
    quantity : "heart" or "breathing"

    Returns
    -------
    list of str or None, of length R
        None where there is a rate.
    """
    rate, along, waveform = rate_of(measurement, quantity)
    chosen = measurement.settings.of(quantity)
    usable = np.isfinite(waveform)
    if not usable.any():
        return [rate.note] * len(along.value)
    times = measurement.rates_timestamps_s - measurement.timestamps_s[0]
    windows = _windows(measurement, times, chosen.window_s)
    usable_s, face_s = (_within(which, windows, measurement.fs) for which in (usable, measurement.face_found))
    reasons: list[str | None] = []
    columns = (along.value, along.quality, usable_s, face_s)
    for value, quality, signal_s, seen_s in zip(*(column.tolist() for column in columns), strict=True):
        if np.isfinite(value):
            reasons.append(None)
        elif seen_s == 0:
            reasons.append(f"no face within {chosen.window_s:g} s")
        elif signal_s < chosen.minimum_s:
            reasons.append(
                f"{signal_s:.1f} s of {WAVES[quantity]} within {chosen.window_s:g} s; {chosen.minimum_s:g} s needed"
            )
        elif rate.value is None and quality >= floor_of(chosen, quantity, rate.is_judged):
            reasons.append(f"not measured in the whole recording: {rate.note}")
        else:
            reasons.append(nothing_steady(quantity))
    return reasons


def _windows(measurement: Measurement, times: NDArray[np.float64], window_s: float) -> NDArray[np.int_]:
    """First frame, and one past the last, of the window around each time (R, 2), as far as its scene goes."""
    fs, bounds = measurement.fs, np.array([0, *measurement.cuts, measurement.frames])
    scene = np.searchsorted(bounds, np.round(times * fs).astype(int), side="right") - 1
    edges = np.rint((times[:, None] + window_s * np.array([-0.5, 0.5])) * fs).astype(int)
    ends = bounds[np.minimum(scene + 1, len(bounds) - 1)]
    return np.asarray(np.clip(edges, bounds[scene][:, None], ends[:, None]))


def _within(which: NDArray[np.bool_], windows: NDArray[np.int_], fs: float) -> NDArray[np.float64]:
    """Seconds (R,) for which this is true within each window."""
    counts = np.concatenate([[0], np.cumsum(which)])
    first, last = windows.T
    return np.asarray((counts[last] - counts[first]) / fs)
