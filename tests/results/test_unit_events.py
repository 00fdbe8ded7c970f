"""When action units begin, culminate and end."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.measuring.expressions import Expressions
from physiocam.measuring.options import MeasureOptions
from physiocam.measuring.summarize import Frames, Signals, summarize
from physiocam.results.measurement import Measurement

FS = 20.0


def measured(*columns: tuple[str, NDArray[np.float64]], intensity: NDArray[np.float64] | None = None) -> Measurement:
    labels = tuple(label for label, _ in columns)
    probability = np.stack([column for _, column in columns], axis=1).astype(np.float32)
    frames = len(probability)
    seen = Frames("a.mp4", FS, np.arange(frames) / FS, np.ones(frames, bool), np.zeros((frames, 3), np.int32), ())
    expressions = Expressions(labels, probability, head_pose=np.full((frames, 3), np.nan, np.float32))
    if intensity is not None:
        expressions = replace(expressions, intensities=labels[:1], intensity=intensity[:, None].astype(np.float32))
    else:
        expressions = replace(expressions, intensity=np.empty((frames, 0), np.float32))
    return summarize(seen, Signals("none", "none", expressions), MeasureOptions(), None)


def bump(*spans: tuple[int, int], high: float = 0.9, frames: int = 200) -> NDArray[np.float64]:
    probability = np.full(frames, 0.1)
    for start, stop in spans:
        probability[start:stop] = high
    return probability


def test_an_event_has_onset_apex_and_offset() -> None:
    smile = bump((40, 80))
    smile[60] = 0.97
    (event,) = measured(("AU12", smile)).events
    assert (event.unit, event.onset_s, event.apex_s, event.offset_s) == ("AU12", 2.0, 3.0, 4.0)
    assert event.peak_probability == pytest.approx(0.97)
    assert event.peak_intensity is None


def test_the_apex_is_where_it_is_most_intense() -> None:
    intensity = np.linspace(0, 1, 200)
    intensity[70] = 4.25
    (event,) = measured(("AU12", bump((40, 80))), intensity=intensity).events
    assert (event.apex_s, event.peak_intensity) == (3.5, 4.25)


def test_short_pauses_do_not_end_an_event_and_short_events_are_none() -> None:
    # A pause of 0.15 s, an event of 0.2 s, and a probability that falls, but not below 0.4.
    wavering = bump((40, 60), (63, 80), (150, 154))
    wavering[70] = 0.45
    (event,) = measured(("AU04", wavering)).events
    assert (event.onset_s, event.offset_s) == (2.0, 4.0)


def test_gaps_end_events() -> None:
    smile = bump((40, 80))
    smile[58:60] = np.nan
    assert [(event.onset_s, event.offset_s) for event in measured(("AU12", smile)).events] == [(2.0, 2.9), (3.0, 4.0)]


def test_events_are_in_the_order_of_time() -> None:
    events = measured(("AU12", bump((100, 120))), ("AU04", bump((40, 60)))).events
    assert [event.unit for event in events] == ["AU04", "AU12"]


def test_blinks_are_counted_and_closed_eyes_are_none() -> None:
    # Two blinks of 0.15 and 0.1 s, and eyes that are closed for two seconds.
    closed = bump((20, 23), (60, 62), (100, 140))
    measurement = measured(("AU45", closed))
    assert len(measurement.events) == 3
    assert measurement.blinks_per_minute == pytest.approx(12.0)
    unseen = closed.copy()
    unseen[140:] = np.nan
    assert measured(("AU45", unseen)).blinks_per_minute == pytest.approx(60 * 2 / 7.0)
    assert measured(("AU12", closed)).blinks_per_minute is None
    assert measured(("AU45", np.full(200, np.nan))).blinks_per_minute is None


def test_cuts_end_events() -> None:
    seen = measured(("AU12", bump((40, 120))))
    events = replace(seen, cuts_s=(4.0,)).events
    assert [(event.onset_s, event.offset_s) for event in events] == [(2.0, 4.0), (4.0, 6.0)]
