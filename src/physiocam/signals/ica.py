"""ICA: three independent sources, of which the most periodic one is the pulse."""

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.colour_method import by_stretch, divided
from physiocam.signals.filters import bandpass, detrend, padding

_SMOOTHNESS = 100.0
_BAND_HZ = (0.7, 2.5)
_ORDER = 3

# Directions of the covariance weaker than this share of the strongest are only rounding.
_NOTHING = 1e-12

# Rotations with a sine below this over sqrt(T) are skipped: they are a hundredth of the random error of the sources.
_SMALLEST_ROTATION = 0.01
_MOST_SWEEPS = 100


def ica(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Pulse waveform by independent component analysis.

    Each channel is detrended (smoothness priors, 100) and standardized, JADE separates three sources, and the one whose
    spectrum has the highest peak for its power is band-passed (Butterworth of order 3, 0.7-2.5 Hz, both ways). The sign
    of a source is arbitrary: it is set to that of green.

    Parameters
    ----------
    rgb : float array (T, 3)
    fs : float
        Frames per second, more than 5.

    Returns
    -------
    float64 array (T,)
        See `ColourMethod`, also for what is raised.

    References
    ----------
    Poh, McDuff, Picard: Non-contact, automated cardiac pulse measurements using video imaging and blind source
    separation. Optics Express 18 (2010), 10762-10774.
    """

    def work(colours: NDArray[np.float64]) -> NDArray[np.float64]:
        channels = np.stack([detrend(channel, _SMOOTHNESS) for channel in colours.T])
        channels -= channels.mean(axis=1, keepdims=True)
        channels = divided(channels, channels.std(axis=1, keepdims=True))
        sources = jade(channels)
        pulse = sources[np.argmax(_peak_shares(sources))]
        sign = -1.0 if pulse @ channels[1] < 0.0 else 1.0
        return bandpass(sign * pulse, _ORDER, _BAND_HZ, fs)

    return by_stretch(rgb, fs, work, name="ica", shortest=padding(_ORDER) + 1, above_fs=2 * _BAND_HZ[1])


def jade(mixed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Separate sources by joint approximate diagonalization of eigenmatrices.

    The signals are whitened; then only a rotation remains to be found. The fourth-order cumulants of whitened signals
    form a symmetric map of matrices to matrices, whose strongest eigenmatrices would all be diagonal in the coordinates
    of independent sources: plane rotations make them as diagonal as possible.

    Parameters
    ----------
    mixed : float64 array (C, T)
        Each row of mean zero.

    Returns
    -------
    float64 array (S, T)
        Sources of variance 1, in any order and with any sign; S < C if channels depend on each other.

    References
    ----------
    Cardoso, Souloumiac: Blind beamforming for non-Gaussian signals. IEE Proceedings F 140 (1993), 362-370.
    """
    samples = mixed.shape[1]
    power, axes = np.linalg.eigh(mixed @ mixed.T / samples)
    kept = power > _NOTHING * power[-1]
    white = (axes[:, kept] / np.sqrt(power[kept])).T @ mixed
    if kept.all():
        # Back to the channels' own directions: the result of the rotations depends slightly on the start.
        white = axes @ white
    rotation = _joint_diagonalizer(_eigenmatrices(white), _SMALLEST_ROTATION / np.sqrt(samples))
    return np.asarray(rotation.T @ white)


def _eigenmatrices(white: NDArray[np.float64]) -> NDArray[np.float64]:
    """The S strongest eigenmatrices (S, S, S) of the cumulants, each scaled by its eigenvalue."""
    sources, samples = white.shape
    pairs = np.einsum("it,jt->ijt", white, white).reshape(sources**2, samples)
    cumulants = (pairs @ pairs.T / samples).reshape((sources,) * 4)
    same = np.eye(sources)
    for gaussian in ("ij,kl->ijkl", "ik,jl->ijkl", "il,jk->ijkl"):
        cumulants -= np.einsum(gaussian, same, same)
    strength, matrices = np.linalg.eigh(cumulants.reshape(sources**2, sources**2))
    strongest = np.argsort(np.abs(strength))[-sources:]
    scaled = matrices[:, strongest] * strength[strongest]
    return np.asarray(scaled.T.reshape(sources, sources, sources))


def _joint_diagonalizer(matrices: NDArray[np.float64], smallest: float) -> NDArray[np.float64]:
    """The rotation U for which all U' M U are most nearly diagonal, by Jacobi's plane rotations."""
    size = matrices.shape[1]
    rotation = np.eye(size)
    for _ in range(_MOST_SWEEPS):
        turned = False
        for p in range(size - 1):
            for q in range(p + 1, size):
                # The angle that minimizes the sum of the squares off the diagonal, in closed form.
                apart = matrices[:, p, p] - matrices[:, q, q]
                across = matrices[:, p, q] + matrices[:, q, p]
                lead = apart @ apart - across @ across
                angle = 0.5 * np.arctan2(2 * apart @ across, lead + np.hypot(lead, 2 * apart @ across))
                if abs(np.sin(angle)) <= smallest:
                    continue
                turned = True
                plane = np.eye(size)
                plane[[p, q], [p, q]] = np.cos(angle)
                plane[p, q], plane[q, p] = -np.sin(angle), np.sin(angle)
                matrices = plane.T @ matrices @ plane
                rotation = rotation @ plane
        if not turned:
            break
    return rotation


def _peak_shares(sources: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of each source's power (S,) in its strongest frequency."""
    power = np.abs(np.fft.rfft(sources, axis=1)[:, 1:]) ** 2
    return np.asarray(power.max(axis=1) / power.sum(axis=1))
