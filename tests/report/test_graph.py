"""Marks and ticks of graphs: in their places, and safe."""

import re

import numpy as np
import pytest

from physiocam.report.graph import Axis, Graph, bins, highest, lowest, mean, text


def graph() -> Graph:
    return Graph("", Axis.of(0.0, 10.0, "s"), Axis.of(0.0, 1.0, ""), "wave")


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 11.8), (61.3, 82.9), (-3, 3), (0, 0.004), (5, 4000)])
def test_ticks_are_round_few_and_inside(low: float, high: float) -> None:
    ticks = [value for value, _ in Axis.of(low, high, "").ticks]
    assert 2 <= len(ticks) <= 7
    assert low - 1e-9 <= ticks[0]
    assert ticks[-1] <= high + 1e-9
    step = ticks[1] - ticks[0]
    assert float(f"{step:.0e}") == pytest.approx(step)


def test_long_times_are_minutes_and_seconds() -> None:
    assert Axis.of_time(0.0, 100.0).unit == "s"
    axis = Axis.of_time(0.0, 3600.0)
    assert axis.unit == "min:s"
    assert [text for _, text in axis.ticks] == ["0:00", "10:00", "20:00", "30:00", "40:00", "50:00", "60:00"]
    assert axis.places[3] == (50.0, "30:00")


def test_a_line_is_broken_at_gaps() -> None:
    one = graph()
    one.add_line(np.array([0.0, 5.0, 6.0, 10.0]), np.array([0.0, 1.0, np.nan, 0.5]), "heart")
    assert 'd="M0.0 1000.0L500.0 0.0M1000.0 500.0"' in one.marks


def test_an_area_stands_on_the_bottom_and_leaves_gaps_out() -> None:
    one = graph()
    one.add_area(np.array([0.0, 2.0, 4.0, 6.0]), np.array([0.5, np.nan, 1.0]), "au")
    assert 'd="M0.0 1000V500.0H200.0V1000ZM400.0 1000V0.0H600.0V1000Z"' in one.marks


def test_spans_are_cut_to_the_graph() -> None:
    one = graph()
    one.add_spans([(-5.0, 1.0), (9.0, 20.0), (30.0, 40.0)], "gap")
    assert re.findall(r'x="([\d.]+)" y="0" width="([\d.]+)"', one.marks) == [("0.0", "100.0"), ("900.0", "100.0")]


def test_styles_are_escaped() -> None:
    one = graph()
    one.add_level(0.5, '"><script>')
    assert "<script>" not in one.marks


def test_bins_reduce_what_is_there() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan, np.nan, 7.0, 5.0])
    edges = bins(7, 3)
    assert edges.tolist() == [0, 2, 4, 7]
    assert (lowest(values, edges).tolist(), highest(values, edges).tolist()) == ([1.0, 3.0, 5.0], [1.0, 3.0, 7.0])
    assert mean(values, edges).tolist() == [1.0, 3.0, 6.0]
    assert np.isnan(mean(np.full(7, np.nan), edges)).all()
    assert bins(2, 5).tolist() == [0, 1, 2]


def test_no_figure_is_a_dash() -> None:
    assert (text(None, 1), text(float("nan"), 1), text(2.347, 2)) == ("-", "-", "2.35")
