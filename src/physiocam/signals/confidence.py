"""How probable it is that a heart rate is right: from evidence in the waveform and in the light around it.

A pulse is known by more than its rhythm. It is in the skin and has the colour of blood. Both halves of the face have
it, and another network finds it too. It hardly ever shows in a single cell, nor in the corners of the face's square,
while a lamp, or a picture that sways, shows clearly everywhere, and grey. A logistic model, learned on films whose
truth is known, weighs this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.judging import Candidate, Judge, Verdict
from physiocam.signals.logistic import LogisticModel
from physiocam.signals.pieces import agreement, amplitudes, coherence, logit, steadiness
from physiocam.signals.quality import chance_share
from physiocam.signals.quantities import Quantity
from physiocam.signals.readings import LIGHT, Readings, readings_of
from physiocam.signals.settings import RateSettings

# A heart rate is given where it is more probably right than wrong. Much moves like a breath without being one: from 0.5
# on, more breathing rates of films without a breath would be given than by the rule without a model.
GIVEN_FROM: Mapping[Quantity, float] = {"heart": 0.5, "breathing": 0.8}

EVIDENCE = (
    "share", "tilted_share", "share_by_chance", "steadiness", "halves", "other", "green", "alike", "grey", "rim",
    "cells", "corners", "corner_gain", "uniform", "lamp", "strength", "length",
)  # fmt: skip

# Length of the pieces in which amplitude and phase are read, and the step between them, in seconds.
_PIECE_S, _PIECE_STEP_S = 4.0, 1.0
# Red over green: of blood in white light, and of a lamp.
_BLOOD, _GREY = 0.135, 1.0
_GREYNESS = 1.5
# Places of the nine cells and the four corners among the kinds of light.
_CELLS, _CORNERS = (
    [number for number, name in enumerate(LIGHT) if name.startswith(part)] for part in ("cell", "corner")
)


class Confidence(LogisticModel):
    """The probability that a heart rate lies within 3 beats/min of the truth; its evidence is `EVIDENCE`."""

    KNOWN: ClassVar[tuple[str, ...]] = EVIDENCE


@dataclass(frozen=True, eq=False)
class PulseJudge:
    """Judges a heart rate: readings of the frames that it was estimated from, and the model that weighs them."""

    readings: Readings
    model: Confidence

    @property
    def can_judge(self) -> bool:
        """Always: evidence that is missing counts as usual."""
        return True

    def verdict(self, candidate: Candidate) -> Verdict:
        """Return the probability as the quality."""
        return Verdict(self.model.probability(evidence_of(candidate, self.readings)))

    def floor(self, settings: RateSettings) -> float:
        """Return what is more probably right than wrong."""
        return floor_of(settings, "heart", judged=True)

    def width(self, quality: float) -> float:
        """Return how far from the rate, in beats/min, an 80 % interval reaches."""
        return self.model.width(quality)

    def part(self, rows: slice) -> "PulseJudge":
        """Return the judge of some consecutive frames."""
        return PulseJudge(self.readings.part(rows), self.model)

    def followed_by(self, others: Sequence[Judge]) -> "PulseJudge":
        """Return the judge of this scene and of those after it, as one."""
        return PulseJudge(readings_of(np.concatenate([self.table(), *(other.table() for other in others)])), self.model)

    def table(self) -> NDArray[np.float64]:
        """Return the readings, as `readings.Readings.table`."""
        return self.readings.table()


def floor_of(settings: RateSettings, quantity: Quantity, judged: bool) -> float:
    """Return the quality under which a rate is withheld; settings without a floor never withhold one.

    Parameters
    ----------
    settings : RateSettings
    quantity : "heart" or "breathing"
    judged : bool
        Whether the quality is a probability.
    """
    return GIVEN_FROM[quantity] if judged and settings.quality_floor > 0 else settings.quality_floor


def evidence_of(candidate: Candidate, readings: Readings) -> NDArray[np.float64]:
    """Return the evidence (len(EVIDENCE),) for and against a rate; NaN where something cannot be known.

    Parameters
    ----------
    candidate : Candidate
    readings : Readings
        Of the same frames.
    """
    usable = np.isfinite(candidate.difference)
    usable_s = float(np.count_nonzero(usable)) / candidate.fs
    share, tilted_share = candidate.shares()
    band_hz = candidate.frequencies[-1] - candidate.frequencies[0]
    chance = chance_share(np.maximum(band_hz * np.array([usable_s]), 1.0))
    columns = np.column_stack([candidate.difference, readings.table()])
    found = amplitudes(
        np.where(usable[:, None], columns, np.nan), candidate.fs, candidate.rate_hz, _PIECE_S, _PIECE_STEP_S
    )
    (pulse, whole, left, right, other), light = found[:, :5].T, found[:, 5:]
    rim, red, green = light[:, 0], light[:, 1], light[:, 2]
    cells, corners = light[:, _CELLS], light[:, _CORNERS]
    # How much of the light moves as the pulse does.
    red_gain, green_gain, cell_gains = _gain(pulse, red), _gain(pulse, green), _gain(pulse, cells)
    corner_gains = _gain(pulse, corners)
    all_gains = np.concatenate([cell_gains, corner_gains])
    ratio = float(np.clip(np.abs(red_gain) / max(float(np.abs(green_gain)), 1e-12), _BLOOD, _GREY))
    grey = ratio**_GREYNESS
    together = float(np.abs(cell_gains.sum()) / max(float(np.abs(cell_gains).sum()), 1e-12))
    corner_share = float((np.abs(corner_gains.mean()) + 1e-6) / (np.abs(cell_gains.mean()) + 1e-6))
    uniform = float(np.abs(all_gains.mean()) ** 2 / max(float(np.mean(np.abs(all_gains) ** 2)), 1e-12))
    values = {
        "share": logit(share),
        "tilted_share": logit(tilted_share),
        "share_by_chance": logit(float(chance[0])),
        "steadiness": steadiness(pulse, candidate.rate_hz, _PIECE_STEP_S),
        "halves": agreement(left, right),
        "other": logit(float(coherence(whole, other))),
        "green": logit(float(coherence(pulse, green))),
        "alike": together,
        "grey": grey,
        "rim": _clearness(pulse, rim) * grey,
        "cells": _clearness(pulse, cells) * grey,
        "corners": _clearness(pulse, corners),
        "corner_gain": float(np.log(corner_share)),
        "uniform": uniform,
        # A lamp lights all places alike, and the corners as much as the skin.
        "lamp": uniform * min(corner_share, 1.0),
        "strength": float(np.log(np.sqrt(np.mean(candidate.difference[usable] ** 2)) + 1e-6)) if usable_s else np.nan,
        "length": float(np.log(max(usable_s, 1.0))),
    }
    return np.array([values[name] for name in EVIDENCE])


def _gain(pulse: NDArray[np.complex128], other: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """How much of another reading (pieces, ...) moves with the pulse (pieces,)."""
    power = max(float(np.sum(np.abs(pulse) ** 2)), 1e-30)
    return np.asarray(np.tensordot(pulse.conj(), other, axes=1) / power)


def _clearness(pulse: NDArray[np.complex128], other: NDArray[np.complex128]) -> float:
    """How clearly the pulse shows in other readings, from about 0 to 4."""
    return float(-np.log(1.02 - np.mean(coherence(pulse, other))))
