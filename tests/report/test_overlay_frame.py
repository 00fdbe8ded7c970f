"""One frame of the overlay: what is drawn where, and what is not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("PIL")

from physiocam.report.overlay_frame import OverlayFrame
from physiocam.report.truth import Truth
from physiocam.results.measurement import Measurement

Make = Callable[..., Measurement]

BOX = (126, 231, 135)
HEART = (255, 118, 117)
ACTIVE = (255, 202, 58)


def grey(height: int = 480, width: int = 640) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 100, dtype=np.uint8)


def count(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> int:
    return int(np.all(picture == colour, axis=-1).sum())


def test_the_face_box_is_drawn_at_the_face_and_only_while_it_is_there(make_measurement: Make) -> None:
    measurement = make_measurement()
    drawn = OverlayFrame(measurement, 640, 480).draw(grey(), 5.0)
    rows, columns = np.nonzero(np.all(drawn[:, :640] == BOX, axis=-1))
    assert [int(edge) for edge in (columns.min(), columns.max(), rows.min(), rows.max())] == [8, 39, 4, 35]
    assert count(OverlayFrame(measurement, 640, 480).draw(grey(), 15.0), BOX) == 0


def test_the_picture_is_untouched_where_all_is_well(make_measurement: Make) -> None:
    measurement = make_measurement()
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    drawn = OverlayFrame(measurement, 640, 480).draw(image, 35.0)
    assert np.array_equal(drawn[40:, :640], image[40:])


def test_a_missing_face_and_rate_are_said_on_the_picture(make_measurement: Make) -> None:
    measurement = make_measurement(60.0, (20.0, 40.0))
    drawn = OverlayFrame(measurement, 640, 480)
    quiet = drawn.draw(grey(), 10.0)[380:, :640]
    told = drawn.draw(grey(), 30.0)[380:, :640]
    assert (quiet == 100).all()
    assert (told != 100).mean() > 0.3


def test_bars_of_active_units_stand_out(make_measurement: Make) -> None:
    measurement = make_measurement()
    drawn = OverlayFrame(measurement, 640, 480)
    assert count(drawn.draw(grey(), 5.0)[:, 640:], ACTIVE) > 500
    assert count(drawn.draw(grey(), 15.0)[:, 640:], ACTIVE) == 0


def test_the_trace_runs_and_loses_its_colour_without_a_rate(make_measurement: Make) -> None:
    drawn = OverlayFrame(make_measurement(60.0, (20.0, 40.0)), 640, 480)
    first, second = drawn.draw(grey(), 10.0), drawn.draw(grey(), 10.5)
    assert count(first, HEART) > 100
    assert not np.array_equal(first[50:115, 640:], second[50:115, 640:])
    assert count(drawn.draw(grey(), 30.0), HEART) == 0


def test_the_truth_stands_behind_the_waves_and_before_the_bars(make_measurement: Make) -> None:
    measurement = make_measurement()
    label = next(iter(measurement.action_units))
    codes = np.where(np.arange(measurement.frames) < measurement.frames // 2, 1, -1).astype(np.int8)
    wave = np.sin(np.arange(measurement.frames) / 3)
    truth = Truth({"heart": wave}, {"heart": 61.0, "breathing": None}, {label: codes})
    white = (232, 234, 237)
    plain, drawn = (OverlayFrame(measurement, 640, 480, truth=one) for one in (None, truth))
    before, after = plain.draw(grey(), 5.0)[:, 640:], drawn.draw(grey(), 5.0)[:, 640:]
    bars = slice(256, 460)
    assert count(after[50:115], white) > count(before[50:115], white) + 50
    assert count(after[bars], white) >= count(before[bars], white) + 36
    # The sensor's rate is told below; an unknown code has no mark.
    assert not np.array_equal(before[112:124], after[112:124])
    late = measurement.duration_s - 1.0
    assert np.array_equal(plain.draw(grey(), late)[bars, 640:], drawn.draw(grey(), late)[bars, 640:])


@pytest.mark.parametrize(
    ("width", "height"), [(640, 480), (64, 48), (1920, 1080), (3840, 2160), (1080, 1920), (2160, 3840), (4000, 100)]
)
def test_every_size_gives_one_that_players_take(width: int, height: int, make_measurement: Make) -> None:
    measurement = make_measurement(4.0, None)
    overlay = OverlayFrame(measurement, width, height)
    shape = overlay.draw(grey(height, width), 1.0).shape
    assert 480 <= shape[0] <= 1080
    assert shape[1] <= 1920
    assert shape == overlay.draw(grey(height, width), 3.0).shape


@pytest.mark.parametrize("size", [(64, 48), (16, 480), (480, 16), (3000, 4), (1, 1)])
def test_pictures_of_any_shape_are_drawn(make_measurement: Make, size: tuple[int, int]) -> None:
    measurement, (width, height) = make_measurement(), size
    frame = OverlayFrame(measurement, width, height).draw(np.zeros((height, width, 3), np.uint8), 5.0)
    assert frame.shape[0] <= 1080
    assert frame.shape[1] <= 1280 + 1080


def test_a_recording_without_action_units_or_rates_is_drawn_too(make_measurement: Make) -> None:
    from dataclasses import replace

    measurement = make_measurement(0.8, None)
    bare = replace(
        measurement, action_units={}, action_unit_probability=np.empty((measurement.frames, 0), dtype=np.float32)
    )
    assert OverlayFrame(bare, 320, 240).draw(grey(240, 320), 0.79).shape[0] == 480


def test_names_end_before_the_bars(make_measurement: Make) -> None:
    measurement = make_measurement()
    units = {label: replace(unit, name="depressor of the corners of the lips", auc=0.5)
             for label, unit in measurement.action_units.items()}  # fmt: skip
    short, long = (OverlayFrame(one, 640, 480).draw(grey(), 5.0)
                   for one in (measurement, replace(measurement, action_units=units)))  # fmt: skip
    differing = np.flatnonzero((short != long).any(axis=(0, 2)))
    panel = short.shape[1] - 640
    # Bars have the last third of the panel.
    assert 640 < differing.max() < 640 + 0.64 * panel
