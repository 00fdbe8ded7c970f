"""Identities: kept while faces stand, cross, vanish for a moment and come back behind a cut; new ones are new."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physiocam.video.face import FaceBox
from physiocam.video.locators import Square
from physiocam.video.people_tracker import PeopleTracker
from physiocam.video.tracker import FaceTracker

FS = 20.0
HEIGHT, WIDTH = 240, 640
RED, GREEN, BLUE = (200, 60, 50), (60, 180, 70), (60, 80, 200)

Colour = tuple[int, int, int]


class Actor:
    """A face in clothes of one colour; `x` is a function of the frame, None while away."""

    def __init__(self, colour: Colour, x: "dict[int, float | None] | float", size: float = 60) -> None:
        self.colour, self.size = colour, size
        self.steps = x if isinstance(x, dict) else {0: x}

    def x(self, index: int) -> float | None:
        """Straight between the frames that are given; None from a frame on that is None."""
        before = max(frame for frame in self.steps if frame <= index)
        after = min((frame for frame in self.steps if frame > index), default=before)
        one, other = self.steps[before], self.steps[after]
        if one is None or other is None or after == before:
            return one
        return one + (other - one) * (index - before) / (after - before)

    def box(self, index: int) -> FaceBox | None:
        x = self.x(index)
        return None if x is None else FaceBox(x - 0.35 * self.size, 70, 0.7 * self.size, self.size, 0.95)


class Stage:
    """Draws actors, the last in front, and detects those that are not hidden behind one further in front."""

    def __init__(self, *actors: Actor) -> None:
        self.actors = actors
        self.looks: list[int] = []

    def frame(self, index: int) -> NDArray[np.uint8]:
        image = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
        for actor in self.actors:
            if (x := actor.x(index)) is not None:
                left, right = max(round(x - 1.1 * actor.size), 0), max(round(x + 1.1 * actor.size), 0)
                image[round(70 + 1.05 * actor.size) :, left:right] = actor.colour
                image[
                    60 : round(70 + actor.size), max(round(x - 0.4 * actor.size), 0) : round(x + 0.4 * actor.size)
                ] = (
                    210,
                    170,
                    150,
                )
        image[0, 0] = index % 256, index // 256, 0
        return image

    def detect(self, image: NDArray[np.uint8], min_score: float = 0.7) -> list[FaceBox]:
        index = int(image[0, 0, 0]) + 256 * int(image[0, 0, 1])
        self.looks.append(index)
        boxes = [actor.box(index) for actor in self.actors]
        shown = [
            box
            for number, box in enumerate(boxes)
            if box is not None and not any(box.covered_by(front) > 0.3 for front in boxes[number + 1 :] if front)
        ]
        return sorted((box for box in shown if box.score >= min_score), key=lambda box: -box.width * box.height)


def followed(stage: Stage, frames: int, cuts: tuple[int, ...] = ()) -> PeopleTracker:
    tracker = PeopleTracker(FS, 1.0, stage)  # type: ignore[arg-type]
    for index in range(frames):
        tracker.locate(stage.frame(index), index in cuts)
    return tracker


def where(tracker: PeopleTracker, number: int) -> NDArray[np.float64]:
    """The middle of a person's square in each frame; NaN where the face is not found."""
    person = tracker.people[number]
    pairs = zip(person.squares, person.found, strict=True)
    return np.array([square.x + square.size / 2 if found and square else np.nan for square, found in pairs])


def test_everyone_has_an_identity_and_a_steady_square() -> None:
    stage = Stage(Actor(RED, 100, 80), Actor(GREEN, 320), Actor(BLUE, 540, 70))
    tracker = followed(stage, 100)
    assert len(tracker.people) == 3
    for person, x in zip(tracker.people, (100, 540, 320), strict=True):
        assert all(person.found)
        assert len(set(person.squares)) == 1
        assert abs(where(tracker, tracker.people.index(person))[0] - x) <= 1
    # Once a second, whoever is there.
    assert len(stage.looks) <= 8


