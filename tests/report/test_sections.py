"""What a report's graphs and tables hold."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from physiocam.report import sections
from physiocam.report.head import head_graphs
from physiocam.results.measurement import Measurement

Make = Callable[..., Measurement]


def test_gaps_are_shaded_and_told(make_measurement: Make) -> None:
    (strip,) = sections.waveform_strips(make_measurement(), "heart")
    assert strip.marks.count('class="gap"') == 2  # the last frame's change is not seen
    assert "no usable signal from 12.0 to 18.0 s" in strip.alt


def test_a_long_recording_has_ten_strips_at_most_and_loses_no_beat(make_measurement: Make) -> None:
    strips = sections.waveform_strips(make_measurement(1800.0, None), "heart")
    assert len(strips) == 10
    assert (strips[0].x.low, strips[-1].x.high) == (0.0, 1800.0)
    assert max(len(strip.marks) for strip in strips) < 30_000


def test_the_table_of_a_short_waveform_has_every_frame(make_measurement: Make) -> None:
    measurement = make_measurement(10.0, None)
    table = sections.waveform_table(measurement, "heart")
    assert len(table.rows) == measurement.frames
    assert float(table.rows[100][1]) == pytest.approx(measurement.pulse[100], abs=1e-3)
    assert table.rows[-1][1] == "-"


def test_the_table_of_a_long_waveform_is_shortened_and_says_so(make_measurement: Make) -> None:
    table = sections.waveform_table(make_measurement(60.0, None), "heart")
    assert len(table.rows) == 600
    assert "waveforms.csv" in table.caption
    assert all(float(low) <= float(high) for _, low, high in table.rows if "-" not in (low, high))


def test_rates_along_are_drawn_where_they_are(make_measurement: Make) -> None:
    measurement = make_measurement()
    values, quality = sections.rate_graphs(measurement, "heart")
    told = int(np.isfinite(measurement.heart_rate_along.value).sum())
    assert f"in {told} of 40 seconds" in values.alt
    dots = values.marks.split('class="line dots heart" d="')[1].split('"')[0]
    assert dots.count("M") == told
    assert quality.y.high == 1.0
    rows = sections.rate_table(measurement, "heart").rows
    assert len(rows) == 40
    assert all((rate == "-") == bool(reason) for _, rate, _, reason in rows)


def test_a_recording_under_a_second_has_no_rates_along(make_measurement: Make) -> None:
    assert sections.rate_graphs(make_measurement(0.8, None), "heart") == []


@pytest.mark.parametrize("settings", ["default", "paper"])
def test_the_marked_peak_of_the_spectrum_is_the_rate(settings: str, make_measurement: Make) -> None:
    measurement = make_measurement(settings=settings)
    found = sections.spectrum_graph(measurement, "heart")
    assert found is not None
    graph, table = found
    power = [float(value) for _, value in table.rows]
    strongest = float(table.rows[int(np.argmax(power))][0])
    assert measurement.heart_rate.value == pytest.approx(strongest, abs=1.0)
    assert max(power) == 1.0
    assert f"the chosen peak is at {measurement.heart_rate.value:.1f}" in graph.alt
    assert 'class="line peak"' in graph.marks


def test_without_a_rate_no_peak_is_marked(make_measurement: Make) -> None:
    assert sections.spectrum_graph(make_measurement(4.0, None), "heart") is None
    assert sections.spectrum_graph(make_measurement(8.0, (0.0, 8.0)), "heart") is None


def test_action_units_keep_their_names_and_gaps(make_measurement: Make) -> None:
    rows = sections.action_unit_rows(make_measurement())
    assert [label for label, _, _ in rows][:3] == ["AU01", "AU02", "AU04"]
    assert rows[6][1].name == "lip corner puller"
    assert all(graph.marks.count('class="gap"') == 1 for _, _, graph in rows)
    table = sections.action_unit_table(make_measurement())
    assert len(table.rows) == 40
    assert set(table.rows[14][1:]) == {"-"}
    assert table.rows[0][12] == "1.00"


def test_beats_are_drawn_where_there_are_any(make_measurement: Make) -> None:
    measurement = make_measurement(90.0, None, hrv=True)
    variability = measurement.heart_rate_variability
    assert variability is not None
    found = sections.beat_graph(measurement, variability)
    assert found is not None
    assert len(found[1].rows) == len(variability.beats_s)


def test_cuts_are_marked_on_every_time_axis(make_measurement: Make) -> None:
    whole = make_measurement(hrv=True)
    pose = np.tile(np.linspace(-5.0, 5.0, whole.frames, dtype=np.float32)[:, None], (1, 3))
    film = replace(whole, head_pose=pose, cuts_s=(10.0, 20.0, 30.0))
    assert film.beats is not None
    turned, beats = head_graphs(film), sections.beat_graph(film, film.beats)
    assert turned is not None
    assert beats is not None
    graphs = [
        *sections.rate_graphs(film, "heart"),
        *sections.rate_graphs(film, "breathing"),
        *(graph for _, _, graph in sections.action_unit_rows(film)),
        *(graph for _, graph in turned[0]),
        beats[0],
    ]
    assert len(graphs) == 2 + 2 + 12 + 3 + 1
    assert [graph.marks.count('class="line cut"') for graph in graphs] == [3] * len(graphs)
    # Each strip of a waveform has those of its own time, and none at its edges.
    strips = sections.waveform_strips(film, "heart")
    assert sum(strip.marks.count('class="line cut"') for strip in strips) == sum(
        strip.x.low < cut < strip.x.high for strip in strips for cut in film.cuts_s
    )
    assert not sections.spectrum_graph(film, "heart")[0].marks.count("cut")  # type: ignore[index]
