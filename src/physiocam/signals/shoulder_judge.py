"""Whether the shoulders move as the network breathes: two readings of one breath, which share no error.

A network reads the breath in the light of a wide square. Its rate is mostly right, also where much noise surrounds it,
but its spectrum alone does not show when. The shoulders' shift is read without a network; where both find the same
rate, it is not by chance. A picture that is moved as a whole, by hand or by an unsteady camera, moves the shoulders
too; then the part above the chin moves with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.breath_evidence import (
    APART,
    BreathConfidence,
    Rhythm,
    Shoulders,
    breath_evidence,
    rhythm_of,
    shoulders_of,
)
from physiocam.signals.confidence import floor_of
from physiocam.signals.judging import Candidate, Judge, Verdict
from physiocam.signals.rate_notes import moved_as_a_whole, readings_disagree, shoulders_unseen, still_shoulders
from physiocam.signals.settings import RateSettings

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


@dataclass(frozen=True, eq=False)
class ShoulderJudge:
    """Judges a network's breathing rate by the shoulders.

    Attributes
    ----------
    shifts : float64 array (T, 2)
        How far the body under the chin, and the part above the chin, move down from each frame to the next, as a share
        of the wide square's side; NaN where that was not seen. See `inputs.shoulders`.
    model : BreathConfidence or None
        Weighs the evidence; without one a rule decides.
    """

    shifts: NDArray[np.float64]
    model: BreathConfidence | None = None

    @property
    def can_judge(self) -> bool:
        """Whether the shoulders are in the picture, for half of the time or more in which the face is."""
        body, above = np.isfinite(self.shifts).sum(axis=0)
        return bool(body >= max(_SEEN * above, 1))

    def verdict(self, candidate: Candidate) -> Verdict:
        """Judge a rate, and say why the shoulders do not confirm it, if they do not.

        With a model, the quality is a probability; without, the network's spectral share if the shoulders agree or 0.
        Where the shoulders have a clear rhythm at another rate, it is 0 in any case.
        """
        share = min(candidate.shares())
        if self.model is None and share < LEAST_SHARE:
            return Verdict(0.0)
        shoulders = shoulders_of(candidate, self.shifts)
        rhythm = rhythm_of(candidate, shoulders)
        doubt = _doubt(candidate, shoulders, rhythm)
        if self.model is None:
            return Verdict(0.0 if doubt else share, doubt)
        if rhythm is None or not rhythm.rate_hz or _disagree(candidate, rhythm):
            return Verdict(0.0, doubt)
        probability = self.model.probability(breath_evidence(candidate, shoulders, rhythm))
        return Verdict(probability, None if share < LEAST_SHARE else doubt)

    def floor(self, settings: RateSettings) -> float:
        """Return the probability from which on a rate is given; without a model the settings' own quality."""
        return floor_of(settings, "breathing", judged=self.model is not None)

    def width(self, quality: float) -> float | None:
        """Return how far from the rate, in breaths/min, an 80 % interval reaches; None without a model."""
        return None if self.model is None else self.model.width(quality)

    def part(self, rows: slice) -> Self:
        """Return the judge of some consecutive frames."""
        return replace(self, shifts=self.shifts[rows])

    def followed_by(self, others: Sequence[Judge]) -> Self:
        """Return the judge of this scene and of those after it, as one."""
        return replace(self, shifts=np.concatenate([self.shifts, *(other.table() for other in others)]))

    def table(self) -> NDArray[np.float64]:
        """Return the shifts."""
        return self.shifts


def _doubt(candidate: Candidate, shoulders: Shoulders, rhythm: Rhythm | None) -> str | None:
    """Why the shoulders do not confirm a rate; None if they do."""
    if rhythm is None:
        return shoulders_unseen()
    rate_hz = rhythm.rate_hz
    if not rate_hz:
        return still_shoulders()
    if _disagree(candidate, rhythm):
        return readings_disagree(candidate.rate_hz, rate_hz)
    if _apart(candidate, rhythm):
        rate_hz = candidate.rate_hz
    move, own = shoulders.moves(rate_hz, candidate.settings.window_s)
    if move < LEAST_MOVE:
        return still_shoulders()
    return moved_as_a_whole(rate_hz) if own < LEAST_OWN * move else None


def _apart(candidate: Candidate, rhythm: Rhythm) -> bool:
    return abs(60.0 * (rhythm.rate_hz - candidate.rate_hz)) > APART


def _disagree(candidate: Candidate, rhythm: Rhythm) -> bool:
    """Whether the shoulders are elsewhere, and hardly at the candidate's rate."""
    return _apart(candidate, rhythm) and rhythm.near < LEAST_POWER
