"""Clips: what a batch holds, where it comes from, and standardizing."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from torch.utils.data import DistributedSampler  # noqa: E402

from physiocam.datasets.store.clip_batch import ClipBatch, standardize  # noqa: E402
from physiocam.datasets.store.clips import Clips, clip_loader  # noqa: E402
from physiocam.datasets.store.store import RecordingInfo, RecordingWriter, Store  # noqa: E402
from physiocam.datasets.store.store_files import FrameLayout  # noqa: E402
from physiocam.errors import DatasetError  # noqa: E402
from physiocam.inputs.blocks import InputShape, input_blocks  # noqa: E402
from physiocam.video.locators import Square  # noqa: E402
from physiocam.video.resize import area_resize  # noqa: E402

S, SMALL = 12, 3
LENGTHS = {"A_1": 10, "A_2": 70, "B_1": 35}


def write(store: Path, name: str, frames: int, tasks: Iterable[str] = ("pulse",)) -> None:
    """A recording whose values tell where they came from."""
    rng = np.random.default_rng(frames)
    found = rng.random(frames) > 0.1
    columns: dict[str, NDArray[np.generic]] = {"face_found": found}
    for task in tasks:
        columns[f"targets/{task}"] = np.arange(frames, dtype=np.float32)[:, None]
        columns[f"masks/{task}"] = found[:, None]
    with RecordingWriter(store, name, FrameLayout(S, SMALL)) as writer:
        for frame in range(frames):
            writer.add_big(np.full((S, S, 3), frame, np.uint8))
            writer.add_small(np.full((3, SMALL, SMALL), frame + 0.5, np.float32))
        info = RecordingInfo(
            name=name,
            subject=name[0],
            trial=name[2:],
            fs=25.0,
            frames=frames,
            frames_without_face=int((~found).sum()),
            crop="center",
            big_mean=0.1,
            big_std=0.0 if frames == 10 else 0.2,
            small_std=0.5,
            tasks={task: (task,) for task in tasks},
            signals={},
            action_units=(),
            notes=(),
            sources=(),
            version="0",
        )
        writer.finish(info, columns)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "store"
    Store.create(path, {"big_size": S, "small_size": SMALL})
    for name, frames in LENGTHS.items():
        write(path, name, frames)
    return path


@pytest.mark.parametrize("memory", ["ram", "disk"])
@pytest.mark.parametrize(("length", "stride"), [(3, 3), (4, 2), (6, 1), (5, 3)])
def test_a_batch_holds_the_frames_it_says(store: Path, memory: str, length: int, stride: int) -> None:
    clips = Clips(store, length, stride, memory=memory)  # type: ignore[arg-type]
    assert clips.recordings == ("A_1", "A_2", "B_1")
    assert len(clips) == sum(frames // length for frames in LENGTHS.values())
    batch = clips.__getitems__(torch.randperm(len(clips)).tolist())
    frames = batch.start[:, None] + torch.arange(length)
    assert batch.big.shape == (len(clips), -(-length // stride), S, S, 3)
    assert (batch.big == frames[:, ::stride, None, None, None]).all()
    assert (batch.small == frames[:, :, None, None, None] + 0.5).all()
    assert (batch.targets["pulse"][..., 0] == frames).all()
    assert (batch.masks["pulse"][..., 0] == batch.face_found).all()
    assert (batch.start % length == 0).all()


def test_clips_may_overlap(store: Path) -> None:
    clips = Clips(store, 3, 3, step=1)
    assert len(clips) == sum(frames - 2 for frames in LENGTHS.values())
    assert clips[1].start.item() == 1


def test_subjects_and_recordings_are_chosen(store: Path) -> None:
    assert Clips(store, 3, 3, subjects={"A"}).recordings == ("A_1", "A_2")
    assert Clips(store, 3, 3, recordings=["B_1"]).frames == 35
    with pytest.raises(DatasetError, match="subject 'C'"):
        Clips(store, 3, 3, subjects={"A", "C"})
    with pytest.raises(DatasetError, match="no recording 'X_1'"):
        Clips(store, 3, 3, recordings=["X_1"])
    with pytest.raises(DatasetError, match="100 frames"):
        Clips(store, 100, 100)


def test_the_loader_gives_every_clip_once_in_random_order(store: Path) -> None:
    clips = Clips(store, 3, 3, memory="disk")
    for workers in (0, 2):
        generator = torch.Generator().manual_seed(0)
        loader = clip_loader(clips, 8, shuffle=True, workers=workers, generator=generator)
        batches: list[ClipBatch] = list(loader)
        seen = [(r, s) for b in batches for r, s in zip(b.recording.tolist(), b.start.tolist(), strict=True)]
        assert sorted(set(seen)) == sorted(seen)
        assert len(seen) == len(clips)
        assert seen != sorted(seen)


def test_a_distributed_sampler_shares_the_clips_out(store: Path) -> None:
    clips = Clips(store, 5, 5)
    starts = []
    for rank in range(2):
        sampler: DistributedSampler[int] = DistributedSampler(
            clips, num_replicas=2, rank=rank, shuffle=True, drop_last=True
        )
        for batch in clip_loader(clips, 4, sampler=sampler):
            starts += list(zip(batch.recording.tolist(), batch.start.tolist(), strict=True))
    assert len(set(starts)) == len(starts) == len(clips) // 2 * 2


def test_a_missing_task_is_masked(tmp_path: Path) -> None:
    Store.create(tmp_path / "store", {"big_size": S, "small_size": SMALL})
    write(tmp_path / "store", "A_1", 9, ["pulse"])
    write(tmp_path / "store", "B_1", 9, ["respiration"])
    batch = Clips(tmp_path / "store", 3, 3).__getitems__(range(6))
    assert not batch.masks["respiration"][:3].any()
    assert batch.masks["respiration"][3:].any()
    assert not batch.masks["pulse"][3:].any()


def test_standardizing_a_stored_clip_gives_the_inputs_that_measuring_would(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    video = np.clip(rng.normal(120, 40, (9, 60, 60, 3)), 0, 255).astype(np.uint8)
    from physiocam.datasets.recording import Recording
    from physiocam.datasets.store.prepare import prepare
    from physiocam.video.reader import Video, open_video

    class Frames:
        def open(self) -> Video:
            return open_video(video, fs=25.0)

    class Entry:
        name, subject, sources = "A_1", "A", ()

        def load(self) -> Recording:
            return Recording("A_1", "A", "1", Frames(), crop="center")

    prepare([Entry()], tmp_path / "store")
    batch = Clips(tmp_path / "store", 3, 3).__getitems__(range(3))
    big, small = standardize(batch)
    (block,) = input_blocks([(frame, Square(0, 0, 60)) for frame in video], InputShape(), 100)
    np.testing.assert_allclose(small.numpy(), block.small, atol=2e-6)
    # Half a grey level, over the deviation.
    np.testing.assert_allclose(big.numpy(), block.big(0, 3), atol=0.501 / 255 / block.big_std)
    assert big.is_contiguous()


def test_standardizing_leaves_zeros_where_there_is_no_face_or_no_deviation(store: Path) -> None:
    batch = Clips(store, 3, 3).__getitems__(range(20))
    big, small = standardize(batch)
    assert not big[:3].any()  # the first recording is constant
    later = batch.face_found[3:, 0]
    assert (big[3:][~later] == 0).all()
    expected = (batch.big[3:][later].float() / 255 - 0.1) / 0.2
    torch.testing.assert_close(big[3:][later], expected.permute(0, 1, 4, 2, 3), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(small, batch.small / 0.5)


def test_standardizing_commutes_with_area_resizing_up_to_rounding() -> None:
    # What lets the store keep 8-bit frames at 144, and statistics beside them.
    frame = np.random.default_rng(1).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    mean, std = frame.mean() / 255, frame.std() / 255
    standardized_first = area_resize(((frame / 255 - mean) / std).astype(np.float32), 144, 144)
    stored = np.rint(area_resize(frame, 144, 144)).astype(np.uint8)
    np.testing.assert_allclose((stored / 255 - mean) / std, standardized_first, atol=0.501 / 255 / std)
