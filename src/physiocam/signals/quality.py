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


def chance_share(independent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the power (N,) that the largest peak of noise reaches by chance, in one of twenty.

    Parameters
    ----------
    independent : float64 array (N,)
        Number of independent frequencies, at least 1.
    """
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
    flat, tilted = spectral_shares(frequencies, spectra, rate_hz, lobe_hz=lobe_hz, noise_slope=noise_slope)
    above_flat = np.minimum(flat, tilted)
    independent = np.maximum((frequencies[-1] - frequencies[0]) * usable_s, 1.0)
    chance = chance_share(independent)
    # A largest power at an edge is the flank of a peak outside the band, mostly drift.
    inside = (rate_hz > frequencies[0]) & (rate_hz < frequencies[-1])
    return np.where(inside, np.clip(_excess(above_flat, chance), 0.0, 1.0), 0.0)


def spectral_shares(
    frequencies: NDArray[np.float64],
    spectra: NDArray[np.float64],
    rate_hz: NDArray[np.float64],
    *,
    lobe_hz: NDArray[np.float64],
    noise_slope: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares (R,) of the power near rates and their overtones, 0 for the share of a flat spectrum.

    The first are of the spectra as they are, the second of those in which noise of the given slope is flat. Parameters
    as in `spectral_quality`.
    """
    near = np.zeros(spectra.shape, dtype=bool)
    for harmonic in _HARMONICS:
        near |= np.abs(frequencies - harmonic * rate_hz[:, None]) <= lobe_hz[:, None]
    expected = near.mean(axis=1)
    flat, tilted = (_share(power, near) for power in (spectra, spectra * frequencies**noise_slope))
    return _excess(flat, expected), _excess(tilted, expected)


def _share(spectra: NDArray[np.float64], near: NDArray[np.bool_]) -> NDArray[np.float64]:
    total = spectra.sum(axis=1)
    return np.asarray(np.sum(spectra, axis=1, where=near) / np.where(total > 0, total, 1.0))


def _excess(share: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rescale a share so that the expected one is 0 and all is 1."""
    return np.asarray((share - expected) / np.maximum(1.0 - expected, 1e-9))
