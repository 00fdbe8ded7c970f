"""Amplitude and phase of readings at one rate, piece after piece, and how two readings go together."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

# Pieces that are looked at together: those of an hour at once would take 200 MB.
_TOGETHER = 64


def amplitudes(
    columns: NDArray[np.float64], fs: float, rate_hz: float, length_s: float, step_s: float
) -> NDArray[np.complex128]:
    """Amplitude and phase at one frequency in overlapping pieces of each column (T, C): (pieces, C)."""
    length = min(max(round(length_s * fs), 2), len(columns))
    step = max(round(step_s * fs), 1)
    taper = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
    wave = taper * np.exp(-2j * np.pi * rate_hz * np.arange(length) / fs)
    pieces = sliding_window_view(columns, length, axis=0)[::step]
    # A column without anything stays unknown; gaps in the others add nothing.
    nothing = ~np.isfinite(columns).any(axis=0)
    found = np.empty(pieces.shape[:2], dtype=np.complex128)
    for start in range(0, len(pieces), _TOGETHER):
        some = pieces[start : start + _TOGETHER]
        found[start : start + _TOGETHER] = np.where(np.isfinite(some), some, 0.0) @ wave
    found[:, nothing] = np.nan
    return found


def coherence(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Squared coherence, 0..1, of a reading (pieces,) and others (pieces, ...)."""
    power = float(np.sum(np.abs(one) ** 2)) * np.sum(np.abs(other) ** 2, axis=0)
    return np.asarray(np.abs(np.tensordot(one.conj(), other, axes=1)) ** 2 / np.maximum(power, 1e-30))


def agreement(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> float:
    """How far two readings (pieces,) swing together, -1..1: in step is 1."""
    power = float(np.sum(np.abs(one) ** 2) * np.sum(np.abs(other) ** 2))
    return float(np.real(np.sum(one * other.conj())) / max(power**0.5, 1e-30))


def steadiness(wave: NDArray[np.complex128], rate_hz: float, step_s: float) -> float:
    """How steadily the phase of a reading (pieces,) continues from piece to piece, 0..1; NaN of a single piece."""
    if len(wave) < 2:
        return np.nan
    # `amplitudes` counts each piece's phase from its own start.
    turned = np.exp(-2j * np.pi * rate_hz * step_s)
    power = float(np.sum(np.abs(wave[1:]) * np.abs(wave[:-1])))
    return float(np.real(np.sum(wave[1:] * wave[:-1].conj() * turned)) / max(power, 1e-30))


def logit(share: float) -> float:
    """Log odds of a share, which is limited to a thousandth from 0 and 1."""
    clipped = min(max(share, 1e-3), 1 - 1e-3)
    return float(np.log(clipped / (1 - clipped)))
