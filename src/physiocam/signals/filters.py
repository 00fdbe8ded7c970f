"""Filters for waveforms: integration, smoothness-priors detrending, zero-phase Butterworth band-pass.

The numbers are those of SciPy (the tests compare the two), but SciPy is not needed: it would be a third of the
installation. These filters share one linear recursion.
"""

import numpy as np
from numpy.typing import NDArray

# Samples that the recursion computes in one matrix product.
_BLOCK = 64


def integrate(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cumulative sum (T,) of a difference-type waveform: the waveform itself, up to a constant."""
    return np.cumsum(difference)


def detrend(signal: NDArray[np.float64], smoothness: float) -> NDArray[np.float64]:
    """Subtract the smooth trend of a signal by the method of smoothness priors (Tarvainen and others, 2002).

    The trend is (I + smoothness^2 D'D)^-1 x, where D is the second differences. Apart from two rows at either end the
    matrix is a product LL', where L is a recursion over two samples; so the trend is the signal filtered by it forwards
    and backwards, and corrected at the ends. That costs O(T); the reference inverts the matrix densely, with the same
    result.

    Parameters
    ----------
    signal : float64 array (T,)
    smoothness : float
        The larger, the smoother the trend and the lower the frequencies that pass. The reference uses 100.

    Returns
    -------
    float64 array (T,)
    """
    n = len(signal)
    if n < 3:
        # No second differences: everything is trend.
        return np.zeros_like(signal)
    # L's poles: the zeros of 1 + smoothness^2 (2 - z - 1/z)^2 inside the unit circle.
    pole = min(np.roots([1.0, 1j / smoothness - 2.0, 1.0]), key=abs)
    feedback = np.array([1.0, -2 * pole.real, abs(pole) ** 2])
    gain = (smoothness / abs(pole)) ** 2
    near, far = feedback[1], feedback[1] ** 2 + 1
    # The difference between the matrix and gain * LL' at its ends.
    ends = np.array([0, 1, n - 2, n - 1])
    missing = np.zeros((4, 4))
    missing[:2, :2] = (
        np.eye(2) + smoothness**2 * np.array([[1, -2], [-2, 5]]) - gain * np.array([[1, near], [near, far]])
    )
    missing[2:, 2:] = smoothness**2 * np.array([[-1, 2], [2, -5]])
    # The signal, and an impulse at each end.
    columns = np.concatenate([signal[:, None], np.arange(n)[:, None] == ends], axis=1)
    smooth = _recursion(feedback, _recursion(feedback, columns)[::-1])[::-1] / gain
    # The matrix inversion lemma (Woodbury) adds that difference.
    weights = np.linalg.solve(np.eye(4) + missing @ smooth[ends, 1:], missing @ smooth[ends, 0])
    return np.asarray(signal - smooth[:, 0] + smooth[:, 1:] @ weights)


def butterworth(order: int, band_hz: tuple[float, float], fs: float) -> NDArray[np.float64]:
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
    float64 array (order, 2, 3)
        Sections to apply one after the other, each with its numerator and denominator. As a single section, a filter of
        a higher order in a narrow low band would lose digits.
    """
    # Frequencies are prewarped so that the bilinear transform s -> z gives the requested edges.
    low, high = np.tan(np.pi * np.asarray(band_hz) / fs)
    prototype = np.exp(1j * np.pi * (2 * np.arange(order) + order + 1) / (2 * order))
    half = prototype * (high - low) / 2
    root = np.sqrt(half**2 - low * high)
    upper, lower, middle = half + root, half - root, order // 2
    # A section has a pole and its conjugate; the real pole of an odd prototype gives two poles of one section.
    pairs = [(pole, pole.conjugate()) for pole in (*upper[:middle], *lower[:middle])]
    if order % 2:
        pairs.append((upper[middle], lower[middle]))
    sections = np.empty((order, 2, 3))
    for section, (first, second) in zip(sections, pairs, strict=True):
        gain = (high - low) / ((1 - first) * (1 - second))
        section[0] = gain.real * np.array([1, 0, -1])
        section[1] = np.poly([(1 + first) / (1 - first), (1 + second) / (1 - second)]).real
    return sections


def padding(order: int) -> int:
    """Return the samples that `bandpass` adds at each end; a signal must have more than that."""
    return 3 * (2 * order + 1)


def bandpass(signal: NDArray[np.float64], order: int, band_hz: tuple[float, float], fs: float) -> NDArray[np.float64]:
    """Filter a signal by a Butterworth band-pass forwards and backwards, so that no phase is shifted.

    Equals scipy.signal.filtfilt with its odd padding.

    Parameters
    ----------
    signal : float64 array (T,) or (T, C)
        T must exceed `padding(order)`. Each column is filtered separately.
    order, band_hz, fs
        See `butterworth`.

    Returns
    -------
    float64 array of the same shape
    """
    sections = butterworth(order, band_hz, fs)
    pad = padding(order)
    left = 2 * signal[0] - signal[pad:0:-1]
    right = 2 * signal[-1] - signal[-2 : -pad - 2 : -1]
    extended = np.concatenate([left, signal, right])
    filtered = extended.reshape(len(extended), -1)
    for _ in range(2):
        # A band-pass maps a constant to zero, so subtracting the first sample and starting from rest is the same as
        # starting in the steady state of that sample.
        filtered = filtered - filtered[0]
        for numerator, denominator in sections:
            filtered = _recursion(denominator, _weighted(numerator, filtered))
        filtered = filtered[::-1]
    return filtered.reshape(extended.shape)[pad:-pad]


def _weighted(numerator: NDArray[np.float64], signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of numerator[j] signal[t - j], from rest; both signals are (T, C)."""
    driven = np.zeros_like(signal)
    for delay, weight in enumerate(numerator):
        driven[delay:] += weight * signal[: len(signal) - delay]
    return driven


def _recursion(feedback: NDArray[np.float64], driven: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve feedback[0] y[t] + feedback[1] y[t - 1] + ... = driven[t] for y, from rest; driven and y are (T, C).

    A block of samples is its result from rest, plus the effect of the last samples of the previous block: only this
    effect is passed from block to block in sequence.
    """
    order, blocks = len(feedback) - 1, -(-len(driven) // _BLOCK)
    # The recursion as a matrix, for a block and the samples just before it.
    rows = np.zeros((_BLOCK, order + _BLOCK))
    for delay, weight in enumerate(feedback):
        rows[np.arange(_BLOCK), np.arange(_BLOCK) + order - delay] = weight
    from_rest = np.linalg.inv(rows[:, order:])
    from_before = -from_rest @ rows[:, :order]
    padded = np.zeros((blocks * _BLOCK, driven.shape[1]))
    padded[: len(driven)] = driven
    answer = from_rest @ padded.reshape(blocks, _BLOCK, -1)
    last = np.zeros((blocks, order, driven.shape[1]))
    for block in range(1, blocks):
        last[block] = answer[block - 1, -order:] + from_before[-order:] @ last[block - 1]
    answer += from_before @ last
    return np.asarray(answer.reshape(blocks * _BLOCK, -1)[: len(driven)])
