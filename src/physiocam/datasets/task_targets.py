"""Targets of a data set's own tasks, from their labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.alignment import Alignment, onto_frames
from physiocam.datasets.recording import Signal, TaskLabels


@dataclass(frozen=True, eq=False)
class TaskTargets:
    """What a network should learn of one task.

    Attributes
    ----------
    truth : float64 array (T, C)
        The labels at the frames' times; NaN where they are unknown.
    targets : float64 array (T, C)
        The same, and of a waveform its changes from a frame to the next over their standard deviation; the last one is
        NaN.
    """

    truth: NDArray[np.float64]
    targets: NDArray[np.float64]


def task_targets(labels: TaskLabels, timestamps_s: NDArray[np.float64], alignment: Alignment) -> TaskTargets:
    """Bring the labels of a task to the frames.

    Parameters
    ----------
    labels : TaskLabels
    timestamps_s : float64 array (T,)
        Times of all frames.
    alignment : "linear" or "release"
        As in `alignment.onto_frames`. Binary labels then are those of the nearest sample.

    Returns
    -------
    TaskTargets
    """
    frames, times = len(timestamps_s), labels.timestamps_s
    if len(times) == 1:
        truth = np.repeat(labels.values, frames, axis=0)
    else:
        columns = [Signal(column, times, labels.task.unit) for column in labels.values.T]
        truth = np.stack([onto_frames(column, timestamps_s, alignment) for column in columns], axis=1)
    if labels.task.kind == "binary":
        truth = np.where(np.isfinite(truth), truth >= 0.5, np.nan)
    if labels.task.kind != "waveform":
        return TaskTargets(truth, truth)
    changes = [np.append(difference_label(column), np.nan) for column in truth.T]
    return TaskTargets(truth, np.stack(changes, axis=1))


def difference_label(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    """Changes of a waveform from each frame to the next, over their standard deviation.

    The mean is not removed, and a change is not divided by the values around it, although the paper's text (appendix
    D.2) says so: the released code divides by the standard deviation only, and the published weights were trained with
    that.

    Parameters
    ----------
    wave : float64 array (T,)
        NaN where it is unknown.

    Returns
    -------
    float64 array (T - 1,)
        NaN where a change is unknown; 0 throughout if the waveform is constant.
    """
    difference = np.diff(wave)
    known = np.isfinite(difference)
    spread = float(difference[known].std()) if known.any() else 0.0
    return difference / spread if spread > 0 else np.where(known, 0.0, np.nan)
