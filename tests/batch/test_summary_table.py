"""The columns of the table of many videos."""

import csv
from pathlib import Path
from typing import Any

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


def test_the_parquet_file_has_the_types_that_values_have(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    summaries: list[dict[str, Any]] = [
        {"frames": 24, "fs": 0.1 + 0.2, "report": True, "word": "2020-01-01", "never": None, "mixed": 1, "odd": "1"},
        {"frames": None, "fs": 30, "report": None, "word": 'new\nline, "quoted" \u00e4', "mixed": 2.5, "odd": "x"},
    ]
    write_summary([VideoOutcome(f"{i}.mp4", tmp_path, one) for i, one in enumerate(summaries)], tmp_path)
    table = parquet.read_table(tmp_path / "summary.parquet")
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert types == {
        "video": "string", "folder": "string", "error": "null", "frames": "int64", "fs": "double", "report": "bool",
        "word": "string", "never": "null", "mixed": "double", "odd": "string",
    }  # fmt: skip
    rows = table.to_pylist()
    assert [row["fs"] for row in rows] == [0.1 + 0.2, 30.0]
    assert [row["word"] for row in rows] == ["2020-01-01", 'new\nline, "quoted" \u00e4']
    assert [row["frames"] for row in rows] == [24, None]


def test_structures_of_tasks_of_ones_own_are_columns_too(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow.parquet")
    lamp = {"on": 0.4, "rates": [1.5, 2.0]}
    outcomes = [
        VideoOutcome("a.mp4", tmp_path / "a", {"tasks": {"lamp": lamp}, "fs": 30.0}),
        VideoOutcome("b.mp4", None, None, "it is broken"),
    ]
    write_summary(outcomes, tmp_path)
    from pyarrow import parquet

    table = parquet.read_table(tmp_path / "summary.parquet")
    assert table.column_names == ["video", "folder", "error", "tasks_lamp", "fs"]
    assert table["tasks_lamp"].to_pylist() == [lamp, None]


def test_without_videos_no_earlier_table_stays(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow.parquet")
    write_summary([VideoOutcome("a.mp4", None, None, "it is broken")], tmp_path / "one")
    assert (tmp_path / "one" / "summary.parquet").is_file()
    (tmp_path / "one" / "summary.csv").unlink()
    write_summary([], tmp_path / "one")
    assert not (tmp_path / "one" / "summary.parquet").exists()
