"""Steady squares, losses and returns, on a portrait that is moved about."""

from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.video.face import FaceBox
from physiocam.video.locators import FixedSquare, LargestSquare, Square
from physiocam.video.tracker import FaceTracker

FS = 20.0
EMPTY = np.full((240, 320, 3), 128, dtype=np.uint8)


class StubDetector:
    """Finds the faces that a script says are there; the frame's index is in its first pixel."""

    def __init__(self, faces: dict[int, list[FaceBox]]) -> None:
        self.faces = faces
        self.looks: list[int] = []

    def detect(self, image: NDArray[np.uint8], min_score: float = 0.7) -> list[FaceBox]:
        index = int(image[0, 0, 0]) + 256 * int(image[0, 0, 1])
        self.looks.append(index)
        seen = max(start for start in self.faces if start <= index)
        found = [face for face in self.faces[seen] if face.score >= min_score]
        return sorted(found, key=lambda face: -face.width * face.height)


def face(x: float, y: float, size: float = 80, score: float = 0.95) -> FaceBox:
    return FaceBox(x - 0.35 * size, y - size / 2, 0.7 * size, size, score)


def follow(
    faces: dict[int, list[FaceBox]], frames: int, cuts: Collection[int] = ()
) -> tuple[FaceTracker, list[Square | None], StubDetector]:
    detector = StubDetector(faces)
    tracker = FaceTracker(FS, 1.0, detector)  # type: ignore[arg-type]
    squares = []
    for index in range(frames):
        frame = EMPTY.copy()
        frame[0, 0] = index % 256, index // 256, 0
        if index in cuts:
            tracker.end_scene()
        squares.append(tracker.locate(frame))
    return tracker, squares, detector


def test_a_still_face_is_looked_at_once_a_second_and_never_moves() -> None:
    random = np.random.default_rng(0)
    faces = {
        i: [face(150 + random.normal(0, 1.5), 120 + random.normal(0, 1.5), 80 + random.normal(0, 2))]
        for i in range(200)
    }
    tracker, squares, detector = follow(faces, 200)
    assert all(tracker.found)
    assert len(set(squares)) == 1
    assert 10 <= len(detector.looks) <= 13


def test_one_wild_look_does_not_move_the_square() -> None:
    _, squares, _ = follow({0: [face(150, 120)], 20: [face(150, 120, 110)], 22: [face(150, 120)]}, 60)
    assert len(set(squares)) == 1


def test_a_face_that_moves_is_followed() -> None:
    tracker, squares, _ = follow({0: [face(100, 120)], 30: [face(125, 120)]}, 100)
    assert all(tracker.found)
    last = squares[-1]
    assert last is not None
    assert last.x + last.size / 2 == pytest.approx(125, abs=6)


def test_leaving_is_noticed_to_a_fifth_of_a_second_and_returning_too() -> None:
    tracker, squares, _ = follow({0: [face(150, 120)], 50: [], 110: [face(150, 120)]}, 160)
    found = np.array(tracker.found)
    # The last thumbnail with the face is that of frame 48; nothing later is claimed.
    assert found[:49].all()
    assert not found[49:110].any()
    assert found[114:].all()
    assert squares[80] is None


def test_a_larger_face_that_walks_in_does_not_take_over() -> None:
    _, squares, _ = follow({0: [face(80, 120)], 30: [face(80, 120), face(240, 120, 120)]}, 100)
    assert len(set(squares)) == 1


def test_the_largest_face_is_taken_at_first_and_after_a_loss() -> None:
    small, large = face(80, 120, 60), face(240, 120, 100)
    _, squares, _ = follow({0: [small, large], 40: [], 60: [small]}, 100)
    first, last = squares[0], squares[-1]
    assert first is not None
    assert last is not None
    assert first.size == 100
    assert last.size == 60


def test_less_certainty_is_enough_to_hold_a_face() -> None:
    tracker, _, _ = follow({0: [face(150, 120)], 10: [face(150, 120, score=0.5)]}, 60)
    assert all(tracker.found)
    tracker, _, _ = follow({0: [face(150, 120, score=0.5)]}, 30)
    assert not any(tracker.found)


def test_a_blink_of_the_detector_loses_nothing() -> None:
    # Looks come at 0, 4, 24, 44, ...
    tracker, squares, detector = follow({0: [face(150, 120)], 44: [], 47: [face(150, 120)]}, 100)
    assert all(tracker.found)
    assert len(set(squares)) == 1
    assert {44, 48, 68} <= set(detector.looks)


