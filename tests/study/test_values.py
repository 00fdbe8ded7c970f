"""What is measured in a part of a recording: only what its windows see, and honest about what is missing."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from physiocam.results.measurement import Measurement
from physiocam.results.unit_events import unit_events
from physiocam.signals.rate import RateSeries
from physiocam.study.values import Part, part_values, whole_values

Make = Callable[..., Measurement]


def test_the_rates_of_a_part_are_those_along_it(make_measurement: Make) -> None:
    measurement = make_measurement(80.0, None)
    values = part_values(measurement, Part(0.0, 40.0), [])
    assert values["heart_rate"] == pytest.approx(66.0, abs=1.5)
    assert values["breathing_rate"] == pytest.approx(15.0, abs=1.0)
    assert values["heart_rate_coverage"] == pytest.approx(1.0, abs=0.05)
    assert values["heart_rate_note"] is None
    assert values["face_found_fraction"] == 1.0


def test_no_window_reaches_beyond_a_part_that_is_long_enough(make_measurement: Make) -> None:
    measurement = make_measurement(80.0, None)
    times = measurement.rates_timestamps_s
    series = RateSeries(np.where(times < 40, 60.0, 120.0), np.ones(len(times)))
    measurement = replace(measurement, heart_rate_along=series)
    # The windows of 10 s of the first part's seconds from 35 on reach into the second.
    assert part_values(measurement, Part(20.0, 45.0), [])["heart_rate"] == pytest.approx(60.0)
    assert part_values(measurement, Part(20.0, 46.0), [])["heart_rate"] == pytest.approx(
        (15 * 60 + 120) / 16 - 0, abs=4
    )
    short = part_values(measurement, Part(36.0, 43.0), [])
    assert short["heart_rate"] == 60.0
    assert short["heart_rate_note"] == "the window of 10 s reaches 1.5 s beyond"


@pytest.mark.parametrize(
    ("part", "note"),
    [
        (Part(1.0, 5.0), "4.0 s long; heart rate needs 6 s"),
        (Part(12.0, 18.0), "no face"),
    ],
)
def test_what_is_missing_has_a_reason(make_measurement: Make, part: Part, note: str) -> None:
    values = part_values(make_measurement(), part, [])
    if "no face" in note:
        assert values["face_found_fraction"] == 0.0
        assert values["AU12_mean_probability"] is None
        return
    assert values["heart_rate"] is None
    assert values["heart_rate_note"] == note


def test_the_whole_recording_has_its_own_rate(make_measurement: Make) -> None:
    measurement = make_measurement()
    values = whole_values(measurement, [])
    assert values["heart_rate"] == measurement.heart_rate.value
    assert values["face_found_fraction"] == pytest.approx(0.85)


def test_variability_needs_a_long_part(make_measurement: Make) -> None:
    pytest.importorskip("neurokit2")
    values = part_values(make_measurement(70.0, None, hrv=True), Part(0.0, 30.0), [])
    assert values["sdnn_ms"] is None
    assert "needs 60 s" in str(values["sdnn_note"])


def with_probability(measurement: Measurement, probability: np.ndarray) -> Measurement:
    every = np.zeros_like(measurement.action_unit_probability)
    every[:, 6] = probability
    return replace(measurement, action_unit_probability=every)


def test_events_of_units_ignore_flicker_and_end_at_gaps(make_measurement: Make) -> None:
    probability = np.zeros(1000, dtype=np.float32)
    probability[100:150] = 0.9
    probability[120] = 0.1  # one frame
    probability[300] = 0.9  # one frame
    probability[500:600] = 0.8
    probability[550:552] = np.nan
    measurement = with_probability(make_measurement(40.0, None), probability)
    events = unit_events(measurement)
    assert {one.unit for one in events} == {"AU12"}
    assert [(one.onset_s, one.offset_s) for one in events] == [
        (4.0, 6.0), (20.0, 22.0), (22.08, 24.0),
    ]  # fmt: skip
    assert events[0].peak_probability == pytest.approx(0.9)
    values = part_values(measurement, Part(0.0, 20.0), events)
    assert values["AU12_events_per_minute"] == 3.0
    assert values["AU12_active_fraction"] == pytest.approx(50 / 500)
    assert values["AU12_peak_probability"] == pytest.approx(0.9)
