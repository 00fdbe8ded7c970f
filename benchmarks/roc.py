"""The area under the ROC curve, for all benchmarks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu


def area_under_roc(scores: NDArray[np.floating[Any]], present: NDArray[np.bool_]) -> float | None:
    """Share of pairs of a frame with and one without the unit that the scores put in order; ties count half.

    None if the unit is in all frames or in none.
    """
    if present.all() or not present.any():
        return None
    pairs = int(present.sum()) * int((~present).sum())
    return float(mannwhitneyu(scores[present], scores[~present], method="asymptotic").statistic / pairs)
