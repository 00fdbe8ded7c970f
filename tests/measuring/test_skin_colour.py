from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.inputs.face_changes import Located
from physiocam.measuring.skin_colour import SkinColour
from physiocam.video.locators import Square

HERE, THERE = Square(2, 3, 10), Square(14, 1, 12)


def pictures(frames: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, (frames, 24, 32, 3)).astype(np.uint8)


def mean_colours(located: Iterable[Located]) -> list[NDArray[np.float64]]:
    skin = SkinColour()
    return [skin.add(image, square) for image, square in located]


def test_averages_the_square_of_each_channel() -> None:
    images = pictures(3)
    colours = mean_colours((image, HERE) for image in images)
    np.testing.assert_allclose(colours, images[:, 3:13, 2:12].mean(axis=(1, 2)), rtol=1e-12)


@pytest.mark.parametrize(
    ("file", "video", "rgb"),
    [
        ("unsupervised_rppg.npz", "video_fs25", "rgb_fs25"),
        ("unsupervised_rppg.npz", "video_fs30", "rgb_fs30"),
        ("pseudo_ppg.npz", "video", "rgb"),
    ],
)
def test_averages_what_the_reference_averages(shared: Path, file: str, video: str, rgb: str) -> None:
    golden = np.load(shared / "golden" / file)
    whole = Square(0, 0, golden[video].shape[1])
    colours = mean_colours((image, whole) for image in golden[video])
    np.testing.assert_allclose(colours, golden[rgb], rtol=1e-12)


def test_a_moving_square_makes_no_step() -> None:
    # Two halves of different colour, with the same beat on both.
    beat = 1.0 + 0.2 * np.sin(np.arange(40))
    still = np.full((24, 32, 3), 100.0)
    still[:, 13:] = (40.0, 60.0, 150.0)
    images = np.round(still * beat[:, None, None, None]).astype(np.uint8)
    squares = [HERE if t < 15 else THERE for t in range(40)]
    colours = np.array(mean_colours(zip(images, squares, strict=True)))
    np.testing.assert_allclose(colours, 100.0 * beat[:, None] * np.ones(3), atol=2.0)


def test_gaps_are_nan_and_the_colour_starts_anew_behind_them() -> None:
    images = pictures(5)
    located = [(images[0], HERE), (images[1], THERE), (images[2], None), (None, None), (images[4], THERE)]
    colours = np.array(mean_colours(located))
    assert np.isnan(colours[2:4]).all()
    np.testing.assert_allclose(colours[4], images[4, 1:13, 14:26].mean(axis=(0, 1)), rtol=1e-12)


def test_black_squares_scale_nothing_away() -> None:
    images = pictures(3)
    images[0, :, :, 2] = 0
    colours = np.array(mean_colours(zip(images, [HERE, THERE, HERE], strict=True)))
    assert np.isfinite(colours).all()
    assert colours[1:, 2].min() > 0
