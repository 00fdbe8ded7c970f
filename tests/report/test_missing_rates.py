"""Why there is no rate at a moment: the reason names what was there and what is needed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from physiocam.report.missing_rates import why_no_rate
from physiocam.results.measurement import Measurement
from physiocam.signals.rate import RateSeries

Make = Callable[..., Measurement]


def test_every_second_has_a_rate_or_a_reason(make_measurement: Make) -> None:
    measurement = make_measurement()
    for quantity in ("heart", "breathing"):
        along = measurement.heart_rate_along if quantity == "heart" else measurement.breathing_rate_along
        reasons = why_no_rate(measurement, quantity)
        assert [reason is None for reason in reasons] == np.isfinite(along.value).tolist()


def test_a_short_stretch_says_how_much_there_is_and_how_much_is_needed(make_measurement: Make) -> None:
    reasons = why_no_rate(make_measurement(4.0, None), "heart")
    assert set(reasons) == {"4.0 s of pulse within 10 s; 6 s needed"}


def test_where_nobody_is_seen_no_face_is_the_reason(make_measurement: Make) -> None:
    reasons = why_no_rate(make_measurement(60.0, (20.0, 40.0)), "heart")
    assert reasons[30] == "no face within 10 s"
    assert reasons[20] == "4.5 s of pulse within 10 s; 6 s needed"


def test_without_any_waveform_the_reason_is_that_of_the_whole(make_measurement: Make) -> None:
    measurement = make_measurement(8.0, (0.0, 8.0))
    assert set(why_no_rate(measurement, "breathing")) == {measurement.breathing_rate.note}


def test_a_cut_ends_what_is_counted(make_measurement: Make) -> None:
    whole = make_measurement(40.0, None)
    unknown = replace(whole, heart_rate_along=RateSeries(np.full(40, np.nan), np.zeros(40)), cuts_s=(20.0,))
    reasons = why_no_rate(unknown, "heart")
    assert reasons[19] == "5.5 s of pulse within 10 s; 6 s needed"
    assert reasons[10] == "no steady pulse stands out from the noise"
