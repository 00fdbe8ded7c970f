"""PBV: the signature that the pulse leaves in the three channels."""

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch, divided, relative_to_mean

# Directions of the correlation matrix weaker than this share of the strongest hold nothing but rounding.
_NOTHING = 1e-14


def pbv(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform by the blood-volume signature, unfiltered.

    C being the channels divided by their means, the signature p is the vector of their standard deviations, brought
    to length 1, and the waveform the combination of channels that agrees best with it: with W = (C C')^-1 p,
    C'W / p'W. As in the reference, the mean (1 in each channel) stays in C, where the paper takes it out.

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
    de Haan, van Leest: Improved motion robustness of remote-PPG by using the blood volume pulse signature.
    Physiological Measurement 35 (2014), 1913-1926.
    """
    return by_stretch(rgb, fs, _pbv, name="pbv", shortest=3)


def _pbv(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    relative = relative_to_mean(colours)
    spread = relative.std(axis=0)
    signature = spread / np.linalg.norm(spread)
    weights = np.linalg.lstsq(relative.T @ relative, signature, rcond=_NOTHING)[0]
    return divided(relative @ weights, signature @ weights)
