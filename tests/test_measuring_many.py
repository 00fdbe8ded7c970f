"""Many videos measured: one row each, failures named, nothing measured twice."""

import csv
import os
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from physiocam import measuring, measuring_many
from physiocam.cli import app
from physiocam.measuring_many import MeasureOptions, expand_videos, measure_many
from physiocam.video.writer import write_video

OPTIONS = MeasureOptions(face="center", threads=1)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    (folder / "day2").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.mp4", "day2/b.mp4"):
        write_video(folder / name, rng.integers(0, 256, (24, 48, 48, 3)).astype(np.uint8), 24.0)
    (folder / "broken.mp4").write_text("no video")
    return folder


def table(path: Path) -> list[Mapping[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_of_videos_is_many_and_a_folder_of_images_one(videos: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "0.png").touch()
    expected = [str(videos / name) for name in ("a.mp4", "broken.mp4", "day2/b.mp4")]
    assert expand_videos([str(videos), str(images), "x.mp4"]) == [*expected, str(images), "x.mp4"]


def test_each_video_has_a_row(videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["measure", str(videos), "-o", str(out), "--face", "center", "--threads", "1"]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 1
    assert "2 of 3 videos are measured" in answer.output
    rows = table(out / "summary.csv")
    assert [os.path.basename(row["video"]) for row in rows] == ["a.mp4", "broken.mp4", "b.mp4"]
    assert rows[0]["frames"] == "24"
    assert rows[0]["heart_rate_value"] == ""
    assert "needs" in rows[0]["heart_rate_note"]
    assert float(rows[0]["AU12_mean_probability"]) >= 0
    assert "broken.mp4" in rows[1]["error"]
    parquet = pytest.importorskip("pyarrow.parquet").read_table(out / "summary.parquet").to_pylist()
    assert [row["frames"] for row in parquet] == [24, None, 24]
    assert parquet[0]["heart_rate_value"] is None
    assert (out / "b" / "waveforms.csv").exists()


def test_what_is_measured_is_kept_until_something_changes(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []
    measure = measuring.measure

    def counted(video: str, **options: Any) -> Any:
        measured.append(os.path.basename(video))
        return measure(video, **options)

    monkeypatch.setattr(measuring_many, "measure", counted)
    chosen = [str(videos / "a.mp4"), str(videos / "day2" / "b.mp4")]
    folders = [tmp_path / "a", tmp_path / "b"]

    def again(options: MeasureOptions = OPTIONS) -> list[str]:
        measured.clear()
        measure_many(chosen, folders, tmp_path / "summary.csv", options)
        return list(measured)

    assert again() == ["a.mp4", "b.mp4"]
    before = (tmp_path / "summary.csv").read_bytes()
    assert again() == []
    assert (tmp_path / "summary.csv").read_bytes() == before
    os.utime(chosen[1], (1, 1))
    assert again() == ["b.mp4"]
    (folders[0] / "measurement.json").unlink()
    assert again() == ["a.mp4"]
    (folders[0] / "measurement.json").write_text('{"frames": "many"}')
    assert again() == ["a.mp4"]
    (folders[1] / "measured_with.json").write_text("[" * 100_000)
    assert again() == ["b.mp4"]
    assert again(MeasureOptions(face=(0, 0, 40), threads=1)) == ["a.mp4", "b.mp4"]


def test_processes_write_the_same_table(videos: Path, tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    chosen = [str(videos / "a.mp4"), str(videos / "day2" / "b.mp4")]
    for jobs in (1, 2):
        folders = [tmp_path / str(jobs) / name for name in "ab"]
        measure_many(chosen, folders, tmp_path / f"{jobs}.csv", OPTIONS, jobs=jobs)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_options_may_be_numbers_of_any_kind(videos: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, fs=Fraction(25), face=(np.int64(1), 2.0, 30))  # type: ignore[arg-type]
    (outcome,) = measure_many([str(sorted(videos.rglob("*.mp4"))[0])], [tmp_path / "out"], tmp_path / "s.csv", options)
    assert outcome.error is None
    assert (tmp_path / "out" / "measured_with.json").exists()


def test_a_folder_for_the_results_is_asked_for(videos: Path) -> None:
    answer = CliRunner().invoke(app, ["measure", str(videos)])
    assert "name one with -o FOLDER" in str(answer.exception)
