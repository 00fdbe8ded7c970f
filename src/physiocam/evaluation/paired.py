"""Two methods on the same recordings: how much they differ, and how sure it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.evaluation.unit_scores import UnitComparison, UnitCounts, f1_of

_RESAMPLINGS = 5000

# Subject and recording.
_Key = tuple[str, str]

ByRecording = Mapping[_Key, float]


@dataclass(frozen=True)
class PairedDifference:
    """How much a figure of two methods differs, over the recordings that both have.

    Attributes
    ----------
    difference : float
    interval : tuple of float
        95 % bootstrap interval, resampling subjects: recordings of one subject are not independent.
    recordings, subjects : int
    """

    difference: float
    interval: tuple[float, float]
    recordings: int
    subjects: int

    def text(self, digits: int) -> str:
        """The difference and its interval, such as "+0.33 [+0.14, +0.51]"."""
        difference, low, high = (f"{value:+.{digits}f}" for value in (self.difference, *self.interval))
        return f"{difference} [{low}, {high}]"


def paired_difference(values: ByRecording, base: ByRecording, seed: int = 0) -> PairedDifference | None:
    """Compare the mean of values with that of another method on the same recordings.

    Parameters
    ----------
    values, base : mapping of (subject, recording) to float
    seed : int
        Of the bootstrap.

    Returns
    -------
    PairedDifference or None
        `values` minus `base`; None if they have no recording in common.

    Examples
    --------
    >>> found = paired_difference({("A", "1"): 3.0, ("B", "1"): 5.0}, {("A", "1"): 1.0, ("B", "1"): 4.0})
    >>> found.difference, found.interval, found.subjects
    (1.5, (1.0, 2.0), 2)
    """
    counted = {key: np.array([values[key] - base[key], 1.0]) for key in values if key in base}
    return _resampled(counted, lambda sums: sums[..., 0] / sums[..., 1], seed)


def paired_f1_difference(
    rows: Sequence[UnitComparison], base: Sequence[UnitComparison], seed: int = 0
) -> PairedDifference | None:
    """Compare the mean F1 over units with that of another method on the same recordings.

    A single recording may lack a unit, and then has no F1 for it. So, as in `unit_scores`, a unit's F1 is that of the
    frames of many recordings together: of all that both methods have, and of those in a resample.

    Parameters
    ----------
    rows, base : sequence of UnitComparison
        A recording may appear more than once, for several seeds.
    seed : int
        Of the bootstrap.

    Returns
    -------
    PairedDifference or None
        `rows` minus `base`, in percentage points, over the units that both have; None if they have no recording or no
        unit in common.

    Examples
    --------
    >>> good, half = ({"AU12": UnitCounts(10, 4, 4, hits)} for hits in (4, 2))
    >>> found = paired_f1_difference([UnitComparison("1", "A", good)], [UnitComparison("1", "A", half)])
    >>> found.difference, found.interval
    (50.0, (50.0, 50.0))
    """
    both = [[row for row in of_one if any(unit.frames for unit in row.units.values())] for of_one in (rows, base)]
    common = set.intersection(*({(row.subject, row.recording) for row in of_one} for of_one in both))
    labels = [label for label in both[0][0].units if label in both[1][0].units] if common else []
    counted = {key: np.zeros((2, len(labels), len(UnitCounts._fields)), np.int64) for key in sorted(common)}
    for method, of_one in enumerate(both):
        for row in of_one:
            if (key := (row.subject, row.recording)) in counted:
                counted[key][method] += np.array([row.units[label] for label in labels])

    def difference(sums: NDArray[Any]) -> NDArray[np.float64]:
        f1: NDArray[np.float64] = np.nanmean(f1_of(sums), axis=-1)
        return f1[..., 0] - f1[..., 1]

    return _resampled(counted, difference, seed) if labels else None


def _resampled(
    counted: Mapping[_Key, NDArray[Any]], figure: Callable[[NDArray[Any]], NDArray[np.float64]], seed: int
) -> PairedDifference | None:
    """A figure of the sums over recordings, and its interval; `figure` takes sums (...) or (resamples, ...)."""
    if not counted:
        return None
    by_subject: dict[str, NDArray[Any]] = {}
    for (subject, _), counts in counted.items():
        by_subject[subject] = by_subject.get(subject, 0) + counts
    sums = np.stack(list(by_subject.values()))
    drawn = np.random.default_rng(seed).integers(len(sums), size=(_RESAMPLINGS, len(sums)))
    times = np.stack([np.bincount(resample, minlength=len(sums)) for resample in drawn])
    low, high = np.percentile(figure(np.tensordot(times, sums, axes=1)), [2.5, 97.5])
    return PairedDifference(float(figure(sums.sum(axis=0))), (float(low), float(high)), len(counted), len(sums))
