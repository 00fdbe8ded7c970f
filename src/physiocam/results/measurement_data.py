"""What a measurement holds."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.signals.rate import Rate, RateSeries
from physiocam.signals.settings import SignalSettings, settings_as_text
from physiocam.signals.variability import HeartRateVariability

# Action units whose area under the ROC curve is less are marked as uncertain.
TRUSTED_AUC = 0.8


@dataclass(frozen=True)
class Face:
    """Where a face was found.

    Attributes
    ----------
    found_fraction : float
        Share of frames with a face, 0..1.
    choice : str
        How its square was chosen: "auto" (found), "center", "bottom", "whole" (the whole frame), "x,y,size" in pixels,
        or the name of the face locator.
    """

    found_fraction: float
    choice: str = "auto"

    @property
    def fixed(self) -> bool:
        """Whether the square was given, and no face was looked for."""
        return self.choice in ("center", "bottom", "whole") or self.choice.replace(",", "").isdigit()


@dataclass(frozen=True)
class ActionUnit:
    """One facial action unit over the recording.

    Attributes
    ----------
    name : str
        Its name in the Facial Action Coding System.
    mean_probability : float or None
        Mean over the frames with a face, 0..1; None without such frames.
    active_fraction : float or None
        Share of these frames whose probability is at least 0.5.
    mean_intensity : float or None
        Mean of its intensity, 0..5, over these frames; None if the bundle does not give intensities.
    auc : float or None
        How far it can be trusted: the area under its ROC curve on people who had no part in the training (0.5 is a
        guess, 1 is perfect); None where that is not known.
    neutral : float
        Log odds of this person's neutral face that were taken off, 0 or more.

    Examples
    --------
    >>> smile = ActionUnit("lip corner puller", mean_probability=0.8, active_fraction=0.9)
    >>> f"{smile.name}: active in {smile.active_fraction:.0%} of the frames"
    'lip corner puller: active in 90% of the frames'
    """

    name: str
    mean_probability: float | None
    active_fraction: float | None
    mean_intensity: float | None = None
    auc: float | None = None
    neutral: float = 0.0

    @property
    def is_uncertain(self) -> bool:
        """Whether its area under the ROC curve is known to be less than 0.8."""
        return self.auc is not None and self.auc < TRUSTED_AUC


@dataclass(frozen=True)
class Weights:
    """The bundle that measured: its name, the sha256 over its content, and the precision of its networks."""

    name: str
    sha256: str
    precision: str = "fp32"


@dataclass(frozen=True)
class TaskOutput:
    """One output of a task of your own over the recording; None where its kind does not have a figure.

    Attributes
    ----------
    mean : float or None
        Mean probability of a binary output, or mean level.
    active_fraction : float or None
        Share of the frames in which a binary output is 0.5 or more.
    rate : Rate or None
        Per minute, of a waveform with a band.
    """

    mean: float | None = None
    active_fraction: float | None = None
    rate: Rate | None = None

    @classmethod
    def of(cls, kind: str, values: NDArray[np.float32], rate: Rate | None) -> "TaskOutput":
        """Summarize an output (T,), NaN where there is none."""
        known = values[np.isfinite(values)].astype(np.float64)
        if kind == "waveform" or not len(known):
            return cls(rate=rate)
        active = float((known >= ACTIVE_THRESHOLD).mean()) if kind == "binary" else None
        return cls(float(known.mean()), active, rate)


@dataclass(frozen=True, eq=False)
class TaskResult:
    """A task of your own: neither action units, pulse nor breathing.

    Attributes
    ----------
    kind : str
        "binary", "waveform" or "level".
    unit : str
        Of a level.
    outputs : dict of str to TaskOutput
        By label.
    values : float32 array (T, C)
        Probabilities, waveforms of standard deviation 1, or levels; NaN in gaps; columns in the order of `outputs`.
    """

    kind: str
    unit: str
    outputs: dict[str, TaskOutput]
    values: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))


@dataclass(frozen=True, eq=False, repr=False)
class MeasurementData:
    """Everything measured in one recording; `Measurement` is this with what can be done with it.

    Attributes
    ----------
    source : str
        Path as it was given, or "array".
    duration_s : float
        Frames divided by `fs`.
    fs : float
        Frames per second of the even time grid that the results stand on.
    frames : int
        T, frames on that grid.
    face : Face
    heart_rate : Rate
        In beats/min, over the whole recording; value None with a note where the signal does not carry it. Then its
        `estimate` is a guess.
    breathing_rate : Rate
        In breaths/min, likewise.
    action_units : dict of str to ActionUnit
        By label ("AU01"), in the bundle's order; empty if it has no such task, or none was used.
    neutral : str
        With which neutral face the action units were compared: "auto", "first-seconds" or "none".
    method : str
        "network", or the classical method by which the heart rate was measured.
    weights : Weights or None
        None for a classical method.
    settings : SignalSettings
        How waveforms became rates.
    version : str
        Of physiocam.
    notes : tuple of str
        What was odd about the recording (truncated, variable frame rate, ...).
    timestamps_s : float64 array (T,)
    face_found : bool array (T,)
    face_squares : int32 array (T, 3)
        The square that was measured, in pixels of the upright frame: x and y of its upper left corner, and side. -1 in
        gaps, and if the whole frame was measured.
    pulse, respiration : float64 array (T,)
        Filtered waveforms in arbitrary units; NaN in gaps and where there is no such waveform. Where a heart rate is
        measured, the pulse is what lies around it and its overtones (see `physiocam.signals.comb_filter`).
    pulse_band : float64 array (T,)
        The pulse with all of the band: as noisy as it was seen, and with all variations of its intervals.
    rates_timestamps_s : float64 array (R,)
        Centres of the sliding windows.
    heart_rate_along, breathing_rate_along : RateSeries
        Rates along the recording, at `rates_timestamps_s`.
    action_unit_probability : float32 array (T, A)
        NaN in gaps, and where the face is turned away; columns in the order of `action_units`.
    blinks_per_minute : float or None
        Per minute of the time in which the face was seen; None if the bundle does not measure blinks.
    intensity_labels : tuple of str
        Units, and units on the person's left or right ("AU12_L"); empty if the bundle does not give intensities.
    intensity : float32 array (T, I)
        From 0 (absent) to 5 (FACS: E); NaN like the probabilities; columns in the order of `intensity_labels`.
    head_pose : float32 array (T, 3)
        Pitch (up is positive), yaw (to the person's left is positive) and roll (to the person's left shoulder is
        positive) in degrees; NaN in gaps, or if the bundle does not give them.
    heart_rate_variability : HeartRateVariability or None
        None where it was not asked for. Without beats, and with a note, where there is no heart rate.
    cuts_s : tuple of float
        Times of hard cuts: of the first frame of each new scene. No rate and no neutral face reaches across them.
    person : int or None
        Number of the person, the largest first, if several were asked for.
    tasks : dict of str to TaskResult
        By name, every other task of the bundle.
    """

    source: str
    duration_s: float
    fs: float
    frames: int
    face: Face
    heart_rate: Rate
    breathing_rate: Rate
    action_units: dict[str, ActionUnit]
    method: str
    weights: Weights | None
    settings: SignalSettings
    version: str
    notes: tuple[str, ...]
    timestamps_s: NDArray[np.float64]
    face_found: NDArray[np.bool_]
    face_squares: NDArray[np.int32]
    pulse: NDArray[np.float64]
    pulse_band: NDArray[np.float64]
    respiration: NDArray[np.float64]
    rates_timestamps_s: NDArray[np.float64]
    heart_rate_along: RateSeries
    breathing_rate_along: RateSeries
    action_unit_probability: NDArray[np.float32]
    heart_rate_variability: HeartRateVariability | None = None
    neutral: str = "none"
    blinks_per_minute: float | None = None
    intensity_labels: tuple[str, ...] = ()
    intensity: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    head_pose: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 3), np.float32))
    cuts_s: tuple[float, ...] = ()
    person: int | None = None
    tasks: dict[str, TaskResult] = field(default_factory=dict)

    @property
    def cuts(self) -> tuple[int, ...]:
        """The frames at which new scenes begin, counted from 0."""
        first_s = float(self.timestamps_s[:1].sum())
        return tuple(round((time_s - first_s) * self.fs) for time_s in self.cuts_s)

    @property
    def beats(self) -> HeartRateVariability | None:
        """The heart-rate variability, where there is a heart rate: without one there are no beats to show."""
        return None if self.heart_rate.value is None else self.heart_rate_variability

    def to_dict(self) -> dict[str, Any]:
        """Return the summary, all but the arrays, as plain dicts, numbers and strings; floats to six digits."""
        summary = {
            "source": self.source,
            "duration_s": self.duration_s,
            "fs": self.fs,
            "frames": self.frames,
            "face": asdict(self.face),
            "heart_rate": asdict(self.heart_rate),
            "breathing_rate": asdict(self.breathing_rate),
            "action_units": {label: asdict(unit) for label, unit in self.action_units.items()},
            "neutral": self.neutral,
            "blinks_per_minute": self.blinks_per_minute,
            "method": self.method,
            "weights": asdict(self.weights) if self.weights else None,
            "settings": settings_as_text(self.settings),
            "version": self.version,
            "notes": list(self.notes),
            "cuts_s": self.cuts_s,
            "person": self.person,
        }
        if (variability := self.heart_rate_variability) is not None:
            summary |= {
                "sdnn": asdict(variability.sdnn),
                "rmssd": asdict(variability.rmssd),
                "timing_noise_ms": variability.timing_noise_ms,
            }
        if self.tasks:
            summary["tasks"] = {
                name: {"kind": task.kind, "unit": task.unit, "outputs": {k: asdict(v) for k, v in task.outputs.items()}}
                for name, task in self.tasks.items()
            }
        # Settings are given, not measured: they stay exact.
        return {key: value if key == "settings" else _rounded(value) for key, value in summary.items()}

    def to_json(self) -> str:
        """Return the summary as JSON, indented, with a final newline."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rounded(value: Any) -> Any:
    """Round floats to what is meaningful, so that the text is short and stable; tuples become lists, as in JSON."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
