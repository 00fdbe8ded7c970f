"""What follows from a rate that is withheld: none along the recording either, and the qualities stay."""

import numpy as np

from physiocam.measuring.expressions import no_expressions
from physiocam.measuring.options import MeasureOptions
from physiocam.measuring.summarize import Frames, Signals, summarize
from physiocam.report.missing_rates import why_no_rate
from physiocam.results.measurement import Measurement
from physiocam.signals.rate import rates_along
from physiocam.signals.settings import SETTINGS

FS, FRAMES = 30.0, 3600


def answered(pulse: np.ndarray[tuple[int], np.dtype[np.float64]], faces: int = FRAMES) -> Measurement:
    found = np.arange(FRAMES) < faces
    frames = Frames("clip.mp4", FS, np.arange(FRAMES) / FS, found, np.zeros((FRAMES, 3), np.int32), notes=())
    signals = Signals(pulse, "not measured here", no_expressions(FRAMES))
    return summarize(frames, signals, MeasureOptions(), None)


def test_rates_along_a_recording_without_a_rate_are_withheld_too() -> None:
    noise = np.random.default_rng(2).standard_normal(FRAMES)
    # For ten of its two minutes' seconds it beats as if it were a pulse.
    noise[:300] += 30.0 * np.sin(2 * np.pi * 1.4 * np.arange(300) / FS)
    alone = rates_along(noise, FS, "heart", SETTINGS["default"])
    assert np.isfinite(alone.value).any()
    measurement = answered(noise)
    assert measurement.heart_rate.value is None
    assert np.isnan(measurement.heart_rate_along.value).all()
    np.testing.assert_array_equal(measurement.heart_rate_along.quality, alone.quality)
    reasons = why_no_rate(measurement, "heart")
    assert f"not measured in the whole recording: {measurement.heart_rate.note}" in reasons
    assert None not in reasons


def test_frames_without_a_face_lower_the_quality_and_leave_the_estimate() -> None:
    noise = np.random.default_rng(2).standard_normal(FRAMES)
    pulse = 0.25 * np.cos(2 * np.pi * 1.2 * np.arange(FRAMES) / FS) + noise
    whole, part = answered(pulse).heart_rate, answered(pulse, faces=FRAMES // 2).heart_rate
    assert part.quality == whole.quality / 2 > 0
    assert part.estimate == whole.estimate


def test_without_a_face_or_a_task_there_is_no_estimate() -> None:
    pulse = np.cos(2 * np.pi * 1.2 * np.arange(FRAMES) / FS)
    nobody = answered(pulse, faces=0)
    assert (nobody.heart_rate.note, nobody.heart_rate.estimate) == ("no face was found", None)
    without = answered(pulse).breathing_rate
    assert (without.note, without.estimate, without.interval) == ("not measured here", None, None)


def test_with_a_rate_they_stay() -> None:
    pulse = np.cos(2 * np.pi * 1.2 * np.arange(FRAMES) / FS)
    measurement = answered(pulse)
    assert measurement.heart_rate.value is not None
    assert np.isfinite(measurement.heart_rate_along.value[1:-1]).all()


def test_a_rate_that_changes_much_is_given_along_the_recording() -> None:
    rate = np.linspace(60.0, 150.0, FRAMES)
    phase = 2 * np.pi * np.cumsum(rate / 60.0) / FS
    measurement = answered(np.cos(phase) + 0.3 * np.random.default_rng(1).standard_normal(FRAMES))
    assert measurement.heart_rate.value is None
    along = measurement.heart_rate_along.value
    there = np.isfinite(along)
    assert there.mean() > 0.8
    true = np.interp(measurement.rates_timestamps_s, np.arange(FRAMES) / FS, rate)
    assert np.abs(along - true)[there].max() < 6.0
