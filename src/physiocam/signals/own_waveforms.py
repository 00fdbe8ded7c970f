"""Waveforms of tasks that are neither pulse nor breathing, and their rates where a band is given."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.filters import integrate
from physiocam.signals.rate import Rate, estimate_rate
from physiocam.signals.rate_notes import NAMES, WAVES
from physiocam.signals.settings import SETTINGS, SignalSettings
from physiocam.signals.waveform import clean_waveform, stretches

Band = tuple[float, float]

PER_MINUTE = "per minute"

# Cycles of the slowest rate in a window of its spectrum, and of a signal from which a rate is given.
_CYCLES, _LEAST_CYCLES = 7.0, 4.0


def own_waveform(difference: NDArray[np.floating], fs: float, band_hz: Band | None) -> NDArray[np.float64]:
    """Return the waveform of a task's differences.

    Parameters
    ----------
    difference : float array (T,)
        A network's output, in any scale; NaN in gaps.
    fs : float
        Samples per second.
    band_hz : tuple of float or None
        With a band, the waveform is filtered to it; without, each stretch between gaps is only freed of its line.

    Returns
    -------
    float64 array (T,)
        Of standard deviation 1; NaN in gaps.

    Examples
    --------
    >>> wave = np.sin(2 * np.pi * np.arange(300) / 25)
    >>> found = own_waveform(3.0 * np.diff(wave), 25.0, None)
    >>> bool(np.corrcoef(found, wave[1:])[0, 1] > 0.99)
    True
    """
    if band_hz is not None:
        return clean_waveform(difference, fs, "heart", _settings(band_hz))
    waveform = np.full(len(difference), np.nan)
    for stretch in stretches(np.isfinite(difference), 3):
        summed = integrate(np.asarray(difference[stretch], dtype=np.float64))
        time = np.arange(len(summed), dtype=np.float64)
        waveform[stretch] = summed - np.polyval(np.polyfit(time, summed, 1), time)
    known = waveform[np.isfinite(waveform)]
    spread = float(known.std()) if len(known) else 0.0
    return waveform / spread if spread > 0 else waveform


def own_rate(difference: NDArray[np.floating], fs: float, name: str, band_hz: Band, cuts: Sequence[int] = ()) -> Rate:
    """Return the rate of a task's waveform within its band, per minute.

    Parameters
    ----------
    difference, fs
        As in `own_waveform`.
    name : str
        Of the waveform, for notes.
    band_hz : tuple of float
    cuts : sequence of int
        As in `rate.estimate_rate`.

    Examples
    --------
    >>> wave = np.sin(2 * np.pi * 3.0 * np.arange(300) / 30)
    >>> round(own_rate(np.diff(wave), 30.0, "plate", (1.0, 6.0)).value)
    180
    """
    rate = estimate_rate(difference, fs, "heart", _settings(band_hz), cuts=cuts)
    note = rate.note
    for word in (NAMES["heart"], WAVES["heart"]):
        note = note and note.replace(word, f"'{name}'")
    return replace(rate, unit=PER_MINUTE, note=note)


def _settings(band_hz: Band) -> SignalSettings:
    slowest_s = 1.0 / band_hz[0]
    rate = replace(
        SETTINGS["default"].heart,
        band_hz=band_hz,
        window_s=_CYCLES * slowest_s,
        minimum_s=_LEAST_CYCLES * slowest_s,
        overtones=False,
    )
    return replace(SETTINGS["default"], name="own", heart=rate)
