"""Scenes of any frames and tasks: where they are looked for, and what is unknown between two."""

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.foundation.arguments import FaceChoice
from physiocam.measuring.face_frames import open_frames
from physiocam.measuring.recording_run import RecordingOutputs, joined
from physiocam.measuring.task_outputs import task_outputs, task_results
from physiocam.networks.tasks import Task
from physiocam.video.face_source import people_locator
from physiocam.video.locators import WHOLE_FRAME

FS = 25.0
CUT = 30


def two_scenes(channels: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(0)
    rooms = [np.kron(random.integers(20, 236, (6, 8, channels)), np.ones((20, 20, 1))) for _ in range(2)]
    images = np.stack([rooms[0]] * CUT + [rooms[1]] * 20)
    return np.clip(images + random.normal(0, 3, images.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("face", "cuts"), [("center", [CUT]), ("whole", [])])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_a_sudden_change_of_a_whole_frame_is_no_other_scene(face: FaceChoice, cuts: list[int], channels: int) -> None:
    images, locator = two_scenes(channels), partial(people_locator, face, crop_factor=1.0)
    for source in (images, images / 255, images.astype(np.uint16) * 257):
        with open_frames(source, locator, fs=FS, channels=channels) as frames:
            seen = list(frames.seen)
        assert frames.cuts == cuts
        assert [frame.cut for frame in seen] == [index in cuts for index in range(len(images))]
        for frame, image in zip(seen, images, strict=True):
            assert frame.image is not None
            np.testing.assert_allclose(frame.image, image, atol=1e-3)
        assert all((frame.squares == [WHOLE_FRAME]) == (face == "whole") for frame in seen)


def test_grey_frames_show_nobody_to_look_for() -> None:
    locator = partial(people_locator, "find", crop_factor=1.0)
    with (
        open_frames(two_scenes(1), locator, fs=FS, channels=1) as frames,
        pytest.raises(VideoError, match="1 channels, and a face is looked for in RGB"),
    ):
        list(frames.seen)


def test_changes_of_own_tasks_end_with_a_scene() -> None:
    one = Task(name="plate", kind="waveform", labels=("left", "right"), band_hz=(1.0, 6.0))
    two = Task(name="lamp", kind="binary", labels=("lamp",))
    wave = np.diff(np.sin(2 * np.pi * 3.0 * np.arange(301) / FS)).astype(np.float32)
    frames = {"plate": np.stack([wave, wave], axis=1), "lamp": np.ones((300, 1), np.float32)}
    scene = RecordingOutputs({}, frames, {})
    both = joined([scene, scene], [one, two])
    known = np.isfinite(both.of_frames["plate"])
    assert np.flatnonzero(~known[:, 0]).tolist() == np.flatnonzero(~known[:, 1]).tolist() == [299]
    assert np.isfinite(both.of_frames["lamp"]).all()
    results = task_results(task_outputs([one, two], both.differences, both.of_frames), FS, cuts=[300])
    rate = results["plate"].outputs["right"].rate
    assert rate is not None
    assert rate.value == pytest.approx(180, abs=3)
