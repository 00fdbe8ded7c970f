"""Augmentation: pictures, changes and labels are changed together, and nothing else is."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_lightning")
pytest.importorskip("zarr")

from torch import Tensor  # noqa: E402

from physiocam.datasets.recording import Recording, Signal, TaskLabels  # noqa: E402
from physiocam.datasets.store.clip_batch import ClipBatch, standardize  # noqa: E402
from physiocam.datasets.store.clips import Clips  # noqa: E402
from physiocam.datasets.store.prepare import PrepareSettings, prepare  # noqa: E402
from physiocam.networks.config import HEAD_POSE, PULSE, Task  # noqa: E402
from physiocam.training.augmentation import Augmentation  # noqa: E402
from physiocam.training.augmented_clips import AugmentedClips  # noqa: E402
from physiocam.training.mirrored import mirrored  # noqa: E402
from physiocam.video.compression import compressed  # noqa: E402
from physiocam.video.reader import Video, open_video  # noqa: E402

FRAMES, FS, LENGTH = 120, 25.0, 40
SIDES = Task(name="sides", kind="binary", labels=("blink_L", "blink_R"))
BEAT_HZ = 1.5


class _Person:
    """A soft spot that nods and whose red beats; its left eye is shut in every frame, its head turns ever further."""

    name, subject, sources = "P1_T1", "P1", ()

    def open(self) -> Video:
        times = np.arange(FRAMES) / FS
        y, x = np.mgrid[0:64, 0:64] / 64
        spot = np.exp(-((x - 0.35) ** 2 + (y - 0.5) ** 2) / 0.05)
        wave = 0.05 * np.sin(2 * np.pi * BEAT_HZ * times)
        red = (60 + 120 * spot)[None] * (1 + wave[:, None, None])
        frames = np.stack([red, np.broadcast_to(50 + 90 * spot, red.shape), np.broadcast_to(40 + 60 * spot, red.shape)])
        noise = np.random.default_rng(0).normal(0, 1.0, (FRAMES, 64, 64, 3))
        return open_video((np.moveaxis(frames, 0, -1) + noise).round().astype(np.uint8), fs=FS)

    def load(self) -> Recording:
        times = np.arange(FRAMES) / FS
        own = {
            "sides": TaskLabels(SIDES, np.tile([1.0, 0.0], (FRAMES, 1)), times),
            "head_pose": TaskLabels(HEAD_POSE, np.linspace([0.0, 0.0, 0.0], [5.0, 10.0, 20.0], FRAMES), times),
        }
        pulse = Signal(np.sin(2 * np.pi * BEAT_HZ * times), times, "a.u.")
        return Recording(
            name=self.name, subject=self.subject, trial="T1", frames=self, signals={"pulse": pulse}, tasks=own,
            crop="whole",
        )  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    path = tmp_path_factory.mktemp("augmented") / "store"
    prepare([_Person()], path, settings=PrepareSettings(big_size=64, small_size=4, crop="whole"))
    return Clips(path, LENGTH, 4)


def changed(clips: Clips, number: int = 1, **augmentation: float) -> ClipBatch:
    tasks = (PULSE, SIDES, HEAD_POSE)
    return AugmentedClips(clips, tasks, Augmentation(**augmentation), seed=3)[number]


def same(one: Tensor, other: Tensor, tolerance: float = 1e-6) -> None:
    torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


def test_without_any_change_clips_are_as_stored(clips: Clips) -> None:
    plain, kept = clips[1], changed(clips)
    assert torch.equal(kept.big, plain.big)
    same(kept.small, plain.small)
    same(kept.statistics, plain.statistics)
    for task in kept.targets:
        same(kept.targets[task], plain.targets[task])
        assert torch.equal(kept.masks[task], plain.masks[task])


def test_a_flip_mirrors_pictures_sides_and_pose(clips: Clips) -> None:
    plain, mirror = clips[1], changed(clips, flip=1.0)
    assert torch.equal(mirror.big, plain.big.flip(3))
    same(mirror.small, plain.small.flip(-1))
    assert mirror.targets["sides"][0, 0].tolist() == [0.0, 1.0]
    same(mirror.targets["head_pose"], plain.targets["head_pose"] * torch.tensor([1.0, -1.0, -1.0]))
    same(mirror.targets["pulse"], plain.targets["pulse"])
    assert mirrored(SIDES) == ([1, 0], [1.0, 1.0])
    assert mirrored(Task(name="door", kind="binary", labels=("open", "a_L"))) == ([0, 1], [1.0, 1.0])


def _rate(wave: Tensor) -> float:
    """Cycles per frame of a clip's changes, by its spectrum."""
    values = wave.double().numpy()
    spectrum = np.abs(np.fft.rfft(values * np.hanning(len(values)), 4096))
    return float(np.argmax(spectrum[40:]) + 40) / 4096


