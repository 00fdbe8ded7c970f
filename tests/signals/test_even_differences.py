"""A waveform known at odd times, on an even grid."""

import numpy as np
import pytest

from physiocam.signals.even_differences import even_differences

GRID = np.arange(0, 301) / 30.0


def wave(times_s: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi * 1.1 * times_s)


def differences(times_s: np.ndarray) -> np.ndarray:
    return np.append(np.diff(wave(times_s)), np.nan)


def test_what_is_even_already_stays() -> None:
    even = even_differences(GRID, differences(GRID), GRID, 0.5)
    assert even[:-1] == pytest.approx(np.diff(wave(GRID)), abs=1e-12)
    assert np.isnan(even[-1])


@pytest.mark.parametrize("fs", [15.0, 24.0, 25.0, 60.0])
def test_other_rates_keep_the_wave(fs: float) -> None:
    times = np.arange(0, 10 * fs + 1) / fs
    even = even_differences(times, differences(times), GRID, 0.5)
    assert np.cumsum(even[:-1]) == pytest.approx(wave(GRID[1:]), abs=0.04)


def test_jitter_and_lost_samples_keep_the_wave() -> None:
    rng = np.random.default_rng(0)
    jittered = GRID[1:-1] + rng.uniform(-0.01, 0.01, len(GRID) - 2)
    times = np.r_[0.0, jittered[rng.random(len(jittered)) > 0.1], 10.0]
    even = even_differences(times, differences(times), GRID, 0.5)
    assert np.cumsum(even[:-1]) == pytest.approx(wave(GRID[1:]), abs=0.1)


def test_holes_and_unknown_samples_are_gaps() -> None:
    keep = np.r_[0:100, 130:301]
    times, known = GRID[keep], differences(GRID[keep])
    known[20] = np.nan
    gaps = np.flatnonzero(np.isnan(even_differences(times, known, GRID, 0.5)))
    assert gaps.tolist() == [20, *range(99, 130), 300]


def test_outside_of_the_samples_nothing_is_known() -> None:
    even = even_differences(GRID[100:200], differences(GRID)[100:200], GRID, 0.5)
    assert np.flatnonzero(np.isfinite(even)).tolist() == list(range(100, 199))


def test_too_little_is_nothing() -> None:
    assert np.isnan(even_differences(GRID[:1], np.zeros(1), GRID, 0.5)).all()
    assert even_differences(np.empty(0), np.empty(0), np.empty(0), 0.5).shape == (0,)
