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

import physiocam as package
from physiocam.batch import kept_results
from physiocam.batch.measure_many import measure_many
from physiocam.batch.plan import Planned, plan_videos
from physiocam.cli import app
from physiocam.measuring.measure import measure_each
from physiocam.measuring.options import MeasureOptions
from physiocam.measuring.people_choice import PeopleChoice
from physiocam.results.measurement import Measurement
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


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the videos that are measured, as they come."""
    names: list[str] = []

    def counted(video: str, options: MeasureOptions, people: PeopleChoice, progress: Any) -> Any:
        names.append(os.path.basename(video))
        return measure_each(video, options, people, progress)

    monkeypatch.setattr(kept_results, "measure_each", counted)
    return names


def physiocam(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["measure", *map(str, arguments), "--face", "center", "--threads", "1"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def table(path: Path) -> list[Mapping[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_of_videos_is_many_and_a_folder_of_images_one(videos: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "0.png").touch()
    expected = [str(videos / name) for name in ("a.mp4", "broken.mp4", "day2/b.mp4")]
    found = plan_videos([str(videos), str(images), "x.mp4"], None)
    assert [one.video for one in found] == [*expected, str(images), "x.mp4"]


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
    assert (out / "day2" / "b" / "waveforms.csv").exists()
    assert [row["folder"] for row in rows] == ["a", "broken", "day2/b"]


def test_what_is_measured_is_kept_until_something_changes(videos: Path, tmp_path: Path, measured: list[str]) -> None:
    chosen = [str(videos / "a.mp4"), str(videos / "day2" / "b.mp4")]
    folders = [tmp_path / "a", tmp_path / "b"]

    def again(options: MeasureOptions = OPTIONS) -> list[str]:
        measured.clear()
        measure_many(chosen, tmp_path, options)
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
        measure_many(chosen, tmp_path / str(jobs), OPTIONS, jobs=jobs)
    assert (tmp_path / "1" / "summary.csv").read_bytes() == (tmp_path / "2" / "summary.csv").read_bytes()


def test_options_may_be_numbers_of_any_kind(videos: Path, tmp_path: Path) -> None:
    options = OPTIONS.replace(fs=Fraction(25), face=(np.int64(1), 2.0, 30))
    (outcome,) = measure_many(sorted(videos.rglob("*.mp4"))[0], tmp_path / "out", options)
    assert outcome.error is None
    assert (tmp_path / "out" / "measured_with.json").exists()


def test_without_a_folder_nothing_is_written(videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    said = physiocam(videos)
    assert "2 of 3 videos are measured" in said
    assert "broken.mp4" in said
    assert list((tmp_path / "empty").iterdir()) == []
    outcomes = measure_many(videos, None, OPTIONS)
    assert [outcome.folder for outcome in outcomes] == [None, None, None]
    assert outcomes[0].measurement().frames == 24
    with pytest.raises(package.PhysiocamError, match="broken"):
        outcomes[1].measurement()


def test_one_video_is_kept_and_has_a_table_too(videos: Path, tmp_path: Path, measured: list[str]) -> None:
    out = tmp_path / "out"
    for expected in (["a.mp4"], []):
        measured.clear()
        assert "24 frames" in physiocam(videos / "a.mp4", "-o", out)
        assert measured == expected
        (row,) = table(out / "summary.csv")
        assert (row["folder"], row["frames"]) == (".", "24")
        assert (out / "waveforms.csv").exists()


def test_an_outcome_reads_its_measurement_back(videos: Path, tmp_path: Path) -> None:
    outcomes = measure_many([videos / "a.mp4", videos / "day2"], tmp_path, OPTIONS)
    assert [outcome.folder for outcome in outcomes] == [tmp_path / "a", tmp_path / "day2" / "b"]
    assert outcomes[1].measurement().to_dict() == outcomes[1].summary


def test_results_lie_as_the_videos_do(tmp_path: Path) -> None:
    for name in ("study/interview.mp4", "study/sub/interview.mp4", "study/sub/interview.avi", "other/interview.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    out, study, other = tmp_path / "out", str(tmp_path / "study"), str(tmp_path / "other")

    def planned(*sources: str) -> list[Planned]:
        return plan_videos(sources, out)

    def folders(*sources: str) -> list[str]:
        return [one.folder.relative_to(out).as_posix() for one in planned(*sources) if one.folder is not None]

    assert folders(study) == ["interview", "sub/interview", "sub/interview-2"]
    assert folders(study, other) == [
        "study/interview",
        "study/sub/interview",
        "study/sub/interview-2",
        "other/interview",
    ]
    assert folders(f"{study}/interview.mp4", f"{other}/interview.mp4") == ["interview", "interview-2"]
    named = planned(f"{study}/interview.mp4", f"{other}/interview.mp4")
    assert [one.note is None for one in named] == [True, False]
    assert folders(f"{study}/interview.mp4") == ["."]
    assert folders(str(tmp_path / "summary.csv.mp4"), "x.mp4") == ["summary.csv-2", "x"]


def test_named_videos_are_kept_and_have_a_table(videos: Path, tmp_path: Path, measured: list[str]) -> None:
    other = tmp_path / "other" / "a.mp4"
    other.parent.mkdir()
    other.write_bytes((videos / "day2" / "b.mp4").read_bytes())
    out = tmp_path / "out"
    for expected in (["a.mp4", "a.mp4"], []):
        measured.clear()
        assert "a-2" in physiocam(videos / "a.mp4", other, "-o", out)
        assert measured == expected
        rows = table(out / "summary.csv")
        assert [row["folder"] for row in rows] == ["a", "a-2"]
        assert [row["video"] for row in rows] == [str(videos / "a.mp4"), str(other)]
        assert "is taken by" in rows[1]["notes"]


def test_another_video_with_the_size_and_time_of_the_first_is_measured(
    videos: Path, tmp_path: Path, measured: list[str]
) -> None:
    video, status = videos / "a.mp4", (videos / "a.mp4").stat()
    measure_many(video, tmp_path / "a", OPTIONS)
    content = bytearray(video.read_bytes())
    content[-200:-100] = bytes(100)
    video.write_bytes(content)
    os.utime(video, ns=(status.st_atime_ns, status.st_mtime_ns))
    measure_many(video, tmp_path / "a", OPTIONS)
    assert measured == ["a.mp4", "a.mp4"]


def test_an_image_that_changes_in_its_folder_is_noticed(tmp_path: Path, measured: list[str]) -> None:
    image = pytest.importorskip("PIL.Image")
    images = tmp_path / "images"
    images.mkdir()
    rng = np.random.default_rng(0)
    for index in range(4):
        image.fromarray(rng.integers(0, 256, (48, 48, 3)).astype(np.uint8)).save(images / f"{index}.bmp")
    options = MeasureOptions(face="center", fs=10.0, threads=1)
    for _ in range(2):
        measure_many(images, tmp_path / "a", options)
    assert len(measured) == 1
    times = (images / "2.bmp").stat()
    (images / "2.bmp").write_bytes((images / "0.bmp").read_bytes())
    os.utime(images / "2.bmp", ns=(times.st_atime_ns, times.st_mtime_ns))
    measure_many(images, tmp_path / "a", options)
    assert len(measured) == 2


@pytest.mark.parametrize("change", ["weights", "method", "settings", "fs", "version", "code", "old record", "a table"])
def test_whatever_decides_the_answer_is_noticed(
    videos: Path, tmp_path: Path, measured: list[str], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    video, folder = str(videos / "a.mp4"), tmp_path / "a"
    measure_many(video, folder, OPTIONS)
    changes: dict[str, dict[str, Any]] = {
        "method": {"method": "pos"}, "settings": {"settings": "paper"}, "fs": {"fs": 20.0},
    }  # fmt: skip
    if change == "weights":
        from physiocam.weights.bundle import Bundle, load_bundle

        default = load_bundle()
        # The same name, imported anew with other content.
        other = Bundle(default.folder, default.info, "0" * 64)
        monkeypatch.setattr("physiocam.measuring.options.load_bundle", lambda _: other)
    elif change == "version":
        monkeypatch.setattr("physiocam.version.__version__", "9.9")
    elif change == "code":
        monkeypatch.setattr("physiocam.foundation.provenance._package_digest", lambda: "another")
    elif change == "old record":
        (folder / "measured_with.json").write_text('{"video": "a.mp4", "version": "0.1.0"}')
    elif change == "a table":
        (folder / "rates.csv").write_text("timestamp_s\n")
    measure_many(video, folder, OPTIONS.replace(**changes.get(change, {})))
    assert measured == ["a.mp4", "a.mp4"]
    measure_many(video, folder, OPTIONS.replace(**changes.get(change, {})))
    assert measured == ["a.mp4", "a.mp4"]


def test_a_video_that_can_no_longer_be_measured_has_no_result(videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    physiocam(videos, "-o", out)
    (videos / "a.mp4").write_text("no video any more")
    (videos / "day2" / "b.mp4").unlink()
    for _ in range(2):
        physiocam(videos, "-o", out)
        rows = {row["folder"]: row for row in table(out / "summary.csv")}
        assert not rows["a"].get("frames")
        assert "a.mp4" in rows["a"]["error"]
        assert not (out / "a" / "measurement.json").exists()
        assert not (out / "a" / "waveforms.csv").exists()
        # Nothing is deleted because its video was put away; but nothing passes for up to date.
        assert "no longer there" in rows["day2/b"]["error"]
        assert not rows["day2/b"].get("frames")
        assert (out / "day2" / "b" / "measurement.json").exists()


def test_overlays_among_the_videos_are_not_measured(videos: Path) -> None:
    (videos / "broken.mp4").unlink()
    physiocam(videos, "-o", videos / "results", "--method", "pos")
    (videos / "results" / "a" / "overlay.mp4").write_bytes((videos / "a.mp4").read_bytes())
    assert [Path(one.video).name for one in plan_videos([str(videos)], None)] == ["a.mp4", "b.mp4"]


@pytest.fixture
def two_people(monkeypatch: pytest.MonkeyPatch, make_measurement: Any) -> list[str]:
    """Lets every video have two people, and has the names of those that are measured."""
    names: list[str] = []

    def measured(video: str, options: MeasureOptions, people: PeopleChoice, progress: Any) -> tuple[Measurement, ...]:
        names.append(os.path.basename(video))
        one = make_measurement(8.0, None, source=video)
        return (one,) if people == "largest" else (replace(one, person=1), replace(one, person=2))

    monkeypatch.setattr(kept_results, "measure_each", measured)
    return names


def test_several_people_have_folders_and_rows_of_their_own(videos: Path, tmp_path: Path, two_people: list[str]) -> None:
    out = tmp_path / "out"
    chosen = [videos / "a.mp4", videos / "day2" / "b.mp4"]
    outcomes = measure_many(chosen, out, OPTIONS, people="all")
    places = ["a/person-1", "a/person-2", "b/person-1", "b/person-2"]
    assert [one.folder for one in outcomes] == [out / place for place in places]
    assert [one.measurement().person for one in outcomes] == [1, 2, 1, 2]
    rows = table(out / "summary.csv")
    assert [(row["folder"], row["person"]) for row in rows] == list(zip(places, "1212", strict=True))
    assert not (out / "a" / "measurement.json").exists()
    # Kept, as long as nothing changes.
    assert [one.summary for one in measure_many(chosen, out, OPTIONS, people="all")] == [
        one.summary for one in outcomes
    ]
    assert two_people == ["a.mp4", "b.mp4"]
    (out / "b" / "person-2" / "rates.csv").unlink()
    measure_many(chosen, out, OPTIONS, people="all")
    assert two_people == ["a.mp4", "b.mp4", "b.mp4"]


def test_nothing_of_several_people_stays_where_one_is_measured(
    videos: Path, tmp_path: Path, two_people: list[str]
) -> None:
    out = tmp_path / "out"
    measure_many(videos / "a.mp4", out, OPTIONS, people="all")
    (out / "person-2" / "notes.txt").write_text("mine")
    (out / "overlay.mp4").write_bytes(b"of an earlier measurement")
    measure_many(videos / "a.mp4", out, OPTIONS)
    assert (out / "measurement.json").exists()
    assert not (out / "person-1").exists()
    assert not (out / "overlay.mp4").exists()
    assert [path.name for path in (out / "person-2").iterdir()] == ["notes.txt"]
    measure_many(videos / "a.mp4", out, OPTIONS, people=2)
    assert not (out / "measurement.json").exists()
    assert len(two_people) == 3


def test_people_of_a_video_that_is_gone_keep_their_rows(videos: Path, tmp_path: Path, two_people: list[str]) -> None:
    chosen = [videos / "a.mp4", videos / "day2" / "b.mp4"]
    measure_many(chosen, tmp_path, OPTIONS, people="all")
    chosen[1].unlink()
    measure_many([chosen[0], videos / "broken.mp4"], tmp_path, OPTIONS, people="all")
    gone = [row["folder"] for row in table(tmp_path / "summary.csv") if "no longer there" in row["error"]]
    assert gone == ["b/person-1", "b/person-2"]
