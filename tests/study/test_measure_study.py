"""A study from its table to its tables and page; what fails never stops the rest, and nothing is measured twice."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import physiocam
from physiocam.batch import kept_results
from physiocam.cli import app
from physiocam.errors import PhysiocamError, VideoError
from physiocam.results.measurement import Measurement
from physiocam.study.measure_study import measure_study

pytest.importorskip("jinja2")

Make = Callable[..., Measurement]

TABLE = (
    "video,participant,condition,age,heart_rate,segment,start,end\n"
    "a.mp4,01,calm,23,60,rest,0,20\n"
    "a.mp4,01,calm,23,60,talk,20,60\n"
    "b.mp4,02,loud,31,61.5,=1+1,0:05,0:35\n"
    "broken.mp4,03,loud,29,70,rest,0,20\n"
    "a b.mp4,04,calm,30,66,rest,soon,20\n"
)


@pytest.fixture
def study(tmp_path: Path, make_measurement: Make, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """A study's table, and the names of the videos as they are measured."""
    measured: list[str] = []

    def invented(video: str, *_: Any, **__: Any) -> tuple[Measurement, ...]:
        measured.append(Path(video).name)
        if "broken" in video:
            raise VideoError(f"'{video}' cannot be opened as a video")
        return (replace(make_measurement(), source=video),)

    monkeypatch.setattr(kept_results, "measure_each", invented)
    for name in ("a.mp4", "b.mp4", "broken.mp4", "a b.mp4"):
        (tmp_path / name).write_text(name)
    (tmp_path / "study.csv").write_text(TABLE)
    return tmp_path / "study.csv", measured


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables_page_and_failures(study: tuple[Path, list[str]], tmp_path: Path) -> None:
    table, _ = study
    out = tmp_path / "out"
    answer = CliRunner().invoke(app, ["study", str(table), "-o", str(out), "--epoch", "10"])
    assert answer.exit_code == 1
    assert "1 of 4 recordings could not be measured" in answer.output
    assert "line 6: start is 'soon'" in answer.output
    recordings, segments, epochs = (rows(out / f"{name}.csv") for name in ("recordings", "segments", "epochs"))
    assert [row["recording"] for row in recordings] == ["a", "b", "broken", "a b"]
    assert "cannot be opened" in recordings[2]["error"]
    assert float(recordings[0]["heart_rate"]) == pytest.approx(66, abs=1.5)
    # The table's own column of that name is kept.
    assert [float(row["given_heart_rate"]) for row in recordings] == [60.0, 61.5, 70.0, 66.0]
    assert [(row["participant"], row["segment"], row["start_s"], row["end_s"]) for row in segments] == [
        ("01", "rest", "0.0", "20.0"),
        ("01", "talk", "20.0", "40.0"),
        ("02", "=1+1", "5.0", "35.0"),
        ("03", "rest", "0.0", "20.0"),
        ("04", "rest", "", ""),
    ]
    assert "after the end of the recording at 40.0 s" in segments[1]["note"]
    assert "cannot be opened" in segments[3]["note"]
    assert "expected seconds" in segments[4]["note"]
    assert [row["epoch"] for row in epochs] == ["1", "2", "3", "4"] * 3
    assert float(epochs[1]["face_found_fraction"]) == pytest.approx(0.4)
    described = {(row["table"], row["column"]) for row in rows(out / "dictionary.csv")}
    assert {("segments", name) for name in segments[0]} <= described
    assert all(row["description"] for row in rows(out / "dictionary.csv"))
    page = (out / "study.html").read_text(encoding="utf-8")
    for words in ("3 of 4", "calm, rest", "cannot be opened", "is not measured", "recordings/a%20b/measurement.json"):
        assert words in page
    assert "3 recordings of 3 participants (median 40.0 s" in page
    assert "with physiocam 0.1.0, which gave a heart rate in 3 and a breathing rate in 0. 1 more could not" in page
    assert "<script" not in page


