"""Whether the shoulders move as the network breathes: two readings of one breath, which share no error.

A network reads the breath in the light of a wide square. Its rate is mostly right, also where much noise surrounds it,
but its spectrum alone does not show when. The shoulders' shift is read without a network; where both find the same
rate, it is not by chance. A picture that is moved as a whole, by hand or by an unsteady camera, moves the shoulders
too; then the part above the chin moves with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physiocam.signals.judging import Candidate, Judge, Verdict
from physiocam.signals.rate_notes import moved_as_a_whole, readings_disagree, shoulders_unseen, still_shoulders
from physiocam.signals.settings import RateSettings
from physiocam.signals.spectra import interpolated_peaks, pooled_spectrum

# Breaths per minute by which two readings of one breath may differ: less than a breath in a window of 30 s.
APART = 2.0

# A rhythm of the shoulders that is half as strong as their strongest may be the breath too: which of the two it is, the
# network says. In a short recording chance motions are as strong as a calm breath.
LEAST_POWER = 0.5

# The wide square is about half a metre: a millimetre, where a breath lifts the shoulders by several. In the usual size
# of this square it is 0.3 pixels, above what codecs and noise do to still shoulders.
LEAST_MOVE = 0.002

# How much of their movement the shoulders must have for themselves.
LEAST_OWN = 0.3

# Share of the network's power near its rate and the overtones. Less is a rhythm that the noise has lost.
LEAST_SHARE = 0.3

# The shoulders must be in the picture for this share of the time.
_SEEN = 0.5

# A shift further from the usual one than this many times the usual distance is not breath, and is limited to that.
_FAR = 4.0
# Shifts are taken over several frames at a time, down to this many a second: breath is slow, and it saves time.
_LEAST_HZ = 5.0
# What the usual distance is at least, as a share of the square: that of shoulders at rest.
_REST = 1e-5


@dataclass(frozen=True, eq=False)
class ShoulderJudge:
    """Judges a network's breathing rate by the shoulders.

    Attributes
    ----------
    shifts : float64 array (T, 2)
        How far the body under the chin, and the part above the chin, move down from each frame to the next, as a share
        of the wide square's side; NaN where that was not seen. See `inputs.shoulders`.
    """

    shifts: NDArray[np.float64]

    @property
    def can_judge(self) -> bool:
        """Whether the shoulders are in the picture, for half of the time or more in which the face is."""
        body, above = np.isfinite(self.shifts).sum(axis=0)
        return bool(body >= max(_SEEN * above, 1))

    def verdict(self, candidate: Candidate) -> Verdict:
        """Return the network's spectral share as the quality if the shoulders agree, else 0 and why they do not."""
        share = min(candidate.shares())
        if share < LEAST_SHARE:
            return Verdict(0.0)
        doubt = self._doubt(candidate)
        return Verdict(0.0 if doubt else share, doubt)

    def _doubt(self, candidate: Candidate) -> str | None:
        """Why the shoulders do not confirm a rate; None if they do."""
        settings = candidate.settings
        unseen = ~(np.isfinite(candidate.difference) & np.isfinite(self.shifts).all(axis=1))
        together = max(int(candidate.fs / _LEAST_HZ), 1)
        fs, cuts = candidate.fs / together, [cut // together for cut in candidate.cuts]
        body, above = (_slower(np.where(unseen, np.nan, column), together) for column in self.shifts.T)
        # In the shifts themselves a slow drift is faint, which would outweigh the breath in their sum.
        pooling = pooled_spectrum(body, fs, settings, cuts)
        if pooling is None:
            return shoulders_unseen()
        frequencies, pooled, _ = pooling
        if not pooled.any():
            return still_shoulders()
        rate_hz = float(interpolated_peaks(frequencies, pooled)[0])
        if abs(60.0 * (rate_hz - candidate.rate_hz)) > APART:
            near = np.abs(60.0 * (frequencies - candidate.rate_hz)) <= APART
            if pooled[0, near].max() < LEAST_POWER * pooled.max():
                return readings_disagree(candidate.rate_hz, rate_hz)
            rate_hz = candidate.rate_hz
        move, own = _moves(body, above, fs, rate_hz, settings.window_s)
        if move < LEAST_MOVE:
            return still_shoulders()
        return moved_as_a_whole(rate_hz) if own < LEAST_OWN * move else None

    def floor(self, settings: RateSettings) -> float:
        """Return the settings' own: the rule says 0 where there should be no rate."""
        return settings.quality_floor

    def width(self, _quality: float) -> None:
        """Return None: how far such rates are off is not known well enough."""

    def part(self, rows: slice) -> "ShoulderJudge":
        """Return the judge of some consecutive frames."""
        return ShoulderJudge(self.shifts[rows])

    def followed_by(self, others: Sequence[Judge]) -> "ShoulderJudge":
        """Return the judge of this scene and of those after it, as one."""
        return ShoulderJudge(np.concatenate([self.shifts, *(other.table() for other in others)]))

    def table(self) -> NDArray[np.float64]:
        """Return the shifts."""
        return self.shifts


def _slower(shift: NDArray[np.float64], together: int) -> NDArray[np.float64]:
    """Return a shift (T,) over so many frames at a time, around its usual value; what is too far from it is limited."""
    shift = shift[: len(shift) // together * together].reshape(-1, together).sum(axis=1)
    if not np.isfinite(shift).any():
        return shift
    around = shift - np.nanmedian(shift)
    far = _FAR * max(float(np.nanmedian(np.abs(around))), _REST)
    return np.clip(around, -far, far)


def _moves(
    body: NDArray[np.float64], above: NDArray[np.float64], fs: float, rate_hz: float, window_s: float
) -> tuple[float, float]:
    """How far shoulders swing to either side at a rate, and how far they do so against the part above the chin.

    Of shifts (T,), in their unit; the mean of overlapping windows.
    """
    length = min(round(window_s * fs), len(body))
    taper = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
    wave = taper * np.exp(-2j * np.pi * rate_hz * np.arange(length) / fs)
    both = sliding_window_view(np.stack([body, body - above]), length, axis=1)[:, :: max(length // 4, 1)]
    seen = np.isfinite(both)
    swings = np.abs(np.where(seen, both, 0.0) @ wave).sum(axis=1) / np.maximum((seen[0] @ taper).sum(), 1e-9)
    # From the swing of the differences to that of their sum.
    move, own = swings / np.sin(np.pi * rate_hz / fs)
    return float(move), float(own)
