"""CHROM: two chrominance signals, weighted so that specular reflection and motion cancel."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch, divided, relative_to_mean
from physiocam.signals.filters import bandpass, padding
from physiocam.signals.waveform import check_fs

_WINDOW_S = 1.6
_BAND_HZ = (0.7, 2.5)
_ORDER = 3

_PROJECTION = np.array([[3.0, 1.5], [-2.0, 1.0], [0.0, -1.5]])


def chrom(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform by CHROM.

    In windows of 1.6 s that overlap by half, the channels are divided by their means, X = 3R - 2G and
    Y = 1.5R + G - 1.5B are band-passed (Butterworth of order 3, 0.7-2.5 Hz, both ways), and X - std(X) / std(Y) Y is
    added up under a Hann window.

    Parameters
    ----------
    rgb : float array (T, 3)
    fs : float
        Frames per second, more than 12.5; otherwise a window is shorter than its filter's padding.

    Returns
    -------
    float64 array (T,)
        See `ColourMethod`, also for what is raised. Frames at the end of a stretch that no complete window covers, up
        to 0.8 s, are NaN; the reference's output ends there. Unlike the other methods' waveforms, it falls as green
        rises.

    References
    ----------
    de Haan, Jeanne: Robust pulse rate from chrominance-based rPPG. IEEE Transactions on Biomedical Engineering 60
    (2013), 2878-2886.
    """
    check_fs(fs)
    half = math.ceil(math.ceil(_WINDOW_S * fs) / 2)

    def work(colours: NDArray[np.float64]) -> NDArray[np.float64]:
        windows = sliding_window_view(colours, 2 * half, axis=0)[::half].transpose(0, 2, 1)
        chrominance = relative_to_mean(windows) @ _PROJECTION
        columns = np.concatenate([chrominance[:, :, 0], chrominance[:, :, 1]]).T
        x, y = np.split(bandpass(columns, _ORDER, _BAND_HZ, fs).T, 2)
        ratio = divided(x.std(axis=1, keepdims=True), y.std(axis=1, keepdims=True))
        pulse = (x - ratio * y) * np.hanning(2 * half)
        halves = np.zeros((len(pulse) + 1, half))
        halves[:-1] += pulse[:, :half]
        halves[1:] += pulse[:, half:]
        uncovered = len(colours) - halves.size
        return np.concatenate([halves.ravel(), np.full(uncovered, np.nan)])

    return by_stretch(rgb, fs, work, name="chrom", shortest=2 * half, above_fs=(padding(_ORDER) - 1) / _WINDOW_S)
