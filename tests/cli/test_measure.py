"""`physiocam measure` with report, overlay and variability, as a user meets it."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from physiocam.cli import app
from physiocam.errors import PhysiocamError
from physiocam.video.writer import write_video

pytest.importorskip("jinja2")
pytest.importorskip("PIL")


@pytest.fixture(scope="module")
def noise_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "noise.mp4"
    random = np.random.default_rng(0)
    write_video(path, (random.integers(0, 256, (96, 96, 3)).astype(np.uint8) for _ in range(30)), 25.0)
    return path


FILES = {
    "action_units.csv",
    "events.csv",
    "measured_with.json",
    "measurement.json",
    "rates.csv",
    "summary.csv",
    "waveforms.csv",
}


def physiocam(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["measure", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def names(folder: Path) -> set[str]:
    """Files of a folder of results; the table is a Parquet file too where pyarrow is installed."""
    return {path.name for path in folder.iterdir()} - {"summary.parquet"}


def test_report_and_overlay_come_with_the_data(noise_clip: Path, tmp_path: Path) -> None:
    physiocam(noise_clip, "-o", tmp_path / "out", "--method", "pos", "--face", "center", "--report", "--overlay")
    assert names(tmp_path / "out") == {*FILES, "overlay.mp4", "report.html"}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "the method &#39;pos&#39; has no network" in page
    assert "A fixed square was measured in" in page


def test_nothing_of_an_earlier_measurement_stays(beating: NDArray[np.uint8], tmp_path: Path) -> None:
    pytest.importorskip("neurokit2")
    clip, out, options = tmp_path / "clip.mp4", tmp_path / "out", ("--method", "pos", "--face", "center")
    write_video(clip, iter(beating), 30.0, crf=10)
    physiocam(clip, "-o", out, *options, "--report", "--overlay", "--hrv")
    for name in ("beats.csv", "report.html", "overlay.mp4"):
        assert (out / name).is_file()
    (out / "measured_with.json").write_text("{}")
    (out / "notes.txt").write_text("mine")
    physiocam(clip, "-o", out, *options)
    assert names(out) == {*FILES, "notes.txt"}


def test_files_that_no_measurement_wrote_are_left_alone(noise_clip: Path, tmp_path: Path) -> None:
    own = tmp_path / "overlay.mp4"
    own.write_bytes(noise_clip.read_bytes())
    for _ in range(2):
        physiocam(own, "-o", tmp_path, "--method", "pos", "--face", "center")
        assert own.read_bytes() == noise_clip.read_bytes()


def test_the_report_of_a_video_without_a_face_says_so(noise_clip: Path, tmp_path: Path) -> None:
    physiocam(noise_clip, "-o", tmp_path / "out", "--report")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("no face was found") >= 3


def test_several_videos_get_theirs_each(noise_clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(noise_clip.read_bytes())
    options = ("--method", "pos", "--face", "center", "--report", "--overlay")
    physiocam(folder, "-o", tmp_path / "out", *options)
    for name in ("a", "b"):
        assert (tmp_path / "out" / name / "report.html").is_file()
        assert (tmp_path / "out" / name / "overlay.mp4").is_file()


def test_variability_without_a_heart_rate_is_a_note_and_no_table_of_beats(noise_clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("neurokit2")
    output = physiocam(noise_clip, "-o", tmp_path / "out", "--method", "pos", "--face", "center", "--hrv")
    assert "SDNN" in output
    summary = json.loads((tmp_path / "out" / "measurement.json").read_text())
    assert summary["sdnn"]["value"] is None
    assert summary["sdnn"]["note"]
    assert summary["rmssd"]["unit"] == "ms"
    assert "the heart rate is not measured" in summary["sdnn"]["note"]
    assert not (tmp_path / "out" / "beats.csv").exists()


@pytest.mark.parametrize("option", ["--report", "--overlay"])
def test_without_a_folder_nothing_is_begun(option: str, noise_clip: Path) -> None:
    with pytest.raises(PhysiocamError, match=f"{option} needs a folder"):
        physiocam(noise_clip, option)


@pytest.mark.parametrize(
    ("option", "module", "extra"),
    [("--report", "jinja2", "report"), ("--overlay", "PIL", "report"), ("--hrv", "neurokit2", "hrv")],
)
def test_a_missing_extra_is_named_before_the_work(
    option: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    for name in ("html", "overlay", "overlay_frame"):
        monkeypatch.delitem(sys.modules, f"physiocam.report.{name}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PhysiocamError, match=rf"needs {module}.*physiocam\[{extra}\]"):
        physiocam(tmp_path / "nowhere.mp4", "-o", tmp_path, option)
