"""The overlay of several people: a box, a colour and a name for each."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("PIL")

from physiocam.report.overlay_people import _COLOURS, PeopleOverlayFrame
from physiocam.results.measurement import Measurement

Make = Callable[..., Measurement]
GREY = np.full((480, 640, 3), 100, np.uint8)


@pytest.fixture(scope="module")
def people(make_measurement: Make) -> list[Measurement]:
    """Three people, of whom the second is away from 12 to 18 s."""
    squares = ([40, 200, 80], [250, 200, 80], [450, 200, 80])
    made = []
    for number, square in enumerate(squares, 1):
        one = make_measurement(gap_s=(12.0, 18.0) if number == 2 else None)
        made.append(
            replace(
                one,
                person=number,
                face_squares=np.where(one.face_found[:, None], np.array(square, np.int32), np.int32(-1)),
            )
        )
    return made


def test_each_has_a_box_in_a_colour_and_a_row(people: list[Measurement]) -> None:
    drawn = PeopleOverlayFrame(people, 640, 480).draw(GREY, 5.0)
    for colour, one in zip(_COLOURS, people, strict=False):
        x, y, side = one.face_squares[0].tolist()
        rows, columns = np.nonzero(np.all(drawn[y : y + side, :640] == colour, axis=-1))
        assert (columns.min(), columns.max()) == (x, x + side - 1)
        assert rows.max() == side - 1
        # The name and the pulse in the panel.
        assert np.all(drawn[:, 640:] == colour, axis=-1).any()


def test_who_is_away_has_no_box(people: list[Measurement]) -> None:
    drawn = PeopleOverlayFrame(people, 640, 480).draw(GREY, 15.0)
    assert np.array_equal(drawn[150:300, 240:340], GREY[150:300, 240:340])
    assert not np.array_equal(drawn[150:300, 30:130], GREY[150:300, 30:130])


@pytest.mark.parametrize(("width", "height"), [(640, 480), (64, 48), (3000, 300), (480, 1920)])
def test_frames_of_any_size_and_any_number_of_people(people: list[Measurement], width: int, height: int) -> None:
    crowd = [replace(people[0], person=number) for number in range(1, 13)]
    image = np.zeros((height, width, 3), np.uint8)
    overlay = PeopleOverlayFrame(crowd, width, height)
    drawn = overlay.draw(image, 5.0)
    assert drawn.shape[0] % 2 == 0
    assert drawn.shape == overlay.draw(image, 39.99).shape
