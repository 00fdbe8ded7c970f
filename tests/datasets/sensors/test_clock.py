"""Times as sensors' programs write them: understood in the one way there is, or refused by line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from physiocam.datasets.sensors.clock import Rising, rate_of, read_times, rising, unit_of_time
from physiocam.datasets.sensors.text_tables import read_table
from physiocam.errors import DatasetError

FS = 30.098
TIMES = np.arange(354) / FS
LONG = np.arange(5400) / FS


def where(index: int) -> str:
    return f"line {index + 2}"


def mended(times: NDArray[np.float64]) -> Rising:
    return rising(times, where, np.sin(7.9 * np.arange(len(times)) / FS))


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("time", 1.0), ("t", 1.0), ("timestamps", 1.0), ("time (s)", 1.0), ("time_ms", 1e-3), ("time [ms]", 1e-3),
        ("timestamp_us", 1e-6), ("time (µs)", 1e-6), ("timestamp_ns", 1e-9), ("ms", 1e-3), ("seconds", 1.0),
        ("elapsed time (min)", 60.0), ("unix_timestamp", 1.0), ("datetime", 1.0), ("time (hh:mm:ss.000)", 1.0),
        ("timestampms", 1e-3), ("time,s", 1.0), ("zeit (s)", 1.0), ("min", None), ("temperature", None), ("ppg", None),
        ("frame", None), ("ppg_time", None), ("timer", None), ("hr", None),
    ],
)  # fmt: skip
def test_names_of_columns_say_the_unit(name: str, unit: float | None) -> None:
    assert unit_of_time(name) == unit


@pytest.mark.parametrize(
    ("head", "write"),
    [
        ("time", lambda t: f"{t:.6f}"),
        ("time_ms", lambda t: f"{1000 * t:.3f}"),
        ("timestamp_ns", lambda t: f"{1e9 * t:.0f}"),
        ("time", lambda t: f"00:00:{t:09.6f}"),
        ("time", lambda t: f"0:{t:.6f}"),
        ("time", lambda t: f"0 days 00:00:{t:09.6f}"),
        ("time", lambda t: f"2024-05-01T12:00:{t:09.6f}+00:00"),
        ("datetime", lambda t: f"2024-05-01 12:00:{t:09.6f}"),
        ("time", lambda t: f"2024-05-01T12:00:{t:09.6f}Z"),
        ("unix_time", lambda t: f"{1714564800 + t:.6f}"),
    ],
)
def test_times_written_in_any_way_are_seconds(tmp_path: Path, head: str, write: Callable[[float], str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([f"{head},ppg", *(f"{write(time)},1" for time in TIMES)]))
    times = read_times(read_table(path), 0)
    assert times - times[0] == pytest.approx(TIMES, abs=2e-6)
    assert times[0] in (0, 1714564800)


@pytest.mark.parametrize("odd", ["noon", "00:00:01", "2024-05-01T12:00:00"])
def test_a_cell_that_is_no_such_time_is_named(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"time,ppg\n0.1,1\n0.2,2\n{odd},3\n00:00:02,4\n2024-05-01,5\n")
    expected = r"'a\.csv' has '.+' in line \d, column 'time'; expected one format for all times"
    with pytest.raises(DatasetError, match=expected):
        read_times(read_table(path), 0)


def test_whole_seconds_are_spread_over_the_second() -> None:
    found = mended(np.floor(TIMES))
    assert len(found.order) == 354
    assert np.abs(found.seconds - TIMES).max() < 1.1 / FS
    assert rate_of(found.seconds) == pytest.approx(FS, rel=0.005)
    assert found.notes == ("times are truncated to steps of 1 s, 30 samples each; spread evenly over the steps",)


@given(st.floats(12, 500), st.floats(0.05, 0.95), st.sampled_from([0.1, 1.0]))
def test_ticks_of_any_clock_are_spread(fs: float, start: float, tick: float) -> None:
    times = 3 + tick * (start + np.arange(int(8 * max(fs, 25 / tick))) / max(fs, 25 / tick) / tick)
    found = mended(np.floor(times / tick + 1e-9) * tick)
    assert np.abs(found.seconds - times).max() < tick
    assert np.abs(found.seconds - times).mean() < 0.1 * tick


@pytest.mark.parametrize(
    "counts", [[10, 50, 294], [30, 30, 12, 30, 30], [30, 30, 45, 30, 30], [15, 30, 30, 30], [200], [30, 30]]
)
def test_ticks_that_are_not_evenly_filled_are_refused(counts: list[int]) -> None:
    times = np.repeat(np.arange(len(counts), dtype=np.float64), counts)
    with pytest.raises(DatasetError, match=r"time \d s appears \d+ times, from line \d+ to line \d+"):
        mended(times)


def test_a_hole_between_ticks_stays_a_hole() -> None:
    kept = (TIMES < 4) | (TIMES >= 7)
    found = mended(np.floor(TIMES)[kept])
    assert np.diff(found.seconds).max() == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("period", [1.0, 60.0])
def test_a_clock_that_starts_again_is_counted_on(period: float) -> None:
    found = mended(np.round(LONG % period, 6))
    assert found.seconds == pytest.approx(LONG, abs=1e-5)
    assert found.notes == (f"times restart every {period:g} s; made continuous, {int(LONG[-1] // period)} times",)


def test_whole_seconds_that_start_again_every_minute() -> None:
    found = mended(np.floor(LONG % 60))
    assert np.abs(found.seconds - LONG).max() < 1.1 / FS


def test_midnight_passes() -> None:
    assert mended((86_395 + TIMES) % 86_400).seconds == pytest.approx(86_395 + TIMES)


@pytest.mark.parametrize("times", [TIMES, np.floor(TIMES)])
def test_rows_from_the_last_to_the_first_are_turned_round(times: NDArray[np.float64]) -> None:
    found = mended(times[::-1])
    assert found.order.tolist() == list(range(353, -1, -1))
    assert np.abs(found.seconds - TIMES).max() < 1.1 / FS
    assert "reversed" in found.notes[0]


@pytest.mark.parametrize(
    "times",
    [
        np.concatenate([TIMES, TIMES]),
        TIMES % 5,
        np.random.default_rng(0).permutation(TIMES),
        np.where(np.arange(354) == 100, 1e6, TIMES),
        np.concatenate([TIMES[:100], TIMES[::-1]]),
    ],
    ids=["two recordings", "every five seconds", "shuffled", "one far ahead", "forth and back"],
)
def test_other_orders_are_refused_by_line(times: NDArray[np.float64]) -> None:
    with pytest.raises(DatasetError, match=r"time .+ s in line \d+ follows .+ s in line \d+, and \d+ of \d+ samples"):
        mended(times)


def test_few_samples_behind_are_left_out_with_a_note() -> None:
    times = TIMES.copy()
    times[50] = times[49]
    found = mended(times)
    assert len(found.order) == 353
    assert "1 of 354 samples are left out: time 1.62802 s in line 52 follows 1.62802 s in line 51" in found.notes[0]


def test_rows_that_are_there_twice_count_once() -> None:
    values = np.sin(np.repeat(TIMES, 2))
    found = rising(np.repeat(TIMES, 2), where, values)
    assert found.seconds.tolist() == TIMES.tolist()
    assert found.notes == ("354 samples are duplicates, first in line 3; counted once",)


def test_samples_without_a_time() -> None:
    times = TIMES.copy()
    times[3] = np.nan
    found = mended(times)
    assert len(found.order) == 353
    assert found.notes == ("1 of 354 samples have no time and are left out, first in line 5",)
    with pytest.raises(DatasetError, match="354 of 354 samples have no time, first in line 2; expected one per sample"):
        mended(np.full(354, np.nan))


@given(st.lists(st.floats(-1e3, 1e3) | st.just(np.nan), min_size=1, max_size=40))
def test_times_rise_or_are_refused(times: list[float]) -> None:
    try:
        found = rising(np.array(times), where, np.arange(len(times), dtype=np.float64))
    except DatasetError:
        return
    assert (np.diff(found.seconds) > 0).all()
    assert len(found.order) == len(set(found.order.tolist())) == len(found.seconds)
