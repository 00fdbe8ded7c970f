"""Action units against coders, frame by frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class UnitCounts(NamedTuple):
    """Frames of one unit. Counts of recordings add up, and all scores follow from them.

    Attributes
    ----------
    frames : int
        With a known code.
    present, predicted, hits : int
        Of these, where the unit is present, where it is predicted, and where it is both.
    """

    frames: int
    present: int
    predicted: int
    hits: int


@dataclass(frozen=True)
class UnitComparison:
    """Predicted and coded action units of a recording.

    Attributes
    ----------
    recording, subject : str
    units : dict of str to UnitCounts
    """

    recording: str
    subject: str
    units: dict[str, UnitCounts]


@dataclass(frozen=True)
class ActionUnitScore:
    """One unit, over all frames of all recordings.

    Attributes
    ----------
    f1, accuracy : float or None
        In percent; None without a known frame. F1 is 0 if the unit is neither predicted nor present, as in the paper's
        evaluation.
    frames : int
        With a known code.
    present : int
        Of these, those where the unit is present.
    """

    f1: float | None
    accuracy: float | None
    frames: int
    present: int


@dataclass(frozen=True)
class ActionUnitScores:
    """All units, and the plain means over those that have a figure."""

    units: dict[str, ActionUnitScore]
    mean_f1: float | None
    mean_accuracy: float | None


def count_units(
    predicted: NDArray[np.bool_], true: NDArray[np.bool_], known: NDArray[np.bool_], labels: Sequence[str]
) -> dict[str, UnitCounts]:
    """Count each unit's frames.

    Parameters
    ----------
    predicted, true, known : bool arrays (T, A)
        Unknown codes do not count.
    labels : sequence of str
        One per column.
    """
    told, there = predicted & known, true & known
    counts = np.stack([frames.sum(axis=0) for frames in (known, there, told, told & there)], axis=1)
    return {label: UnitCounts(*row) for label, row in zip(labels, counts.tolist(), strict=True)}


def f1_of(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """F1 in percent, shape (...), of counts (..., 4) in the order of `UnitCounts`; NaN without a known frame."""
    frames, present, predicted, hits = np.moveaxis(counts, -1, 0)
    f1: NDArray[np.float64] = np.where(frames > 0, 200.0 * hits / np.maximum(present + predicted, 1), np.nan)
    return f1


def unit_scores(recordings: Sequence[Mapping[str, UnitCounts]]) -> ActionUnitScores:
    """Scores over the frames of all recordings together (paper section 4.2 and its released code).

    Parameters
    ----------
    recordings : sequence of mapping of str to UnitCounts
        At least one; all of the same units.

    Returns
    -------
    ActionUnitScores
    """
    labels = list(recordings[0])
    counts = np.array([[one[label] for label in labels] for one in recordings]).sum(axis=0)
    units = {}
    for label, f1, (frames, present, predicted, hits) in zip(labels, f1_of(counts), counts.tolist(), strict=True):
        right = frames - present - predicted + 2 * hits
        units[label] = ActionUnitScore(
            f1=float(f1) if frames else None,
            accuracy=100.0 * (right / frames) if frames else None,
            frames=frames,
            present=present,
        )
    return ActionUnitScores(
        units, _plain_mean([unit.f1 for unit in units.values()]), _plain_mean([u.accuracy for u in units.values()])
    )


def action_unit_scores(
    predicted: NDArray[np.bool_], true: NDArray[np.bool_], known: NDArray[np.bool_], labels: Sequence[str]
) -> ActionUnitScores:
    """Compare action units frame by frame; parameters as in `count_units`, with the frames of all recordings."""
    return unit_scores([count_units(predicted, true, known, labels)])


def _plain_mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None
