"""How far a rate can be trusted, estimated from its spectrum."""

import numpy as np
from numpy.typing import NDArray

# The fundamental, and the overtones of pulses and breaths.
_HARMONICS = (1, 2, 3)

# In one noise of twenty, the largest peak has by chance more than this share of the power; N = band times seconds is
# the number of independent frequencies. For large N this is Fisher's law for the largest of N, (ln N + 3) / N, times
# the width of a tapered peak and its overtones; for small N, peaks overlap, and simulated noises (6-120 s, 15-60 Hz,
# white, blue and violet; pink somewhat more often) stay under the second bound.
_SPREAD = 1.45
_FEW = 2.2


def _by_chance(independent: NDArray[np.float64]) -> NDArray[np.float64]:
    fisher = _SPREAD * (np.log(independent) + 3.0) / independent
    return np.minimum(np.minimum(fisher, _FEW / np.sqrt(independent)), 0.9)


def spectral_quality(
    frequencies: NDArray[np.float64],
    spectra: NDArray[np.float64],
    rate_hz: NDArray[np.float64],
    *,
    lobe_hz: NDArray[np.float64],
    usable_s: NDArray[np.float64],
    noise_slope: float,
) -> NDArray[np.float64]:
    """Return how far rates stand out from the rest of the band, beyond what noise reaches by chance.

    The quality is the share of the power near the rate and its overtones, rescaled so that 0 is the share of the same
    frequencies in a flat spectrum, and then so that 0 is the share of the largest peak of noise in a signal of the same
    length, which is smaller in longer signals. Averaged over windows that disagree, a spectrum is flat, so agreement
    along the recording counts too.

    Parameters
    ----------
    frequencies : float64 array (F,)
        Evenly spaced over the band, in Hz.
    spectra : float64 array (R, F)
        Power.
    rate_hz : float64 array (R,)
    lobe_hz : float64 array (R,)
        How far around a frequency its power spreads.
    usable_s : float64 array (R,)
        Seconds of signal in each spectrum.
    noise_slope : float
        The reddest expected noise has a power of frequency to the minus this. The share is computed in the original
        spectrum, where white noise is flat, and in the one where this noise is flat; the smaller counts.

    Returns
    -------
    float64 array (R,)
        0..1; 0 for spectra without power.
    """
    near = np.zeros(spectra.shape, dtype=bool)
    for harmonic in _HARMONICS:
        near |= np.abs(frequencies - harmonic * rate_hz[:, None]) <= lobe_hz[:, None]
    shares = [_share(tilted, near) for tilted in (spectra, spectra * frequencies**noise_slope)]
    above_flat = _excess(np.minimum(*shares), near.mean(axis=1))
    independent = np.maximum((frequencies[-1] - frequencies[0]) * usable_s, 1.0)
    chance = _by_chance(independent)
    # A largest power at an edge is the flank of a peak outside the band, mostly drift.
    inside = (rate_hz > frequencies[0]) & (rate_hz < frequencies[-1])
    return np.where(inside, np.clip(_excess(above_flat, chance), 0.0, 1.0), 0.0)


def _share(spectra: NDArray[np.float64], near: NDArray[np.bool_]) -> NDArray[np.float64]:
    total = spectra.sum(axis=1)
    return np.asarray(np.sum(spectra, axis=1, where=near) / np.where(total > 0, total, 1.0))


def _excess(share: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rescale a share so that the expected one is 0 and all is 1."""
    return np.asarray((share - expected) / np.maximum(1.0 - expected, 1e-9))
