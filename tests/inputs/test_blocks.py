"""Inputs against the reference's answers, and their behaviour at gaps and block borders."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputBlock, InputShape, input_blocks
from physiocam.inputs.crop import Crop
from physiocam.inputs.face_changes import Located
from physiocam.video.locators import Square
from physiocam.video.resize import area_resize

SHAPE = InputShape()


def located(video: NDArray[np.uint8], square: Square | None = None) -> list[Located]:
    whole = square or Square(0, 0, video.shape[1])
    return [(frame, whole) for frame in video]


def single_block(frames: list[Located], shape: InputShape = SHAPE) -> InputBlock:
    (block,) = input_blocks(frames, shape, block_frames=1800)
    return block


def noise(frames: int, size: int = 60, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (frames, size, size, 3)).astype(np.uint8)


def test_big_and_small_equal_the_authors_preprocessing(shared: Path) -> None:
    golden = np.load(shared / "golden" / "preprocess_authors.npz")
    video = golden["video_rgb_uint8"]
    height, width = video.shape[1:3]
    bottom = Square(0, height - width, width)
    # The authors drop the last frame and leave the last difference zero, so theirs is our 13-frame recording ...
    block = single_block(located(video[:13], bottom))
    small = block.small.transpose(0, 1, 3, 4, 2).reshape(-1, 9, 9, 3)[:13]
    # ... except that they count that zero frame in the standard deviation.
    raw = _differences(golden, bottom)
    scale = raw[:12].std() / np.concatenate([raw[:12], np.zeros_like(raw[:1])]).std()
    np.testing.assert_allclose(small * scale, golden["small_full"], rtol=2e-5, atol=2e-6)
    # Their Big statistics leave the last frame in; ours come from the fourteen frames they standardized.
    whole = single_block(located(video, bottom))
    assert whole.big_mean == pytest.approx(golden["frames144_all_std"][0], rel=1e-5)
    assert whole.big_std == pytest.approx(golden["frames144_all_std"][1], rel=1e-5)
    expected = golden["big_chunk0"].transpose(0, 3, 1, 2)[0]
    np.testing.assert_allclose(whole.big(0, 1)[0, 0], expected, atol=1e-4)


def _differences(golden: dict[str, NDArray[np.float64]], square: Square) -> NDArray[np.float32]:
    faces = []
    for frame in golden["video_rgb_uint8"]:
        cut = frame[square.y : square.y + square.size, square.x : square.x + square.size]
        faces.append(np.clip(area_resize(cut, 144, 144) / np.float32(255), 1 / 255, 1))
    stack = np.stack(faces)
    return np.asarray((stack[1:] - stack[:-1]) / (stack[1:] + stack[:-1] + np.float32(1e-7)))


def test_small_equals_the_toolbox_on_its_rounded_frames(shared: Path) -> None:
    golden = np.load(shared / "golden" / "preprocess_toolbox.npz")
    authors = np.load(shared / "golden" / "preprocess_authors.npz")
    video = authors["video_rgb_uint8"]
    height, width = video.shape[1:3]
    cut = video[:, height - width :]
    # The toolbox resizes 8-bit frames and rounds; those frames then pass our resize unchanged.
    rounded = np.stack([np.floor(area_resize(frame, 144, 144) + 0.5) for frame in cut]).astype(np.uint8)
    assert np.abs(rounded[:3].astype(int) - golden["frames144_uint8_first3"]).max() <= 1
    rounded[:3] = golden["frames144_uint8_first3"]
    block = single_block(located(rounded))
    expected = golden["small_chunks"].transpose(0, 1, 4, 2, 3)
    # Only rounding ties of the frames that the golden file does not hold can differ, and black pixels, which
    # are lifted to 1/255 here.
    assert np.abs(block.small[:4] - expected).max() < 0.02 * np.abs(expected).max()


def test_constant_video_gives_zeros_and_no_warning() -> None:
    video = np.full((6, 50, 50, 3), 77, dtype=np.uint8)
    block = single_block(located(video))
    assert not block.small.any()
    assert not block.big(0, 2).any()


def test_last_clip_is_filled_with_still_frames() -> None:
    block = single_block(located(noise(7)))
    assert block.frames == 7
    assert block.clips == 3
    assert not block.small[2, 0:].any()


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_big_frames_stand_at_the_start_of_each_stride(stride: int) -> None:
    shape = InputShape(clip_length=4, big_stride=stride)
    video = noise(9)
    every = single_block(located(video), InputShape(clip_length=4, big_stride=1)).big(0, 3)
    block = single_block(located(video), shape)
    np.testing.assert_array_equal(block.big(0, 2), every[:2, ::stride])
    # The ninth frame stands alone in its clip; the rest of the clip repeats it.
    assert (block.big(2, 3) == every[2, :1]).all()


def test_a_gap_zeroes_its_differences_and_enters_no_statistics() -> None:
    video = noise(12)
    frames = located(video)
    frames[5] = (video[5], None)
    frames[6] = (None, None)
    block = single_block(frames)
    small = block.small.reshape(12, -1)
    assert not small[4:7].any()
    assert small[3].any()
    assert small[7].any()
    assert not np.abs(block.big(2, 3)).max() > 1e-3  # frame 6: the mean, hence zero once standardized
    kept = np.stack([area_resize(f, 144, 144) / 255 for i, f in enumerate(video) if i not in (5, 6)])
    assert block.big_mean == pytest.approx(np.clip(kept, 1 / 255, 1).mean(), rel=1e-5)


def test_a_moving_square_adds_no_change_of_its_own() -> None:
    still = np.repeat(noise(1, 80), 6, axis=0)
    frames: list[Located] = [(frame, Square(3 * (i // 2), i // 2, 48)) for i, frame in enumerate(still)]
    assert not single_block(frames).small.any()


def test_big_frames_can_be_cut_in_a_square_of_their_own() -> None:
    video = noise(7, 80)
    narrow, wide = Square(20, 20, 40), Square(10, 10, 60)
    shape = replace(SHAPE, big_crop=(Crop(factor=1.0), Crop(factor=1.5)))
    block = single_block(located(video, narrow), shape)
    expected = single_block(located(video, wide))
    np.testing.assert_array_equal(block.big(0, 3), expected.big(0, 3))
    np.testing.assert_array_equal(block.small, single_block(located(video, narrow)).small)


def test_long_recordings_come_in_blocks_that_join_without_a_seam() -> None:
    video = noise(20, 40)
    blocks = list(input_blocks(located(video), SHAPE, block_frames=8))
    assert [block.frames for block in blocks] == [9, 9, 2]
    whole = single_block(located(video))
    # Up to each block's own standard deviation, the differences are those of the whole recording.
    for start, block in zip((0, 9), blocks[:2], strict=True):
        ours = block.small.reshape(9, -1)
        theirs = whole.small.reshape(21, -1)[start : start + 9]
        ratio = (ours * theirs).sum() / (theirs * theirs).sum()
        np.testing.assert_allclose(ours, ratio * theirs, atol=1e-5)


def test_one_frame_makes_one_clip() -> None:
    block = single_block(located(noise(1)))
    assert block.clips == 1
    assert not block.small.any()
    assert np.isfinite(block.big(0, 1)).all()


def test_nothing_gives_nothing() -> None:
    assert list(input_blocks([], SHAPE, 10)) == []


def test_the_traces_of_a_codec_in_a_photograph_are_no_change() -> None:
    random = np.random.default_rng(0)
    photograph = random.integers(40, 200, (150, 150, 3), dtype=np.uint8)
    video = np.repeat(photograph[None], 24, axis=0)
    video[::12, ::9, ::9] += 1
    assert not single_block(located(video)).small.any()
    # A calm recording has at least a sensor's noise.
    noisy = np.clip(video + random.normal(0, 2, video.shape), 0, 255).astype(np.uint8)
    assert single_block(located(noisy)).small.std() == pytest.approx(0.33, abs=0.3)