def test_a_bystander_does_not_take_over_in_a_blink() -> None:
    held, bystander = face(80, 120, 60), face(240, 120, 100)
    tracker, squares, _ = follow({0: [held], 44: [bystander], 47: [held, bystander]}, 100)
    assert all(tracker.found)
    assert len(set(squares)) == 1


def test_a_cut_to_another_face_leaves_no_frame_with_a_square_on_nothing() -> None:
    tracker, squares, _ = follow({0: [face(80, 120)], 50: [face(240, 120)]}, 100)
    found = np.array(tracker.found)
    assert found[:49].all()
    assert not found[50:68].any()
    assert found[68:].all()
    assert {square.x for square in squares[68:] if square} == {200}


def test_a_known_cut_to_another_face_loses_no_frame() -> None:
    tracker, squares, _ = follow({0: [face(80, 120)], 50: [face(240, 120)]}, 100, cuts=[50])
    assert all(tracker.found)
    assert {square.x for square in squares[:50] if square} == {40}
    assert {square.x for square in squares[50:] if square} == {200}
    assert not tracker.seen.changes


def test_a_face_that_left_shortly_before_a_cut_is_not_found_up_to_it() -> None:
    # The detection in frame 44 misses the face; the cut comes before the one that would decide.
    tracker, _, detector = follow({0: [face(80, 120)], 33: [], 46: [face(240, 120)]}, 60, cuts=[46])
    assert detector.looks[:4] == [0, 4, 24, 44]
    assert tracker.found == [True] * 33 + [False] * 13 + [True] * 14


def test_two_people_one_leaves() -> None:
    tracker, squares, _ = follow({0: [face(80, 120, 90), face(240, 120)], 50: [face(240, 120)]}, 100)
    assert not any(tracker.found[50:68])
    assert squares[-1] == Square(200, 80, 80)


def test_a_face_that_comes_back_elsewhere_is_taken_as_it_is() -> None:
    _, squares, _ = follow({0: [face(100, 120)], 40: [], 80: [face(125, 120)]}, 120)
    after = {square for square in squares[80:] if square is not None}
    assert after == {Square(85, 80, 80)}


def test_a_moving_square_goes_in_few_steps() -> None:
    # A face that wanders 60 pixels in 5 s is followed to within a fifth of its size, in a handful of steps.
    path = {index: [face(100 + 0.6 * index, 120)] for index in range(100)}
    tracker, squares, _ = follow(path | {100: [face(160, 120)]}, 160)
    assert all(tracker.found)
    steps = [a for a, b in pairwise(squares) if a != b]
    assert 3 <= len(steps) <= 8
    for index, square in enumerate(squares):
        assert square is not None
        assert abs(square.x + square.size / 2 - (100 + 0.6 * min(index, 100))) < 0.25 * 80


def test_a_grown_face_gets_a_larger_square() -> None:
    _, squares, _ = follow({0: [face(160, 120, 80)], 30: [face(160, 120, 85)], 70: [face(160, 120, 120)]}, 120)
    sizes = [square.size for square in squares if square is not None]
    assert sizes[:70] == [80] * 70
    assert sizes[-1] == 120


def test_a_fast_portrait_is_found_again_where_it_stops() -> None:
    portrait = pytest.importorskip("skimage.data").astronaut()[:256:2, 64:320:2]
    tracker = FaceTracker(FS)
    squares = []
    for index in range(60):
        frame = EMPTY.copy()
        x = 8 if index < 25 else min(8 + 30 * (index - 24), 180)
        frame[60 : 60 + len(portrait), x : x + portrait.shape[1]] = portrait
        squares.append(tracker.locate(frame))
    first, last = squares[0], squares[-1]
    assert first is not None
    assert last is not None
    assert all(tracker.found[:24])
    assert all(tracker.found[50:])
    assert last.x - first.x == pytest.approx(172, abs=6)
    assert last.size == pytest.approx(first.size, abs=6)


boxes = st.builds(
    FaceBox,
    x=st.floats(-200, 400),
    y=st.floats(-200, 400),
    width=st.floats(0.1, 900),
    height=st.floats(0.1, 900),
    score=st.floats(0, 1),
)


