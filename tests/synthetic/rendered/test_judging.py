"""How measured action units are judged against what rendered people showed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiocam import Measurement
from physiocam.networks.action_units import ACTION_UNIT_NAMES, BLINK, EXPRESSION_UNITS, SIDED_UNITS
from physiocam.networks.config import INTENSITY
from physiocam.results.measurement_data import ActionUnit

judging = pytest.importorskip("unit_judging")
sets = pytest.importorskip("rendered_recordings")

FS, SECONDS = 25.0, 8.0


@pytest.fixture
def shown() -> Any:
    """Half a recording with every unit at 3, the left side alone for those with sides, and one blink."""
    sides = np.zeros((round(FS * SECONDS), len(EXPRESSION_UNITS), 2), np.float32)
    sides[100:150] = 3.0
    sides[100:150, [EXPRESSION_UNITS.index(unit) for unit in SIDED_UNITS], 1] = 0.0
    sides[:, EXPRESSION_UNITS.index(BLINK)] = 0.0
    sides[50:56, EXPRESSION_UNITS.index(BLINK)] = 5.0
    pose = np.zeros((len(sides), 3), np.float32)
    return sets.RenderedRecording(
        Path("r0001.mp4"), FS, sides, pose, pose[:, :2], np.array([2.1]), {"neutral": "no", "sex": "female"}
    )


def measured(shown: Any, make_measurement: Callable[..., Measurement]) -> Measurement:
    """A measurement that says what was shown; only the pose is off by 2 degrees."""
    pick = {label: (label[:4], "LR".find(label[-1])) for label in INTENSITY.labels}
    levels = np.stack(
        [shown.sides[:, EXPRESSION_UNITS.index(unit), side].astype(np.float32) if side >= 0
         else shown.intensities[:, EXPRESSION_UNITS.index(unit)] for unit, side in pick.values()], axis=1
    )  # fmt: skip
    return replace(
        make_measurement(SECONDS, None, fs=FS),
        action_units={unit: ActionUnit(ACTION_UNIT_NAMES[unit], 0.5, 0.5) for unit in EXPRESSION_UNITS},
        action_unit_probability=shown.intensities / 5,
        intensity_labels=INTENSITY.labels,
        intensity=levels,
        head_pose=shown.pose + 2.0,
    )


def test_a_measurement_without_errors_has_the_best_figures(
    shown: Any, make_measurement: Callable[..., Measurement]
) -> None:
    found = judging.figures([judging.judge(shown, measured(shown, make_measurement))])
    assert set(found["units"]) == set(EXPRESSION_UNITS)
    assert found["mean"] == pytest.approx({"auc": 1.0, "f1": 100.0, "r": 1.0, "mae": 0.0, "icc": 1.0})
    assert set(found["sides"].values()) == {1.0}
    assert found["head_pose_error"] == [2.0, 2.0, 2.0]
    assert found["blinks_f1"] == 1.0
    assert found["false_events_a_minute"] is None


def test_errors_show(shown: Any, make_measurement: Callable[..., Measurement]) -> None:
    right = measured(shown, make_measurement)
    sides = right.intensity.copy()
    left, other = (INTENSITY.labels.index(f"AU12_{side}") for side in "LR")
    sides[:, [left, other]] = sides[:, [other, left]]
    twelve = list(right.action_units).index("AU12")
    half = np.minimum(right.intensity, 1.5)
    half[:, [left, other]] = sides[:, [left, other]]
    probability = right.action_unit_probability.copy()
    probability[:, twelve] = 0.6
    wrong = replace(right, intensity=half, action_unit_probability=probability)
    neutral = replace(shown, attributes={"neutral": "yes", "sex": "male"})
    judged = [judging.judge(recording, wrong) for recording in (shown, neutral)]
    found = judging.figures(judged)
    smile = found["units"]["AU12"]
    assert smile["auc"] == 0.5
    # All frames are called active, a quarter of them rightly.
    assert smile["f1"] == pytest.approx(100 * 2 * 0.25 / 1.25)
    assert smile["r"] == pytest.approx(1.0)
    assert smile["mae"] == pytest.approx(1.5 / 4)
    assert smile["icc"] == pytest.approx(0.8, abs=0.01)
    assert found["sides"]["AU12"] == 0.0
    assert found["false_events_a_minute"] > 60
    by = judging.by_attribute(judged)
    assert by["sex"]["male"]["recordings"] == by["sex"]["female"]["recordings"] == 1


def test_blinks_are_found_and_true_once_each(shown: Any, make_measurement: Callable[..., Measurement]) -> None:
    twice = replace(shown, blinks=np.array([2.1, 5.0]))
    judged = judging.judge(twice, measured(shown, make_measurement))
    assert judged.blinks == (1, 0, 1)
