"""Figures of merit of benchmarks/accuracy.py: errors, whether qualities and probabilities mean what they say."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from physiocam.evaluation.metrics import rate_scores
from physiocam.networks.action_units import AU_LABELS
from roc import area_under_roc

QUANTITIES = ("heart_rate", "breathing_rate")
CONFIDENT, NEAR = 0.7, 3.0

# Where one group of qualities ends and the next begins; answers of less than a half are one group.
_QUALITIES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

# The default bundle's probabilities are made for units that are there in a third of the moments.
_ACTIVE_SHARE = 1 / 3

# Half the width of the limits of agreement, in standard deviations.
_LIMITS = 1.96

Measured = Sequence[tuple[Path, dict[str, Any]]]


class Known(Protocol):
    """A recording whose truth is known; a rate that nobody can see is NaN."""

    @property
    def video(self) -> Path:
        """Its file."""

    @property
    def factors(self) -> dict[str, str]:
        """What it is like: levels by factors."""

    @property
    def heart_rate(self) -> float:
        """True mean in beats/min."""

    @property
    def breathing_rate(self) -> float:
        """True mean in breaths/min."""


def generated_figures(recordings: Sequence[Known], measured: Measured) -> dict[str, Any]:
    """Figures of drawn recordings: rates, action units, and the curves of accuracy_curves.py."""
    figures = rate_figures(recordings, measured)
    curves: dict[str, Any] = {}
    for quantity in QUANTITIES:
        if quantity in figures:
            curves[quantity] = risk_coverage(*_rates(quantity, recordings, measured))
    if measured[0][1]["action_units"]:
        probability, present = unit_frames(recordings, [folder for folder, _ in measured])
        figures["action_units"] = {
            label: _area(probability[:, column], present[:, column] == 1) for column, label in enumerate(AU_LABELS)
        }
        curves["reliability"] = reliability(probability, present)
        curves["reliability_at_active_share"] = reliability(probability, present, _ACTIVE_SHARE)
    return {**figures, "curves": curves}


def rate_figures(recordings: Sequence[Known], measured: Measured) -> dict[str, Any]:
    """Scores of each rate that is ever told, over all recordings and each level of each factor; and calibration."""
    figures: dict[str, Any] = {}
    known: dict[str, Any] = {}
    for quantity in QUANTITIES:
        true, value, quality = _rates(quantity, recordings, measured)
        guess = _guesses(quantity, measured)
        if not np.isfinite(value).any():
            continue
        figures[quantity] = {"all": scores(true, value, quality, guess)}
        known[quantity] = calibration(true, value, quality)
        for factor in recordings[0].factors:
            for level in dict.fromkeys(recording.factors[factor] for recording in recordings):
                of = np.array([recording.factors[factor] == level for recording in recordings])
                figures[quantity][f"{factor}: {level}"] = scores(true[of], value[of], quality[of], guess[of])
    return {**figures, "calibration": known}


def length_figures(recordings: Sequence[Known], measured: Measured) -> dict[str, Any]:
    """Scores of both rates over recordings of one length."""
    return {
        quantity: scores(*_rates(quantity, recordings, measured), _guesses(quantity, measured))
        for quantity in QUANTITIES
    }


def _rates(
    quantity: str, recordings: Sequence[Known], measured: Measured
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What is true, what is told, and how surely."""
    true = np.array([getattr(recording, quantity) for recording in recordings], dtype=np.float64)
    value = np.array([summary[quantity]["value"] for _, summary in measured], dtype=np.float64)
    return true, value, np.array([summary[quantity]["quality"] for _, summary in measured], dtype=np.float64)


def _guesses(quantity: str, measured: Measured) -> NDArray[np.float64]:
    """The best guess of each, whether it is told or not; NaN where there is none."""
    return np.array([summary[quantity].get("estimate") for _, summary in measured], dtype=np.float64)


def scores(
    true: NDArray[np.float64], value: NDArray[np.float64], quality: NDArray[np.float64], guess: NDArray[np.float64]
) -> dict[str, Any]:
    """Errors where there is an answer, and whether the quality knows: errors of the surer half, and of sure answers."""
    seen = np.isfinite(true)
    true, value, quality, guess = true[seen], value[seen], quality[seen], guess[seen]
    given, guessed = np.isfinite(value), np.isfinite(guess)
    error = np.abs(value - true)
    surer = given & (quality >= np.median(quality[given])) if given.any() else given
    confident = given & (quality > CONFIDENT)
    near = int((error[given] < NEAR).sum())
    figures = rate_scores(value, true)
    return {
        "recordings": len(true),
        "answered": int(given.sum()),
        "mae": _rounded(figures.mae.value),
        "median": _rounded(np.median(error[given])) if given.any() else None,
        "r": _rounded(figures.pearson.value),
        "mae_of_surer_half": _rounded(error[surer].mean()) if surer.any() else None,
        "confident": int(confident.sum()),
        "confident_and_near": int((error[confident] < NEAR).sum()),
        "near": near,
        "share_near": _rounded(near / given.sum()) if given.any() else None,
        "arms": _rounded(figures.rmse.value),
        "limits": limits_of_agreement(value[given] - true[given]),
        "guessed": int(guessed.sum()),
        "guesses_near": int((np.abs(guess - true)[guessed] < NEAR).sum()),
    }


