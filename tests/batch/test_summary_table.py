"""The columns of the table of many videos."""

import csv
from pathlib import Path

import pytest

from physiocam.batch.outcome import VideoOutcome
from physiocam.batch.summary_table import write_summary


def test_estimates_and_intervals_have_columns(tmp_path: Path) -> None:
    given = {"value": 72.5, "unit": "beats/min", "quality": 0.8, "note": None, "estimate": 72.5, "interval": [70.9, 74]}
    withheld = given | {"value": None, "note": "a reason", "estimate": 55.5, "interval": None}
    outcomes = [
        VideoOutcome(f"{name}.mp4", tmp_path / name, {"heart_rate": rate, "face": {"choice": "auto"}})
        for name, rate in (("a", given), ("b", withheld))
    ]
    write_summary([*outcomes, VideoOutcome("c.mp4", None, None, "it is broken")], tmp_path)
    with (tmp_path / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rate = [f"heart_rate_{part}" for part in ("value", "unit", "quality", "note", "estimate", "low", "high")]
    assert list(rows[0]) == ["video", "folder", "error", *rate, "face_choice"]
    assert [rows[0][name] for name in rate] == ["72.5", "beats/min", "0.8", "", "72.5", "70.9", "74"]
    assert [rows[1][name] for name in rate] == ["", "beats/min", "0.8", "a reason", "55.5", "", ""]
    assert {rows[2][name] for name in rate} == {""}
    parquet = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "summary.parquet").to_pylist()
    assert [row["heart_rate_estimate"] for row in parquet] == [72.5, 55.5, None]
    assert [row["heart_rate_high"] for row in parquet] == [74.0, None, None]
