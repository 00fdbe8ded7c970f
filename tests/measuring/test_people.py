"""Several people in one recording, and scenes between hard cuts: each person alone, and nothing reaches across."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

import physiocam
from physiocam.cli import app
from physiocam.errors import PhysiocamError
from physiocam.measuring.people_choice import people_choice
from physiocam.results.measurement import Measurement
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings
from physiocam.synthetic.film import Film, Shot
from physiocam.synthetic.group import GroupScene, three_people

FS = 10.0


@pytest.fixture(scope="module")
def group() -> GroupScene:
    """A short version of the recording of three people, of small frames."""
    return three_people(seconds=20.0, seed=0, fs=8.0, height=200)


@pytest.fixture(scope="module")
def film() -> Film:
    """Two people in four scenes: one, a card, the other, and the first again."""
    settings = SceneSettings(fs=FS, duration_s=16.0, height=120, width=160, pulse_strength=0.03, expressions=0.0)
    one = Scene(Person.invent(3), settings)
    other = Scene(Person.invent(8), replace(settings, heart_rate=96.0, seed=5))
    return Film([Shot(one, 0.0, 8.0), Shot(None, 0.0, 2.0), Shot(other, 0.0, 8.0), Shot(one, 8.0, 8.0)])


@pytest.fixture(scope="module")
def filmed(film: Film) -> tuple[Measurement, ...]:
    return physiocam.measure(np.stack(list(film.frames())), fs=FS, method="green", people="all")


def on_face(measurement: Measurement, faces: NDArray[np.float64]) -> NDArray[np.bool_]:
    """In which frames the middle of a face (T, 3) lies in the inner half of the measured square."""
    x, y, size = measurement.face_squares.T
    right, down = np.abs(faces[:, 0] - x - size / 2), np.abs(faces[:, 1] - y - size / 2)
    return np.asarray(measurement.face_found & (np.maximum(right, down) < size / 2))


def test_three_people_keep_their_identities(group: GroupScene) -> None:
    frames = np.stack(list(group.frames()))
    found = physiocam.measure(frames, fs=8.0, method="green", people="all")
    assert [one.person for one in found] == [1, 2, 3]
    assert all(one.cuts_s == () and one.notes == () for one in found)
    clear = group.seen & group.apart
    owners = []
    for number in range(3):
        shares = [on_face(one, group.faces[:, number])[clear[:, number]].mean() for one in found]
        owners.append(int(np.argmax(shares)))
        assert max(shares) >= 0.95
    assert sorted(owners) == [0, 1, 2]
    alone = physiocam.measure(frames, fs=8.0, method="green")
    assert isinstance(alone, Measurement)
    assert alone.person is None
    assert alone.notes == ("the largest of 3 faces; --people all measures each",)
    np.testing.assert_array_equal(alone.face_squares, found[0].face_squares)
    np.testing.assert_array_equal(alone.pulse, found[0].pulse)


def test_one_among_others_is_measured_as_alone() -> None:
    pair = three_people(seconds=9.0, seed=1, fs=FS, height=200)
    still = np.stack([pair.frame(index) for index in range(26)])
    found = physiocam.measure(still, fs=FS, method="green", people=2)
    assert len(found) == 2
    assert found[0].notes == ("one of the 2 largest of 3 faces; --people all measures each",)
    for one in found:
        x, y, size = one.face_squares[0].tolist()
        alone = physiocam.measure(still, fs=FS, method="green", face=(x, y, size))
        np.testing.assert_allclose(one.pulse, alone.pulse)


def test_cuts_are_found_and_end_what_is_before_them(film: Film, filmed: tuple[Measurement, ...]) -> None:
    assert len(filmed) == 2
    one, other = filmed
    bounds = [0, *film.cuts, one.frames]
    for measurement, scenes in ((one, (0, 3)), (other, (2,))):
        assert measurement.cuts == film.cuts
        assert measurement.cuts_s == tuple(cut / FS for cut in film.cuts)
        assert any(note.startswith("3 hard cuts (at 8.0, 10.0, 18.0 s)") for note in measurement.notes)
        for number, (start, stop) in enumerate(pairwise(bounds)):
            assert measurement.face_found[start:stop].all() == (number in scenes)
            assert measurement.face_found[start:stop].any() == (number in scenes)
        # The change from the last frame of a scene to the next scene was not seen.
        assert np.isnan(measurement.pulse[np.array(film.cuts) - 1]).all()
        assert np.isfinite(measurement.pulse[bounds[scenes[0]] + 1 : bounds[scenes[0] + 1] - 1]).all()


def test_rates_of_each_scene_are_their_own(film: Film, filmed: tuple[Measurement, ...]) -> None:
    one, other = filmed
    told = np.isfinite(one.heart_rate_along.value)
    seconds = one.rates_timestamps_s
    assert not told[(seconds > 8.0) & (seconds < 18.0)].any()
    assert one.heart_rate.estimate == pytest.approx(72.0, abs=4.0)
    assert other.heart_rate.estimate == pytest.approx(96.0, abs=4.0)


def test_without_a_face_there_is_one_measurement() -> None:
    (nobody,) = physiocam.measure(np.full((40, 60, 80, 3), 90, np.uint8), fs=20.0, people="all")
    assert nobody.person == 1
    assert nobody.heart_rate.note == "no face was found"
    assert nobody.frames == 40


@pytest.mark.parametrize("people", ["everyone", "1", 0, -2, 1.5, None, True])
def test_whom_to_measure_is_checked(people: object) -> None:
    with pytest.raises(PhysiocamError, match="people is "):
        people_choice(people)


def test_several_people_need_faces_that_are_found(tmp_path: Path) -> None:
    frames = np.zeros((10, 32, 32, 3), np.uint8)
    with pytest.raises(PhysiocamError, match="people is 'all', but the face's square is given"):
        physiocam.measure(frames, fs=10.0, method="pos", face="center", people="all")
    result = CliRunner().invoke(app, ["measure", str(tmp_path / "a.mp4"), "--people", "some"])
    assert result.exit_code != 0
    assert "--people is 'some'; expected largest, all, or how many" in str(result.exception)
