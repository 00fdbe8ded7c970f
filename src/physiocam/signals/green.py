"""GREEN: the channel that haemoglobin absorbs most."""

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch


def green(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform as the mean green, unfiltered.

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
    Verkruysse, Svaasand, Nelson: Remote plethysmographic imaging using ambient light. Optics Express 16 (2008),
    21434-21445.
    """
    return by_stretch(rgb, fs, lambda colours: colours[:, 1], name="green", needs_colours=False)
