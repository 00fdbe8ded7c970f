"""LGI: local group invariance."""

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch


def lgi(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform by local group invariance, unfiltered.

    The strongest direction in colour space (the first left singular vector of the 3 x T colours), along which light and
    motion act, is projected out; the rest of green is the waveform.

    Parameters
    ----------
    rgb : float array (T, 3)
    fs : float
        Frames per second.

    Returns
    -------
    float64 array (T,)
        See `ColourMethod`, also for what is raised.

    References
    ----------
    Pilz, Zaunseder, Krajewski, Blazek: Local group invariance for heart rate estimation from face videos in the wild.
    CVPR Workshops (2018), 1254-1262.
    """
    return by_stretch(rgb, fs, _lgi, name="lgi")


def _lgi(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    # The last eigenvector of the 3 x 3 products is the first singular vector of the 3 x T colours.
    strongest = np.linalg.eigh(colours.T @ colours)[1][:, -1]
    return np.asarray(colours[:, 1] - (colours @ strongest) * strongest[1])
