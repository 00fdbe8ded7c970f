"""Predictions of a stored recording, with the ground truth from the store: sensors and codes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.alignment import onto_frames
from physiocam.datasets.store.stored_recording import StoredRecording
from physiocam.evaluation.predictions import RATES, WAVEFORMS, Predictions
from physiocam.evaluation.task_scores import TaskPrediction
from physiocam.networks.tasks import AU, Task
from physiocam.signals.judging import Judge


def with_truth(
    stored: StoredRecording,
    waveforms: dict[str, NDArray[np.float64]],
    probabilities: NDArray[np.float32],
    labels: tuple[str, ...],
    judges: Mapping[str, Judge] | None = None,
    tasks: Mapping[Task, NDArray[np.float32]] | None = None,
) -> Predictions:
    """Combine predictions with the ground truth of the store.

    Parameters
    ----------
    stored : StoredRecording
    waveforms : dict of str to float64 array (T,)
        By task, the difference to the next frame.
    probabilities : float32 array (T, A)
    labels : tuple of str
        Labels of the action units.
    judges : mapping of str to Judge, optional
        By task, what its rate is judged by.
    tasks : mapping of Task to float32 array (T, C), optional
        Every other task: probabilities, differences or levels.
    """
    times = stored.column("timestamps_s")
    # The change to another scene was not seen.
    last_of_scenes = np.array(stored.info.cuts, dtype=int) - 1
    changes: list[NDArray[Any]] = [*waveforms.values()]
    changes += [said for task, said in (tasks or {}).items() if task.kind == "waveform"]
    for one in changes:
        one[last_of_scenes] = np.nan
    sensors = {
        name: onto_frames(stored.signal(name), times) for name in (*WAVEFORMS, *RATES) if name in stored.info.signals
    }
    codes, coded = _codes(stored, labels)
    info = stored.info
    return Predictions(
        info.name, info.subject, info.fs, waveforms, probabilities, labels, sensors, codes, coded, judges or {},
        {task.name: TaskPrediction(task, info.fs, said, _truth(stored, task)) for task, said in (tasks or {}).items()},
        info.cuts,
    )  # fmt: skip


def _truth(stored: StoredRecording, task: Task) -> NDArray[np.float64]:
    """Labels of a task of the data set's own; unknown where it has none."""
    if stored.info.tasks.get(task.name) == task.labels and stored.has(f"truth/{task.name}"):
        return np.asarray(stored.column(f"truth/{task.name}"), dtype=np.float64)
    return np.full((stored.info.frames, task.outputs), np.nan)


def _codes(stored: StoredRecording, labels: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Codes of the predicted units, and whether they are known; units that the data set does not code are unknown."""
    codes = np.zeros((stored.info.frames, len(labels)), np.bool_)
    coded = np.zeros_like(codes)
    columns = stored.info.tasks.get(AU.name, ())
    if not labels or not columns:
        return codes, coded
    targets, masks = stored.column(f"targets/{AU.name}"), stored.column(f"masks/{AU.name}")
    for column, label in enumerate(labels):
        if label in columns:
            there = columns.index(label)
            codes[:, column], coded[:, column] = targets[:, there] > 0, masks[:, there]
    return codes, coded
