"""Inputs of slow networks: one frame of several, cut more widely than the face."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputShape, input_blocks
from physiocam.inputs.crop import Crop, recrop
from physiocam.measuring.network_inputs import SlowInputs
from physiocam.networks.config import RESPIRATION, BigSmallConfig
from physiocam.video.locators import Square
from physiocam.weights.bundle import NetworkEntry, SlowNetworks

CONFIG = BigSmallConfig(branches="small", big_size=32, small_size=2, tasks=(RESPIRATION,))
FILE = {"weights": "n.safetensors", "weights_sha256": "0" * 64, "onnx": "n.onnx", "onnx_sha256": "0" * 64}
SLOW = SlowNetworks(fs=5.0, crop=Crop(factor=2.0, down=0.5), networks=(NetworkEntry(name="n", config=CONFIG, **FILE),))
FACE = Square(60, 20, 40)


@pytest.fixture(scope="module")
def video() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (61, 120, 160, 3), dtype=np.uint8)


def seen_by(video: NDArray[np.uint8], fs: float) -> SlowInputs:
    slow = SlowInputs(SLOW, Crop(), fs)
    for frame in video:
        slow.add(frame, FACE)
    slow.finish()
    return slow


@pytest.mark.parametrize(("fs", "step"), [(30.0, 6), (24.0, 5), (15.0, 3), (60.0, 12), (5.0, 1), (2.0, 1)])
def test_they_are_the_inputs_of_every_nth_frame_in_the_wide_square(
    video: NDArray[np.uint8], fs: float, step: int
) -> None:
    slow = seen_by(video, fs)
    assert slow.step == step
    # Twice the face's side, its middle half a side further down.
    wide = Square(40, 20, 80)
    expected = list(input_blocks([(frame, wide) for frame in video[::step]], InputShape(3, 0, 32, 2), 1000))
    assert [block.frames for block in slow.blocks] == [len(video[::step])]
    assert np.array_equal(slow.blocks[0].small, expected[0].small)
    assert slow.blocks[0].big(0, 1).shape == (1, 0, 3, 32, 32)


def test_frames_without_a_face_leave_their_changes_empty(video: NDArray[np.uint8]) -> None:
    slow = SlowInputs(SLOW, Crop(), 5.0)
    for index, frame in enumerate(video[:12]):
        slow.add(frame, None if index == 5 else FACE)
    (block,) = slow.finish()
    empty = ~block.small.reshape(12, -1).any(axis=1)
    assert np.flatnonzero(empty).tolist() == [4, 5, 11]


def test_long_recordings_come_in_parts(video: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("physiocam.measuring.network_inputs._SLOW_BLOCK_S", 4.0)
    slow = seen_by(video, 5.0)
    assert [block.frames for block in slow.blocks] == [21, 21, 19]


@pytest.mark.parametrize(
    ("square", "other", "expected"),
    [
        (Square(60, 20, 40), Crop(factor=1.0), Square(60, 20, 40)),
        (Square(60, 20, 40), Crop(factor=2.0), Square(40, 0, 80)),
        # Shifted into the frame, and no larger than it.
        (Square(0, 0, 40), Crop(factor=2.0, down=-1.0), Square(0, 0, 80)),
        (Square(120, 80, 40), Crop(factor=2.0, down=1.0), Square(80, 40, 80)),
        (Square(60, 20, 40), Crop(factor=9.0), Square(20, 0, 120)),
    ],
)
def test_another_crop_of_the_same_face(square: Square, other: Crop, expected: Square) -> None:
    assert recrop(square, Crop(), other, width=160, height=120) == expected


def test_a_crop_is_relative_to_the_box_not_to_the_square_it_came_by() -> None:
    assert recrop(Square(50, 30, 60), Crop(factor=1.5), Crop(factor=1.0), 160, 120) == Square(60, 40, 40)
