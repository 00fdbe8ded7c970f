"""The drawn scene: pulse, breath, motion, light and noise are in the frames as told."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings

QUIET = SceneSettings(
    duration_s=12.0,
    fs=20.0,
    height=120,
    width=160,
    head_motion=0.0,
    head_turn=0.0,
    light_change=0.0,
    flicker=0.0,
    noise=0.0,
    breathing_motion=0.0,
    breathing_light=0.0,
    pulse_strength=0.0,
    expressions=0.0,
)


def scene(**settings: float) -> Scene:
    return Scene(Person.invent(1), replace(QUIET, **settings))  # type: ignore[arg-type]


def stack(made: Scene) -> NDArray[np.float64]:
    return np.stack([made.frame(index) for index in range(len(made.timestamps_s))]).astype(float)


def test_cheeks_darken_with_each_beat_and_green_most() -> None:
    made = scene(pulse_strength=0.04)
    cheeks = stack(made)[:, 66:76, 60:100].mean(axis=(1, 2))
    for channel in range(3):
        assert np.corrcoef(cheeks[:, channel], made.physiology.pulse)[0, 1] < -0.9
    spread = cheeks.std(axis=0) / cheeks.mean(axis=0)
    assert spread[1] > spread[2] > spread[0]


def test_the_wall_has_no_pulse() -> None:
    frames = stack(scene(pulse_strength=0.04))
    assert frames[:, :40, :15].std(axis=0).max() == 0


def test_shoulders_rise_with_each_breath_in_more_than_the_head() -> None:
    made = scene(breathing_motion=0.02, duration_s=20.0)
    frames = stack(made).mean(axis=3)

    def correlated(rows: slice) -> NDArray[np.float64]:
        changes = frames[:, rows] - frames[:, rows].mean(axis=0)
        breath = made.physiology.respiration[:, None, None]
        return np.asarray((changes * breath).mean(axis=0))

    head, shoulders = correlated(slice(10, 70)), correlated(slice(85, 120))
    assert np.abs(shoulders).max() > 3
    assert np.abs(head).max() > 1
    # What is seen at a place is what lay below it: brightness changes as its slope does.
    slope = np.gradient(frames.mean(axis=0), axis=0)[85:120]
    assert np.corrcoef(shoulders.ravel(), slope.ravel())[0, 1] > 0.7


def test_light_reaches_wall_and_skin_alike() -> None:
    frames = stack(scene(flicker=0.05, duration_s=4.0))
    wall, skin = frames[:, 5:40, 5:25].mean(axis=(1, 2, 3)), frames[:, 60:80, 70:90].mean(axis=(1, 2, 3))
    assert np.corrcoef(wall, skin)[0, 1] > 0.98


def test_noise_is_fresh_in_every_frame_and_as_strong_as_asked() -> None:
    frames = stack(scene(noise=3.0, duration_s=2.0))
    dark_enough = frames.mean(axis=0) < 240
    noise = (frames - frames.mean(axis=0))[:, dark_enough]
    assert noise.std() == pytest.approx(3.0, rel=0.1)
    assert abs(np.corrcoef(noise[0], noise[1])[0, 1]) < 0.1


def test_the_head_moves_and_leans_and_the_wall_stays() -> None:
    frames = stack(scene(head_motion=0.03, head_turn=4.0, duration_s=6.0))
    assert frames[:, :60, :20].std(axis=0).max() == 0
    assert frames[:, 20:90, 50:110].std(axis=0).max() > 15


def test_frames_can_be_drawn_in_any_order() -> None:
    settings = {"noise": 2.0, "expressions": 30.0, "head_motion": 0.01, "duration_s": 3.0}
    forwards, backwards = scene(**settings), scene(**settings)
    last = backwards.frame(59)
    first = backwards.frame(0)
    np.testing.assert_array_equal(forwards.frame(0), first)
    np.testing.assert_array_equal(forwards.frame(59), last)


def test_a_face_that_leaves_the_frame_breaks_nothing() -> None:
    made = scene(head_motion=3.0, head_turn=30.0, duration_s=3.0)
    assert stack(made).shape == (60, 120, 160, 3)


def test_expressions_begin_as_often_as_asked_and_are_coded_by_fifths() -> None:
    made = scene(expressions=20.0, duration_s=60.0)
    track, codes = made.expressions.action_units, made.expressions.codes
    assert 0.05 < (track > 0.2).mean() < 0.4
    assert (track.max(axis=0) > 0).sum() >= 8
    assert codes.intensity is not None
    np.testing.assert_array_equal(codes.intensity, np.floor(track * 5 + 1e-9))
    assert codes.intensity.max() in {4, 5}
    assert np.abs(np.diff(track, axis=0)).max() < 0.35


def test_posed_expressions_are_strong_throughout() -> None:
    def apexes(weakest: float) -> NDArray[np.float64]:
        # One expression at a time and long enough apart: a unit's peak is its strength.
        track = scene(expressions=6.0, weakest=weakest, duration_s=120.0).expressions.action_units
        return np.array([column.max() for column in track.T if column.max() > 0])

    assert apexes(0.8).min() >= 0.75
    assert apexes(0.1).min() < 0.75
