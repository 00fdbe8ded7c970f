"""Two results, or a result and a sensor, compared: the figures by which devices are judged, and the lag found."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from physiocam.cli import app
from physiocam.errors import PhysiocamError
from physiocam.evaluation.against import against, read_evaluated
from physiocam.evaluation.agreement import agreement
from physiocam.evaluation.compare import compare
from physiocam.evaluation.evaluate import Evaluation, RateComparison
from physiocam.evaluation.metrics import Estimate, rate_scores
from physiocam.evaluation.rate_source import read_rates
from physiocam.evaluation.summary import rates_csv, to_markdown
from physiocam.results.measurement import Measurement
from physiocam.signals.rate import RateSeries
from physiocam.synthetic.physiology import Physiology

Make = Callable[..., Measurement]


def test_the_figures_are_those_of_the_standards() -> None:
    reference = np.array([60.0, 80.0, 100.0, 50.0, 70.0, 90.0])
    rates = reference + np.array([1.8, -4.0, 10.0, 0.0, 0.0, np.nan])
    found = agreement(rates, reference)
    difference = np.array([1.8, -4.0, 10.0, 0.0, 0.0])
    assert (found.pairs, found.references, found.coverage) == (5, 6, 5 / 6)
    assert found.bias is not None
    assert found.bias == pytest.approx(difference.mean())
    assert found.arms == pytest.approx(np.sqrt(np.mean(difference**2)))
    assert found.mape == pytest.approx((3 + 5 + 10) / 5)
    assert found.within == {3: 0.6, 5: 0.8, 10: 1.0}
    spread = 1.96 * difference.std(ddof=1)
    assert found.limits == pytest.approx((found.bias - spread, found.bias + spread))
    few = agreement(rates[:4], reference[:4])
    assert (few.limits, few.pearson) == (None, None)
    assert few.bias is not None
    assert agreement(np.array([np.nan]), np.array([60.0])).coverage == 0.0


def sensor(path: Path, late_s: float, fs: float = 64.0) -> None:
    """The pulse of `make_measurement`'s person, by a sensor whose clock is late, with a rate that the pulse shows."""
    person = Physiology(round(40 * 25.0), 25.0, 66.0, 15.0, np.random.default_rng(3))
    times = np.arange(0, 39.9, 1 / fs)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["time_s", "ppg", "HR (bpm)"])
        ppg = np.interp(times, np.arange(1000) / 25.0, person.pulse)
        rate = np.interp(times, np.arange(1000) / 25.0, person.heart_rates)
        table.writerows(zip(np.round(times + late_s, 4), np.round(ppg, 5), np.round(rate, 2), strict=True))


def test_a_sensor_whose_clock_is_late(make_measurement: Make, tmp_path: Path) -> None:
    sensor(tmp_path / "sensor.csv", 4.25)
    make_measurement(40.0, None).write(tmp_path / "result")
    out = tmp_path / "out"
    arguments = ["compare", str(tmp_path / "sensor.csv"), str(tmp_path / "result"), "-o", str(out)]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.exception
    assert "Lag: +4.2" in answer.output
    (one,) = json.loads((out / "comparison.json").read_text())
    assert one["lag"]["shift_s"] == pytest.approx(4.25, abs=0.06)
    assert abs(one["lag"]["correlation"]) > 0.9
    heart = one["rates"]["heart"]
    assert heart["arms"] < 1.5
    assert heart["coverage"] > 0.9
    assert heart["within"]["10"] == 1.0
    rows = list(csv.DictReader((out / "pairs.csv").open()))
    assert sum(row["reference"] != "" for row in rows) == heart["references"]
    assert "| heart rate (beats/min) |" in (out / "comparison.md").read_text()


