"""Hard cuts are found at their frame; motion, light, flashes of nothing and noise are none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.video.cuts import CutFinder

FS = 25.0
Image = NDArray[np.uint8]


def scene(seed: int, height: int = 120, width: int = 160) -> Image:
    """Soft patches, as a room has."""
    coarse = np.random.default_rng(seed).integers(20, 236, (6, 8, 3))
    return np.kron(coarse, np.ones((height // 6, width // 8, 1))).astype(np.uint8)


def noisy(image: Image, frames: int, seed: int = 0) -> list[Image]:
    random = np.random.default_rng(seed)
    return [np.clip(image + random.normal(0, 3, image.shape), 0, 255).astype(np.uint8) for _ in range(frames)]


def cuts(images: list[Image | None], fs: float = FS) -> list[int]:
    finder = CutFinder(fs)
    return [index for index, image in enumerate(images) if finder.add(image)]


def test_each_new_scene_is_found_at_its_first_frame() -> None:
    black = np.zeros((120, 160, 3), np.uint8)
    images = [*noisy(scene(1), 30), *noisy(scene(2), 20), *noisy(black, 20), *noisy(scene(1), 20)]
    assert cuts([*images]) == [30, 50, 70]


def test_a_scene_behind_a_gap_is_new_and_the_same_scene_is_not() -> None:
    before, other = noisy(scene(1), 30), noisy(scene(2), 10)
    assert cuts([*before, *[None] * 5, *other]) == [35]
    assert cuts([*before, *[None] * 5, *before]) == []


def test_light_that_is_switched_is_no_cut() -> None:
    bright = (scene(1) * 0.9).astype(np.uint8)
    assert cuts([*noisy(bright, 30), *noisy((bright * 0.45).astype(np.uint8), 30)]) == []


def test_a_picture_that_moves_is_no_cut() -> None:
    wide = np.concatenate([scene(3), scene(4), scene(5), scene(6)], axis=1)
    # Still, then a pan that becomes as fast as a camera is turned: 12 pixels a frame.
    steps = np.cumsum([0] * 20 + [1, 2, 4, 6, 8, 10] + [12] * 30)
    assert cuts([np.ascontiguousarray(wide[:, left : left + 160]) for left in steps.tolist()]) == []


def sitting(x: int) -> Image:
    image = scene(7)
    image[40:100, x : x + 36] = (200, 150, 120)
    return image


def test_the_same_scene_taken_up_again_is_found_where_much_has_moved() -> None:
    assert cuts([*noisy(sitting(20), 30), *noisy(sitting(70), 30)]) == [30]


def test_a_frozen_picture_that_catches_up_is_no_cut() -> None:
    frozen = noisy(sitting(20), 20)
    assert cuts([*frozen, *[frozen[-1]] * 25, *noisy(sitting(70), 20)]) == []


def test_noise_alone_has_no_cuts() -> None:
    random = np.random.default_rng(0)
    assert cuts([random.integers(0, 256, (48, 64, 3)).astype(np.uint8) for _ in range(60)]) == []


def test_nothing_is_said_of_the_first_frames() -> None:
    assert cuts([scene(1), scene(2), scene(1), scene(2)]) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (25, 33)])
def test_pictures_of_any_size(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    images = [random.integers(0, 256, (*shape, 3)).astype(np.uint8) for _ in range(12)]
    assert len(cuts([*images])) <= 1
