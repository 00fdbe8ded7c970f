"""Area resizing against OpenCV, and its defining properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiocam.video.resize import area_resize


@pytest.mark.parametrize(
    ("height", "width", "target_height", "target_width"),
    [
        (300, 300, 144, 144),
        (301, 297, 144, 144),
        (144, 144, 9, 9),
        (24, 24, 36, 36),
        (100, 143, 144, 144),
        (1, 1, 9, 9),
    ],
)
def test_equals_opencv(height: int, width: int, target_height: int, target_width: int) -> None:
    cv2 = pytest.importorskip("cv2")
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    expected = cv2.resize(image / 255.0, (target_width, target_height), interpolation=cv2.INTER_AREA)
    ours = area_resize(image, target_height, target_width) / 255.0
    np.testing.assert_allclose(ours, expected, atol=1e-6)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.integers(1, 40))
def test_keeps_a_constant(height: int, width: int, target_height: int, target_width: int) -> None:
    image = np.full((height, width, 3), 200, dtype=np.uint8)
    np.testing.assert_allclose(area_resize(image, target_height, target_width), 200.0, rtol=1e-5)


@given(st.integers(1, 12), st.integers(1, 12))
def test_whole_blocks_are_plain_means(rows: int, columns: int) -> None:
    image = np.random.default_rng(rows * 13 + columns).random((rows * 4, columns * 4, 3))
    expected = image.reshape(rows, 4, columns, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(area_resize(image, rows, columns), expected, rtol=1e-5)


def test_matches_the_reference(shared) -> None:  # type: ignore[no-untyped-def]
    golden = np.load(shared / "golden" / "preprocess_functions.npz")
    video = golden["tiny_uint8"]
    for key, size in (("area9", 9), ("area144", 36)):
        ours = np.stack([area_resize(frame, size, size) for frame in video])
        scale = 1.0 if golden[key].max() > 2 else 255.0
        np.testing.assert_allclose(ours / scale, golden[key], atol=1.0 if golden[key].dtype == np.uint8 else 2e-4)
