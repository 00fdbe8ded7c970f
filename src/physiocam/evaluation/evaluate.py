"""Comparison of predictions with sensors and coders, over all recordings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.sensors.plausible import recorded_rates
from physiocam.errors import PhysiocamError
from physiocam.evaluation.left_out import left_out
from physiocam.evaluation.metrics import Estimate, RateScores, macc, mean_estimate, rate_scores, signal_to_noise
from physiocam.evaluation.predictions import Predictions
from physiocam.evaluation.task_scores import TaskPrediction, TaskScores, task_scores
from physiocam.evaluation.unit_scores import ActionUnitScores, UnitComparison, count_units, unit_scores
from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.signals.filters import padding
from physiocam.signals.quantities import WAVEFORM_TASKS, Quantity
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SignalSettings
from physiocam.signals.waveform import clean_waveform

_TRUE_RATES: dict[Quantity, str] = {"heart": "heart_rate", "breathing": "breathing_rate"}


@dataclass(frozen=True)
class RateComparison:
    """Predicted and true rate of a recording, or of one window of it.

    Attributes
    ----------
    recording, subject : str
    start_s : float
        0 for whole recordings.
    predicted, true : float or None
        Per minute; None if not measured.
    quality : float
        Quality of the predicted rate, 0..1.
    snr : float or None
        In dB, against the true rate.
    macc : float or None
    """

    recording: str
    subject: str
    start_s: float
    predicted: float | None
    true: float | None
    quality: float
    snr: float | None
    macc: float | None


@dataclass(frozen=True)
class Evaluation:
    """All comparisons of predictions with ground truth; None or empty if one of the two is missing.

    Attributes
    ----------
    settings : str
        Name of the signal settings.
    recordings : int
    heart, breathing : RateScores or None
    comparisons : dict of str to tuple of RateComparison
        "heart" and "breathing".
    snr, macc : dict of str to Estimate
        Means over recordings or windows, by quantity, without an interval.
    action_units : ActionUnitScores or None
    left_out : tuple of str
        What is not compared, and why; one line each.
    set_up : tuple of str
        How recordings differ from those that the networks were trained on; one line each.
    warnings : tuple of str
        Why the figures may mislead.
    tasks : dict of str to TaskScores
        By name, every other task that was predicted and has labels.
    unit_comparisons : tuple of UnitComparison
        Of each recording with coded units.
    """

    settings: str
    recordings: int
    heart: RateScores | None
    breathing: RateScores | None
    comparisons: dict[str, tuple[RateComparison, ...]]
    snr: dict[str, Estimate]
    macc: dict[str, Estimate]
    action_units: ActionUnitScores | None
    left_out: tuple[str, ...] = ()
    set_up: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tasks: dict[str, TaskScores] = field(default_factory=dict)
    unit_comparisons: tuple[UnitComparison, ...] = ()


def evaluate(
    predictions: Sequence[Predictions],
    settings: SignalSettings,
    window_s: float | None = None,
    not_predicted: Mapping[str, str] | None = None,
    *,
    keep_short: bool = False,
    set_up: tuple[str, ...] = (),
) -> Evaluation:
    """Compare predictions with their ground truth.

    With "paper", "toolbox" and other settings with `truth_from_wave` the true rate is computed from the sensor's
    waveform in the same way as the predicted one, as the authors do. With other settings it is the sensor's own rate,
    and is computed from the waveform only if there is none.

    Parameters
    ----------
    predictions : sequence of Predictions
    settings : SignalSettings
    window_s : float, optional
        Compare windows of this length, one after the other, instead of whole recordings.
    not_predicted : mapping of str to str, optional
        By task, why it was not predicted.
    keep_short : bool
        Whether a last window that is shorter counts as one more, as in the rPPG-Toolbox, or is left out.
    set_up : tuple of str
        As in `Evaluation`.

    Returns
    -------
    Evaluation

    Raises
    ------
    PhysiocamError
        If the window is not positive, or recordings differ in their units.
    """
    if window_s is not None and not window_s > 0:
        raise PhysiocamError(f"window_s is {window_s}; expected a positive number of seconds")
    scores: dict[Quantity, RateScores | None] = {"heart": None, "breathing": None}
    comparisons: dict[str, tuple[RateComparison, ...]] = {}
    quantities: tuple[Quantity, ...] = ("heart", "breathing")
    for quantity in quantities:
        found = [row for one in predictions for row in _compare(one, quantity, settings, window_s, keep_short)]
        comparisons[quantity] = tuple(found)
        if found:
            scores[quantity] = rate_scores(_array(r.predicted for r in found), _array(r.true for r in found))
    units = _units(predictions)
    unknown = {
        task: list(dict.fromkeys(row.recording for row in comparisons[quantity] if row.true is None))
        for quantity, task in WAVEFORM_TASKS.items()
    }
    return Evaluation(
        settings=settings.name,
        recordings=len(predictions),
        heart=scores["heart"],
        breathing=scores["breathing"],
        comparisons=comparisons,
        snr={quantity: mean_estimate([row.snr for row in rows]) for quantity, rows in comparisons.items()},
        macc={quantity: mean_estimate([row.macc for row in rows]) for quantity, rows in comparisons.items()},
        action_units=unit_scores([one.units for one in units]) if units else None,
        left_out=left_out(predictions, unknown, not_predicted or {}, None if keep_short else window_s),
        set_up=set_up,
        tasks=_tasks(predictions),
        unit_comparisons=units,
    )


def _tasks(predictions: Sequence[Predictions]) -> dict[str, TaskScores]:
    found: dict[str, list[TaskPrediction]] = {}
    for one in predictions:
        for name, task in one.tasks.items():
            if np.isfinite(task.truth).any():
                found.setdefault(name, []).append(task)
    return {name: task_scores(tasks) for name, tasks in found.items()}


def _compare(
    one: Predictions, quantity: Quantity, settings: SignalSettings, window_s: float | None, keep_short: bool
) -> list[RateComparison]:
    task = WAVEFORM_TASKS[quantity]
    has_truth = task in one.sensors or _TRUE_RATES[quantity] in one.sensors
    if task not in one.waveforms or not has_truth:
        return []
    predicted = one.waveforms[task]
    length = len(predicted) if window_s is None else max(round(window_s * one.fs), 1)
    shortest = min(length, padding(settings.of(quantity).order) + 2) if keep_short else length
    starts = range(0, len(predicted) - shortest + 1, length)
    return [_compare_part(one, quantity, settings, slice(start, start + length)) for start in starts]


def _compare_part(one: Predictions, quantity: Quantity, settings: SignalSettings, part: slice) -> RateComparison:
    task = WAVEFORM_TASKS[quantity]
    difference = one.waveforms[task][part]
    judge = one.judges[task].part(part) if task in one.judges else None
    cuts = [cut - part.start for cut in one.cuts if part.start < cut < part.stop]
    rate = estimate_rate(difference, one.fs, quantity, settings, judge=judge, cuts=cuts)
    true = _true_rate(one, quantity, settings, part)
    ratio, agreement = None, None
    clean = clean_waveform(difference, one.fs, quantity, settings)
    usable = np.isfinite(clean)
    if true is not None and usable.any():
        ratio = signal_to_noise(clean[usable], one.fs, true, settings.of(quantity).band_hz)
    if task in one.sensors:
        sensor = clean_waveform(_differences(one.sensors[task])[part], one.fs, quantity, settings)
        both = usable & np.isfinite(sensor)
        if np.count_nonzero(both) > 1:
            agreement = macc(clean[both], sensor[both])
    return RateComparison(one.name, one.subject, part.start / one.fs, rate.value, true, rate.quality, ratio, agreement)


def _true_rate(one: Predictions, quantity: Quantity, settings: SignalSettings, part: slice) -> float | None:
    name = _TRUE_RATES[quantity]
    recorded = one.sensors.get(name)
    known = recorded_rates(name, recorded[part]) if recorded is not None else np.empty(0)
    wave = one.sensors.get(WAVEFORM_TASKS[quantity])
    # If the sensor reports no rate, as while an oximeter searches, the wave may still show one.
    if wave is not None and (settings.truth_from_wave or not len(known)):
        return estimate_rate(_differences(wave)[part], one.fs, quantity, settings).value
    return float(known.mean()) if len(known) else None


def _differences(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.append(np.diff(wave), np.nan)


def _units(predictions: Sequence[Predictions]) -> tuple[UnitComparison, ...]:
    coded = [one for one in predictions if one.coded.any()]
    for one in coded:
        if one.labels != coded[0].labels:
            raise PhysiocamError(
                f"'{one.name}' has the units {', '.join(one.labels)}, others {', '.join(coded[0].labels)}"
            )
    return tuple(
        UnitComparison(
            one.name,
            one.subject,
            count_units(
                one.probabilities >= ACTIVE_THRESHOLD,
                one.codes,
                one.coded & np.isfinite(one.probabilities),
                one.labels,
            ),
        )
        for one in coded
    )


def _array(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values])
