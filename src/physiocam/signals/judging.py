"""What a rate can be judged by, beside the waveform that it was found in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.quality import spectral_shares
from physiocam.signals.settings import RateSettings


@dataclass(frozen=True, eq=False)
class Candidate:
    """A rate, and the spectrum in which it was found.

    Attributes
    ----------
    difference : float64 array (T,)
        The reading itself.
    fs : float
    rate_hz : float
    frequencies, power : float64 array (F,)
        The pooled spectrum.
    lobe_hz : float
        How far around a frequency its power spreads.
    settings : RateSettings
        By which the rate was found.
    cuts : sequence of int
        As in `rate.estimate_rate`.
    """

    difference: NDArray[np.float64]
    fs: float
    rate_hz: float
    frequencies: NDArray[np.float64]
    power: NDArray[np.float64]
    lobe_hz: float
    settings: RateSettings
    cuts: Sequence[int] = ()

    def shares(self) -> tuple[float, float]:
        """Return the shares of the power near the rate and its overtones, as `quality.spectral_shares`."""
        flat, tilted = spectral_shares(
            self.frequencies, self.power[None], np.array([self.rate_hz]),
            lobe_hz=np.array([self.lobe_hz]), noise_slope=self.settings.noise_slope,
        )  # fmt: skip
        return float(flat[0]), float(tilted[0])


class Verdict(NamedTuple):
    """A judge's answer on a rate.

    Attributes
    ----------
    quality : float
        0..1.
    note : str or None
        Why the quality is low, if the judge knows more than that no rhythm stands out.
    """

    quality: float
    note: str | None = None


class Judge(Protocol):
    """Other readings of the frames that a rate was estimated from, and a rule that weighs them."""

    @property
    def can_judge(self) -> bool:
        """Whether there is something to judge by; if not, a rate is treated as if there were no judge."""

    def verdict(self, candidate: Candidate) -> Verdict:
        """Judge a rate of the same frames."""

    def floor(self, settings: RateSettings) -> float:
        """Return the quality under which a rate is withheld."""

    def width(self, quality: float) -> float | None:
        """Return how far from the rate, per minute, an 80 % interval reaches; None if that is not known."""

    def part(self, rows: slice) -> Self:
        """Return the judge of some consecutive frames."""

    def followed_by(self, others: Sequence["Judge"]) -> "Judge":
        """Return the judge of this scene and of those after it, as one."""

    def table(self) -> NDArray[np.float64]:
        """Return the readings, one row per frame."""