def test_a_study_resumes(study: tuple[Path, list[str]], tmp_path: Path) -> None:
    table, measured = study

    def stopped(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_study(table, tmp_path / "out", progress=stopped)
    assert measured == ["a.mp4"]
    measure_study(table, tmp_path / "out")
    assert sorted(measured) == ["a b.mp4", "a.mp4", "b.mp4", "broken.mp4"]
    before = (tmp_path / "out" / "segments.csv").read_bytes()
    # Other segments are read from what was measured.
    table.write_text(TABLE.replace("rest,0,20", "rest,1,20"))
    physiocam.measure_study(table, tmp_path / "out")
    assert sorted(measured) == ["a b.mp4", "a.mp4", "b.mp4", "broken.mp4", "broken.mp4"]
    assert (tmp_path / "out" / "segments.csv").read_bytes() != before


def test_a_study_names_what_it_was_made_of(study: tuple[Path, list[str]], tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    from physiocam.evaluation.chain import chain_of

    table, _ = study
    (tmp_path / "a b_events.csv").write_text("onset,duration,trial_type\n1,2,smile\n")
    out = tmp_path / "out"
    measure_study(table, out)
    chain = chain_of(out / "study.html")
    assert chain.what.startswith(f"study {out}, study study, epoch_s 30.0")
    # The recording that cannot be measured is in no table.
    assert [link.what.split(",")[0] for link in chain.made_of] == [
        *(f"measurement {out / 'recordings' / name}" for name in ("a", "b", "a b")),
        *(f"file {tmp_path / name}" for name in ("study.csv", "a b_events.csv")),
    ]
    assert chain.wrong == 0
    # It may be moved.
    moved = chain_of(out.rename(tmp_path / "moved") / "segments.csv")
    assert (moved.wrong, len(moved.made_of)) == (0, 5)
    (tmp_path / "moved" / "segments.csv").write_text("")
    (tmp_path / "moved" / "recordings" / "b" / "measurement.json").write_text("{}")
    table.write_text(TABLE + "b.mp4,02,loud,31,61.5,more,10,20\n")
    (tmp_path / "a b_events.csv").unlink()
    changed = chain_of(tmp_path / "moved")
    assert changed.state == "with another 'segments.csv' than was made"
    assert [link.state for link in changed.made_of] == [
        "as made",
        "with another 'measurement.json' than was made",
        "as made",
        "has changed since",
        "not checked: it is not there",
    ]


def test_another_measurement_is_not_the_one_of_the_tables(study: tuple[Path, list[str]], tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    from physiocam.evaluation.chain import chain_of

    table, _ = study
    measure_study(table, tmp_path / "out")
    record = tmp_path / "out" / "made_with.json"
    made = json.loads(record.read_text())
    made["made_with"]["measurement"]["recordings/b"] = "0" * 64
    record.write_text(json.dumps(made))
    states = [link.state for link in chain_of(tmp_path / "out").made_of]
    assert states == ["as made", "another measurement than was used", "as made", "as made"]


def test_every_format_holds_the_same(study: tuple[Path, list[str]], tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pyreadstat = pytest.importorskip("pyreadstat")
    parquet = pytest.importorskip("pyarrow.parquet")
    table, _ = study
    out = tmp_path / "out"
    formats = ("csv-bom", "parquet", "xlsx", "sav")
    made = measure_study(table, out, tables=physiocam.TableOptions(formats=formats)).segments
    expected = [tuple(row.values()) for row in made.rows]
    names = [column.name for column in made.columns]
    assert (out / "segments.csv").read_bytes().startswith(b"\xef\xbb\xbfrecording,")
    assert [tuple(row.values()) for row in parquet.read_table(out / "segments.parquet").to_pylist()] == expected
    sheet = openpyxl.load_workbook(out / "study.xlsx")["segments"]
    assert [cell.value for cell in sheet[1]] == names
    assert [tuple(cell.value for cell in row) for row in sheet.iter_rows(min_row=2)] == expected
    # A text that looks like a formula is none.
    assert next(row for row in sheet.iter_rows() if row[0].value == "b")[names.index("segment")].data_type == "s"
    frame, about = pyreadstat.read_sav(str(out / "segments.sav"))
    labels = dict(zip(about.column_names, about.column_labels, strict=True))
    assert labels["heart_rate"].endswith("(beats/min)")
    for name, column in zip(names, zip(*expected, strict=True), strict=True):
        found = [None if value != value or value == "" else value for value in frame[name].tolist()]  # noqa: PLR0124
        assert found == list(column), name
    assert len(openpyxl.load_workbook(out / "study.xlsx")["dictionary"]["A"]) > 100


def test_wrong_options_are_refused_before_the_work(study: tuple[Path, list[str]], tmp_path: Path) -> None:
    table, measured = study
    for changes, words in (
        ({"formats": ("xls",)}, "formats has 'xls'; expected one of csv, "),
        ({"around_s": (-1.0, 2.0)}, "around_s is"),
        ({"epoch_s": 0.0}, "epoch_s is 0"),
    ):
        with pytest.raises(PhysiocamError, match=words):
            measure_study(table, tmp_path / "out", tables=physiocam.TableOptions(**changes))
    assert measured == []
    answer = CliRunner().invoke(app, ["study", str(table), "-o", str(tmp_path / "out"), "--around", "2"])
    assert "--around is '2'" in str(answer.exception)