@pytest.mark.parametrize("number", range(4))
def test_another_speed_changes_the_rates_of_pictures_and_truth_alike(clips: Clips, number: int) -> None:
    fast = changed(clips, number, speed=0.5)
    seen, true = _rate(fast.small[0, :, 0].mean(dim=(1, 2))), _rate(fast.targets["pulse"][0, :, 0])
    assert seen == pytest.approx(true, rel=0.03)
    random = np.random.default_rng((3, number))
    pace = math.exp(random.uniform(-math.log(1.5), math.log(1.5)))
    assert true == pytest.approx(pace * BEAT_HZ / FS, rel=0.03)
    # The head turns as much faster: from the first to the last frame of the clip.
    pose = fast.targets["head_pose"][0, :, 1]
    assert float(pose[-1] - pose[0]) == pytest.approx(pace * (LENGTH - 1) * 10 / (FRAMES - 1), abs=0.1)
    # A change has the size that a faster recording's has after it was divided by its deviation.
    assert float(fast.targets["pulse"].std()) == pytest.approx(float(clips[1].targets["pulse"].std()), rel=0.15)
    # Time does not run beyond the recording, where nothing is known.
    assert fast.masks["pulse"][0, :-1].all()


def test_a_label_that_is_unknown_in_part_of_a_span_is_unknown(clips: Clips) -> None:
    masks = clips._columns.masks["pulse"]
    before = masks.clone()
    try:
        masks[60] = False
        assert not changed(clips, speed=0.5).masks["pulse"].all()
    finally:
        masks.copy_(before)


def test_a_crop_enlarges_the_same_part_of_all_frames(clips: Clips) -> None:
    plain, cropped = clips[1], changed(clips, crop=0.4)
    assert cropped.big.shape == plain.big.shape
    assert not torch.equal(cropped.big, plain.big)
    brighter = float(cropped.big.float().mean() - plain.big.float().mean()) / 255
    assert float(cropped.statistics[0, 0] - plain.statistics[0, 0]) == pytest.approx(brighter, abs=1e-3)
    # The spot, enlarged about the middle of what is left, is as wide as the crop is narrow.
    widths = [float((clip.big[0, 0, :, :, 0] > 110).sum()) for clip in (plain, cropped)]
    assert widths[1] > 1.1 * widths[0]
    same(cropped.targets["pulse"], plain.targets["pulse"])
    # The frames stay standardized by their own mean and deviation.
    big, _ = standardize(cropped)
    assert abs(float(big.mean())) < 0.1
    assert float(big.std()) == pytest.approx(1, abs=0.15)


def test_light_changes_frames_and_not_their_relative_changes(clips: Clips) -> None:
    spread = []
    for number in range(len(clips)):
        plain, lit = clips[number], changed(clips, number, colour=0.5)
        ratio = lit.big.float().mean(dim=(0, 1, 2, 3)) / plain.big.float().mean(dim=(0, 1, 2, 3))
        spread.append(float(ratio.max() - ratio.min()))
        same(lit.small, plain.small)
    assert max(spread) > 0.2


