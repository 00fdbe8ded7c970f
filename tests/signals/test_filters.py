from functools import reduce
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from physiocam.signals.filters import bandpass, butterworth, detrend, integrate, padding

BANDS = [(0.75, 2.5), (0.7, 3.0), (0.6, 3.3), (0.13, 0.5), (0.08, 0.5)]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("fs", [15.0, 29.97, 60.0, 120.0])
def test_butterworth_is_scipys(order: int, band: tuple[float, float], fs: float) -> None:
    expected_b, expected_a = scipy.signal.butter(order, band, "bandpass", fs=fs)
    sections = butterworth(order, band, fs)
    assert sections.shape == (order, 2, 3)
    b, a = (reduce(np.convolve, part) for part in sections.swapaxes(0, 1))
    np.testing.assert_allclose(b, expected_b, rtol=0, atol=1e-13 * np.abs(expected_b).max())
    np.testing.assert_allclose(a, expected_a, rtol=0, atol=1e-13 * np.abs(expected_a).max())


def _sosfiltfilt(signal: NDArray[np.float64], order: int, band: tuple[float, float], fs: float) -> NDArray[np.float64]:
    """SciPy's own, in sections too: at order 3 in a narrow low band the filter in one piece loses seven digits."""
    sections = scipy.signal.butter(order, band, "bandpass", fs=fs, output="sos")
    return np.asarray(scipy.signal.sosfiltfilt(sections, signal, axis=0, padlen=padding(order)))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("fs", [25.0, 30.0])
@pytest.mark.parametrize("n", [63, 64, 65, 1801])
def test_bandpass_is_scipys(order: int, band: tuple[float, float], fs: float, n: int) -> None:
    signal = np.cumsum(np.random.default_rng(n).normal(size=n)) + 5.0
    expected = _sosfiltfilt(signal, order, band, fs)
    np.testing.assert_allclose(bandpass(signal, order, band, fs), expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_columns_are_filtered_by_themselves() -> None:
    signal = np.cumsum(np.random.default_rng(0).normal(size=(500, 4)), axis=0)
    expected = _sosfiltfilt(signal, 2, (0.7, 3.0), 30.0)
    np.testing.assert_allclose(bandpass(signal, 2, (0.7, 3.0), 30.0), expected, rtol=0, atol=1e-12)


def test_bandpass_needs_one_sample_more_than_its_padding() -> None:
    shortest = np.random.default_rng(0).normal(size=padding(1) + 1)
    expected = _sosfiltfilt(shortest, 1, (0.75, 2.5), 30)
    np.testing.assert_allclose(bandpass(shortest, 1, (0.75, 2.5), 30), expected, atol=1e-12)


def _dense_detrend(signal: NDArray[np.float64], smoothness: float) -> NDArray[np.float64]:
    n = len(signal)
    second = np.diff(np.eye(n), 2, axis=0)
    return np.asarray(signal - np.linalg.solve(np.eye(n) + smoothness**2 * second.T @ second, signal))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 200), st.sampled_from([0.1, 1.0, 10.0, 100.0]), st.integers(0, 1000))
def test_detrend_is_the_dense_solution(n: int, smoothness: float, seed: int) -> None:
    signal = np.random.default_rng(seed).normal(size=n)
    np.testing.assert_allclose(detrend(signal, smoothness), _dense_detrend(signal, smoothness), atol=1e-9)


@pytest.mark.parametrize("smoothness", [0.5, 10.0, 100.0])
def test_detrend_of_an_hour_is_the_banded_solution(smoothness: float) -> None:
    signal = np.cumsum(np.random.default_rng(0).normal(size=108_000))
    n = len(signal)
    bands = smoothness**2 * np.array([np.ones(n), np.full(n, -4.0), np.full(n, 6.0)])
    bands[1:, [0, -1]] = smoothness**2 * np.array([[0.0, -2.0], [1.0, 1.0]])
    bands[1, 1], bands[2, [1, -2]] = -2 * smoothness**2, 5 * smoothness**2
    bands[2] += 1
    expected = signal - scipy.linalg.solveh_banded(bands, signal)
    np.testing.assert_allclose(detrend(signal, smoothness), expected, rtol=0, atol=1e-9)


def test_detrend_takes_a_line_away() -> None:
    assert np.abs(detrend(np.linspace(7.0, 150.0, 500), 100.0)).max() < 1e-6


def test_detrend_golden(shared: Path) -> None:
    golden = np.load(shared / "golden" / "postprocess_synthetic.npz")
    for smoothness in (100, 10):
        answer = detrend(golden["detrend_in"], float(smoothness))
        np.testing.assert_allclose(answer, golden[f"detrend_{smoothness}"], rtol=0, atol=1e-9)


def test_integrate_undoes_differences() -> None:
    signal = np.random.default_rng(0).normal(size=50)
    np.testing.assert_allclose(integrate(np.diff(signal, prepend=0)), signal, atol=1e-12)
