"""PBV: the signature of the pulse in the three channels."""

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch, divided, relative_to_mean

# Directions of the correlation matrix weaker than this share of the strongest are only rounding.
_NOTHING = 1e-14


def pbv(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform by the blood-volume signature, unfiltered.

    C is the channels divided by their means, the signature p is the vector of their standard deviations, normalized to
    length 1, and the waveform is the combination of channels that agrees best with it: C'W / p'W with W = (C C')^-1 p.
    As in the reference, the mean (1 in each channel) stays in C; the paper removes it.

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
