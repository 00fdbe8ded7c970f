"""From the signals of a recording to a measurement: rates, waveforms, action units."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from physiocam.measuring.expressions import Expressions
from physiocam.measuring.options import MeasureOptions
from physiocam.networks.action_units import ACTION_UNIT_NAMES, ACTIVE_THRESHOLD
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import ActionUnit, Face, TaskResult, Weights
from physiocam.results.unit_events import blinks_per_minute
from physiocam.signals.comb_filter import comb_filtered
from physiocam.signals.judging import Judge
from physiocam.signals.quantities import UNITS, Quantity
from physiocam.signals.rate import Rate, RateSeries, estimate_rate, rate_times, rates_along, withheld
from physiocam.signals.settings import SignalSettings
from physiocam.signals.waveform import clean_waveform
from physiocam.version import __version__
from physiocam.video.face_source import face_source_name
from physiocam.weights.bundle import Bundle

# A rate along the recording must exist in more than this share of its windows.
_MOST = 0.5


@dataclass(frozen=True, eq=False)
class Frames:
    """The frames that were read, on an even time grid.

    Attributes
    ----------
    source : str
        The recording's name for the user.
    fs : float
        Frames per second.
    timestamps_s : float64 array (T,)
    found : bool array (T,)
        Whether a frame shows a face.
    squares : int32 array (T, 3)
        Face squares, as in `Measurement.face_squares`.
    notes : tuple of str
        Anything unusual about the recording.
    cuts : tuple of int
        Frames at which another scene begins.
    """

    source: str
    fs: float
    timestamps_s: NDArray[np.float64]
    found: NDArray[np.bool_]
    squares: NDArray[np.int32]
    notes: tuple[str, ...]
    cuts: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Signals:
    """Signals from the frames, before rates are computed.

    Attributes
    ----------
    pulse, respiration : float64 array (T,) or str
        Differences of the waveform, NaN where the change to the next frame was not seen; or why there is no waveform.
    raw_pulse : float64 array (T,) or None
        Differences of the unfiltered pulse, if `pulse` is filtered.
    judges : mapping of str to Judge
        By task, what its rate is judged by.
    expressions : Expressions
    tasks : mapping of str to TaskResult
        Every other task of the bundle.
    """

    pulse: NDArray[np.float64] | str
    respiration: NDArray[np.float64] | str
    expressions: Expressions
    raw_pulse: NDArray[np.float64] | None = None
    judges: Mapping[str, Judge] = field(default_factory=dict)
    tasks: Mapping[str, TaskResult] = field(default_factory=dict)


def network_signals(
    differences: Mapping[str, NDArray[np.float64] | str],
    expressions: Expressions,
    bundle: Bundle,
    judges: Mapping[str, Judge],
) -> Signals:
    """Return the outputs of a bundle's networks as signals; for a task that the bundle lacks, the reason.

    Parameters
    ----------
    differences : mapping of str to float64 array (T,), or to str
        By task, as in `Signals`.
    expressions : Expressions
    bundle : Bundle
    judges : mapping of str to Judge
        By task.
    """
    missing = f"the bundle '{bundle.info.name}' does not measure"
    return Signals(
        pulse=differences.get("pulse", f"{missing} pulse"),
        respiration=differences.get("respiration", f"{missing} respiration"),
        expressions=expressions,
        judges=judges,
    )


def summarize(frames: Frames, signals: Signals, options: MeasureOptions, weights: Weights | None) -> Measurement:
    """Make a measurement from signals: filter the waveforms, estimate the rates, average the action units.

    Parameters
    ----------
    frames : Frames
    signals : Signals
    options : MeasureOptions
        Options with which the signals were computed.
    weights : Weights or None
        None for a classical method.

    Returns
    -------
    Measurement
    """
    settings = options.signal_settings
    found, fs = frames.found, frames.fs
    nothing = np.full(len(found), np.nan)
    pulse = nothing if isinstance(signals.pulse, str) else signals.pulse
    respiration = nothing if isinstance(signals.respiration, str) else signals.respiration
    beats, breaths = signals.judges.get("pulse"), signals.judges.get("respiration")
    heart_rate = _rate(signals.pulse, "heart", frames, settings, signals.raw_pulse, beats)
    breathing_rate = _rate(signals.respiration, "breathing", frames, settings, judge=breaths)
    heart_rate_along = _along(pulse, "heart", frames, heart_rate, settings, signals.raw_pulse, beats)
    band = clean_waveform(pulse, fs, "heart", settings)
    comb = settings.heart.comb
    expressions = signals.expressions
    measurement = Measurement(
        source=frames.source,
        duration_s=len(found) / fs,
        fs=fs,
        frames=len(found),
        face=Face(float(found.mean()) if len(found) else 0.0, face_source_name(options.face)),
        heart_rate=heart_rate,
        breathing_rate=breathing_rate,
        action_units={label: _action_unit(label, expressions) for label in expressions.units},
        neutral=expressions.neutral_choice,
        method=options.method,
        weights=weights,
        settings=settings,
        version=__version__,
        notes=(*frames.notes, *expressions.notes),
        timestamps_s=frames.timestamps_s,
        face_found=found,
        face_squares=frames.squares,
        pulse=comb_filtered(band, fs, heart_rate, heart_rate_along, settings.heart) if comb else band,
        pulse_band=band,
        respiration=clean_waveform(respiration, fs, "breathing", settings),
        rates_timestamps_s=frames.timestamps_s[:1].sum() + rate_times(len(found), fs),
        heart_rate_along=heart_rate_along,
        breathing_rate_along=_along(respiration, "breathing", frames, breathing_rate, settings, judge=breaths),
        action_unit_probability=expressions.probability,
        intensity_labels=expressions.intensities,
        intensity=expressions.intensity,
        head_pose=expressions.head_pose,
        cuts_s=tuple(frames.timestamps_s[list(frames.cuts)].tolist()),
        tasks=dict(signals.tasks),
    )
    return replace(measurement, blinks_per_minute=blinks_per_minute(measurement))


def _rate(
    waveform: NDArray[np.float64] | str,
    quantity: Quantity,
    frames: Frames,
    settings: SignalSettings,
    raw: NDArray[np.float64] | None = None,
    judge: Judge | None = None,
) -> Rate:
    if not frames.found.any():
        return Rate(None, UNITS[quantity], 0.0, "no face was found")
    if isinstance(waveform, str):
        return Rate(None, UNITS[quantity], 0.0, waveform)
    rate = estimate_rate(waveform, frames.fs, quantity, settings, raw, judge, frames.cuts)
    if rate.is_judged:
        return rate
    # Frames without a face lower the quality, however clean the rest is.
    return replace(rate, quality=rate.quality * _share(frames.found))


def _along(
    waveform: NDArray[np.float64],
    quantity: Quantity,
    frames: Frames,
    whole: Rate,
    settings: SignalSettings,
    raw: NDArray[np.float64] | None = None,
    judge: Judge | None = None,
) -> RateSeries:
    along = rates_along(waveform, frames.fs, quantity, settings, raw, judge, frames.cuts)
    # By chance, noise looks like a rate in a few windows. A rate that changes much has no single value for the whole
    # recording, but a value in most windows.
    steady = whole.value is not None or _share(np.isfinite(along.value)) > _MOST
    return along if steady else withheld(along)


def _share(there: NDArray[np.bool_]) -> float:
    return float(there.mean()) if len(there) else 0.0


def _action_unit(label: str, expressions: Expressions) -> ActionUnit:
    probability = _known(expressions.probability[:, expressions.units.index(label)])
    intensity = None
    if label in expressions.intensities:
        intensity = _known(expressions.intensity[:, expressions.intensities.index(label)])
    return ActionUnit(
        ACTION_UNIT_NAMES.get(label, label),
        float(probability.mean()) if len(probability) else None,
        float((probability >= ACTIVE_THRESHOLD).mean()) if len(probability) else None,
        float(intensity.mean()) if intensity is not None and len(intensity) else None,
        expressions.trust.get(label),
        expressions.neutral.get(label, 0.0),
    )


def _known(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return values[np.isfinite(values)].astype(np.float64)
