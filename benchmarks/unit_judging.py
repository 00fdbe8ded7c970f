"""How far measured action units, intensities, sides, blinks and head pose are from what rendered people showed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam import Measurement
from physiocam.evaluation.unit_scores import action_unit_scores
from physiocam.networks.action_units import ACTIVE_THRESHOLD, BLINK, EXPRESSION_UNITS, SIDED_UNITS
from rendered_recordings import RenderedRecording
from roc import area_under_roc

# From here on a coder would note a unit; in between it is neither clearly there nor clearly not.
_PRESENT, _ABSENT = 1.0, 0.5
# One side moves alone where the other does less than this share of it.
_ONE_SIDED = 0.5
# A measured blink and a true one are the same within this time.
_SAME_BLINK_S = 0.2

_Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Judged:
    """One recording's measured and true frames; NaN where nothing was measured.

    Attributes
    ----------
    true, probability, intensity : float arrays (T, 15)
    true_sides, sides : float arrays (T, S, 2)
        Of the units with sides.
    true_pose, pose : float arrays (T, 3)
        In degrees.
    blinks : tuple of int
        Found and true, found alone, true alone.
    events : int
        That were measured, blinks not counted.
    minutes : float
    attributes : dict of str to str
    """

    true: _Floats
    probability: _Floats
    intensity: _Floats
    true_sides: _Floats
    sides: _Floats
    true_pose: _Floats
    pose: _Floats
    blinks: tuple[int, int, int]
    events: int
    minutes: float
    attributes: dict[str, str]


def judge(recording: RenderedRecording, measured: Measurement) -> Judged:
    """Put what was measured beside what was shown, on the recording's frames."""
    times = np.arange(len(recording.sides)) / recording.fs
    rows = np.clip(np.searchsorted(measured.timestamps_s, times - 0.5 / measured.fs), 0, measured.frames - 1)
    sided = [EXPRESSION_UNITS.index(unit) for unit in SIDED_UNITS]
    units = list(measured.action_units)
    labels = measured.intensity_labels

    def columns(values: _Floats, names: Iterable[str], known: Iterable[str]) -> _Floats:
        places = {name: column for column, name in enumerate(known)}
        missing = np.full(len(rows), np.nan)
        return np.stack([values[rows, places[name]] if name in places else missing for name in names], axis=1)

    both = [f"{unit}_{side}" for unit in SIDED_UNITS for side in ("L", "R")]
    return Judged(
        true=recording.intensities,
        probability=columns(measured.action_unit_probability, EXPRESSION_UNITS, units),
        intensity=columns(measured.intensity, EXPRESSION_UNITS, labels),
        true_sides=recording.sides[:, sided],
        sides=columns(measured.intensity, both, labels).reshape(len(rows), -1, 2),
        true_pose=recording.pose,
        pose=measured.head_pose[rows] if len(measured.head_pose) else np.full((len(rows), 3), np.nan),
        blinks=_blinks(recording, measured),
        events=sum(event.unit != BLINK for event in measured.events),
        minutes=measured.duration_s / 60,
        attributes=recording.attributes,
    )


def figures(judged: list[Judged]) -> dict[str, Any]:
    """All figures over recordings; None where there is nothing to count."""
    true, probability, intensity = (
        np.concatenate([getattr(one, name) for one in judged]) for name in ("true", "probability", "intensity")
    )
    clear = np.isfinite(probability) & ((true >= _PRESENT) | (true <= _ABSENT))
    scores = action_unit_scores(probability >= ACTIVE_THRESHOLD, true >= _PRESENT, clear, EXPRESSION_UNITS)
    units = {}
    for column, unit in enumerate(EXPRESSION_UNITS):
        known, rated = clear[:, column], np.isfinite(intensity[:, column])
        units[unit] = {
            "auc": area_under_roc(probability[known, column], true[known, column] >= _PRESENT),
            "f1": scores.units[unit].f1,
            **_agreement(intensity[rated, column], true[rated, column]),
        }
    true_pose, pose = (np.concatenate([getattr(one, name) for one in judged]) for name in ("true_pose", "pose"))
    found, extra, missed = np.sum([one.blinks for one in judged], axis=0)
    neutral = [one for one in judged if one.attributes["neutral"] == "yes"]
    minutes = sum(one.minutes for one in neutral)
    return {
        "recordings": len(judged),
        "units": units,
        "mean": {name: _mean(unit[name] for unit in units.values()) for name in next(iter(units.values()))},
        "sides": _sides(judged),
        "head_pose_error": [_mean(column) for column in np.abs(pose - true_pose).T],
        "blinks_f1": 2 * int(found) / int(2 * found + extra + missed) if found + extra + missed else None,
        "false_events_a_minute": sum(one.events for one in neutral) / minutes if minutes else None,
    }


def by_attribute(judged: list[Judged]) -> dict[str, dict[str, dict[str, Any]]]:
    """Means over the units for each value of each attribute."""
    groups: dict[str, dict[str, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for one in judged:
        for name, value in one.attributes.items():
            groups[name][value].append(one)
    return {
        name: {value: {"recordings": len(some), **figures(some)["mean"]} for value, some in sorted(values.items())}
        for name, values in groups.items()
    }


def _agreement(rated: _Floats, true: _Floats) -> dict[str, float | None]:
    """Pearson's r, mean absolute error and the intraclass correlation ICC(3,1) of intensities."""
    if len(rated) < 2 or not rated.std() or not true.std():
        return {"r": None, "mae": None, "icc": None}
    table = np.stack([rated, true], axis=1).astype(np.float64)
    between = 2 * table.mean(axis=1).var(ddof=1)
    residual = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    within = (residual**2).sum() / (len(table) - 1)
    return {
        "r": float(np.corrcoef(rated, true)[0, 1]),
        "mae": float(np.abs(rated - true).mean()),
        "icc": float((between - within) / (between + within)),
    }


def _sides(judged: list[Judged]) -> dict[str, float | None]:
    """Of frames in which a unit moves on one side alone, the share in which that side was measured as the stronger."""
    true, sides = (np.concatenate([getattr(one, name) for one in judged]) for name in ("true_sides", "sides"))
    alone = (true.max(axis=2) >= _PRESENT) & (true.min(axis=2) < _ONE_SIDED * true.max(axis=2))
    alone &= np.isfinite(sides).all(axis=2)
    right = (sides[..., 0] > sides[..., 1]) == (true[..., 0] > true[..., 1])
    return {unit: _mean(right[alone[:, column], column]) for column, unit in enumerate(SIDED_UNITS)}


def _blinks(recording: RenderedRecording, measured: Measurement) -> tuple[int, int, int]:
    apexes = [event.apex_s for event in measured.events if event.unit == BLINK]
    left = list(apexes)
    found = 0
    for time in recording.blinks:
        near = [apex for apex in left if abs(apex - time) <= _SAME_BLINK_S]
        if near:
            left.remove(min(near, key=lambda apex: abs(apex - time)))
            found += 1
    return found, len(apexes) - found, len(recording.blinks) - found


def _mean(values: Iterable[Any]) -> float | None:
    known = [float(value) for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None
