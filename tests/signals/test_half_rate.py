"""Slow hearts: told as they are, or not at all, and never doubled."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.measuring.measure import measure
from physiocam.signals.filters import bandpass
from physiocam.signals.half_rate import is_doubled
from physiocam.signals.rate import estimate_rate, rates_along
from physiocam.signals.settings import SETTINGS
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings
from physiocam.synthetic.physiology import Physiology

DEFAULT = SETTINGS["default"]
FS = 30.0


def heart(rate: float, seconds: float = 30.0, noise: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    """Differences of an invented pulse, as a network gives them."""
    random = np.random.default_rng(seed)
    pulse = Physiology(round(seconds * FS), FS, rate, 15.0, random).pulse
    return np.diff(pulse, append=pulse[-1]) + noise * random.standard_normal(len(pulse))


@pytest.mark.parametrize("rate", [32.0, 34.0, 36.0, 38.0, 40.0])
@pytest.mark.parametrize("seed", range(3))
def test_hearts_below_the_band_have_no_rate_and_a_note(rate: float, seed: int) -> None:
    told = estimate_rate(heart(rate, seed=seed, noise=0.02), FS, "heart", DEFAULT)
    assert told.value is None
    assert told.quality == 0.0
    assert "below the range of the heart rate, 42 to 180" in str(told.note)
    along = rates_along(heart(rate, seed=seed, noise=0.02), FS, "heart", DEFAULT)
    assert np.isnan(along.value).all()


@pytest.mark.parametrize("rate", [46.0, 50.0, 60.0, 75.0, 90.0, 110.0, 150.0])
@pytest.mark.parametrize("seed", range(3))
def test_other_hearts_keep_their_rate(rate: float, seed: int) -> None:
    for noise in (0.0, 0.1):
        told = estimate_rate(heart(rate, seed=seed, noise=noise), FS, "heart", DEFAULT)
        assert told.value == pytest.approx(rate, rel=0.06)


def test_a_slow_sway_beside_a_beat_does_not_hide_it() -> None:
    # A fifth of the pulse's own size, at half its rate; and one as large at a third of it.
    time = np.arange(900) / FS
    for share, of_rate in ((0.2, 0.5), (1.0, 1 / 3)):
        sway = share * np.sin(2 * np.pi * 1.25 * of_rate * time)
        told = estimate_rate(heart(75.0) + np.diff(sway, append=sway[-1]), FS, "heart", DEFAULT)
        assert told.value == pytest.approx(75.0, abs=4.0)


def test_the_papers_settings_tell_what_the_reference_tells() -> None:
    told = estimate_rate(heart(38.0), FS, "heart", SETTINGS["paper"])
    assert told.value is not None


def test_what_would_be_withheld_anyway_is_not_called_slow() -> None:
    # A line at half of the noise's largest peak says nothing of a heart.
    random = np.random.default_rng(5)
    for _ in range(20):
        told = estimate_rate(random.standard_normal(450), FS, "heart", DEFAULT)
        assert told.value is not None or "below the range of the heart rate, 42 to 180" not in str(told.note)


def test_a_filter_that_took_the_beat_is_seen_through() -> None:
    slow = heart(36.0, noise=0.02)
    filtered = np.diff(bandpass(np.cumsum(slow), 3, (0.9, 2.5), FS), append=0.0)
    assert estimate_rate(filtered, FS, "heart", DEFAULT).value == pytest.approx(72.0, abs=3.0)
    told = estimate_rate(filtered, FS, "heart", DEFAULT, slow)
    assert told.value is None
    assert "below the range of the heart rate, 42 to 180" in str(told.note)
    assert np.isnan(rates_along(filtered, FS, "heart", DEFAULT, slow).value).all()


def test_silence_is_no_doubling() -> None:
    frequencies = np.linspace(0.2, 5.0, 200)
    assert not is_doubled(frequencies, np.zeros(200), 1.2, 0.15)
    assert not is_doubled(frequencies, np.ones(200), 1.2, 0.15)


@pytest.mark.parametrize(("rate", "method"), [(36.0, "network"), (36.0, "ica"), (46.0, "network"), (46.0, "pos")])
def test_drawn_people_with_slow_hearts_are_not_told_twice_their_rate(rate: float, method: str) -> None:
    scene = Scene(
        Person.invent(31),
        SceneSettings(duration_s=16.0, fs=25.0, height=200, width=260, heart_rate=rate, pulse_strength=0.012, seed=4),
    )
    told = measure(np.stack(list(scene.frames())), fs=25.0, method=method).heart_rate
    if rate < 42:
        assert told.value is None
    else:
        assert told.value == pytest.approx(scene.physiology.heart_rate, abs=2.0)
