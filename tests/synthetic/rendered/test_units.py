"""Action units as shapes: the scale of intensities, sides, and what a mouth cannot do at once."""

import numpy as np
import pytest

from physiocam.networks.action_units import AU_LABELS, EXPRESSION_UNITS
from physiocam.synthetic.rendered.expressions import apart, both_sides, still_face
from physiocam.synthetic.rendered.units import SIDED, FacePose, lips_apart


def _pose(unit: str, left: float, right: float) -> FacePose:
    sides = np.zeros((15, 2))
    sides[EXPRESSION_UNITS.index(unit)] = left, right
    return FacePose(sides)


def test_intensities_become_weights_on_the_scale_of_coders() -> None:
    weights = [_pose("AU12", level, level).shapes().get("mouthSmile_L", 0.0) for level in (0, 1, 3, 5)]
    assert weights == [0.0, pytest.approx(0.13), pytest.approx(0.52), pytest.approx(1.0)]


@pytest.mark.parametrize("unit", SIDED)
def test_a_sided_unit_moves_its_own_side(unit: str) -> None:
    shapes = _pose(unit, 4, 0).shapes()
    assert shapes
    assert all(name.endswith("_L") for name in shapes)


def test_the_gaze_moves_the_eyes_together() -> None:
    left = FacePose(np.zeros((15, 2)), gaze=(0.5, 0.0)).shapes()
    assert left == {"eyeLookOut_L": 0.5, "eyeLookIn_R": 0.5}


def test_pressed_lips_do_not_part() -> None:
    sides = np.full((3, 15, 2), 3.0)
    sides[1:, [EXPRESSION_UNITS.index(unit) for unit in ("AU17", "AU23", "AU24")]] = [[[0.0]], [[1.0]]]
    apart(sides)
    np.testing.assert_allclose(sides[:, EXPRESSION_UNITS.index("AU25"), 0], (0, 3, 1.5))
    np.testing.assert_allclose(sides[:, EXPRESSION_UNITS.index("AU12"), 0], 3)


def test_lips_are_apart_by_their_gap() -> None:
    assert lips_apart(0.0) == 0
    assert lips_apart(0.38) == 3
    assert lips_apart(9.0) == 5


def test_kinds_of_faces_are_what_they_are_called() -> None:
    random = np.random.default_rng(0)
    rest = np.arange(15) < EXPRESSION_UNITS.index("AU45")
    for _ in range(40):
        assert not still_face("neutral", random).sides[rest].any()
        assert still_face("units", random).sides[rest].max() >= 0.6
        one_sided = still_face("one-sided", random).sides[: len(AU_LABELS)]
        assert one_sided.max() >= 1.5
        assert (one_sided.min(axis=1) <= 0.75 * one_sided.max(axis=1)).all()
        other = still_face("other", random)
        assert other.others
        assert not other.sides[rest].any()
    assert both_sides("AU17", 2.0, random) == (2.0, 2.0)
