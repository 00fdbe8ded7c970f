from collections.abc import Generator
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.even_grid import Still, averaged, on_grid, timed_grid, untimed_grid

INF = float("inf")


def levels(positions: list[float], values: list[float | None], fs: float) -> list[float | None]:
    """What `on_grid` makes of 1x1 images of the given levels."""

    def stills() -> Generator[Still, None, None]:
        for position, value in zip(positions, values, strict=True):
            image = None if value is None else np.full((1, 1, 3), value, np.uint8)
            yield Still(position, lambda image=image: image)  # type: ignore[misc]

    return [None if image is None else float(np.asarray(image)[0, 0, 0]) for image in on_grid(stills(), fs)]


def test_even_times_keep_their_exact_rate() -> None:
    grid = timed_grid(np.arange(300) / 29.97, INF)
    assert grid.fs == pytest.approx(29.97, rel=1e-12)
    assert grid.frames == 300
    assert np.array_equal(grid.positions, np.arange(300))
    assert grid.notes == ()


@given(fs=st.floats(1, 240), frames=st.integers(2, 400), start=st.floats(-5, 1e6))
@settings(max_examples=60, deadline=None)
def test_times_rounded_to_milliseconds_count_as_even(fs: float, frames: int, start: float) -> None:
    times = np.round(np.arange(frames) / fs, 3) + round(start, 3)
    grid = timed_grid(times, INF)
    assert np.array_equal(grid.positions, np.arange(frames))
    assert grid.fs == pytest.approx(fs, rel=0.0011 * fs / (frames - 1) + 1e-6)
    assert grid.notes == ()


def test_rounded_times_with_lost_frames_still_give_the_true_rate() -> None:
    times = np.round(np.delete(np.arange(900), np.arange(40, 900, 50)) / 30, 3)
    grid = timed_grid(times, INF)
    assert grid.fs == pytest.approx(30, rel=1e-4)
    assert grid.frames == 900
    assert np.abs(grid.positions - np.round(grid.positions)).max() < 0.1


def test_variable_times_take_the_typical_interval() -> None:
    times = np.concatenate([np.arange(100) / 30, 100 / 30 + np.arange(30) / 15])
    grid = timed_grid(times, INF)
    assert grid.fs == pytest.approx(30)
    assert grid.frames == 159
    assert "variable frame rate" in grid.notes[0]


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("slow", [(90, 180), (180, 270), (0, 90)])
def test_a_part_of_another_speed_is_noted(factor: int, slow: tuple[int, int]) -> None:
    intervals = np.full(270, 1 / 30)
    intervals[slice(*slow)] *= factor
    times = np.round(np.concatenate([[0.0], np.cumsum(intervals)]), 3)
    assert timed_grid(times, INF).notes[0].endswith("; part of it may be slowed down or sped up")


@pytest.mark.parametrize("factor", [1.5, 2, 2.5])
def test_short_or_odd_changes_are_no_change_of_speed(factor: float) -> None:
    intervals = np.full(270, 1 / 30)
    intervals[100 : 100 + (20 if factor == 2 else 90)] *= factor
    (note,) = timed_grid(np.concatenate([[0.0], np.cumsum(intervals)]), INF).notes
    assert "slowed" not in note


@pytest.mark.parametrize(("fs", "max_fs", "kept"), [(60, 40, 30), (120, 45, 40), (50, 50, 50), (29.97, 25, 14.985)])
def test_fast_recordings_are_brought_down_by_the_smallest_step(fs: float, max_fs: float, kept: float) -> None:
    for grid in (timed_grid(np.arange(121) / fs, max_fs), untimed_grid(121, fs, max_fs)):
        assert grid.fs == pytest.approx(kept)
        # The last frame begins a step of which the others are missing.
        assert grid.frames == 120 // round(fs / kept) + (fs == kept)
        assert bool(grid.notes) == (fs != kept)


def test_a_jump_of_years_becomes_a_bounded_hole() -> None:
    times = np.arange(100) / 30 + np.where(np.arange(100) >= 50, 3e8, 0)
    grid = timed_grid(times, INF)
    assert 1800 < grid.frames < 2000
    assert "jump" in grid.notes[0]


def test_a_slow_time_lapse_has_no_jumps() -> None:
    grid = timed_grid(np.arange(50.0) * 120.0, INF)
    assert grid.frames == 50
    assert grid.fs == pytest.approx(1 / 120)


def test_unbelievable_times_are_refused() -> None:
    with pytest.raises(VideoError, match="pass the rate as fs"):
        timed_grid(np.arange(10.0) * 1e-9, INF)
    scattered = np.cumsum(np.tile([0.001] * 9 + [59.0], 30))
    with pytest.raises(VideoError, match="scattered"):
        timed_grid(scattered, INF)


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=60))
# The last interval is lost beside the times: 0 s between two places of the grid.
@example([
    148.8984375, 547361806.7395526, 602097985.8191928, 617418479.5, 617336560.125, 602097987.5, 80357722.34375,
    492625625.65150094, 999999999.8085938, 505160672.0, 1.0000000000000002e-06,
])  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_no_frame_times_make_an_endless_grid(intervals: list[float]) -> None:
    times = np.concatenate([[0.0], np.cumsum(intervals)])
    times = np.unique(times)
    if len(times) < 2:
        return
    try:
        grid = timed_grid(times, INF)
    except VideoError:
        return
    assert len(grid.positions) == len(times)
    assert grid.positions[0] == 0
    assert np.all(np.diff(grid.positions) >= 0)
    assert grid.frames <= 100 * len(times) + 60 * grid.fs + 1


