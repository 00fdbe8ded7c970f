"""What a study's reader should look at: rates unlike the others, and rows with little signal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physiocam.study.dictionary import RATES
from physiocam.study.groups import StudyRow
from physiocam.study.strips import numbers

# A rate is unlike the others beyond this many robust standard deviations, if there are this many rates.
_FAR = 3.5
_LEAST_RATES = 10
# 1.4826 times the median absolute deviation is the standard deviation of a normal distribution.
_ROBUST = 1.4826

_LITTLE_COVERAGE = 0.5
_LITTLE_FACE = 0.8


@dataclass(frozen=True)
class Outlier:
    """A row to look at.

    Attributes
    ----------
    row : mapping of str to value
    reasons : tuple of str
    """

    row: StudyRow
    reasons: tuple[str, ...]


def outliers_of(rows: Sequence[StudyRow]) -> list[Outlier]:
    """Find rows to look at.

    Parameters
    ----------
    rows : sequence of rows
        Of the segments, or of the recordings.

    Returns
    -------
    list of Outlier
    """
    limits = {name: _limits(rows, name) for name in RATES}
    found = [(row, tuple(_reasons(row, limits))) for row in rows]
    return [Outlier(row, reasons) for row, reasons in found if reasons]


def _limits(rows: Sequence[StudyRow], name: str) -> tuple[float, float, float] | None:
    """The lowest and the highest usual rate, and the median."""
    values = numbers(rows, name)
    if len(values) < _LEAST_RATES:
        return None
    middle = float(np.median(values))
    spread = _FAR * _ROBUST * float(np.median(np.abs(values - middle)))
    return middle - spread, middle + spread, middle


def _reasons(row: StudyRow, limits: dict[str, tuple[float, float, float] | None]) -> list[str]:
    reasons = []
    face = row.get("face_found_fraction")
    if isinstance(face, int | float) and face < _LITTLE_FACE:
        reasons.append(f"a face in {face:.0%} of the frames")
    for name, (words, unit) in RATES.items():
        value, coverage, usual = row.get(name), row.get(f"{name}_coverage"), limits[name]
        if not isinstance(value, int | float):
            continue
        if usual is not None and not usual[0] <= value <= usual[1]:
            reasons.append(f"{words} {value:.1f} {unit}, far from the median of {usual[2]:.1f}")
        if isinstance(coverage, int | float) and coverage < _LITTLE_COVERAGE:
            reasons.append(f"{words} in {coverage:.0%} of its seconds only")
    return reasons
