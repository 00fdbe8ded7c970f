"""Tasks other than a face's: from the outputs of networks to probabilities, waveforms and levels."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from physiocam.measuring.outputs import probabilities
from physiocam.networks.tasks import FACE_TASKS, Task
from physiocam.results.measurement_data import TaskOutput, TaskResult
from physiocam.signals.own_waveforms import own_rate, own_waveform
from physiocam.weights.bundle import BundleInfo


def other_tasks(info: BundleInfo) -> tuple[Task, ...]:
    """Return a bundle's tasks, on any time scale, that have no results of their own."""
    others = [part.tasks for part in (info.slow, info.memory) if part]
    tasks = (*info.tasks, *(task for part in others for task in part))
    return tuple({task.name: task for task in tasks if task.name not in FACE_TASKS}.values())


def task_outputs(
    tasks: Iterable[Task], differences: Mapping[str, NDArray[np.floating]], of_frames: Mapping[str, NDArray[np.float32]]
) -> dict[Task, NDArray[np.float32]]:
    """Return what networks predict of tasks, without those that are in neither mapping.

    Parameters
    ----------
    tasks : iterable of Task
    differences, of_frames
        As in `clip_pipeline.RecordingOutputs`.

    Returns
    -------
    dict of Task to float32 array (T, C)
        Probabilities of a binary task, differences of a waveform, levels as they are; NaN in gaps.
    """
    found: dict[Task, NDArray[np.float32]] = {}
    for task in tasks:
        if task.name in differences:
            found[task] = np.asarray(differences[task.name], np.float32)[:, np.newaxis]
        elif task.name in of_frames:
            output = of_frames[task.name]
            found[task] = probabilities(output) if task.kind == "binary" else output
    return found


def task_results(
    outputs: Mapping[Task, NDArray[np.float32]], fs: float, cuts: Sequence[int] = ()
) -> dict[str, TaskResult]:
    """Return the results of tasks by name, from `task_outputs`; `cuts` as in `signals.rate.estimate_rate`."""
    return {task.name: _result(task, output, fs, cuts) for task, output in outputs.items()}


def _result(task: Task, output: NDArray[np.float32], fs: float, cuts: Sequence[int]) -> TaskResult:
    values = output
    if task.kind == "waveform":
        values = np.stack([own_waveform(column, fs, task.band_hz) for column in output.T], axis=1).astype(np.float32)
    summaries = {
        label: TaskOutput.of(
            task.kind,
            values[:, column],
            own_rate(output[:, column], fs, label, task.band_hz, cuts) if task.band_hz else None,
        )
        for column, label in enumerate(task.labels)
    }
    return TaskResult(task.kind, task.unit, summaries, values)
