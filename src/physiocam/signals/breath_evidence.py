"""Evidence for and against a breathing rate: in the network's reading, in the shoulders, and between the two.

A breath lifts the shoulders in step with what the network reads. A lamp, a codec's key frames or a camera that slides
have a rhythm too, but not the same in both; a hand that sways the camera moves the part above the chin as far.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physiocam.signals.judging import Candidate
from physiocam.signals.logistic import LogisticModel
from physiocam.signals.pieces import agreement, amplitudes, coherence, logit, steadiness
from physiocam.signals.spectra import interpolated_peaks, pooled_spectrum

BREATH_EVIDENCE = ("steadiness", "shoulder_steadiness", "shoulder_power", "move", "body", "above", "in_step")

# Breaths per minute by which two readings of one breath may differ: less than a breath in a window of 30 s.
APART = 2.0

# A shift further from the usual one than this many times the usual distance is not breath, and is limited to that.
_FAR = 4.0
# Shifts are taken over several frames at a time, down to this many a second: breath is slow, and it saves time.
_LEAST_HZ = 5.0
# What the usual distance is at least, as a share of the square: that of shoulders at rest.
_REST = 1e-5
# Length of the pieces in which amplitude and phase are read, and the step between them, in breaths.
_PIECE, _PIECE_STEP = 1.5, 0.5
# A swing so small, as a share of the square, counts as none.
_LEAST = 1e-5


class BreathConfidence(LogisticModel):
    """The probability that a breathing rate lies within 3 breaths/min of the truth, from `BREATH_EVIDENCE`."""

    KNOWN: ClassVar[tuple[str, ...]] = BREATH_EVIDENCE


@dataclass(frozen=True, eq=False)
class Shoulders:
    """What the network reads and how the shoulders move, a few times a second.

    Attributes
    ----------
    fs : float
    cuts : list of int
    network, body, above : float64 arrays (T,)
        Differences that the network reads; how far the body under the chin, and the part above it, move down, around
        the usual. NaN where any of them is unknown.
    """

    fs: float
    cuts: list[int]
    network: NDArray[np.float64]
    body: NDArray[np.float64]
    above: NDArray[np.float64]

    def moves(self, rate_hz: float, window_s: float) -> tuple[float, float]:
        """How far the shoulders swing to either side at a rate, and how far they do so against the part above the chin.

        In the unit of the shifts; the mean of overlapping windows.
        """
        length = min(round(window_s * self.fs), len(self.body))
        taper = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
        wave = taper * np.exp(-2j * np.pi * rate_hz * np.arange(length) / self.fs)
        columns = np.stack([self.body, self.body - self.above])
        both = sliding_window_view(columns, length, axis=1)[:, :: max(length // 4, 1)]
        seen = np.isfinite(both)
        swings = np.abs(np.where(seen, both, 0.0) @ wave).sum(axis=1) / np.maximum((seen[0] @ taper).sum(), 1e-9)
        # From the swing of the differences to that of their sum.
        move, own = swings / np.sin(np.pi * rate_hz / self.fs)
        return float(move), float(own)


@dataclass(frozen=True, eq=False)
class Rhythm:
    """The rhythm of the shoulders.

    Attributes
    ----------
    rate_hz : float
        Their strongest.
    near : float
        Their power near the network's rate, relative to their strongest.
    """

    rate_hz: float
    near: float


def shoulders_of(candidate: Candidate, shifts: NDArray[np.float64]) -> Shoulders:
    """Return what is seen at a few times a second of the frames of a candidate, whose shifts (T, 2) these are."""
    unseen = ~(np.isfinite(candidate.difference) & np.isfinite(shifts).all(axis=1))
    together = max(int(candidate.fs / _LEAST_HZ), 1)
    network = _together(np.where(unseen, np.nan, candidate.difference), together)
    body, above = (_around_usual(_together(np.where(unseen, np.nan, column), together)) for column in shifts.T)
    return Shoulders(candidate.fs / together, [cut // together for cut in candidate.cuts], network, body, above)


def rhythm_of(candidate: Candidate, shoulders: Shoulders) -> Rhythm | None:
    """Return the rhythm of the shoulders; None if they were seen too briefly. Still shoulders have a rate of 0."""
    # In the shifts themselves a slow drift is faint, which would outweigh the breath in their sum.
    pooling = pooled_spectrum(shoulders.body, shoulders.fs, candidate.settings, shoulders.cuts)
    if pooling is None:
        return None
    frequencies, pooled, _ = pooling
    if not pooled.any():
        return Rhythm(0.0, 0.0)
    near = np.abs(60.0 * (frequencies - candidate.rate_hz)) <= APART
    power = float(pooled[0, near].max(initial=0.0) / pooled.max())
    return Rhythm(float(interpolated_peaks(frequencies, pooled)[0]), power)


def breath_evidence(candidate: Candidate, shoulders: Shoulders, rhythm: Rhythm) -> NDArray[np.float64]:
    """Return the evidence (len(BREATH_EVIDENCE),) for and against a breathing rate; NaN where something is unknown.

    Parameters
    ----------
    candidate : Candidate
    shoulders : Shoulders
    rhythm : Rhythm
        Of shoulders that move.
    """
    rate_hz = candidate.rate_hz
    columns = np.column_stack([shoulders.network, shoulders.body, shoulders.above])
    step_s = _PIECE_STEP / rate_hz
    network, body, above = amplitudes(columns, shoulders.fs, rate_hz, _PIECE / rate_hz, step_s).T
    move, _ = shoulders.moves(rate_hz, candidate.settings.window_s)
    values = {
        "steadiness": steadiness(network, rate_hz, step_s),
        "shoulder_steadiness": steadiness(body, rate_hz, step_s),
        "shoulder_power": logit(rhythm.near),
        "move": float(np.log(move + _LEAST)),
        "body": logit(float(coherence(network, body))),
        "above": logit(float(coherence(network, above))),
        "in_step": agreement(network, body),
    }
    return np.array([values[name] for name in BREATH_EVIDENCE])


def _together(difference: NDArray[np.float64], together: int) -> NDArray[np.float64]:
    """Differences (T,) over so many frames at a time."""
    return np.asarray(difference[: len(difference) // together * together].reshape(-1, together).sum(axis=1))


def _around_usual(shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a shift (T,) around its usual value; what is too far from it is limited."""
    if not np.isfinite(shift).any():
        return shift
    around = shift - np.nanmedian(shift)
    far = _FAR * max(float(np.nanmedian(np.abs(around))), _REST)
    return np.clip(around, -far, far)
