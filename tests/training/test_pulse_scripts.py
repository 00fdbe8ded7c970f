"""Parts of the scripts that give the default bundle its network with memory and the confidence of its heart rates."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

for needed in ("torch", "cv2", "scipy"):
    pytest.importorskip(needed)

from physiocam.signals.confidence import EVIDENCE, Confidence  # noqa: E402
from physiocam.synthetic.physiology import Physiology  # noqa: E402

SCRIPTS = Path(__file__).parents[2] / "scripts" / "default_bundle"
FS = 30.0


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Any:
    return script("train_memory", monkeypatch)


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module(name)


def beats(seconds: float = 20.0, per_minute: float = 72.0) -> NDArray[np.float32]:
    pulse = Physiology(round(seconds * FS), FS, per_minute, 15.0, np.random.default_rng(0)).pulse
    change = np.diff(pulse, append=pulse[-1])
    return (change / change.std()).astype(np.float32)


def test_a_head_swings_after_each_beat_in_all_colours_alike(training: Any) -> None:
    still = np.zeros((600, 3, 9, 9), np.float32)
    for seed in range(5):
        seen = training._kicked(still, beats(), FS, np.random.default_rng(seed))
        # The three colours of a cell move together, and cells against each other.
        red, green = seen[:, :2].reshape(600, 2, 81).transpose(1, 0, 2)
        together = [np.corrcoef(red[:, cell], green[:, cell])[0, 1] for cell in range(81)]
        assert np.median(together) > 0.97
        assert abs(green.mean(axis=1).std() / green.std()) < 0.5
        # Nothing moves at other rhythms than the heart's and its overtones.
        power = np.abs(np.fft.rfft(green * np.hanning(600)[:, None], axis=0)) ** 2
        turns = np.fft.rfftfreq(600, 1 / FS) / 1.2
        near = np.abs(turns - np.round(turns)) < 0.2
        assert power[near & (turns > 0.5)].sum() > 0.9 * power.sum()
    assert not training._kicked(still, np.zeros(600, np.float32), FS, np.random.default_rng(0)).any()


def test_real_motion_lies_over_a_clip_of_any_pace(training: Any) -> None:
    random = np.random.default_rng(3)
    moving = random.standard_normal((90, 3, 9, 9)).astype(np.float16)
    motion = training.Motion(moving, 25.0)
    small = 0.3 * random.standard_normal((400, 3, 9, 9)).astype(np.float16)
    shares = []
    for seed in range(40):
        seen = training._over(motion, (small, beats(), 12.0), np.random.default_rng(seed))
        assert seen.shape == small.shape
        added = seen - small
        # It never stands still, though the motion is shorter than the clip.
        assert np.abs(added).max(axis=(1, 2, 3)).min() > 0
        shares.append(added.std() / small.std())
    # What lies between two frames of such noise is smaller than they are.
    assert min(shares) > 0.1
    assert max(shares) < 2.2
    assert max(shares) > 4 * min(shares)


def test_frames_between_frames(training: Any) -> None:
    frames = np.array([[0.0, 1.0], [2.0, 5.0], [4.0, -3.0]], np.float32)
    found = training._between(frames, np.array([0.0, 0.25, 1.0, 1.5, 2.0]))
    np.testing.assert_allclose(found, np.array([[0.0, 1.0], [0.5, 2.0], [2.0, 5.0], [3.0, 1.0], [4.0, -3.0]]))


def test_a_calm_film_shows_the_same_and_less_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    disturbances = script("disturbances", monkeypatch)
    physiology = Physiology(600, FS, 72.0, 15.0, np.random.default_rng(0))

    def changes(happens: Any, names: tuple[str, ...]) -> Any:
        return np.concatenate([np.diff(getattr(happens, name), axis=0).ravel() for name in names])

    for seed in range(20):
        random = np.random.default_rng(seed)
        unruly = disturbances.draw_disturbances(physiology, moves=True, recoil=1.0, random=random)
        calm = disturbances.calmed(unruly, random)
        # Hearts and breaths move heads less, too: else their motion would tell calm films from others.
        for names in (("right", "down", "lean", "nearness"), ("light", "slant")):
            before, after = changes(unruly, names), changes(calm, names)
            share = np.abs(after).sum() / np.abs(before).sum()
            assert 0.05 <= share <= 0.5
            np.testing.assert_allclose(after, share * before, atol=1e-12)
        assert calm.mouth is unruly.mouth
        assert np.abs(calm.light - 1.0).max() < np.abs(unruly.light - 1.0).max()


def test_products_learn_what_single_pieces_of_evidence_cannot_say(monkeypatch: pytest.MonkeyPatch) -> None:
    fitting = script("fit_confidence", monkeypatch)
    random = np.random.default_rng(0)
    evidence = random.standard_normal((600, len(EVIDENCE)))
    # Two pieces that are for a rate only where they agree.
    right = evidence[:, 3] * evidence[:, 7] > 0
    heard = fitting.Heard(
        evidence, np.where(right, 1.0, 20.0), np.arange(600), np.full(600, "alive portrait", dtype=np.str_)
    )
    alone, figures_alone = fitting.fit(heard, Confidence)
    both, figures = fitting.fit(heard, Confidence, products=True)
    assert not alone.products
    assert len(both.products) == len(EVIDENCE) * (len(EVIDENCE) + 1) // 2
    assert figures_alone["log_loss"] > 0.65
    assert figures["log_loss"] < 0.55
    assert figures["given_right"] > 0.7 * figures["given"] > 0.3 * 600
