"""POS: the plane orthogonal to the skin's tone."""

import math

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch, divided
from physiocam.signals.filters import bandpass, detrend, padding

WINDOW_S = 1.6
SMOOTHNESS = 100.0

_BAND_HZ = (0.75, 3.0)
_ORDER = 1

# A window's variance below this share of its squared level is what running sums leave of nothing.
_STILL = 1e-13


def pos(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform by POS: two projections orthogonal to grey, added so that what is left of the light cancels.

    Within each window of 1.6 s the channels are divided by their means, S1 = G - B and S2 = G + B - 2R are formed,
    and S1 + std(S1) / std(S2) S2 is added up over all windows. The sum is detrended (smoothness priors, 100) and
    band-passed (Butterworth of order 1, 0.75-3 Hz, both ways), as the reference does.

    Parameters
    ----------
    rgb : float array (T, 3)
    fs : float
        Frames per second, more than 6.

    Returns
    -------
    float64 array (T,)
        See `ColourMethod`, also for what is raised.

    References
    ----------
    Wang, den Brinker, Stuijk, de Haan: Algorithmic principles of remote PPG. IEEE Transactions on Biomedical
    Engineering 64 (2017), 1479-1491.
    """

    def work(colours: NDArray[np.float64]) -> NDArray[np.float64]:
        return bandpass(detrend(overlapped_projections(colours, fs), SMOOTHNESS), _ORDER, _BAND_HZ, fs)

    return by_stretch(rgb, fs, work, name="pos", shortest=shortest(fs, _ORDER), above_fs=2 * _BAND_HZ[1])


def shortest(fs: float, order: int) -> int:
    """Return the frames that POS needs, with a band-pass of this order behind it."""
    return max(_window(fs), padding(order)) + 1


def overlapped_projections(colours: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return POS (T,) of gapless colours (T, 3) before any filter.

    In each window the answer is a weighted sum of the channels, so a frame's total is its colour times the sum of the
    weights of the windows that hold it. Running sums give those weights, and the windows' statistics, in O(T).

    The reference's last window ends one frame before the end: the last frame's answer is 0.
    """
    window = _window(fs)
    level = colours.mean(axis=0)
    shifted = colours - level
    # Windows 0 .. T - window - 1, by the reference's count.
    shift = _running_sums(shifted, window)[:-1] / window
    products = np.einsum("ti,tj->tij", shifted, shifted).reshape(-1, 9)
    covariance = (_running_sums(products, window)[:-1] / window).reshape(-1, 3, 3)
    covariance -= np.einsum("wi,wj->wij", shift, shift)
    mean = level + shift
    scale = divided(np.ones_like(mean), mean)
    first = np.array([0.0, 1.0, -1.0]) * scale
    second = np.array([-2.0, 1.0, 1.0]) * scale
    ratio = divided(_spread(first, covariance), _spread(second, covariance))
    weights = first + ratio[:, None] * second
    # Each frame is held by the up to `window` windows that start at or before it.
    around = np.zeros((window - 1, 3))
    held = _running_sums(np.concatenate([around, weights, around]), window)
    return np.append((held * colours[:-1]).sum(axis=1), 0.0)


def _window(fs: float) -> int:
    return math.ceil(WINDOW_S * fs)


def _running_sums(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Sums over every window (T - window + 1, C)."""
    summed = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return np.asarray(summed[window:] - summed[:-window])


def _spread(weights: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of the weighted sum in each window, from the channels' covariance."""
    variance = np.einsum("wi,wij,wj->w", weights, covariance, weights)
    # Relative colours are about 1, and so is this scale.
    return np.sqrt(np.where(variance > _STILL, variance, 0.0))
