"""How well two series of rates agree, in the figures by which devices are judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.evaluation.table_text import number

# A difference up to these shares of the true rate, in percent, is counted.
WITHIN_PERCENT = (3, 5, 10)

# With fewer pairs, limits of agreement and a correlation mean nothing.
LEAST_PAIRS = 5

# 95 % of normally distributed differences are within so many standard deviations.
_LIMITS = 1.96


@dataclass(frozen=True)
class Agreement:
    """Differences of rates from reference rates.

    Attributes
    ----------
    references, pairs : int
        Reference rates, and those with a rate to compare; all other figures are over these pairs.
    bias : float or None
        Mean difference, per minute.
    limits : (float, float) or None
        95 % limits of agreement: bias -+ 1.96 standard deviations (Bland and Altman 1986); None for less than 5 pairs.
    arms : float or None
        Root mean square difference ("accuracy root mean square").
    mae, mape : float or None
        Mean absolute difference, per minute, and in percent of the reference.
    within : dict of int to float
        Share of the pairs, 0 to 1, whose difference is at most 3, 5 and 10 % of the reference.
    pearson : float or None
        Correlation; None for less than 5 pairs, or without variation.
    """

    references: int
    pairs: int
    bias: float | None
    limits: tuple[float, float] | None
    arms: float | None
    mae: float | None
    mape: float | None
    within: dict[int, float]
    pearson: float | None

    @property
    def coverage(self) -> float | None:
        """Share of the reference rates with a rate to compare."""
        return self.pairs / self.references if self.references else None


def agreement(rates: NDArray[np.floating], reference: NDArray[np.floating]) -> Agreement:
    """Compare rates with reference rates, pair by pair.

    Parameters
    ----------
    rates, reference : float arrays (N,)
        Per minute; NaN where there is none.

    Returns
    -------
    Agreement

    Raises
    ------
    PhysiocamError
        If the arrays differ in length.

    Examples
    --------
    >>> found = agreement(np.array([61.0, 70.0, np.nan]), np.array([60.0, 72.0, 80.0]))
    >>> found.pairs, found.references, found.bias, round(found.arms, 2), found.within
    (2, 3, -0.5, 1.58, {3: 1.0, 5: 1.0, 10: 1.0})
    """
    a, b = np.asarray(rates, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise PhysiocamError(f"rates have shapes {a.shape} and {b.shape}; expected one of each per pair")
    known = np.isfinite(b)
    both = known & np.isfinite(a)
    a, b = a[both], b[both]
    if not len(a):
        return Agreement(int(known.sum()), 0, None, None, None, None, None, {}, None)
    difference = a - b
    percent = 100.0 * np.abs(difference) / np.abs(b)
    bias, limits, pearson = float(difference.mean()), None, None
    if len(a) >= LEAST_PAIRS:
        spread = _LIMITS * float(difference.std(ddof=1))
        limits = bias - spread, bias + spread
        if np.ptp(a) > 0 and np.ptp(b) > 0:
            pearson = float(np.corrcoef(a, b)[0, 1])
    return Agreement(
        references=int(known.sum()),
        pairs=len(a),
        bias=bias,
        limits=limits,
        arms=float(np.sqrt(np.mean(difference**2))),
        mae=float(np.abs(difference).mean()),
        mape=float(percent.mean()),
        # 3 of 100 is 3 %, whatever rounding says.
        within={limit: float((percent <= limit * (1 + 1e-9)).mean()) for limit in WITHIN_PERCENT},
        pearson=pearson,
    )


def agreement_cells(found: Agreement) -> tuple[str, ...]:
    """Return the cells of `AGREEMENT_HEAD`."""
    limits = "-" if found.limits is None else f"{found.limits[0]:.2f} to {found.limits[1]:.2f}"
    shares = (f"{100 * found.within[limit]:.0f}" if found.within else "-" for limit in WITHIN_PERCENT)
    coverage = "" if found.coverage is None else f" ({found.coverage:.0%})"
    return (
        f"{found.pairs} of {found.references}{coverage}",
        number(found.bias, 2),
        limits,
        *(number(value, 2) for value in (found.arms, found.mae, found.mape)),
        " / ".join(shares),
        number(found.pearson, 3),
    )


AGREEMENT_HEAD = (
    "compared", "bias", "95 % limits", "Arms", "MAE", "MAPE (%)",
    f"within {' / '.join(map(str, WITHIN_PERCENT))} % (%)", "r",
)  # fmt: skip


def few_pairs(pairs: int) -> str | None:
    """Return a sentence on what few pairs mean; None for enough."""
    if not 0 < pairs < LEAST_PAIRS:
        return None
    return f"Only {pairs} compared: with less than {LEAST_PAIRS}, intervals, limits and a correlation are not given."