def test_a_comparison_names_what_it_was_made_of(make_measurement: Make, tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    sensor(tmp_path / "sensor.csv", 4.25)
    make_measurement(40.0, None).write(tmp_path / "result")
    out = tmp_path / "out"
    CliRunner().invoke(app, ["compare", str(tmp_path / "sensor.csv"), str(tmp_path / "result"), "-o", str(out)])
    said = CliRunner().invoke(app, ["provenance", str(out / "comparison.md")])
    assert said.output.startswith(f"comparison {out}, physiocam ")
    assert f"measurement {tmp_path / 'result'}: not checked: no record is there\n" in said.output
    assert (f"file {tmp_path / 'sensor.csv'}: as made\n" in said.output, said.exit_code) == (True, 0)
    (tmp_path / "sensor.csv").write_text("")
    said = CliRunner().invoke(app, ["provenance", str(out)])
    assert (f"file {tmp_path / 'sensor.csv'}: has changed since" in said.output, said.exit_code) == (True, 1)


def test_coverage_stands_beside_the_error(make_measurement: Make, tmp_path: Path) -> None:
    measurement = make_measurement(40.0, None)
    measurement.write(tmp_path / "a")
    value = measurement.heart_rate_along.value.copy()
    value[10:30] = np.nan
    partly = replace(measurement, heart_rate_along=RateSeries(value, measurement.heart_rate_along.quality))
    partly.write(tmp_path / "b")
    found = compare(read_rates(tmp_path / "a"), read_rates(tmp_path / "b"))
    assert found.lag is not None
    assert found.lag.shift_s == 0.0
    heart = found.rates["heart"]
    assert (heart.arms, heart.references - heart.pairs) == (0.0, 20)
    assert found.units["AU12"].same == 1.0


def test_two_people_have_no_lag(make_measurement: Make, tmp_path: Path) -> None:
    measurement = make_measurement(40.0, None)
    noise = np.random.default_rng(0).standard_normal(measurement.frames)
    replace(measurement, pulse=noise, respiration=noise).write(tmp_path / "a")
    measurement.write(tmp_path / "b")
    assert compare(read_rates(tmp_path / "b"), read_rates(tmp_path / "a")).lag is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time_s,temperature_c\n0,36\n1,36\n", "expected a rate, such as heart_rate"),
        ("ppg\n1\n2\n", "no column of times"),
    ],
)
def test_a_file_that_cannot_be_compared_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(PhysiocamError, match=words):
        read_rates(tmp_path / "x.csv")
    with pytest.raises(PhysiocamError, match="does not exist"):
        read_rates(tmp_path / "gone")


UNKNOWN = Estimate(None, None, None)


def evaluation(offset: float, count: int) -> Evaluation:
    rows = tuple(
        RateComparison(f"r{index}", f"S{index}", 0.0, 60.0 + 3 * index + offset, 60.0 + 3 * index, 0.9, None, None)
        for index in range(count)
    )
    said, true = (np.array([getattr(row, name) for row in rows]) for name in ("predicted", "true"))
    return Evaluation(
        "default", count, rate_scores(said, true), None, {"heart": rows, "breathing": ()},
        dict.fromkeys(("heart", "breathing"), UNKNOWN), dict.fromkeys(("heart", "breathing"), UNKNOWN), None,
    )  # fmt: skip


def test_an_evaluation_against_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text(rates_csv(evaluation(2.0, 6)))
    section = against(evaluation(1.0, 8), read_evaluated(tmp_path), "earlier")
    rows = {
        row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:]] for row in section.splitlines()[4:9]
    }
    assert rows["heart: this"][:2] == ["6 of 6 (100%)", "1.00"]
    assert rows["heart: earlier"][1] == "2.00"
    assert rows["heart: this - earlier"][1] == "-1.00"
    with pytest.raises(PhysiocamError, match="evaluates none of these"):
        against(evaluation(1.0, 8), {}, "earlier")
    with pytest.raises(PhysiocamError, match="holds no evaluation"):
        read_evaluated(tmp_path / "gone")


def test_few_recordings_have_no_correlation_and_no_intervals() -> None:
    page = to_markdown(evaluation(1.0, 4), "few")
    assert "Only 4 compared" in page
    row = next(line for line in page.splitlines() if line.startswith("| Heart rate"))
    assert "[" not in row
    assert "| 1.00 | 1.00 |" in row
    many = to_markdown(evaluation(1.0, 5), "many")
    assert "Only" not in many
    assert "1.000" in many
    warned = to_markdown(replace(evaluation(1.0, 5), warnings=("it is",)), "warned")
    assert "Warning: it is." in warned
