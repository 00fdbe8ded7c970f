"""OMIT: orthogonal matrix image transformation."""

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch


def omit(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform by orthogonal matrix image transformation, unfiltered.

    The first column q of the QR decomposition of the 3 x T colours, which is the direction of the first frame's colour,
    is projected out; the rest of green is the waveform.

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
    Alvarez Casado, Bordallo Lopez: Face2PPG: an unsupervised pipeline for blood volume pulse extraction from faces.
    IEEE Journal of Biomedical and Health Informatics 27 (2023), 5530-5541.
    """
    return by_stretch(rgb, fs, _omit, name="omit")


def _omit(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(colours[0])
    direction = colours[0] / length if length > 0.0 else np.zeros(3)
    return np.asarray(colours[:, 1] - (colours @ direction) * direction[1])
