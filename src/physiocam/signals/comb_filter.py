"""An adaptive comb filter: of a pulse whose rate is known, what lies around the rate and its overtones.

Hearts beat at a nearly even pace, so a pulse has its power at the rate and at multiples of it; what lies between is
noise. How much the pace varies is not known, so the wider surroundings of each multiple are kept as far as they have
more power than the noise between the multiples (a Wiener filter).
"""

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.rate import Rate, RateSeries, rate_times
from physiocam.signals.settings import RateSettings
from physiocam.signals.waveform import stretches

# Standard deviations in Hz of what is always kept around a multiple, and of what may be kept.
_NARROW_HZ, _WIDE_HZ = 0.1, 0.6
# A filter reaches this many standard deviations in time.
_REACH = 3.5
# Multiples of the rate that are kept as far as they are in the band, and those that lie between them.
_MULTIPLES, _BETWEEN = (1.0, 2.0, 3.0), (0.5, 1.5, 2.5)


def comb_filtered(
    waveform: NDArray[np.float64], fs: float, rate: Rate, along: RateSeries, settings: RateSettings
) -> NDArray[np.float64]:
    """Return a waveform with what lies around its rate and the overtones, wherever the rate is measured.

    Noise becomes weaker, no phase is shifted, and beats are found at more exact times. In a noisy waveform the pace
    cannot change fast: intervals then vary a little too little, but without the filter they would vary far too much.

    Parameters
    ----------
    waveform : float64 array (T,)
        As `waveform.clean_waveform` gives it; NaN in gaps.
    fs : float
        Samples per second.
    rate : Rate
        Of the whole waveform.
    along : RateSeries
        Of the waveform, at the times of `rate.rate_times`.
    settings : RateSettings
        With which the waveform was filtered.

    Returns
    -------
    float64 array (T,)
        Of standard deviation 1. Where no rate is measured within half a window, the waveform is as it was.

    Notes
    -----
    Around each multiple the waveform is moved to frequency 0 by the phase of the rate along the recording, smoothed by
    a Gaussian in time, and moved back.

    Examples
    --------
    >>> from physiocam.signals.settings import SETTINGS
    >>> time = np.arange(600) / 30
    >>> pulse = np.sin(2 * np.pi * 1.2 * time)
    >>> noisy = pulse + np.sin(2 * np.pi * 1.8 * time)
    >>> rate = Rate(72.0, "beats/min", 0.9, None)
    >>> along = RateSeries(np.full(20, 72.0), np.full(20, 0.9))
    >>> filtered = comb_filtered(noisy, 30.0, rate, along, SETTINGS["default"].heart)
    >>> [round(float(np.corrcoef(wave, pulse)[0, 1]), 2) for wave in (noisy, filtered)]
    [0.71, 1.0]
    """
    times, known = np.arange(len(waveform)) / fs, np.isfinite(along.value)
    if known.any():
        known_s = rate_times(len(waveform), fs)[known]
        rate_hz = np.interp(times, known_s, along.value[known]) / 60
        place = np.searchsorted(known_s, times)
        around = np.stack([known_s[np.maximum(place - 1, 0)], known_s[np.minimum(place, len(known_s) - 1)]])
        near = np.abs(around - times).min(axis=0) <= settings.window_s / 2
    elif rate.value is not None:
        rate_hz, near = np.full(len(waveform), rate.value / 60), np.ones(len(waveform), dtype=bool)
    else:
        return waveform
    filtered = waveform.copy()
    for stretch in stretches(np.isfinite(waveform), 1):
        filtered[stretch] = _comb(waveform[stretch], fs, rate_hz[stretch], settings.band_hz)
    filtered = np.where(near, filtered, waveform)
    spread = np.sqrt(np.nanmean(filtered**2))
    return filtered / spread if spread > 0 else filtered


def _comb(
    waveform: NDArray[np.float64], fs: float, rate_hz: NDArray[np.float64], band_hz: tuple[float, float]
) -> NDArray[np.float64]:
    turns = np.cumsum(rate_hz) / fs
    low, high = (edge / rate_hz.mean() for edge in band_hz)

    def around(multiple: float, width_hz: float) -> NDArray[np.float64]:
        deviation = fs / (2 * np.pi * width_hz)
        reach = int(_REACH * deviation)
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
        carrier = np.exp(2j * np.pi * multiple * turns)
        # At the ends, the mean of what is there.
        smooth, there = (
            np.convolve(one, weights)[reach:][: len(turns)] for one in (waveform / carrier, np.ones_like(turns))
        )
        return np.asarray(2 * (smooth / there * carrier).real)

    def power(wave: NDArray[np.float64]) -> float:
        return float(np.mean(wave**2))

    between = [power(around(multiple, _NARROW_HZ)) for multiple in _BETWEEN if low <= multiple <= high]
    noise = float(np.mean(between)) * _SIDES if between else 0.0
    comb = np.zeros_like(waveform)
    for multiple in (one for one in _MULTIPLES if one <= high):
        middle = around(multiple, _NARROW_HZ)
        sides = around(multiple, _WIDE_HZ) - middle
        comb += middle + max(1 - noise / max(power(sides), 1e-12), 0.0) * sides
    return comb


def _share_of_sides() -> float:
    """White noise in the wider surroundings without the narrow ones, as a multiple of that in the narrow ones."""
    both = _NARROW_HZ * _WIDE_HZ * np.sqrt(2 / (_NARROW_HZ**2 + _WIDE_HZ**2))
    return float((_NARROW_HZ + _WIDE_HZ - 2 * both) / _NARROW_HZ)


_SIDES = _share_of_sides()
