"""How well action units are told in stills and drawn faces, and the scale that makes scores log odds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import mannwhitneyu

from drawn_faces import DrawnFaces
from expression_stills import Stills
from physiocam.networks.action_units import AU_LABELS


def still_figures(logits: NDArray[np.floating], stills: Stills) -> dict[str, Any]:
    """How well held-out stills are told apart, and how the decision at 0.5 falls.

    Parameters
    ----------
    logits : float array (n, 12 or more)
        Of the held-out stills alone.
    stills : Stills
    """
    targets = stills.targets[stills.held_out]
    decisions = {}
    for column, label in enumerate(AU_LABELS):
        active, inactive = clear_sides(targets[:, column])
        decisions[label] = {
            "active": int(active.sum()),
            "found": round(float((logits[active, column] >= 0).mean()), 2),
            "inactive": int(inactive.sum()),
            "false_alarms": round(float((logits[inactive, column] >= 0).mean()), 2),
        }
    return {
        "held_out_stills_auc": emotion_aucs(logits, stills.emotion[stills.held_out]),
        "held_out_stills_decisions": decisions,
    }


def drawn_aucs(logits: NDArray[np.floating], drawn: DrawnFaces) -> dict[str, float]:
    """How well units of drawn people are told apart, whose truth is exact."""
    return {
        label: area_under_roc(logits[:, column], drawn.targets[:, column] == 1.0, drawn.targets[:, column] == 0.0)
        for column, label in enumerate(AU_LABELS)
    }


def trust(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """By unit, the lowest of its areas under the ROC curve on held-out faces of every kind."""
    lowest: dict[str, float] = {}
    tables = [evaluation.get(name, {}) for name in ("held_out_stills_auc", "held_out_drawn_auc")]
    tables.append(evaluation.get("held_out_rendered", {}).get("auc", {}))
    for table in tables:
        for name, area in table.items():
            # Stills are named with the emotion word that implies the unit.
            unit = name.split()[0]
            lowest[unit] = min(lowest.get(unit, 1.0), area)
    return lowest


def emotion_aucs(scores: NDArray[np.floating], emotion: NDArray[np.str_]) -> dict[str, float]:
    """AUC of a unit's score for an emotion against neutral; scores (n, 12)."""
    pairs = (("AU12", "happiness"), ("AU06", "happiness"), ("AU01", "surprise"), ("AU02", "surprise"),
             ("AU04", "anger"), ("AU10", "disgust"), ("AU15", "sadness"))  # fmt: skip
    return {
        f"{label} {word}": area_under_roc(scores[:, AU_LABELS.index(label)], emotion == word, emotion == "neutral")
        for label, word in pairs
    }


def area_under_roc(scores: NDArray[np.floating], positive: NDArray[np.bool_], negative: NDArray[np.bool_]) -> float:
    """Share of pairs of a positive and a negative example that a score (n,) puts in order; ties count half."""
    wins = mannwhitneyu(scores[positive], scores[negative], method="asymptotic").statistic
    return round(float(wins / (positive.sum() * negative.sum())), 3)


def clear_sides(targets: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a unit's weak labels say clearly that it is active, and that it is not."""
    return targets >= 0.45, targets <= 0.15


def logistic(active: NDArray[np.float64], inactive: NDArray[np.float64], active_share: float) -> tuple[float, float]:
    """Scale and shift of scores that make them log odds, for a unit that is active in a share of the moments.

    With a slight pull towards the scale as trained.
    """
    x = np.concatenate([active, inactive])
    sign = np.concatenate([np.ones(len(active)), -np.ones(len(inactive))])
    shares = ((active, active_share), (inactive, 1 - active_share))
    weight = np.concatenate([np.full(len(side), share / len(side)) for side, share in shares])

    def loss(parameters: NDArray[np.float64]) -> float:
        misfit = weight @ np.logaddexp(0.0, -sign * (parameters[0] * x + parameters[1]))
        return float(misfit + 5e-4 * ((parameters[0] - 1.0) ** 2 + parameters[1] ** 2))

    scale, shift = minimize(loss, [1.0, 0.0]).x
    return float(scale), float(shift)
