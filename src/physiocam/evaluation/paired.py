"""Two methods on the same recordings: the mean difference, and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_RESAMPLINGS = 5000

# Values of recordings, by subject and recording.
ByRecording = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class PairedDifference:
    """Mean difference of a value between two methods.

    Attributes
    ----------
    mean : float
        Over the recordings that both have.
    interval : tuple of float
        95 % bootstrap interval, resampling subjects: recordings of one subject are not independent.
    recordings, subjects : int
    """

    mean: float
    interval: tuple[float, float]
    recordings: int
    subjects: int


def paired_difference(values: ByRecording, base: ByRecording, seed: int = 0) -> PairedDifference | None:
    """Compare values with those of another method on the same recordings.

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
    >>> found.mean, found.interval, found.subjects
    (1.5, (1.0, 2.0), 2)
    """
    by_subject: dict[str, list[float]] = {}
    for (subject, recording), value in values.items():
        if (subject, recording) in base:
            by_subject.setdefault(subject, []).append(value - base[subject, recording])
    if not by_subject:
        return None
    sums = np.array([sum(differences) for differences in by_subject.values()])
    counts = np.array([len(differences) for differences in by_subject.values()])
    drawn = np.random.default_rng(seed).integers(len(sums), size=(_RESAMPLINGS, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return PairedDifference(
        float(sums.sum() / counts.sum()), (float(low), float(high)), int(counts.sum()), len(by_subject)
    )
