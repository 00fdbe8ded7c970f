"""Several people, and hard cuts, in a stream: who is who, and what is said of each, as in a recording."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

import physiocam
from physiocam.errors import PhysiocamError
from physiocam.measuring.people_choice import PeopleChoice
from physiocam.results.measurement import Measurement
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings
from physiocam.synthetic.film import Film, Shot
from physiocam.synthetic.group import three_people

FS = 10.0


@pytest.fixture(scope="module")
def group() -> NDArray[np.uint8]:
    """Three people who move, (T, H, W, 3)."""
    return np.stack(list(three_people(seconds=9.0, seed=1, fs=FS, height=200).frames()))


@pytest.fixture(scope="module")
def watched(group: NDArray[np.uint8]) -> physiocam.Stream:
    return watching(group, "all")


def watching(frames: NDArray[np.uint8], people: PeopleChoice, keep_s: float = 60.0) -> physiocam.Stream:
    stream = physiocam.Stream(people=people, keep_s=keep_s, fs=FS, threads=1)
    push(stream, frames)
    return stream


def push(stream: physiocam.Stream, frames: NDArray[np.uint8]) -> None:
    for frame in frames:
        stream.push(frame, stream.frames / FS)


def agree(told: Measurement, whole: Measurement) -> None:
    np.testing.assert_array_equal(told.face_squares, whole.face_squares)
    np.testing.assert_array_equal(told.face_found, whole.face_found)
    assert told.cuts_s == whole.cuts_s
    assert told.person == whole.person
    for label, unit in whole.action_units.items():
        assert told.action_units[label].mean_probability == pytest.approx(unit.mean_probability, abs=0.1)


def test_everyone_in_a_stream_is_measured_as_in_a_recording(
    group: NDArray[np.uint8], watched: physiocam.Stream
) -> None:
    told, whole = watched.measurements(), physiocam.measure(group, fs=FS, people="all", threads=1)
    assert len(whole) == 3
    for one, other in zip(told, whole, strict=True):
        agree(one, other)
        assert one.notes == other.notes
    assert watched.measurement().person == 1


def test_a_number_stays_that_of_the_same_person(group: NDArray[np.uint8], watched: physiocam.Stream) -> None:
    before = {one.person: one.face_squares[-1] for one in watched.measurements()}
    largest = min(before, key=lambda person: -before[person][2])
    # Whose half of the picture is dark is gone, and is the smallest from then on.
    x, _, size = before[largest].tolist()
    dark = np.repeat(group[-1:], 40, axis=0)
    dark[:, :, x : x + size] = 20
    push(watched, dark)
    after = watched.measurements(last_s=3.0)
    assert largest not in {one.person for one in after}
    for one in after:
        assert abs(one.face_squares[-1] - before[one.person]).max() < size / 2


def test_one_is_measured_of_several_and_a_note_says_so(group: NDArray[np.uint8]) -> None:
    stream = watching(group[:30], "largest")
    whole = physiocam.measure(group[:30], fs=FS, threads=1)
    (one,) = stream.measurements()
    agree(one, whole)
    assert one.notes == whole.notes == ("the largest of 3 faces; --people all measures each",)
    assert one.to_dict() == stream.measurement().to_dict()


def test_cuts_end_what_is_before_them() -> None:
    settings = SceneSettings(fs=FS, duration_s=10.0, height=120, width=160, expressions=0.0)
    one = Scene(Person.invent(3), settings)
    other = Scene(Person.invent(8), replace(settings, seed=5))
    film = Film([Shot(one, 0.0, 5.0), Shot(None, 0.0, 2.0), Shot(other, 0.0, 5.0), Shot(one, 5.0, 4.0)])
    frames = np.stack(list(film.frames()))
    told = watching(frames, "all").measurements()
    whole = physiocam.measure(frames, fs=FS, people="all", threads=1)
    bounds = [0, *film.cuts, len(frames)]
    for one_told, one_whole, scenes in zip(told, whole, ((0, 3), (2,)), strict=True):
        agree(one_told, one_whole)
        assert one_told.cuts == film.cuts
        assert one_told.notes == one_whole.notes
        seen = [bool(one_told.face_found[start:stop].all()) for start, stop in pairwise(bounds)]
        assert [number for number, there in enumerate(seen) if there] == list(scenes)
        assert np.isnan(one_told.pulse[np.array(film.cuts) - 1]).all()


def test_who_is_gone_for_long_is_forgotten(group: NDArray[np.uint8]) -> None:
    stream = watching(group[:20], "all", keep_s=3.0)
    assert len(stream.measurements()) == 3
    push(stream, np.full((60, *group.shape[1:]), 90, np.uint8))
    assert stream.measurements() == ()
    assert stream.measurement().heart_rate.note == "no face was found"
    assert not stream._sights
    assert not stream._locator.people
    push(stream, group[:20])
    assert sorted(one.person or 0 for one in stream.measurements()) == [4, 5, 6]


@pytest.mark.parametrize("people", ["everyone", 0, None])
def test_whom_to_measure_is_checked(people: object) -> None:
    with pytest.raises(PhysiocamError, match="people is "):
        physiocam.Stream(people=people)  # type: ignore[arg-type]
    with pytest.raises(PhysiocamError, match="people is 2, but the face's square is given"):
        physiocam.Stream(people=2, face="center")