def test_frames_on_the_grid_are_handed_on_themselves() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    shown = list(on_grid((Still(p, lambda: image) for p in (0.0, 1.05, 1.95)), 30.0))
    assert len(shown) == 3
    assert all(one is image for one in shown)


def test_between_frames_the_image_is_interpolated() -> None:
    assert levels([0, 1.5, 3], [10, 40, 100], 30) == [10, 30, 60, 100]
    assert levels([0, 1.7, 2.3], [0, 255, 0], 30)[1:] == [150, 128]


def test_a_hole_is_held_a_quarter_of_a_second_and_then_empty() -> None:
    # 8 frames/s: a quarter of a second is two steps.
    assert levels([0, 1, 9, 10], [10, 20, 90, 100], 8) == [10, 20, 20, 20, None, None, None, 90, 90, 90, 100]


def test_half_a_second_without_frames_is_no_hole() -> None:
    assert levels([0, 4], [0, 100], 8) == [0, 25, 50, 75, 100]


def test_slow_recordings_are_no_holes() -> None:
    assert levels([0, 1.4, 2], [0, 140, 200], 0.5) == [0, 140, 200]


def test_a_start_that_is_lost_is_a_hole() -> None:
    assert levels([5, 6], [50, 60], 8) == [None, None, None, 50, 50, 50, 60]


def test_frames_out_of_order_are_dropped() -> None:
    assert levels([0, 1, 1, 0.5, 2], [0, 10, 99, 99, 20], 30) == [0, 10, 20]


def test_an_unreadable_frame_is_a_gap() -> None:
    assert levels([0, 1, 2], [0, None, 20], 30) == [0, None, 20]
    assert levels([0, 1.5, 3], [0, None, 20], 30) == [0, None, None, 20]


def mean_levels(positions: list[float], values: list[int | None], together: int) -> list[tuple[float, float | None]]:
    """Places and levels of what `averaged` makes of 1x1 images."""

    def stills() -> Generator[Still, None, None]:
        for position, value in zip(positions, values, strict=True):
            yield Still(position, partial(_pixel, value))

    return [
        (round(still.position, 9), None if still.image is None else float(np.asarray(still.image)[0, 0, 0]))
        for still in averaged(stills(), together)
    ]


def _pixel(value: int | None) -> NDArray[np.uint8] | None:
    return None if value is None else np.full((1, 1, 3), value, np.uint8)


def test_frames_of_a_step_are_averaged() -> None:
    thirds = [i / 3 for i in range(7)]
    found = mean_levels(thirds, [0, 10, 20, 90, 91, 93, 7], 3)
    assert found == [(0, 10), (1, 91), (round(2 - 1 / 3, 9), 7)]


def test_nothing_is_averaged_where_one_frame_comes_a_step() -> None:
    assert mean_levels([0, 1.2, 2], [0, 10, 20], 1) == [(0, 0), (1.2, 10), (2, 20)]


def test_frames_that_cannot_be_read_are_left_out_of_the_mean() -> None:
    assert mean_levels([0, 0.5, 1, 1.5], [8, None, None, None], 2) == [(0, 8), (1, None)]


def test_a_mean_frame_stands_where_its_frames_were() -> None:
    # Of the second step only the later frame is there: half a frame later than the mean of both.
    assert mean_levels([0, 0.5, 1.5, 2, 2.5], [0, 0, 30, 50, 50], 2) == [(0, 0), (1.25, 30), (2, 50)]


def test_averaging_is_exact_to_rounding_and_never_overflows() -> None:
    assert mean_levels([i / 41 for i in range(41)], [255] * 41, 41) == [(0, 255)]
    assert mean_levels([0, 0.5], [10, 11], 2)[0][1] == 11


def test_frames_between_grid_times_are_never_rendered() -> None:
    rendered = []

    def still(index: int) -> Still:
        return Still(index / 3, lambda: rendered.append(index) or np.zeros((1, 1, 3), np.uint8))  # type: ignore[func-returns-value]

    assert len(list(on_grid((still(i) for i in range(10)), 10.0))) == 4
    assert rendered == [0, 3, 6, 9]


def test_frames_are_read_as_they_are_needed() -> None:
    read = []

    def stills() -> Generator[Still, None, None]:
        for index in range(1000):
            read.append(index)
            yield Still(index, lambda: np.zeros((1, 1, 3), np.uint8))

    images = on_grid(stills(), 30.0)
    next(images)
    assert read == [0]
    images.close()
