"""Figures of merit of tasks that are neither action units, pulse nor breathing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.evaluation.metrics import rate_scores
from physiocam.evaluation.unit_scores import action_unit_scores
from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.networks.tasks import Task
from physiocam.signals.own_waveforms import own_rate, own_waveform


@dataclass(frozen=True, eq=False)
class TaskPrediction:
    """One task in one recording, at its frames' times.

    Attributes
    ----------
    task : Task
    fs : float
        Frames per second.
    predicted : float32 array (T, C)
        Probabilities of a binary task, differences of a waveform, levels as they are; NaN where nothing was predicted.
    truth : float64 array (T, C)
        The labels: 0 or 1, the waveform's values, levels; NaN where they are unknown.
    """

    task: Task
    fs: float
    predicted: NDArray[np.float32]
    truth: NDArray[np.float64]


@dataclass(frozen=True)
class OutputScore:
    """One output of a task over all recordings; None where its kind does not have a figure.

    Attributes
    ----------
    frames : int
        Frames that are compared.
    f1, accuracy : float or None
        In percent, of a binary output. The accuracy of a level is given if all true ones are whole numbers, as on an
        ordinal scale: it is that of the rounded levels.
    mae : float or None
        Mean absolute error of a level, in its unit.
    pearson : float or None
        Correlation: of levels over all frames, of a waveform with its sensor's as the mean over recordings.
    rate_mae : float or None
        Mean absolute error of the rate of a waveform with a band, per minute.
    rates : int
        Recordings with a predicted and a true rate.
    """

    frames: int
    f1: float | None = None
    accuracy: float | None = None
    mae: float | None = None
    pearson: float | None = None
    rate_mae: float | None = None
    rates: int = 0


@dataclass(frozen=True)
class TaskScores:
    """Figures of one task: its kind, unit, and the scores of each output by its label."""

    kind: str
    unit: str
    outputs: dict[str, OutputScore]


def task_scores(recordings: Sequence[TaskPrediction]) -> TaskScores:
    """Compare the predictions of one task with its labels.

    Parameters
    ----------
    recordings : sequence of TaskPrediction
        At least one.

    Raises
    ------
    PhysiocamError
        If recordings differ in what the task is.
    """
    task = recordings[0].task
    if any(one.task != task for one in recordings):
        raise PhysiocamError(f"recordings differ in what the task '{task.name}' is; evaluate them separately")
    score = {"binary": _binary, "level": _level, "waveform": _waveform}[task.kind]
    outputs = {label: score(recordings, column) for column, label in enumerate(task.labels)}
    return TaskScores(task.kind, task.unit, outputs)


def _pooled(recordings: Sequence[TaskPrediction], column: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Predictions and truth of the frames that have both, of all recordings."""
    predicted = np.concatenate([one.predicted[:, column] for one in recordings]).astype(np.float64)
    truth = np.concatenate([one.truth[:, column] for one in recordings])
    both = np.isfinite(predicted) & np.isfinite(truth)
    return predicted[both], truth[both]


def _binary(recordings: Sequence[TaskPrediction], column: int) -> OutputScore:
    predicted, truth = _pooled(recordings, column)
    found = action_unit_scores(
        predicted[:, None] >= ACTIVE_THRESHOLD, truth[:, None] > 0, np.ones((len(truth), 1), bool), [""]
    ).units[""]
    return OutputScore(len(truth), f1=found.f1, accuracy=found.accuracy)


def _level(recordings: Sequence[TaskPrediction], column: int) -> OutputScore:
    predicted, truth = _pooled(recordings, column)
    if not len(truth):
        return OutputScore(0)
    ordinal = bool((truth == np.rint(truth)).all())
    return OutputScore(
        len(truth),
        accuracy=100.0 * float((np.rint(predicted) == truth).mean()) if ordinal else None,
        mae=float(np.abs(predicted - truth).mean()),
        pearson=_correlation(predicted, truth),
    )


def _waveform(recordings: Sequence[TaskPrediction], column: int) -> OutputScore:
    correlations: list[float | None] = []
    rates: list[list[float | None]] = []
    frames = 0
    for one in recordings:
        difference = one.predicted[:, column].astype(np.float64)
        change = np.append(np.diff(one.truth[:, column]), np.nan)
        both = np.isfinite(difference) & np.isfinite(change)
        frames += int(both.sum())
        band = one.task.band_hz
        pair = [np.where(both, wave, np.nan) for wave in (difference, change)]
        predicted, true = (own_waveform(wave, one.fs, band) for wave in pair)
        there = np.isfinite(predicted) & np.isfinite(true)
        correlations.append(_correlation(predicted[there], true[there]))
        if band is not None:
            rates.append([own_rate(wave, one.fs, one.task.labels[column], band).value for wave in pair])
    known = [found for found in correlations if found is not None]
    compared = rate_scores(*np.array(rates, dtype=np.float64).T) if rates else None
    return OutputScore(
        frames,
        pearson=float(np.mean(known)) if known else None,
        rate_mae=compared.mae.value if compared else None,
        rates=compared.answered if compared else 0,
    )


def _correlation(predicted: NDArray[np.float64], truth: NDArray[np.float64]) -> float | None:
    if len(truth) < 2 or predicted.std() == 0 or truth.std() == 0:
        return None
    return float(np.corrcoef(predicted, truth)[0, 1])
