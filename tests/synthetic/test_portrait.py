"""The generator: its truth is what its frames show."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.synthetic.portrait import ClipSettings, SyntheticClip, demo_clip

FACE = (60.0, 50.0, 70.0)


def portrait() -> NDArray[np.uint8]:
    """Something that is bright in the middle."""
    rows, columns = np.mgrid[:120, :120]
    glow = 60 + 120 * np.exp(-((rows - 50) ** 2 + (columns - 60) ** 2) / 1500)
    return np.repeat(glow[..., None], 3, axis=2).astype(np.uint8)


def clip(**settings: float) -> SyntheticClip:
    quiet = {
        "duration_s": 20.0,
        "head_motion": 0.0,
        "light_change": 0.0,
        "noise": 0.0,
        "breathing_motion": 0.0,
        "flicker": 0.0,
    }
    return SyntheticClip(portrait(), FACE, ClipSettings(**{**quiet, **settings}))  # type: ignore[arg-type]


def strongest(signal: NDArray[np.float64], fs: float) -> float:
    """Frequency of the strongest wave, a minute."""
    padded = 1 << 14
    power = np.abs(np.fft.rfft((signal - signal.mean()) * np.hanning(len(signal)), padded))
    return float(60 * np.fft.rfftfreq(padded, 1 / fs)[np.argmax(power)])


def faces(made: SyntheticClip) -> NDArray[np.float64]:
    return np.array([frame[35:65, 45:75].mean(axis=(0, 1)) for frame in made.frames()])


@pytest.mark.parametrize("rate", [50.0, 72.0, 140.0])
def test_skin_beats_at_the_true_rate_and_darkens_with_each_beat(rate: float) -> None:
    made = clip(heart_rate=rate, pulse_strength=0.03)
    colour = faces(made)
    assert made.heart_rate == pytest.approx(rate, rel=0.03)
    assert strongest(colour[:, 1], made.fs) == pytest.approx(made.heart_rate, abs=2)
    assert np.corrcoef(colour[:, 1], made.pulse)[0, 1] < -0.9


def test_green_beats_strongest_and_red_least() -> None:
    spread = faces(clip(pulse_strength=0.03)).std(axis=0)
    np.testing.assert_allclose(spread / spread[1], [0.33 / 0.77, 1.0, 0.53 / 0.77], atol=0.08)


def test_the_face_rises_with_each_breath_in() -> None:
    made = clip(breathing_rate=15.0, breathing_motion=0.02, pulse_strength=0.0)
    heights = []
    for frame in made.frames():
        profile = frame[:, 60, 1].astype(float) - 60
        heights.append((profile * np.arange(120)).sum() / profile.sum())
    assert strongest(np.array(heights), made.fs) == pytest.approx(made.breathing_rate, abs=1.5)
    assert np.corrcoef(heights, made.respiration)[0, 1] < -0.9


def test_flicker_changes_the_light_of_every_channel_alike_from_frame_to_frame() -> None:
    colour = faces(clip(pulse_strength=0.0, flicker=0.02))
    change = np.diff(colour / colour.mean(axis=0), axis=0)
    np.testing.assert_allclose(change.std(axis=0), 0.02 * np.sqrt(2), rtol=0.15)
    assert np.corrcoef(change[:, 0], change[:, 2])[0, 1] > 0.98


def test_noise_has_the_asked_strength_and_is_mostly_brightness() -> None:
    made = clip(duration_s=0.5, pulse_strength=0.0, flicker=0.0, noise=3.0)
    frames = np.stack(list(made.frames())).astype(float)
    noise = (frames - frames.mean(axis=0)) * np.sqrt(15 / 14)
    assert noise.std() == pytest.approx(3.0, rel=0.05)
    assert np.corrcoef(noise[..., 0].ravel(), noise[..., 2].ravel())[0, 1] == pytest.approx(2 / 3, abs=0.05)


def test_the_head_moves_sideways_as_far_as_asked_without_breaking_pixels() -> None:
    made = clip(head_motion=0.05, pulse_strength=0.0, duration_s=60.0, fs=10.0)
    centres = []
    for frame in made.frames():
        profile = frame[50, :, 1].astype(float) - 60
        centres.append((profile * np.arange(120)).sum() / profile.sum())
    assert np.std(centres) == pytest.approx(0.05 * FACE[2], rel=0.35)
    # Between whole pixels it moves too: no step is missing in the histogram of positions.
    assert len(set(np.round(np.mod(centres, 1.0), 1))) > 8


def test_the_same_settings_give_the_same_clip_and_another_seed_another() -> None:
    def stack(seed: int) -> NDArray[np.uint8]:
        return np.stack(list(clip(duration_s=0.5, noise=2.0, seed=seed).frames()))

    np.testing.assert_array_equal(stack(1), stack(1))
    assert (stack(1) != stack(2)).any()


def test_truth_has_one_value_a_frame() -> None:
    made = clip(duration_s=2.0, fs=24.0)
    assert len(made.timestamps_s) == len(made.pulse) == len(made.respiration) == 48
    assert sum(1 for _ in made.frames()) == 48
    assert made.pulse.std() == pytest.approx(1.0)


def test_darkness_and_glare_stay_in_range() -> None:
    made = clip(duration_s=0.5, noise=80.0, tint=(3.0, 0.0, 1.0))  # type: ignore[arg-type]
    frame = next(made.frames())
    assert frame.dtype == np.uint8
    assert frame[..., 0].max() == 255


def test_the_detector_finds_the_demonstration_s_face_throughout() -> None:
    pytest.importorskip("skimage")
    from physiocam.video.face import FaceDetector

    made = demo_clip()
    detector = FaceDetector()
    for index, frame in enumerate(made.frames()):
        if index % 150 == 0:
            assert len(detector.detect(frame)) == 1
        if index > 460:
            break