def limits_of_agreement(difference: NDArray[np.float64]) -> list[float] | None:
    """Between which differences from the truth 95 % of answers lie, if they are normal (Bland and Altman)."""
    if len(difference) < 2:
        return None
    half = _LIMITS * float(difference.std(ddof=1))
    middle = float(difference.mean())
    return [round(middle - half, 3), round(middle + half, 3)]


def calibration(true: NDArray[np.float64], value: NDArray[np.float64], quality: NDArray[np.float64]) -> dict[str, Any]:
    """Whether a quality is the share of right answers.

    Returns
    -------
    dict
        "groups": for each group of qualities its bounds, the number of answers, their mean quality, and the share of
        them within `NEAR`. "expected_error": the mean distance between the two, weighted by answers.
    """
    given = np.isfinite(value) & np.isfinite(true)
    near, quality = np.abs(value - true)[given] < NEAR, quality[given]
    place = np.clip(np.searchsorted(_QUALITIES, quality, side="right") - 1, 0, len(_QUALITIES) - 2)
    groups = []
    distance = 0.0
    for index, (low, high) in enumerate(pairwise(_QUALITIES)):
        of = place == index
        mean, share = (float(of_all[of].mean()) if of.any() else None for of_all in (quality, near))
        if mean is not None and share is not None:
            distance += int(of.sum()) * abs(mean - share)
        groups.append({
            "from": low, "to": high, "answers": int(of.sum()), "quality": _rounded(mean), "share_near": _rounded(share),
        })  # fmt: skip
    return {"groups": groups, "expected_error": _rounded(distance / len(near)) if len(near) else None}


def risk_coverage(
    true: NDArray[np.float64], value: NDArray[np.float64], quality: NDArray[np.float64]
) -> list[list[float]]:
    """How many recordings are answered at least that surely, and how wrong these answers are in the mean.

    A row for each answer, the surest first: its quality, the share of all recordings until it, their mean error.
    """
    given = np.isfinite(value)
    order = np.argsort(-quality[given], kind="stable")
    error = np.abs(value - true)[given][order]
    count = np.arange(1, len(error) + 1)
    rows = np.stack([quality[given][order], count / len(true), np.cumsum(error) / count], axis=1)
    return [[round(number, 4) for number in row] for row in rows.tolist()]


def reliability(
    probability: NDArray[np.float64], present: NDArray[np.int8], active_share: float | None = None
) -> list[list[float]]:
    """How often a unit is there when it is said to be with some probability, over all units and frames.

    Frames count alike; or, with a share, as if each unit were there in this share of them. A row for each tenth of the
    probabilities that occurs: their mean, the share that is there, the number of frames.
    """
    there = present == 1
    weight = np.ones(probability.shape)
    if active_share is not None:
        shown = there.mean(axis=0)
        weight = np.where(there, active_share / shown, (1 - active_share) / (1 - shown))
    known = np.isfinite(probability)
    p, there, weight = probability[known], there[known], weight[known]
    tenth = np.minimum((10 * p).astype(int), 9)
    rows = []
    for number, count in enumerate(np.bincount(tenth, minlength=10)):
        if count:
            chosen = tenth == number
            mean, share = (np.average(of[chosen], weights=weight[chosen]) for of in (p, there))
            rows.append([round(float(mean), 4), round(float(share), 4), int(count)])
    return rows


def unit_frames(recordings: Sequence[Known], folders: list[Path]) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Probabilities and truth of all frames of all recordings, (frames, 12)."""
    probability, present = [], []
    for recording, folder in zip(recordings, folders, strict=True):
        table = np.genfromtxt(folder / "action_units.csv", delimiter=",", names=True)
        probability.append(np.stack([table[f"{label}_p"] for label in AU_LABELS], axis=1))
        present.append(np.load(recording.video.with_suffix(".npy"))[: len(table)])
    return np.concatenate(probability), np.concatenate(present)


def _area(probability: NDArray[np.float64], present: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve over the frames that have a probability."""
    known = np.isfinite(probability)
    return _rounded(area_under_roc(probability[known], present[known]))


def told(measured: dict[str, Any]) -> dict[str, Any]:
    """Both rates of one film, as far as they are kept."""
    return {quantity: {key: measured[quantity][key] for key in ("value", "quality")} for quantity in QUANTITIES}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
