"""POS: the plane orthogonal to the skin's tone."""

import math

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch, divided
from physiocam.signals.filters import bandpass, detrend, padding
from physiocam.signals.waveform import check_fs

WINDOW_S = 1.6
SMOOTHNESS = 100.0

_BAND_HZ = (0.75, 3.0)
_ORDER = 1

# S1 and S2 as weights of red, green and blue.
_FIRST = np.array([[0.0], [1.0], [-1.0]])
_SECOND = np.array([[-2.0], [1.0], [1.0]])

# Pairs of channels: RR, GG, BB, RG, GB, BR; and the weights of their covariances in the variances of S1 and S2.
_LEFT, _RIGHT = [0, 1, 2, 0, 1, 2], [0, 1, 2, 1, 2, 0]
_VARIANCES = np.array([[0.0, 1.0, 1.0, 0.0, -2.0, 0.0], [4.0, 1.0, 1.0, -4.0, 2.0, -4.0]])

# Windows processed at a time: their arrays fit in the cache, and their running sums are too short to lose digits.
_WINDOWS = 2048

# A variance of relative colours, which are about 1, below this is rounding of the running sums.
_STILL = 1e-13


def pos(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform by POS: two projections orthogonal to grey, added so that the rest of the light cancels.

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


def raw_pos(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """POS before any filter: it contains slow hearts completely, which the filters of the methods reduce.

    Parameters
    ----------
    rgb, fs
        As in `pos`.

    Returns
    -------
    float64 array (T,)
        See `ColourMethod`, also for what is raised.
    """
    return by_stretch(
        rgb, fs, lambda colours: overlapped_projections(colours, fs), name="pos", shortest=shortest(fs, 1)
    )


def shortest(fs: float, order: int) -> int:
    """Return the number of frames that POS needs with a band-pass of this order."""
    return max(_window(fs), padding(order)) + 1


def overlapped_projections(colours: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return POS (T,) of gapless colours (T, 3) before any filter.

    The reference's last window ends one frame before the end: the last frame's value is 0.
    """
    window = _window(fs)
    # Channels first: sums along contiguous time are several times faster.
    channels = np.ascontiguousarray(colours.T)
    pulse = np.zeros(len(colours))
    for start in range(0, len(colours) - window, _WINDOWS):
        stop = min(start + _WINDOWS + window, len(colours)) - 1
        pulse[start:stop] += _projections(channels[:, start:stop], window)
    return pulse


def _projections(channels: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Add up the projections of every window of the channels (3, n), in O(n).

    In each window the result is a weighted sum of the channels, so a frame's total is its colour times the sum of the
    weights of the windows that contain it. Running sums give these weights, and the windows' statistics for them.
    """
    level = channels.mean(axis=1, keepdims=True)
    shifted = channels - level
    means = _running_sums(np.concatenate([shifted, shifted[_LEFT] * shifted[_RIGHT]]), window)
    means /= window
    shift, products = means[:3], means[3:]
    inverse = divided(np.ones_like(shift), level + shift)
    products -= shift[_LEFT] * shift[_RIGHT]
    products *= inverse[_LEFT] * inverse[_RIGHT]
    variances = _VARIANCES @ products
    first, second = np.sqrt(np.where(variances > _STILL, variances, 0.0))
    weights = np.zeros((3, channels.shape[1] + window - 1))
    weights[:, window - 1 : channels.shape[1]] = (_FIRST + divided(first, second) * _SECOND) * inverse
    # Each frame is in the up to `window` windows that start at or before it.
    held = _running_sums(weights, window)
    return np.asarray(np.einsum("ct,ct->t", held, channels))


def _window(fs: float) -> int:
    check_fs(fs)
    return math.ceil(WINDOW_S * fs)


def _running_sums(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Sums over every window (C, n - window + 1)."""
    until = np.cumsum(values, axis=1)
    sums = until[:, window - 1 :].copy()
    sums[:, 1:] -= until[:, :-window]
    return sums