@settings(max_examples=50, deadline=None)
@given(faces=st.lists(st.lists(boxes, max_size=3), min_size=1, max_size=20), crop_factor=st.floats(0.3, 3))
def test_whatever_is_detected_squares_stay_inside_and_flags_keep_count(
    faces: list[list[FaceBox]], crop_factor: float
) -> None:
    detector = StubDetector({4 * index: each for index, each in enumerate(faces)})
    tracker = FaceTracker(FS, crop_factor, detector)  # type: ignore[arg-type]
    for index in range(4 * len(faces)):
        frame = EMPTY.copy()
        frame[0, 0] = index % 256, index // 256, 0
        square = tracker.locate(frame)
        assert len(tracker.found) == index + 1
        assert tracker.found[index] == (square is not None)
        if square is not None:
            assert square.size >= 1
            assert 0 <= square.x <= 320 - square.size
            assert 0 <= square.y <= 240 - square.size


def test_squares_stay_inside_the_frame() -> None:
    _, squares, _ = follow({0: [face(5, 5, 100)], 20: [face(318, 238, 100)], 40: [face(160, 120, 900)]}, 60)
    for square in squares:
        assert square is not None
        assert square.x >= 0
        assert square.y >= 0
        assert square.x + square.size <= 320
        assert square.y + square.size <= 240


def test_a_hole_in_the_recording_is_a_frame_without_a_face() -> None:
    tracker = FaceTracker(FS, 1.0, StubDetector({0: [face(150, 120)]}))  # type: ignore[arg-type]
    tracker.locate(EMPTY.copy())
    assert tracker.locate(None) is None
    assert tracker.locate(EMPTY.copy()) is not None
    assert tracker.found == [True, False, True]


def test_centre_and_fixed_squares() -> None:
    assert LargestSquare("center").locate(EMPTY) == Square(40, 0, 240)
    assert FixedSquare(10, 20, 30).locate(EMPTY) == Square(10, 20, 30)
    assert LargestSquare("center").locate(None) is None


@pytest.mark.parametrize("square", [(-1, 0, 10), (0, 0, 0), (0, 0, 241), (300, 0, 30)])
def test_a_fixed_square_outside_the_frame_is_refused(square: tuple[int, int, int]) -> None:
    with pytest.raises(PhysiocamError, match="does not lie inside the 320x240 frame"):
        FixedSquare(*square).locate(EMPTY)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("face_noface.mov", 0, 74),
        ("noface_face.mov", 100, 168),
        ("no_face.mp4", 0, -1),
        ("single_face.mp4", 0, 71),
    ],
)
def test_real_clips(shared: Path, name: str, first: int, last: int) -> None:
    with av.open(str(shared / "data" / "clips" / name)) as container:
        tracker = FaceTracker(float(container.streams.video[0].average_rate or 30))
        for frame in container.decode(video=0):
            tracker.locate(frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False))
    expected = np.zeros(len(tracker.found), dtype=bool)
    expected[first : last + 1] = True
    # Within a fifth of a second of what the eye sees.
    assert np.count_nonzero(expected != tracker.found) <= 6


def test_people_are_counted_and_a_change_to_another_is_told() -> None:
    first, second = face(80, 120, 90), face(240, 120)
    tracker, _, _ = follow({0: [first, second], 50: [second]}, 100)
    assert tracker.seen.at_once == 2
    # The first frame of the other person, behind a gap.
    (change,) = tracker.seen.changes
    assert change.other
    assert change.frame == 68
    assert not any(tracker.found[50:68])


def test_a_face_that_appears_elsewhere_may_be_somebody_else() -> None:
    tracker, _, _ = follow({0: [face(80, 120)], 50: [face(240, 120)]}, 100)
    assert [tuple(change) for change in tracker.seen.changes] == [(68, False)]
    assert tracker.seen.at_once == 1


def test_a_face_that_comes_back_to_its_place_is_taken_for_the_same() -> None:
    tracker, _, _ = follow({0: [face(100, 120)], 40: [], 80: [face(115, 120)]}, 120)
    assert tracker.seen.changes == []


def test_what_one_look_takes_for_a_face_is_not_counted() -> None:
    lone = face(150, 120)
    tracker, _, _ = follow({0: [lone], 44: [lone, face(40, 40, 20)], 46: [lone]}, 100)
    assert tracker.seen.at_once == 1
    tracker, _, _ = follow({0: [lone, face(40, 40, 20)]}, 2)
    assert tracker.seen.at_once == 2


def test_a_given_square_tells_of_nobody() -> None:
    for locator in (FixedSquare(0, 0, 10), LargestSquare("center")):
        locator.locate(EMPTY)
        assert locator.seen.at_once == 0
        assert locator.seen.changes == []


def test_several_boxes_on_one_head_are_one_face() -> None:
    tracker, _, _ = follow({0: [face(150, 120), face(180, 120, 70)]}, 60)
    assert tracker.seen.at_once == 1
