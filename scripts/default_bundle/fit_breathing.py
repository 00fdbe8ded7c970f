"""What is heard in films with and without a breath: evidence for a breathing rate, and how far it is off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breathing_films import BreathingFilm
from fit_confidence import Heard
from physiocam.signals.breath_evidence import BREATH_EVIDENCE, breath_evidence, rhythm_of, shoulders_of
from physiocam.signals.judging import Candidate, Verdict
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS
from physiocam.signals.shoulder_judge import ShoulderJudge

_SETTINGS = SETTINGS["default"]


@dataclass(frozen=True, eq=False)
class BreathsHeard(Heard):
    """What is heard in pieces of films, and what the rule without a model makes of it.

    Attributes
    ----------
    by_rule : float64 array (P,)
        The quality.
    given_by_rule : bool array (P,)
    """

    by_rule: NDArray[np.float64]
    given_by_rule: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Listening(ShoulderJudge):
    """A judge that keeps the evidence."""

    def verdict(self, candidate: Candidate) -> Verdict:
        """Judge as the rule does, and keep the evidence if the shoulders are seen to move."""
        shoulders = shoulders_of(candidate, self.shifts)
        rhythm = rhythm_of(candidate, shoulders)
        if rhythm is not None and rhythm.rate_hz:
            _KEPT.append(breath_evidence(candidate, shoulders, rhythm))
        return super().verdict(candidate)


_KEPT: list[NDArray[np.float64]] = []


def hear_breaths(films: Sequence[BreathingFilm]) -> BreathsHeard:
    """Estimate a rate in each piece of the films, and take down the evidence; shoulders must be in the picture."""
    evidence, errors, numbers, kinds, by_rule, given = [], [], [], [], [], []
    for number, film in enumerate(films):
        for rows in _pieces(film):
            _KEPT.clear()
            judge = _Listening(film.shifts[rows])
            wave = film.difference[rows].copy()
            wave[-1] = np.nan
            rate = estimate_rate(wave, film.facts["fs"], "breathing", _SETTINGS, judge=judge)
            if rate.estimate is None or not judge.can_judge or not _KEPT:
                continue
            true = float(np.mean(film.rates[rows]))
            evidence.append(_KEPT[-1])
            errors.append(abs(rate.estimate - true) if np.isfinite(true) else np.inf)
            numbers.append(number)
            kinds.append(film.facts["kind"])
            by_rule.append(rate.quality)
            given.append(rate.value is not None)
    return BreathsHeard(
        np.array(evidence).reshape(-1, len(BREATH_EVIDENCE)), np.array(errors), np.array(numbers), np.array(kinds),
        np.array(by_rule), np.array(given),
    )  # fmt: skip


def _pieces(film: BreathingFilm) -> Iterator[slice]:
    """The whole of a film, and its first 16 and last 20 seconds where it is longer."""
    frames, fs = len(film.difference), film.facts["fs"]
    yield slice(0, frames)
    if frames > 18 * fs:
        yield slice(0, round(16 * fs))
    if frames > 25 * fs:
        yield slice(frames - round(20 * fs), frames)
