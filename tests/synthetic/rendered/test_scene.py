"""Recordings of rendered people: reproducible, with the truth that they show."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from physiocam.errors import DatasetError
from physiocam.networks.action_units import EXPRESSION_UNITS
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.people import RenderedPeople, people_named
from physiocam.synthetic.recordings import synthetic_entries
from physiocam.synthetic.rendered.folds import Folds
from physiocam.synthetic.rendered.head import RenderedHead, rotation
from physiocam.synthetic.rendered.light import Lighting
from physiocam.synthetic.rendered.model import FaceModel
from physiocam.synthetic.rendered.person import RenderedPerson
from physiocam.synthetic.rendered.picture import Picture, render
from physiocam.synthetic.rendered.units import FacePose
from physiocam.synthetic.rendered.view import View
from physiocam.video.face import FaceDetector

TINY = SceneSettings(duration_s=2.0, fs=10.0, height=64, width=72, noise=0.0, flicker=0.0)
FRONT = Lighting((0.0, 0.0, 1.0), (1.0, 1.0, 1.0), 0.1, (0.0, 1.0, 0.0), (0.2, 0.2, 0.2), (0.3,) * 3, (0.3,) * 3)


def _head(folder: Path, seed: int = 3) -> RenderedHead:
    model = FaceModel.load(folder)
    return RenderedHead(model, Folds.on(model.chart), replace(RenderedPerson.invent(seed), hair="bald", glasses="none"))


def _seen(head: RenderedHead, face: FacePose, pose: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Picture:
    return render(head, face, View(96, 96, 3.6, (48.0, 47.5), pose), FRONT)


def test_a_recording_is_the_same_again_and_in_another_process(made_up: Path) -> None:
    (entry,) = synthetic_entries(1, seed=2, settings=TINY, people=RenderedPeople(made_up))
    there = pickle.loads(pickle.dumps(entry))
    np.testing.assert_array_equal(entry.scene().frame(7), there.scene().frame(7))
    recording = there.load()
    assert set(recording.signals) == {"pulse", "respiration", "heart_rate", "breathing_rate"}
    codes = recording.action_units
    assert codes is not None
    assert codes.occurrence.shape == (20, 12)
    frames = [frame.image for frame in recording.frames.open()]
    assert len(frames) == 20
    assert not np.array_equal(frames[0], frames[-1])


def test_skin_darkens_with_the_blood(made_up: Path) -> None:
    still = replace(TINY, head_motion=0.0, head_turn=0.0, light_change=0.0, breathing_motion=0.0, breathing_light=0.0)
    still = replace(still, expressions=0.0, pulse_strength=0.03)
    (entry,) = synthetic_entries(1, seed=1, settings=still, people=RenderedPeople(made_up))
    scene = entry.scene()
    pulse = scene.physiology.pulse
    frames = {index: scene.frame(index).astype(float) for index in (int(pulse.argmax()), int(pulse.argmin()))}
    full, empty = frames[int(pulse.argmax())], frames[int(pulse.argmin())]
    change = (empty - full).mean(axis=(0, 1))
    assert change[1] > change[2] > change[0] > 0
    # What is behind the person stays as it is.
    np.testing.assert_allclose(full[:4], empty[:4], atol=1)


def test_a_smile_is_on_the_side_that_smiles(made_up: Path) -> None:
    head = _head(made_up)
    sides = np.zeros((15, 2))
    sides[EXPRESSION_UNITS.index("AU12"), 0] = 5
    change = np.abs(_seen(head, FacePose(sides)).light - _seen(head, FacePose.neutral()).light).sum(axis=-1)
    # The person's left is on the right of the picture.
    assert change[:, 50:].sum() > 5 * change[:, :46].sum()


def test_a_dropped_jaw_parts_the_lips(made_up: Path) -> None:
    head = _head(made_up)
    sides = np.zeros((15, 2))
    assert head.lip_gap(FacePose(sides)) == 0
    sides[EXPRESSION_UNITS.index("AU26")] = 5
    assert head.lip_gap(FacePose(sides)) > 1


def test_the_head_turns_as_its_angles_say() -> None:
    ahead = np.array([0.0, 0.0, 1.0])
    assert (rotation(0, 30, 0) @ ahead)[0] == pytest.approx(0.5)
    assert (rotation(30, 0, 0) @ ahead)[1] == pytest.approx(0.5)
    assert (rotation(0, 0, 30) @ [0.0, 1.0, 0.0])[0] == pytest.approx(0.5)


def test_a_lamp_lights_its_own_side(made_up: Path) -> None:
    head = _head(made_up)
    view = View(96, 96, 3.6, (48.0, 47.5))
    right = replace(FRONT, key=(0.9, 0.0, 0.436))
    light = render(head, FacePose.neutral(), view, right).light.sum(axis=-1)
    assert light[30:60, 50:70].mean() > 2 * light[30:60, 26:46].mean()


def test_people_are_chosen_by_name(made_up: Path) -> None:
    assert people_named("rendered", made_up) == RenderedPeople(made_up)
    for name, model, message in (
        ("clay", None, "people is 'clay', expected drawn or rendered"),
        ("rendered", None, "need the folder of the light model"),
        ("drawn", made_up, "drawn people have no face model"),
    ):
        with pytest.raises(DatasetError, match=message):
            people_named(name, model)


def test_the_detector_finds_real_rendered_faces(shared: Path) -> None:
    settings = SceneSettings(duration_s=1.0, fs=2.0, height=240, width=320)
    folder = shared / "data" / "ict_facekit"
    for entry in synthetic_entries(3, seed=5, settings=settings, trials=1, people=RenderedPeople(folder)):
        face = max(FaceDetector().detect(entry.scene().frame(0)), key=lambda found: found.score)
        # As high as hairline to chin were asked for.
        assert face.height == pytest.approx(entry.settings.face_size * 240, rel=0.3)
        assert face.x + face.width / 2 == pytest.approx(160, abs=40)
