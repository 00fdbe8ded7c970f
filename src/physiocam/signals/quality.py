"""How far a rate can be trusted, judged from the spectrum it was read from."""

import numpy as np
from numpy.typing import NDArray


def spectral_quality(
    frequencies: NDArray[np.float64],
    spectra: NDArray[np.float64],
    rate_hz: NDArray[np.float64],
    lobe_hz: float,
) -> NDArray[np.float64]:
    """Return how clearly rates stand out from the rest of the band.

    The share of the power near the rate and its first harmonic, less the share that the same frequencies would hold if
    the spectrum were flat. It is taken of the waveform and of its derivative, and the smaller one counts: noise that
    looks like a peak in one of them, because it is red or blue, does not in the other.

    Parameters
    ----------
    frequencies : float64 array (F,)
        Evenly spaced over the band, in Hz.
    spectra : float64 array (R, F)
        Power.
    rate_hz : float64 array (R,)
    lobe_hz : float
        How far around a frequency its power spreads.

    Returns
    -------
    float64 array (R,)
        0..1; 0 for spectra without power.
    """
    near = np.abs(frequencies - rate_hz[:, None]) <= lobe_hz
    near |= np.abs(frequencies - 2 * rate_hz[:, None]) <= lobe_hz
    expected = near.mean(axis=1)
    shares = [_share(weighted, near) for weighted in (spectra, spectra * frequencies**2)]
    excess = (np.minimum(*shares) - expected) / np.maximum(1.0 - expected, 1e-9)
    return np.clip(excess, 0.0, 1.0)


def _share(spectra: NDArray[np.float64], near: NDArray[np.bool_]) -> NDArray[np.float64]:
    total = spectra.sum(axis=1)
    return np.sum(spectra, axis=1, where=near) / np.where(total > 0, total, 1.0)
