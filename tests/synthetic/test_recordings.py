"""Drawn recordings: they show what their truth says, and faces that are found."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from physiocam import measure
from physiocam.errors import DatasetError
from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.recordings import DIFFICULTIES, settings_of, synthetic_entries
from physiocam.video.face import FaceDetector

SMALL = SceneSettings(duration_s=4.0, height=120, width=160)


def test_a_recording_holds_all_truth_on_the_frames_times() -> None:
    recording = synthetic_entries(1, settings=SMALL)[0].load()
    assert set(recording.signals) == {"pulse", "respiration", "heart_rate", "breathing_rate"}
    for signal in recording.signals.values():
        np.testing.assert_array_equal(signal.timestamps_s, np.arange(120) / 30)
        assert signal.values.shape == (120,)
    codes = recording.action_units
    assert codes is not None
    assert codes.intensity is not None
    assert codes.labels == AU_LABELS
    assert codes.occurrence.shape == codes.intensity.shape == (120, 12)
    np.testing.assert_array_equal(codes.occurrence, codes.intensity > 0)


def test_frames_come_as_video_again_and_again() -> None:
    recording = synthetic_entries(1, settings=replace(SMALL, duration_s=1.0))[0].load()
    first, second = ([frame.image for frame in recording.frames.open()] for _ in range(2))
    assert len(first) == 30
    for one, other in zip(first, second, strict=True):
        assert one is not None
        assert other is not None
        assert one.shape == (120, 160, 3)
        np.testing.assert_array_equal(one, other)
    with recording.frames.open() as video:
        assert (video.fs, video.frames) == (30.0, 30)


def test_an_entry_travels_between_processes() -> None:
    entry = synthetic_entries(3, seed=7, settings=SMALL)[2]
    here, there = entry.load(), pickle.loads(pickle.dumps(entry)).load()
    np.testing.assert_array_equal(here.signals["pulse"].values, there.signals["pulse"].values)
    copied = pickle.loads(pickle.dumps(here)).frames.open()
    np.testing.assert_array_equal(next(iter(here.frames.open())).image, next(iter(copied)).image)


def test_people_have_several_trials_and_seeds_other_people() -> None:
    entries = synthetic_entries(5, seed=1, settings=SMALL)
    assert [entry.name for entry in entries] == ["S001_T1", "S001_T2", "S002_T1", "S002_T2", "S003_T1"]
    assert entries[0].person_seed == entries[1].person_seed
    assert entries[0].settings.seed != entries[1].settings.seed
    everyone = {entry.person_seed for seed in range(4) for entry in synthetic_entries(6, seed, SMALL)}
    assert len(everyone) == 12
    assert synthetic_entries(3, seed=1, settings=SMALL) == entries[:3]


def test_rates_a_frame_agree_with_the_waves() -> None:
    entry = synthetic_entries(1, settings=replace(SMALL, duration_s=30.0))[0]
    signals, physiology = entry.load().signals, entry.scene().physiology
    beats = np.count_nonzero(np.diff(np.sign(signals["pulse"].values)) > 0)
    assert beats * 2 == pytest.approx(physiology.heart_rate, abs=5)
    assert signals["heart_rate"].values.mean() == pytest.approx(physiology.heart_rate, rel=0.01)
    assert signals["breathing_rate"].values.mean() == pytest.approx(physiology.breathing_rate, rel=0.01)
    assert physiology.heart_rate == pytest.approx(entry.settings.heart_rate, rel=0.05)


@pytest.mark.parametrize(
    ("recordings", "seed", "settings", "message"),
    [
        (0, 0, SMALL, "recordings is 0"),
        (1, -1, SMALL, "seed is -1"),
        (1, 0, replace(SMALL, duration_s=float("nan")), "duration is nan s"),
        (1, 0, replace(SMALL, width=20), "20x120 pixels"),
        (1, 0, replace(SMALL, expressions=float("inf")), "expressions is inf a minute"),
        (1, 0, replace(SMALL, weakest=1.5), "weakest is 1.5, expected 0 to 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(recordings: int, seed: int, settings: SceneSettings, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        synthetic_entries(recordings, seed, settings)


def test_difficulties_have_names() -> None:
    assert settings_of("hard") is DIFFICULTIES["hard"]
    with pytest.raises(DatasetError, match="expected one of easy, middle, hard"):
        settings_of("impossible")


def test_the_detector_finds_every_face_where_it_is() -> None:
    detector = FaceDetector()
    common = replace(DIFFICULTIES["hard"], duration_s=3.0, height=240, width=320)
    for entry in synthetic_entries(40, seed=11, settings=common):
        image = entry.scene().frame(45)
        found = detector.detect(image)
        assert len(found) == 1, entry
        # From the hairline to the chin, give or take.
        assert found[0].height == pytest.approx(entry.settings.face_size * 240, rel=0.25)
        assert found[0].x + found[0].width / 2 == pytest.approx(160, abs=25)


def test_portrait_frames_hold_the_face_in_their_bottom_square() -> None:
    entry = synthetic_entries(1, settings=replace(SMALL, height=480, width=360, face_size=0.55))[0]
    (face,) = FaceDetector().detect(entry.scene().frame(0))
    assert face.y > 480 - 360
    assert face.y + face.height < 480


def test_the_default_bundle_reads_the_heart_rate_of_most() -> None:
    common = replace(DIFFICULTIES["easy"], duration_s=20.0, height=240, width=320)
    errors = []
    for entry in synthetic_entries(3, seed=2, settings=common):
        frames = [frame.image for frame in entry.load().frames.open()]
        measured = measure(np.stack([image for image in frames if image is not None]), fs=30.0)
        assert measured.face_found.all()
        assert measured.heart_rate.value is not None
        errors.append(abs(measured.heart_rate.value - entry.scene().physiology.heart_rate))
    assert np.median(errors) < 2