def test_two_who_cross_keep_their_identities() -> None:
    front, behind = Actor(GREEN, {0: 520, 60: 520, 130: 120}), Actor(RED, {0: 120, 60: 120, 130: 520})
    stage = Stage(behind, front)
    tracker = followed(stage, 220)
    assert len(tracker.people) == 2
    for number in (0, 1):
        start = where(tracker, number)[10]
        assert where(tracker, number)[-1] == pytest.approx(640 - start, abs=15)
        for index in [*range(60), *range(150, 220)]:
            actor = front if start > 320 else behind
            assert where(tracker, number)[index] == pytest.approx(actor.x(index), abs=20)


def test_a_short_loss_ends_nothing_and_is_a_gap() -> None:
    tracker = followed(Stage(Actor(RED, 120), Actor(GREEN, {0: 400, 50: None, 90: 400})), 160)
    assert len(tracker.people) == 2
    away = tracker.people[1] if where(tracker, 1)[0] > 300 else tracker.people[0]
    assert all(away.found[:49])
    assert not any(away.found[52:90])
    assert all(away.found[112:])
    assert away.doubts == []


def test_who_leaves_and_comes_back_elsewhere_is_known_again_and_a_stranger_is_not() -> None:
    back = followed(Stage(Actor(RED, 120), Actor(GREEN, {0: 320, 60: 320, 61: None, 160: 560})), 240)
    assert len(back.people) == 2
    other = followed(
        Stage(Actor(RED, 120), Actor(GREEN, {0: 320, 60: 320, 61: None}), Actor(BLUE, {0: None, 160: 560})), 240
    )
    assert len(other.people) == 3


def test_behind_a_cut_only_who_looks_the_same_is_the_same() -> None:
    # The red one, then the blue one in the same place, then the red one elsewhere.
    red = Actor(RED, {0: 300, 80: None, 160: 420})
    blue = Actor(BLUE, {0: None, 80: 300, 160: None})
    tracker = followed(Stage(red, blue), 240, cuts=(80, 160))
    assert len(tracker.people) == 2
    first, second = (np.array(person.found) for person in tracker.people)
    assert first[:80].all()
    assert not first[80:160].any()
    assert first[160:].all()
    assert second[80:160].all()
    assert not second[:80].any()
    assert not second[160:].any()


def test_faces_are_looked_for_at_once_behind_a_cut() -> None:
    stage = Stage(Actor(RED, 300))
    followed(stage, 60, cuts=(33,))
    assert 33 in stage.looks


def test_a_face_that_jumps_is_the_same_person_with_a_gap() -> None:
    tracker = followed(Stage(Actor(RED, {0: 120, 49: 120, 50: 520})), 120)
    assert len(tracker.people) == 1
    assert where(tracker, 0)[-1] == pytest.approx(520, abs=2)
    # No square stays on the empty place.
    assert not np.any(np.abs(where(tracker, 0)[52:] - 120) < 100)


def test_what_one_look_takes_for_a_face_counts_for_nothing() -> None:
    tracker = followed(Stage(Actor(RED, 120), Actor(GREEN, {0: None, 44: 500, 47: None})), 100)
    assert tracker.people[0].detections >= tracker.seen.needed == 2
    assert [person.detections for person in tracker.people[1:]] == [1]


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.floats(-8, 8), min_size=1, max_size=8), size=st.floats(40, 100))
def test_one_face_is_followed_as_by_the_tracker_of_one(steps: list[float], size: float) -> None:
    places = np.clip(300 + np.cumsum([0.0, *steps]), 60, 580)
    stage = Stage(Actor(RED, {25 * number: float(x) for number, x in enumerate(places)}, size))
    alone = FaceTracker(FS, 1.0, stage)  # type: ignore[arg-type]
    frames = 25 * len(places)
    squares = [alone.locate(stage.frame(index)) for index in range(frames)]
    (person,) = followed(stage, frames).people
    assert person.found == alone.found
    assert person.squares == squares


def test_gaps_show_nobody() -> None:
    stage = Stage(Actor(RED, 300))
    tracker = PeopleTracker(FS, 1.0, stage)  # type: ignore[arg-type]
    squares = [tracker.locate(None if index == 1 else stage.frame(index)) for index in range(3)]
    assert squares[1] == [None]
    assert isinstance(squares[2][0], Square)
    assert tracker.people[0].found == [True, False, True]
