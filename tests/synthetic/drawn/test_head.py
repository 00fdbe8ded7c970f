"""The drawn head: each action unit moves what it should, where it should."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.drawn.head import DrawnHead, Expression
from physiocam.synthetic.drawn.person import Person

SCALE = 60.0
AHEAD = (0.0, -0.5, float(np.sqrt(0.75)))


def showing(*labels: str, **others: float) -> Expression:
    return Expression(tuple(float(label in labels) for label in AU_LABELS), **others)  # type: ignore[arg-type]


def pictures(seed: int, *expressions: Expression) -> tuple[list[NDArray[np.float32]], tuple[float, float]]:
    head = DrawnHead(Person.invent(seed), SCALE, AHEAD)
    return [head.draw(expression)[0][..., :3].mean(axis=2) for expression in expressions], head.centre


@pytest.mark.parametrize(
    ("label", "top", "bottom"),
    [
        ("AU01", -0.85, -0.1),
        ("AU02", -0.85, -0.1),
        ("AU04", -0.65, -0.1),
        ("AU06", -0.4, 0.4),
        ("AU07", -0.35, 0.0),
        ("AU10", 0.0, 0.75),
        ("AU12", -0.1, 0.85),
        ("AU14", 0.3, 0.85),
        ("AU15", 0.3, 0.95),
        ("AU17", 0.4, 1.1),
        ("AU23", 0.3, 0.9),
        ("AU24", 0.3, 0.9),
    ],
)
def test_each_unit_changes_its_part_of_every_face(label: str, top: float, bottom: float) -> None:
    for seed in range(6):
        (still, moved), centre = pictures(seed, Expression(), showing(label))
        changed = np.abs(moved - still).sum(axis=1)
        height = (np.arange(len(changed)) - centre[1]) / SCALE
        inside = (height > top) & (height < bottom)
        assert changed[inside].sum() > 0.9 * changed.sum()
        assert np.abs(moved - still).max() > 12


def test_no_two_units_look_alike() -> None:
    drawn, _ = pictures(3, Expression(), *(showing(label) for label in AU_LABELS))
    changes = np.stack([(picture - drawn[0]).ravel() for picture in drawn[1:]])
    alike = np.corrcoef(changes) - np.eye(len(changes))
    assert np.abs(alike).max() < 0.85


def test_half_an_expression_lies_between_none_and_all() -> None:
    (none, half, whole), _ = pictures(1, Expression(), Expression((0.0,) * 6 + (0.5,) + (0.0,) * 5), showing("AU12"))
    assert 0.2 < np.abs(half - none).sum() / np.abs(whole - none).sum() < 0.9


def test_closed_eyes_hide_the_white() -> None:
    (opened, closed), centre = pictures(0, Expression(), showing(blink=1.0))
    rows = slice(int(centre[1] - 0.26 * SCALE), int(centre[1] - 0.14 * SCALE))
    columns = slice(int(centre[0] - 0.4 * SCALE), int(centre[0] - 0.2 * SCALE))
    assert closed[rows, columns].std() < 0.8 * opened[rows, columns].std()


def test_blood_shows_in_skin_alone() -> None:
    for seed in range(8):
        person = Person.invent(seed)
        head = DrawnHead(person, SCALE, AHEAD)
        levels, perfused = head.draw(Expression())
        column, row = (round(place) for place in head.centre)
        cheek = row + round(0.2 * SCALE), column + round(0.35 * SCALE)
        assert perfused[cheek][1] > 0.4 * levels[cheek][1]
        if person.hair != "bald":
            crown = row - round(1.2 * SCALE), column
            assert perfused[crown].max() < 0.02 * levels[crown][:3].max()
        assert (perfused[..., 3] == 0).all()
        assert (perfused[..., :3] <= 1.6 * levels[..., :3] + 1e-3).all()


def test_people_range_from_pale_to_dark() -> None:
    depths = [Person.invent(seed).skin_depth for seed in range(60)]
    brightness = [sum(Person.invent(seed).skin) for seed in range(60)]
    assert min(depths) < 0.1
    assert max(depths) > 0.9
    assert np.corrcoef(depths, brightness)[0, 1] < -0.95
    assert {Person.invent(seed).hair for seed in range(60)} == {"bald", "short", "parted", "long", "curly"}
