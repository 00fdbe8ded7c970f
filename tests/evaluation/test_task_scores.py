"""Figures of tasks that are neither action units, pulse nor breathing, against numbers worked out by hand."""

import numpy as np
import pytest

from physiocam.errors import PhysiocamError
from physiocam.evaluation.task_scores import TaskPrediction, task_scores
from physiocam.networks.tasks import Task

FS = 20.0
LAMP = Task(name="lamp", kind="binary", labels=("lamp",))
GRADE = Task(name="grade", kind="level", labels=("left", "right"), unit="points")
PLATE = Task(name="plate", kind="waveform", labels=("plate",), band_hz=(1.0, 6.0))


def test_binary_outputs_have_f1_and_accuracy() -> None:
    said = np.array([[0.9], [0.6], [0.1], [0.2], [np.nan]], np.float32)
    truth = np.array([[1.0], [0.0], [0.0], [1.0], [1.0]])
    score = task_scores([TaskPrediction(LAMP, FS, said, truth)]).outputs["lamp"]
    assert (score.frames, score.f1, score.accuracy, score.mae) == (4, 50.0, 50.0, None)


def test_levels_have_an_error_and_those_of_a_scale_an_accuracy() -> None:
    said = np.array([[0.2, 1.0], [1.1, 2.0], [2.6, 3.0]], np.float32)
    truth = np.array([[0.0, 1.5], [1.0, 2.5], [2.0, np.nan]])
    scores = task_scores([TaskPrediction(GRADE, FS, said, truth)])
    left, right = scores.outputs["left"], scores.outputs["right"]
    assert (scores.unit, left.frames, right.frames) == ("points", 3, 2)
    assert left.mae == pytest.approx(0.3, abs=1e-6)
    assert left.accuracy == pytest.approx(100 * 2 / 3)
    assert right.mae == pytest.approx(0.5)
    assert right.accuracy is None
    assert right.pearson == pytest.approx(1.0)


def test_waveforms_are_compared_whatever_their_scale_and_have_a_rate_in_their_band() -> None:
    time = np.arange(400) / FS
    wave = np.sin(2 * np.pi * 3.0 * time)
    said = np.append(np.diff(7.0 * wave), np.nan).astype(np.float32)[:, None]
    one = TaskPrediction(PLATE, FS, said, wave[:, None])
    score = task_scores([one, one]).outputs["plate"]
    assert score.pearson == pytest.approx(1.0, abs=1e-4)
    assert (score.rates, score.frames) == (2, 798)
    assert score.rate_mae == pytest.approx(0.0, abs=0.01)
    reversed_one = task_scores([TaskPrediction(PLATE, FS, -said, wave[:, None])]).outputs["plate"]
    assert reversed_one.pearson == pytest.approx(-1.0, abs=1e-4)


def test_nothing_known_has_no_figure() -> None:
    nothing = np.full((5, 1), np.nan)
    for task in (LAMP, PLATE):
        score = task_scores([TaskPrediction(task, FS, nothing.astype(np.float32), nothing)]).outputs[task.name]
        assert (score.frames, score.f1, score.accuracy, score.pearson, score.rate_mae) == (0, None, None, None, None)


def test_one_name_for_two_tasks_is_refused() -> None:
    other = LAMP.model_copy(update={"kind": "level"})
    value = np.zeros((2, 1))
    with pytest.raises(PhysiocamError, match="differ in what the task 'lamp' is"):
        task_scores([TaskPrediction(task, FS, value.astype(np.float32), value) for task in (LAMP, other)])
