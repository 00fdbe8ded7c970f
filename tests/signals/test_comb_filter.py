"""The comb filter around a heart rate: what stays, what goes, and where it does nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.signals.comb_filter import comb_filtered
from physiocam.signals.filters import bandpass
from physiocam.signals.rate import Rate, RateSeries, rate_times
from physiocam.signals.settings import SETTINGS
from physiocam.signals.waveform import clean_waveform
from physiocam.synthetic.physiology import Physiology

FS = 30.0
HEART = SETTINGS["default"].heart


def given(rate: float | None) -> Rate:
    return Rate(rate, "beats/min", 0.9, None if rate else "nothing steady", rate)


def series(frames: int, values: float | NDArray[np.float64]) -> RateSeries:
    count = len(rate_times(frames, FS))
    return RateSeries(np.broadcast_to(np.asarray(values, float), count).copy(), np.full(count, 0.9))


def beating(seed: int, seconds: float = 60.0) -> tuple[Physiology, NDArray[np.float64], NDArray[np.float64]]:
    """A pulse of 70 a minute, its filtered wave, and the same with as much noise in the band."""
    random = np.random.default_rng(seed)
    physiology = Physiology(round(seconds * FS), FS, 70.0, 15.0, random)
    true = clean_waveform(np.diff(physiology.pulse, append=np.nan), FS, "heart", SETTINGS["default"])
    return physiology, true, true + noise(len(true), random)


def noise(frames: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Noise that is even in the band, of the size of a wave."""
    filtered = bandpass(random.standard_normal(frames), HEART.order, HEART.band_hz, FS)
    return filtered / filtered.std()


def agreement(wave: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    both = np.isfinite(wave) & np.isfinite(other)
    return float(np.corrcoef(wave[both], other[both])[0, 1])


def test_a_noisy_pulse_comes_nearer_to_the_true_one() -> None:
    before, after = [], []
    for seed in range(8):
        physiology, true, noisy = beating(seed)
        along = series(len(true), physiology.heart_rate)
        before.append(agreement(noisy, true))
        after.append(agreement(comb_filtered(noisy, FS, given(physiology.heart_rate), along, HEART), true))
    assert np.mean(before) == pytest.approx(0.71, abs=0.03)
    assert np.mean(after) > 0.85
    assert np.all(np.array(after) > before)


def test_a_clean_pulse_stays_as_it_is_with_all_its_variability() -> None:
    physiology, true, _ = beating(1)
    along = series(len(true), physiology.heart_rate)
    assert agreement(comb_filtered(true, FS, given(physiology.heart_rate), along, HEART), true) > 0.985


def test_a_rate_that_rises_is_followed() -> None:
    seconds = np.arange(1800) / FS
    rate = 60 + seconds
    pulse = np.sin(2 * np.pi * np.cumsum(rate / 60) / FS)
    random = np.random.default_rng(0)
    noisy = pulse * np.sqrt(2) + noise(1800, random)
    along = series(1800, 60 + rate_times(1800, FS))
    followed = comb_filtered(noisy, FS, given(90.0), along, HEART)
    fixed = comb_filtered(noisy, FS, given(90.0), series(1800, np.nan), HEART)
    assert agreement(followed, pulse) > 0.87
    assert agreement(fixed, pulse) < 0.8


def test_where_no_rate_is_measured_nothing_is_made_to_look_like_a_pulse() -> None:
    _, _, noisy = beating(2)
    times = rate_times(len(noisy), FS)
    late = series(len(noisy), np.where(times < 20, 70.0, np.nan))
    filtered = comb_filtered(noisy, FS, given(70.0), late, HEART)
    beyond = np.arange(len(noisy)) / FS > 19.5 + HEART.window_s / 2 + 0.1
    assert agreement(filtered[beyond], noisy[beyond]) == pytest.approx(1.0)
    assert agreement(filtered[~beyond], noisy[~beyond]) < 0.9
    nowhere = series(len(noisy), np.nan)
    assert comb_filtered(noisy, FS, given(None), nowhere, HEART) is noisy


def test_gaps_stay_gaps_and_are_not_bridged() -> None:
    _, _, noisy = beating(3)
    holed = noisy.copy()
    holed[600:700] = np.nan
    along = series(len(noisy), 70.0)
    filtered = comb_filtered(holed, FS, given(70.0), along, HEART)
    np.testing.assert_array_equal(np.isnan(filtered), np.isnan(holed))
    assert np.nanstd(filtered) == pytest.approx(1.0, abs=0.01)
    other = holed.copy()
    other[700:] *= -1.0
    first = comb_filtered(other, FS, given(70.0), along, HEART)[:600]
    assert agreement(first, filtered[:600]) > 0.999


def test_a_flat_wave_stays_flat() -> None:
    flat = np.zeros(600)
    np.testing.assert_array_equal(comb_filtered(flat, FS, given(70.0), series(600, 70.0), HEART), flat)
