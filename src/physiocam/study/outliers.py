"""What a study's reader should look at: rates unlike the others, and rows with little signal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physiocam.study.design import CONDITION
from physiocam.study.dictionary import RATES
from physiocam.study.groups import StudyRow
from physiocam.study.strips import numbers
from physiocam.study.values import Value

# A rate is unlike the others of its condition beyond this many robust standard deviations from their median, if its
# condition has so many rates, and there are so many in all.
_FAR = 3.5
_LEAST_RATES, _LEAST_IN_ALL = 4, 10
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
    usual = {name: _usual(rows, name) for name in RATES}
    found = [(row, tuple(_reasons(row, usual))) for row in rows]
    return [Outlier(row, reasons) for row, reasons in found if reasons]


@dataclass(frozen=True)
class _Usual:
    """The median rate of each condition, and how far from it a rate may be."""

    medians: dict[Value, float]
    far: float


def _usual(rows: Sequence[StudyRow], name: str) -> _Usual:
    conditions = {row.get(CONDITION) for row in rows}
    rates = {one: numbers([row for row in rows if row.get(CONDITION) == one], name) for one in conditions}
    medians = {one: float(np.median(values)) for one, values in rates.items() if len(values) >= _LEAST_RATES}
    # Conditions may have few rates: what is usual around their medians is taken from all.
    away = np.concatenate([np.zeros(0), *(rates[one] - middle for one, middle in medians.items())])
    if len(away) < _LEAST_IN_ALL:
        return _Usual({}, np.inf)
    return _Usual(medians, _FAR * _ROBUST * float(np.median(np.abs(away))))


def _reasons(row: StudyRow, usual: dict[str, _Usual]) -> list[str]:
    reasons = []
    face = row.get("face_found_fraction")
    if isinstance(face, int | float) and face < _LITTLE_FACE:
        reasons.append(f"a face in {face:.0%} of the frames")
    for name, (words, unit) in RATES.items():
        value, coverage = row.get(name), row.get(f"{name}_coverage")
        if not isinstance(value, int | float):
            continue
        middle = usual[name].medians.get(row.get(CONDITION))
        if middle is not None and abs(value - middle) > usual[name].far:
            of = " of its condition" if row.get(CONDITION) is not None else ""
            reasons.append(f"{words} {value:.1f} {unit}, far from the median{of}, {middle:.1f}")
        if isinstance(coverage, int | float) and coverage < _LITTLE_COVERAGE:
            reasons.append(f"{words} in {coverage:.0%} of its seconds only")
    return reasons
