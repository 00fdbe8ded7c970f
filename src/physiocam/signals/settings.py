"""How waveforms become rates: the named signal settings, and your own."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from physiocam.errors import PhysiocamError, one_line
from physiocam.signals.quantities import Quantity

Method = Literal["pooled", "periodogram", "peaks"]


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
    comb : bool
        Whether a waveform whose rate is measured keeps only what lies around it; see `comb_filter.comb_filtered`.

    Raises
    ------
    PhysiocamError
        If a value makes no sense.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(SETTINGS["default"].heart, band_hz=(40 / 60, 200 / 60)).window_s
    10.0
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
    comb: bool = False

    def __post_init__(self) -> None:
        low, high = self.band_hz
        if not 0 < low < high < math.inf:
            raise PhysiocamError(f"band_hz is {low}, {high}; expected two rising frequencies in hertz, above 0")
        if self.method not in get_args(Method):
            raise PhysiocamError(f"method is {self.method!r}; expected one of {', '.join(get_args(Method))}")
        if self.order < 1:
            raise PhysiocamError(f"order is {self.order}; expected 1 or more")
        if not 0 < self.window_s < math.inf:
            raise PhysiocamError(f"window_s is {self.window_s}; expected seconds, more than 0")

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
        For your own settings: any name, which is shown in results.
    every_phase : bool
        Whether a network's outputs are the mean over all phases of its clips (see `physiocam.measuring.clip_phases`),
        or those of the one clip that contains a frame, as in the reference.
    heart, breathing : RateSettings
    truth_from_wave : bool
        Whether an evaluation computes true rates from the sensor's waveform in the same way as predicted ones, as in
        the reference, also if the sensor has rates of its own.

    Examples
    --------
    Hearts of newborns, 80 to 220 beats/min:

    >>> from dataclasses import replace
    >>> default = SETTINGS["default"]
    >>> newborn = replace(default, name="newborn", heart=replace(default.heart, band_hz=(80 / 60, 220 / 60)))
    >>> [round(60 * hz) for hz in newborn.of("heart").band_hz]
    [80, 220]
    """

    name: str
    every_phase: bool
    heart: RateSettings
    breathing: RateSettings
    truth_from_wave: bool = False

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
    truth_from_wave=True,
)

# The band of breathing starts lower where the reference counts peaks.
_PAPER_PEAKS = replace(
    _PAPER,
    name="paper-peaks",
    heart=replace(_PAPER.heart, method="peaks"),
    breathing=replace(_PAPER.breathing, method="peaks", band_hz=(0.08, 0.5)),
)

# The rPPG-Toolbox has the same code with a wider band for the heart.
_TOOLBOX = replace(_PAPER, name="toolbox", heart=replace(_PAPER.heart, band_hz=(0.6, 3.3)))
_TOOLBOX_PEAKS = replace(
    _TOOLBOX,
    name="toolbox-peaks",
    heart=replace(_TOOLBOX.heart, method="peaks"),
    breathing=replace(_TOOLBOX.breathing, method="peaks"),
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
        comb=True,
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

SETTINGS: dict[str, SignalSettings] = {
    settings.name: settings for settings in (_DEFAULT, _PAPER, _PAPER_PEAKS, _TOOLBOX, _TOOLBOX_PEAKS)
}


def signal_settings(value: object) -> SignalSettings:
    """Return settings by name; your own are returned unchanged.

    Parameters
    ----------
    value : str or SignalSettings

    Raises
    ------
    PhysiocamError
        If there are no settings of this name.
    """
    if isinstance(value, SignalSettings):
        return value
    if not isinstance(value, str) or value not in SETTINGS:
        raise PhysiocamError(f"settings is {value!r}; expected one of {', '.join(SETTINGS)}, or SignalSettings")
    return SETTINGS[value]


def settings_as_text(settings: SignalSettings) -> str | dict[str, Any]:
    """Return how settings are written in files: the name of named settings, and all values of your own."""
    return settings.name if SETTINGS.get(settings.name) == settings else asdict(settings)


def settings_from_text(value: str | Mapping[str, Any]) -> SignalSettings:
    """Read the output of `settings_as_text`; missing values are those of "default".

    Raises
    ------
    PhysiocamError
        If a name or a value makes no sense.

    Examples
    --------
    >>> settings_from_text({"name": "fast", "heart": {"band_hz": [1.0, 4.0]}}).heart.band_hz
    (1.0, 4.0)
    """
    if not isinstance(value, Mapping):
        return signal_settings(value)
    values = asdict(SETTINGS["default"]) | {"name": "own"}
    for key, part in value.items():
        _check_known(key, values)
        if isinstance(values[key], dict) and isinstance(part, Mapping):
            for inner in part:
                _check_known(inner, values[key])
            values[key] = values[key] | part
        else:
            values[key] = part
    try:
        return _OWN.validate_python(values)
    except ValidationError as error:
        raise PhysiocamError(f"settings: {one_line(error)}") from None


def _check_known(name: object, values: Mapping[str, Any]) -> None:
    if name not in values:
        raise PhysiocamError(f"settings have no {name!r}; expected one of {', '.join(values)}")


_OWN = TypeAdapter(SignalSettings)
