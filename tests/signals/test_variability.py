"""Heart-rate variability: right where beats are known, withheld where they cannot be timed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.signals.rate import Rate, estimate_rate
from physiocam.signals.settings import SETTINGS
from physiocam.signals.variability import HeartRateVariability, heart_rate_variability
from physiocam.signals.waveform import clean_waveform
from physiocam.synthetic.physiology import Physiology

pytest.importorskip("neurokit2")

FS = 30.0
SIGNALS = SETTINGS["default"]


def invented(heart_rate: float, seconds: float = 90.0, seed: int = 0) -> Physiology:
    return Physiology(round(seconds * FS), FS, heart_rate, 14.0, np.random.default_rng(seed))


def difference(physiology: Physiology, noise: float = 0.0, seed: int = 1) -> NDArray[np.float64]:
    """What a network would say of the pulse: its change from frame to frame, with white noise."""
    clean = np.append(np.diff(physiology.pulse), 0.0)
    return np.asarray(clean + noise * clean.std() * np.random.default_rng(seed).standard_normal(len(clean)))


def measured(signal: NDArray[np.float64]) -> HeartRateVariability:
    pulse = clean_waveform(signal, FS, "heart", SIGNALS)
    return heart_rate_variability(pulse, FS, estimate_rate(signal, FS, "heart", SIGNALS))


def truth(physiology: Physiology) -> tuple[float, float]:
    intervals = 1000.0 * np.diff(physiology.beat_times_s)
    return float(intervals.std(ddof=1)), float(np.sqrt(np.mean(np.diff(intervals) ** 2)))


@pytest.mark.parametrize("heart_rate", [50, 60, 75, 95])
def test_the_variability_of_known_beats_is_found(heart_rate: float) -> None:
    person = invented(heart_rate)
    sdnn, rmssd = truth(person)
    found = measured(difference(person))
    assert found.sdnn.value == pytest.approx(sdnn, abs=1.0)
    assert found.rmssd.value == pytest.approx(rmssd, abs=1.5)
    assert found.sdnn.quality > 0.9
    assert (found.sdnn.unit, found.sdnn.note) == ("ms", None)


def test_every_beat_is_found_at_its_time() -> None:
    person = invented(70)
    found = measured(difference(person))
    nearest = np.abs(found.beats_s[:, None] - person.beat_times_s).argmin(axis=1)
    # But for one cut off at either end.
    assert len(found.beats_s) >= len(person.beat_times_s) - 2
    assert len(set(nearest.tolist())) == len(found.beats_s)
    late = found.beats_s - person.beat_times_s[nearest]
    assert late.std() < 0.003
    assert found.beat_quality[1:-1].min() > 0.8


@pytest.mark.parametrize("noise", [0.3, 0.5])
def test_the_timing_noise_is_judged_as_it_is(noise: float) -> None:
    person = invented(70)
    found = measured(difference(person, noise))
    nearest = np.abs(found.beats_s[:, None] - person.beat_times_s).argmin(axis=1)
    late_ms = 1000.0 * (found.beats_s - person.beat_times_s[nearest])
    assert found.timing_noise_ms == pytest.approx(late_ms.std(), rel=0.35)


@pytest.mark.parametrize("heart_rate", [55, 70, 90, 120])
@pytest.mark.parametrize("noise", [0.1, 0.3, 0.5, 1.0, 2.0])
def test_what_is_told_is_near_the_truth_and_the_rest_is_withheld(heart_rate: float, noise: float) -> None:
    for seed in range(3):
        person = invented(heart_rate, seed=seed)
        found = measured(difference(person, noise, seed))
        for spread, true in zip((found.sdnn, found.rmssd), truth(person), strict=True):
            if spread.value is None:
                assert spread.note
            else:
                assert 0.9 * true < spread.value < 1.45 * true
                assert spread.quality > 0.5


def test_noise_that_drowns_the_differences_withholds_only_them() -> None:
    found = measured(difference(invented(70), noise=0.3))
    assert found.sdnn.value is not None
    assert found.rmssd.value is None
    assert "variance in the RMSSD" in str(found.rmssd.note)


def test_no_interval_spans_a_gap() -> None:
    person = invented(70)
    signal = difference(person)
    signal[900:1500] = np.nan
    found = measured(signal)
    told = found.intervals_ms[np.isfinite(found.intervals_ms)]
    assert told.max() < 1000
    assert not ((found.beats_s > 30) & (found.beats_s < 50)).any()
    assert found.sdnn.value == pytest.approx(truth(person)[0], rel=0.2)


def test_a_missed_beat_is_left_out_of_both_measures() -> None:
    person = invented(70)
    signal = difference(person)
    # Two beats drowned in motion.
    signal[1200:1260] += 2 * signal.std() * np.random.default_rng(0).standard_normal(60)
    found = measured(signal)
    sdnn, rmssd = truth(person)
    assert np.isnan(found.intervals_ms[(found.beats_s > 40) & (found.beats_s < 42)]).any()
    assert found.sdnn.value == pytest.approx(sdnn, rel=0.15)
    assert found.rmssd.value == pytest.approx(rmssd, rel=0.25)


def test_a_short_recording_has_none() -> None:
    found = measured(difference(invented(70, seconds=40.0)))
    assert found.sdnn.value is None
    assert found.sdnn.note == "40.0 s of pulse; heart-rate variability needs 60 s"
    assert len(found.beats_s) > 40


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_none_even_if_a_rate_is_claimed(seed: int) -> None:
    noise = clean_waveform(np.random.default_rng(seed).standard_normal(3600), FS, "heart", SIGNALS)
    found = heart_rate_variability(noise, FS, Rate(80.0, "beats/min", 0.5, None))
    assert (found.sdnn.value, found.rmssd.value) == (None, None)


def test_without_a_heart_rate_there_is_none() -> None:
    pulse = clean_waveform(difference(invented(70)), FS, "heart", SIGNALS)
    found = heart_rate_variability(pulse, FS, Rate(None, "beats/min", 0.0, "a reason"))
    assert found.sdnn.note == found.rmssd.note == "the heart rate is not measured: a reason"
    assert len(found.beats_s) == len(found.beat_quality) == len(found.intervals_ms) == 0


def test_beats_that_contradict_the_rate_are_not_believed() -> None:
    pulse = clean_waveform(difference(invented(70)), FS, "heart", SIGNALS)
    found = heart_rate_variability(pulse, FS, Rate(140.0, "beats/min", 0.5, None))
    assert found.sdnn.value is None
    assert "70 beats/min" in str(found.sdnn.note)


@pytest.mark.parametrize("pulse", [np.full(3000, np.nan), np.zeros(3000), np.empty(0)])
def test_nothing_is_no_error(pulse: NDArray[np.float64]) -> None:
    found = heart_rate_variability(pulse, FS, Rate(70.0, "beats/min", 0.5, None))
    assert found.sdnn.value is None
    assert found.sdnn.note
