"""How waveforms become rates: the named signal settings."""

from dataclasses import dataclass
from typing import Literal

Quantity = Literal["heart", "breathing"]
Method = Literal["pooled", "periodogram", "peaks"]

UNITS: dict[Quantity, str] = {"heart": "beats/min", "breathing": "breaths/min"}

# Rates along a recording are given this often; heart and breathing share their times.
STEP_S = 1.0


@dataclass(frozen=True)
class RateSettings:
    """How one rate is computed from its waveform.

    Attributes
    ----------
    band_hz : tuple of float
        Frequencies that pass the filter, and the range of the rate.
    detrend : float or None
        Smoothness of `filters.detrend`; None leaves the trend to the band-pass.
    order : int
        Of the Butterworth band-pass.
    method : "pooled", "periodogram" or "peaks"
        How the rate of the whole recording is found; see `rate.estimate_rate`.
    window_s : float
        Length of the windows for rates along the recording, and of those that "pooled" pools.
    minimum_s : float
        Least usable signal for a rate, in a window and in all.
    noise_slope : float
        How red the waveform's noise may be; see `quality.spectral_quality`.
    quality_floor : float
        Quality under which the rate is withheld.
    overtones : bool
        Whether to check that a rate is not the overtone of a slower one; see `half_rate.is_doubled`. Slow breathing
        cannot be distinguished from drift.
    """

    band_hz: tuple[float, float]
    detrend: float | None
    order: int
    method: Method
    window_s: float
    minimum_s: float
    noise_slope: float
    quality_floor: float
    overtones: bool = False

    @property
    def cycle_s(self) -> float:
        """Length of a cycle in the middle of the band; shorter stretches of signal are not used."""
        return float((self.band_hz[0] * self.band_hz[1]) ** -0.5)


@dataclass(frozen=True)
class SignalSettings:
    """Named settings for both quantities.

    Attributes
    ----------
    name : str
    every_phase : bool
        Whether a network's outputs are the mean over all phases of its clips (see `physiocam.measuring.clip_phases`),
        or those of the one clip that contains a frame, as in the reference.
    heart, breathing : RateSettings
    """

    name: str
    every_phase: bool
    heart: RateSettings
    breathing: RateSettings

    def of(self, quantity: Quantity) -> RateSettings:
        """Return the settings of a quantity."""
        return self.heart if quantity == "heart" else self.breathing


# The noise of the pulse is a white output, integrated. Breathing also has slow motion: a pink output, integrated.
_HEART_NOISE = 2.0
_BREATHING_NOISE = 3.0

# The reference's numbers. Its breathing band starts at 0.13 Hz, although the paper says 0.08.
_PAPER = SignalSettings(
    name="paper",
    every_phase=False,
    heart=RateSettings(
        band_hz=(0.75, 2.5),
        detrend=100.0,
        order=1,
        method="periodogram",
        window_s=10.0,
        minimum_s=0.0,
        noise_slope=_HEART_NOISE,
        quality_floor=0.0,
    ),
    breathing=RateSettings(
        band_hz=(0.13, 0.5),
        detrend=100.0,
        order=1,
        method="periodogram",
        window_s=30.0,
        minimum_s=0.0,
        noise_slope=_BREATHING_NOISE,
        quality_floor=0.0,
    ),
)

# Without detrending at 100: it removes 99 % of a slow breath's amplitude and leaves its overtones. Order 2, because
# after order 1 the rest of a smooth drift looks like slow breathing.
_DEFAULT = SignalSettings(
    name="default",
    every_phase=True,
    heart=RateSettings(
        band_hz=(0.7, 3.0),
        detrend=None,
        order=2,
        method="pooled",
        window_s=10.0,
        minimum_s=6.0,
        noise_slope=_HEART_NOISE,
        quality_floor=0.12,
        overtones=True,
    ),
    breathing=RateSettings(
        band_hz=(0.08, 0.5),
        detrend=None,
        order=2,
        method="pooled",
        window_s=30.0,
        minimum_s=15.0,
        noise_slope=_BREATHING_NOISE,
        quality_floor=0.1,
    ),
)

SETTINGS: dict[str, SignalSettings] = {settings.name: settings for settings in (_DEFAULT, _PAPER)}
