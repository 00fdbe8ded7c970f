"""The values of a table's row: means over folds with their spread, and the errors of single recordings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from physiocam.evaluation.evaluate import Evaluation
from physiocam.evaluation.metrics import Estimate
from physiocam.evaluation.unit_scores import UnitComparison
from physiocam.signals.quantities import Quantity


@dataclass(frozen=True)
class Value:
    """A figure of merit.

    Attributes
    ----------
    mean : float or None
        Plain mean over folds and seeds, as the paper reports it; None if not measured.
    spread : float or None
        Standard deviation over folds and seeds; of a single test, the standard error over recordings.
    """

    mean: float | None
    spread: float | None = None


@dataclass(frozen=True)
class RowValues:
    """The values of a row; the fields are those of `reproduce.published.PublishedRow`.

    Attributes
    ----------
    heart, breathing, au : tuple of Value or None
    units : dict of str to Value
    cost : tuple of Value or None
    errors : dict of str to dict
        By quantity: absolute error per minute by subject and recording, a mean over seeds.
    unit_comparisons : tuple of UnitComparison
        Of all folds and seeds.
    """

    heart: tuple[Value, ...] | None = None
    breathing: tuple[Value, ...] | None = None
    au: tuple[Value, ...] | None = None
    units: dict[str, Value] = field(default_factory=dict)
    cost: tuple[Value, ...] | None = None
    errors: dict[str, dict[tuple[str, str], float]] = field(default_factory=dict)
    unit_comparisons: tuple[UnitComparison, ...] = ()


def row_values(found: Sequence[Evaluation]) -> RowValues:
    """Return the values of one network's evaluations: one for each fold and seed, or a single one."""
    coded = [one.action_units for one in found if one.action_units is not None]
    labels = list(coded[0].units) if coded else []
    quantities: tuple[Quantity, ...] = ("heart", "breathing")
    return RowValues(
        heart=_scores(found, "heart"),
        breathing=_scores(found, "breathing"),
        au=(_over([one.mean_f1 for one in coded]), _over([one.mean_accuracy for one in coded])) if coded else None,
        units={label: _over([one.units[label].f1 for one in coded]) for label in labels},
        errors={quantity: errors for quantity in quantities if (errors := _errors(found, quantity))},
        unit_comparisons=tuple(row for one in found for row in one.unit_comparisons),
    )


def joined(found: Sequence[RowValues]) -> RowValues:
    """Return the values of several networks with one task each as those of one row."""

    def first(name: str) -> Any:
        return next((value for one in found if (value := getattr(one, name))), None)

    errors = {quantity: errors for one in reversed(found) for quantity, errors in one.errors.items()}
    return RowValues(
        heart=first("heart"),
        breathing=first("breathing"),
        au=first("au"),
        units=first("units") or {},
        cost=first("cost"),
        errors=errors,
        unit_comparisons=first("unit_comparisons") or (),
    )


def _scores(found: Sequence[Evaluation], quantity: Quantity) -> tuple[Value, ...] | None:
    scores = [score for one in found if (score := getattr(one, quantity)) is not None]
    if not scores:
        return None
    estimates: list[list[Estimate]] = [
        [getattr(one, name) for one in scores] for name in ("mae", "rmse", "mape", "pearson")
    ]
    return tuple(
        _over([each.value for each in one], one[0].standard_error if len(one) == 1 else None) for one in estimates
    )


def _over(values: Sequence[float | None], standard_error: float | None = None) -> Value:
    defined = [value for value in values if value is not None]
    if not defined:
        return Value(None)
    spread = float(np.std(defined, ddof=1)) if len(defined) > 1 else standard_error
    return Value(float(np.mean(defined)), spread)


def _errors(found: Sequence[Evaluation], quantity: Quantity) -> dict[tuple[str, str], float]:
    errors: dict[tuple[str, str], list[float]] = {}
    for row in (row for one in found for row in one.comparisons.get(quantity, ())):
        if row.predicted is not None and row.true is not None:
            errors.setdefault((row.subject, row.recording), []).append(abs(row.predicted - row.true))
    return {recording: float(np.mean(of_seeds)) for recording, of_seeds in errors.items()}