def test_noise_is_in_frames_and_in_their_changes(clips: Clips) -> None:
    plain, noisy = clips[1], changed(clips, noise=20.0)
    added = (noisy.big.float() - plain.big.float()).std()
    assert 1 < float(added) < 20
    change = noisy.small - plain.small
    # Mean of 16 x 16 pixels: the noise of a change of one channel is that of two frames over twice their level.
    level = plain.big[..., 2].float().mean()
    expected = math.sqrt(2) * float(added) / (2 * float(level)) / 16
    assert float(change[:, :, 2].std()) == pytest.approx(expected, rel=0.4)
    assert float(noisy.statistics[0, 2]) > float(plain.statistics[0, 2])
    # Noise of a frame is in the change to it and, the other way, in that from it.
    one, next_one = change[0, :-1, 2].flatten(), change[0, 1:, 2].flatten()
    assert float(torch.corrcoef(torch.stack([one, next_one]))[0, 1]) == pytest.approx(-0.5, abs=0.15)


def test_a_codec_takes_away_detail_and_keeps_the_beat(clips: Clips) -> None:
    plain, coded = clips[1], changed(clips, codec=1.0)
    error = (coded.big.float() - plain.big.float()).abs().mean()
    assert 0.2 < float(error) < 8
    beat, kept = (clip.small[0, :, 0].mean(dim=(1, 2)) for clip in (plain, coded))
    assert float(torch.corrcoef(torch.stack([beat, kept]))[0, 1]) > 0.8


def test_compression_makes_frames_neither_darker_nor_brighter() -> None:
    rows, columns = np.mgrid[:145, :143]
    frame = np.stack([60 + 0.8 * columns, 200 - 0.7 * rows, 90 + 0.4 * (rows + columns)], axis=-1).round()
    for decoded in compressed([frame.astype(np.uint8)] * 3, 18):
        assert decoded.shape == frame.shape
        assert np.abs((decoded - frame).mean(axis=(0, 1))).max() < 0.7


@pytest.mark.parametrize("size", [(64, 64), (33, 47)])
def test_frames_are_encoded_in_memory(size: tuple[int, int]) -> None:
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    frames = [np.stack([3 * x % 200, 2 * y % 200, (x + y + n) % 200], axis=-1).astype(np.uint8) for n in range(9)]
    fine, poor = compressed(frames, 15), compressed(frames, 45)
    assert [frame.shape for frame in fine] == [frame.shape for frame in frames]

    def error(decoded: list[np.ndarray]) -> float:
        return float(np.mean([np.abs(a.astype(float) - b).mean() for a, b in zip(frames, decoded, strict=True)]))

    assert error(fine) < error(poor) < 60


def test_each_epoch_draws_anew_and_the_same_again(clips: Clips) -> None:
    every = Augmentation(flip=0.5, crop=0.2, colour=0.3, noise=4.0, codec=0.5, speed=0.3)
    several = AugmentedClips(clips, (PULSE,), every, seed=3)
    for number in range(len(clips)):
        first, again, later = (several[n] for n in (number, number, number + len(clips)))
        assert torch.equal(first.small, again.small)
        assert torch.equal(first.big, again.big)
        assert not torch.equal(first.small, later.small)
        assert all(part.isfinite().all() for part in (first.small, *first.targets.values(), *standardize(first)))
    both = several.__getitems__([0, 2])
    assert both.big.shape == (2, 10, 64, 64, 3)
    assert both.statistics.shape == (2, 3)


def test_a_store_on_disk_gives_the_same(clips: Clips) -> None:
    disk = Clips(clips._stored[0].folder.parent, LENGTH, 4, memory="disk")
    one, other = (changed(source, flip=0.5, crop=0.2, noise=4.0, speed=0.3) for source in (disk, clips))
    assert torch.equal(one.big, other.big)
