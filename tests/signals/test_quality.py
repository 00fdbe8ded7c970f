from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.signals.quality import spectral_quality
from physiocam.signals.quantities import Quantity
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS

DEFAULT = SETTINGS["default"]


def noise(rng: np.random.Generator, samples: int, slope: float) -> NDArray[np.float64]:
    """Noise whose power goes with frequency to the power of `slope`."""
    frequencies = np.fft.rfftfreq(4 * samples)
    frequencies[0] = frequencies[1]
    return np.fft.irfft(np.fft.rfft(rng.normal(size=4 * samples)) * frequencies ** (slope / 2))[:samples]


# Shares are of 60 noises with fixed seeds; simulated with more, they are about half of these bounds.
@pytest.mark.parametrize(
    ("quantity", "seconds", "slope", "told", "confident"),
    [
        ("heart", 6, 0, 0.05, 0.0), ("heart", 6, 2, 0.05, 0.0), ("heart", 6, -1, 0.10, 0.02),
        ("heart", 10, 0, 0.05, 0.0), ("heart", 30, -1, 0.05, 0.0), ("heart", 60, 0, 0.0, 0.0),
        ("breathing", 15, 0, 0.15, 0.10), ("breathing", 15, 2, 0.15, 0.10),
        ("breathing", 30, 0, 0.10, 0.04), ("breathing", 60, 0, 0.10, 0.0), ("breathing", 60, -1, 0.20, 0.02),
    ],
)  # fmt: skip
def test_noise_is_not_trusted(quantity: Quantity, seconds: int, slope: float, told: float, confident: float) -> None:
    rng = np.random.default_rng(7)
    rates = [estimate_rate(noise(rng, 20 * seconds + 1, slope), 20.0, quantity, DEFAULT) for _ in range(60)]
    quality = np.array([rate.quality for rate in rates])
    assert np.median(quality) == 0.0
    assert np.mean([rate.value is not None for rate in rates]) <= told
    assert np.mean(quality > 0.5) <= confident


def test_quality_falls_as_noise_grows() -> None:
    time = np.arange(900) / 30
    pulse = np.diff(np.sin(2 * np.pi * 1.2 * time), prepend=0)
    white = np.random.default_rng(0).normal(size=900) * pulse.std()
    quality = [estimate_rate(pulse + level * white, 30.0, "heart", DEFAULT).quality for level in (0, 1, 2, 4, 16)]
    assert quality[0] > 0.95
    assert quality[-1] < 0.1
    assert (np.diff(quality) < 0.02).all()


def test_overtones_belong_to_the_rate_and_other_peaks_do_not() -> None:
    frequencies = np.linspace(0.7, 3.0, 231)

    def peaks(*where: float) -> NDArray[np.float64]:
        heights = [np.exp(-(((frequencies - at) / 0.03) ** 2)) for at in where]
        return np.asarray(np.sum(heights, axis=0, keepdims=True))

    def quality(spectrum: NDArray[np.float64], seconds: float = 30.0) -> float:
        one = np.ones(1)
        return float(
            spectral_quality(frequencies, spectrum, one, lobe_hz=0.15 * one, usable_s=seconds * one, noise_slope=2.0)[0]
        )

    assert quality(peaks(1.0, 2.0)) > 0.9
    assert quality(peaks(1.0, 1.5)) < 0.4
    assert quality(np.ones((1, 231))) == 0.0
    assert quality(np.zeros((1, 231))) == 0.0
    assert quality(peaks(1.0) + 0.001, 60.0) > quality(peaks(1.0) + 0.001, 8.0) > 0.0


def _spike(n: int) -> NDArray[np.float64]:
    return np.where(np.arange(n) == n // 2, 0.9, 0.3)


# What a network may say of a still picture, of a change of light, or of a single movement.
@pytest.mark.parametrize(
    "shape",
    [
        lambda n: np.full(n, 0.3),
        lambda n: np.where(np.arange(n) == n - 1, 0.1, 0.3),
        lambda n: np.where(np.arange(n) < n // 2, 0.3, 0.4),
        _spike,
        lambda n: np.linspace(0.0, 1.0, n),
        lambda n: np.linspace(-1.0, 1.0, n) ** 2,
        lambda n: np.exp(-5.0 * np.linspace(0.0, 1.0, n)),
    ],
    ids=["constant", "last", "step", "spike", "ramp", "parabola", "decay"],
)
@pytest.mark.parametrize("seconds", [10, 20, 30, 60, 120])
def test_drift_and_single_events_are_no_rate(shape: Callable[[int], NDArray[np.float64]], seconds: int) -> None:
    difference = shape(30 * seconds).astype(np.float32)
    assert estimate_rate(difference, 30.0, "heart", DEFAULT).value is None
    assert estimate_rate(difference, 30.0, "breathing", DEFAULT).value is None


def test_a_peak_at_the_edge_of_the_band_is_a_flank() -> None:
    frequencies = np.linspace(0.7, 3.0, 231)
    falling = np.exp(-((frequencies - 0.7) / 0.1))[None]
    at_edge, one = frequencies[:1], np.ones(1)
    quality = spectral_quality(frequencies, falling, at_edge, lobe_hz=0.15 * one, usable_s=30 * one, noise_slope=2.0)
    assert quality[0] == 0.0
