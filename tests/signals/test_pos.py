import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.signals.filters import detrend
from physiocam.signals.pos import overlapped_projections


def frame_by_frame(rgb: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """POS as its definition reads, one window after the other."""
    length = math.ceil(1.6 * fs)
    pulse = np.zeros(len(rgb))
    for stop in range(length, len(rgb)):
        window = rgb[stop - length : stop]
        red, green, blue = (window / window.mean(axis=0)).T
        first, second = green - blue, green + blue - 2 * red
        projected = first + first.std() / second.std() * second
        pulse[stop - length : stop] += projected - projected.mean()
    return pulse


@pytest.mark.parametrize("fs", [7.3, 25.0, 29.97, 30.0])
@pytest.mark.parametrize("frames", [60, 400])
def test_running_sums_are_the_windows_added_up(fs: float, frames: int) -> None:
    random = np.random.default_rng(frames)
    rgb = 100 + random.normal(size=(frames, 3)) + np.cumsum(random.normal(size=(frames, 1)), axis=0)
    expected = frame_by_frame(rgb, fs)
    np.testing.assert_allclose(overlapped_projections(rgb, fs), expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_running_sums_keep_their_digits_over_an_hour() -> None:
    # A small pulse under light that doubles, against the last minute by itself.
    frames = 3600 * 30
    time = np.arange(frames) / 30.0
    beat = 0.001 * np.sin(2 * np.pi * 1.2 * time)
    noise = 1e-4 * np.random.default_rng(0).normal(size=(frames, 3))
    light = 60 * (1 + time / time[-1])
    rgb = light[:, None] * (1 + beat[:, None] * np.array([0.3, 0.8, 0.5]) + noise)
    whole = overlapped_projections(rgb, 30.0)[-1700:]
    alone = overlapped_projections(rgb[-1800:], 30.0)[-1700:]
    np.testing.assert_allclose(whole, alone, rtol=0, atol=1e-9 * np.abs(alone).max())


def test_golden_without_the_bandpass(shared: Path) -> None:
    for file, rgb, expected in (
        ("unsupervised_rppg.npz", "rgb_fs25", "POS_nofilter_detrended_fs25"),
        ("pseudo_ppg.npz", "rgb", "pos_nofilter_fs25"),
    ):
        golden = np.load(shared / "golden" / file)
        np.testing.assert_allclose(
            detrend(overlapped_projections(golden[rgb], 25.0), 100.0), golden[expected], rtol=0, atol=1e-10
        )
