"""A logistic model of the probability that a rate is right, from evidence for and against it."""

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

_MOST = 60.0
# Evidence further from the usual than this many times its usual distance counts as that far.
_FAR = 4.0

_Number = Annotated[float, Field(ge=-1e6, le=1e6)]
Numbers = Annotated[tuple[_Number, ...], Field(max_length=64)]


class LogisticModel(BaseModel):
    """A logistic model of the probability that a rate lies within 3 a minute of the truth.

    Attributes
    ----------
    evidence : tuple of str
        Names, in the order of `KNOWN`.
    centre, scale, weight : tuple of float
        One for each.
    products : tuple of float
        Weights of the products of two distances from the usual, in the order of `pairs`; none in a linear model. What
        one piece of evidence says can so depend on another.
    bias : float
    widths : tuple of (float, float)
        Rising probabilities, and how far from the estimate 80 % of the errors reach there, per minute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    KNOWN: ClassVar[tuple[str, ...]] = ()

    evidence: tuple[str, ...]
    centre: Numbers
    scale: Numbers
    weight: Numbers
    products: Annotated[tuple[_Number, ...], Field(max_length=64 * 65 // 2)] = ()
    bias: float
    widths: Annotated[tuple[tuple[float, float], ...], Field(min_length=2, max_length=100)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = self.KNOWN
        if self.evidence != known:
            raise ValueError(f"evidence is {list(self.evidence)}; expected {list(known)}")
        if not len(self.centre) == len(self.scale) == len(self.weight) == len(known):
            raise ValueError(f"centre, scale and weight have other lengths than the evidence's {len(known)}")
        if self.products and len(self.products) != len(pairs(len(known))):
            raise ValueError(f"products has {len(self.products)} weights; expected {len(pairs(len(known)))} or none")
        if min(self.scale) <= 0:
            raise ValueError(f"a scale is {min(self.scale):g}; expected more than 0")
        return self

    def distances(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far evidence (..., E) is from the usual, limited; what is NaN counts as usual."""
        usual = np.where(np.isfinite(evidence), (evidence - self.centre) / self.scale, 0.0)
        return np.clip(usual, -_FAR, _FAR)

    def probability(self, evidence: NDArray[np.float64]) -> float:
        """Return the probability for evidence (E,)."""
        usual = self.distances(evidence)
        score = self.bias + float(usual @ np.array(self.weight))
        if self.products:
            first, second = pairs(len(usual)).T
            score += float(usual[first] * usual[second] @ np.array(self.products))
        return float(1.0 / (1.0 + np.exp(-np.clip(score, -_MOST, _MOST))))

    def width(self, probability: float) -> float:
        """Return how far from the estimate an 80 % interval reaches, per minute."""
        known, widths = zip(*self.widths, strict=True)
        return float(np.interp(probability, known, widths))


def pairs(count: int) -> NDArray[np.intp]:
    """Return which two of `count` pieces of evidence each product is of, (count (count + 1) / 2, 2).

    In the order (0, 0), (0, 1), ..., (0, count - 1), (1, 1), ...
    """
    return np.stack(np.triu_indices(count), axis=1)
