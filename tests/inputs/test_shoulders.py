"""The shift of the shoulders from frame to frame, on pictures that are shifted by known amounts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputCollector, InputShape
from physiocam.inputs.crop import Crop
from physiocam.inputs.face_changes import FaceChange
from physiocam.inputs.shoulders import WideChanges, shifts
from physiocam.video.locators import WHOLE_FRAME, Square

CROPS = Crop(), Crop(factor=2.0, down=0.4)
SIDE = 144


def textured(down: float = 0.0, height: int = SIDE, width: int = SIDE) -> NDArray[np.float32]:
    """A smooth texture, 0..1, that is moved down by a number of rows."""
    y, x = np.arange(height)[:, None] - down, np.arange(width)
    grey = 0.5 + 0.2 * np.sin(y / 5.0 + x / 9.0) + 0.1 * np.cos(y / 11.0 - x / 6.0)
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.float32)


def moved(body: float, above: float, chin: int = 86) -> NDArray[np.float32]:
    return np.concatenate([textured(above)[:chin], textured(body)[chin:]])


@pytest.mark.parametrize(("body", "above"), [(0.3, 0.0), (-0.7, 0.2), (0.05, -0.05), (0.0, 0.0)])
def test_a_shift_of_part_of_a_pixel_is_found(body: float, above: float) -> None:
    found = shifts(FaceChange(moved(body, above), moved(0, 0), None), 0.6)
    np.testing.assert_allclose(found * SIDE, [body, above], atol=0.02)


def test_a_plain_picture_does_not_move() -> None:
    plain = np.full((SIDE, SIDE, 3), 0.4, np.float32)
    assert shifts(FaceChange(plain, plain + np.float32(0.1), None), 0.6).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("chin", "seen"), [(0.6, [1, 1]), (0.9, [0, 1]), (1.3, [0, 1]), (0.1, [1, 0]), (None, [0, 0])])
def test_a_part_that_is_hardly_in_the_picture_has_no_shift(chin: float | None, seen: list[int]) -> None:
    found = shifts(FaceChange(textured(0.2), textured(), None), chin)
    assert np.isfinite(found).tolist() == [bool(one) for one in seen]


def picture(down: float) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * textured(down, 300, 320)), dtype=np.uint8)


def test_a_square_that_moves_adds_no_shift() -> None:
    changes = WideChanges(SIDE, CROPS)
    first = changes.add(picture(0), Square(110, 20, 100))
    assert first.found.before is None
    assert np.isnan(first.shift).all()
    # The wide square has 200 pixels.
    for square in (Square(110, 20, 100), Square(104, 31, 100)):
        np.testing.assert_allclose(changes.add(picture(0), square).shift, 0.0, atol=1e-4)
    np.testing.assert_allclose(changes.add(picture(0.8), Square(100, 31, 100)).shift, 0.8 / 200, atol=2e-4)


def test_nothing_is_known_without_a_face_or_in_the_whole_frame() -> None:
    changes = WideChanges(SIDE, CROPS)
    for image, square in (
        (picture(0), Square(110, 20, 100)), (None, None), (picture(0), None), (picture(0), Square(110, 20, 100)),
        (picture(0), WHOLE_FRAME), (picture(1), WHOLE_FRAME),
    ):  # fmt: skip
        assert np.isnan(changes.add(image, square).shift).all()


def test_a_face_at_the_bottom_of_the_frame_has_no_shoulders() -> None:
    changes = WideChanges(SIDE, CROPS)
    found = [changes.add(picture(down), Square(110, 190, 100)).shift for down in (0.0, 0.5)]
    assert np.isfinite(found[1]).tolist() == [False, True]


def test_blocks_have_the_shifts_to_the_next_frame() -> None:
    collector = InputCollector(InputShape(5, 0, wide_crop=CROPS), 5)
    downs = np.array([0.0, 0.4, 0.8, 0.6, 0.6, 1.0, 1.0])
    blocks = [collector.add(picture(down), Square(110, 20, 100)) for down in downs] + [collector.flush()]
    full, rest = [block for block in blocks if block]
    assert full.shifts is not None
    assert rest.shifts is not None
    found = np.concatenate([full.shifts, rest.shifts])
    assert np.isnan(found[-1]).all()
    np.testing.assert_allclose(found[:-1] * 200, np.tile(np.diff(downs)[:, None], 2), atol=0.05)
    assert InputCollector(InputShape(5, 0), 5).add(picture(0), None) is None
