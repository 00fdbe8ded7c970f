"""Filters for waveforms: integration, smoothness-priors detrending, zero-phase Butterworth band-pass.

The numbers are those of scipy.signal (the tests hold the two together), but scipy.signal is not imported:
that takes most of a second, which a short measurement would spend on nothing else. scipy.linalg is enough and
far lighter.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.linalg.lapack import dtbtrs


def integrate(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cumulative sum (T,) of a difference-type waveform: the waveform itself, up to a constant."""
    return np.cumsum(difference)


def detrend(signal: NDArray[np.float64], smoothness: float) -> NDArray[np.float64]:
    """Subtract the smooth trend of a signal by the method of smoothness priors (Tarvainen and others, 2002).

    The trend is (I + smoothness^2 D'D)^-1 x, D being the second differences. The matrix has five diagonals,
    so the solution costs O(T); the reference inverts it densely, with the same result.

    Parameters
    ----------
    signal : float64 array (T,)
    smoothness : float
        The larger, the stiffer the trend and the lower the frequencies that pass. The reference uses 100.

    Returns
    -------
    float64 array (T,)
    """
    n = len(signal)
    if n < 3:
        # No second differences: everything is trend.
        return np.zeros_like(signal)
    # D'D sums one [1, -2, 1] outer product per second difference, added here diagonal by diagonal.
    upper = np.zeros((3, n))
    for position, weight in enumerate((1.0, 4.0, 1.0)):
        upper[2, position : n - 2 + position] += weight
    upper[1, 1:-1] -= 2.0
    upper[1, 2:] -= 2.0
    upper[0, 2:] = 1.0
    upper *= smoothness**2
    upper[2] += 1.0
    return np.asarray(signal - solveh_banded(upper, signal))


def butterworth(order: int, band_hz: tuple[float, float], fs: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Design a Butterworth band-pass, as scipy.signal.butter(order, band, "bandpass") does.

    Parameters
    ----------
    order : int
        Of the low-pass prototype; the band-pass has twice as many poles.
    band_hz : tuple of float
        Lower and upper edge (-3 dB), 0 < lower < upper < fs / 2.
    fs : float
        Samples per second.

    Returns
    -------
    numerator, denominator : float64 arrays (2 * order + 1,)
    """
    # Frequencies are warped so that the bilinear transform s -> z puts the edges where they were asked for.
    low, high = np.tan(np.pi * np.asarray(band_hz) / fs)
    prototype = np.exp(1j * np.pi * (2 * np.arange(order) + order + 1) / (2 * order))
    half = prototype * (high - low) / 2
    root = np.sqrt(half**2 - low * high)
    poles = np.concatenate([half + root, half - root])
    gain = ((high - low) ** order / np.prod(1 - poles)).real
    numerator = gain * np.poly(np.repeat([1.0, -1.0], order))
    return np.asarray(numerator), np.asarray(np.poly((1 + poles) / (1 - poles)).real, dtype=np.float64)


def padding(order: int) -> int:
    """Return the samples that `bandpass` adds at each end; a signal must have more than that."""
    return 3 * (2 * order + 1)


def bandpass(signal: NDArray[np.float64], order: int, band_hz: tuple[float, float], fs: float) -> NDArray[np.float64]:
    """Filter a signal by a Butterworth band-pass forwards and backwards, so that no phase is shifted.

    Equals scipy.signal.filtfilt with its odd padding.

    Parameters
    ----------
    signal : float64 array (T,) or (T, C)
        T must exceed `padding(order)`. Each column is filtered by itself.
    order, band_hz, fs
        See `butterworth`.

    Returns
    -------
    float64 array of the same shape
    """
    numerator, denominator = butterworth(order, band_hz, fs)
    pad = padding(order)
    left = 2 * signal[0] - signal[pad:0:-1]
    right = 2 * signal[-1] - signal[-2 : -pad - 2 : -1]
    extended = np.concatenate([left, signal, right])
    # The recursion is a triangular system whose diagonals hold the denominator.
    diagonals = np.repeat(denominator[:, None], len(extended), axis=1)
    for _ in range(2):
        # A band-pass answers a constant with zero, so taking the first sample off and starting from rest is
        # the same as starting in the steady state of that sample.
        started = extended - extended[0]
        driven = np.zeros_like(started)
        for delay, weight in enumerate(numerator):
            driven[delay:] += weight * started[: len(started) - delay]
        solved = dtbtrs(diagonals, driven.reshape(len(driven), -1), uplo="L", diag="U")[0]
        extended = solved.reshape(driven.shape)[::-1]
    return extended[pad:-pad]
