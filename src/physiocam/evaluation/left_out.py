"""Lines on what an evaluation does not compare: tasks, recordings and action units."""

from collections.abc import Mapping, Sequence

import numpy as np

from physiocam.evaluation.predictions import RATES, WAVEFORMS, Predictions

# Largest number of names in a line.
_NAMED = 5

_OF_TASK = dict(zip(WAVEFORMS, RATES, strict=True))


def left_out(
    predictions: Sequence[Predictions],
    unknown: Mapping[str, Sequence[str]],
    not_predicted: Mapping[str, str],
    window_s: float | None,
) -> tuple[str, ...]:
    """Describe what is not compared, and why; one line each.

    Parameters
    ----------
    predictions : sequence of Predictions
    unknown : mapping of str to sequence of str
        By waveform task, recordings in which a true rate cannot be found from the sensor's signal.
    not_predicted : mapping of str to str
        By task, why it was not predicted at all.
    window_s : float, optional
        Length of the windows that are compared.

    Returns
    -------
    tuple of str
    """
    lines = [f"'{task}' {reason}" for task, reason in not_predicted.items()]
    for task in WAVEFORMS:
        if task not in not_predicted:
            lines += _of_waveform(task, predictions, unknown.get(task, ()), window_s)
    for task in dict.fromkeys(task for one in predictions for task in one.tasks):
        labelled = {one.name for one in predictions if task in one.tasks and np.isfinite(one.tasks[task].truth).any()}
        if without := [one.name for one in predictions if one.name not in labelled]:
            lines.append(f"'{task}': {_some(without, predictions)} no labels")
    return (*lines, *_of_units(predictions))


def _of_waveform(
    task: str, predictions: Sequence[Predictions], unknown: Sequence[str], window_s: float | None
) -> list[str]:
    rate = _OF_TASK[task].replace("_", " ")
    predicted = [one for one in predictions if task in one.waveforms]
    true = [one for one in predictions if task in one.sensors or _OF_TASK[task] in one.sensors]
    if not predicted:
        if not true:
            return []
        return [
            f"{rate}: '{task}' was not predicted, and {len(true)} of {len(predictions)} recordings have ground truth"
        ]
    if not true:
        return [f"{rate}: '{task}' was predicted, but no recording has ground truth: a sensor's '{task}' or {rate}"]
    lines = []
    names = {one.name for one in true}
    if without := [one.name for one in predicted if one.name not in names]:
        lines.append(f"{rate}: {_some(without, predictions)} no sensor's '{task}' or {rate}")
    names = {one.name for one in predicted}
    if without := [one.name for one in true if one.name not in names]:
        lines.append(f"{rate}: {_some(without, predictions)} no prediction of '{task}'")
    if unknown:
        lines.append(f"{rate}: {_some(unknown, predictions)} no true rate in some windows: the sensor shows none")
    if window_s is not None and (
        short := [one.name for one in predicted if len(one.waveforms[task]) < window_s * one.fs]
    ):
        lines.append(f"{rate}: {_some(short, predictions)} less than one window of {window_s:g} s")
    return lines


def _of_units(predictions: Sequence[Predictions]) -> list[str]:
    labels = list(dict.fromkeys(label for one in predictions for label in one.labels))
    if not labels:
        return []
    if without := [one.name for one in predictions if not one.coded.any()]:
        if len(without) == len(predictions):
            return ["action units were predicted, but no recording has codes"]
        lines = [f"action units: {_some(without, predictions)} no codes"]
    else:
        lines = []
    coded = {label for one in predictions for label, known in zip(one.labels, one.coded.T, strict=True) if known.any()}
    if never := [label for label in labels if label not in coded]:
        lines.append(f"action units: {', '.join(never)} predicted, but not coded in any recording")
    return lines


def _some(names: Sequence[str], predictions: Sequence[Predictions]) -> str:
    """Such as "2 of 20 recordings (a, b) have"."""
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return f"{len(names)} of {len(predictions)} recordings ({shown}) {'has' if len(names) == 1 else 'have'}"
