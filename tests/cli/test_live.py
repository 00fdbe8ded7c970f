"""`physiocam live` with a file as source: what it shows, what it writes, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from typer.testing import CliRunner

import physiocam
from physiocam.cli import app
from physiocam.cli.console import in_options
from physiocam.live.camera import TakenFrame
from physiocam.live.observer import Snapshot
from physiocam.live.terminal import LiveView, drawn
from physiocam.results.measurement import Measurement
from physiocam.video.reader import open_video
from physiocam.video.writer import write_video

FS = 30.0
FILES = {"measurement.json", "waveforms.csv", "rates.csv", "action_units.csv", "events.csv"}


@pytest.fixture(scope="module")
def clip(beating: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 s of a smiling face with a strong pulse of 84 beats/min."""
    path = tmp_path_factory.mktemp("live") / "face.mp4"
    write_video(path, beating[:240], FS)
    return path


@pytest.fixture(scope="module")
def measurement(clip: Path) -> Measurement:
    return physiocam.measure(clip, threads=1)


def text_of(snapshot: Snapshot, width: int = 100) -> str:
    console = Console(width=width, record=True, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(drawn("camera 0", snapshot, width))
    return console.export_text()


def test_a_file_is_watched_and_written(clip: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["live", "--source", str(clip), "-o", str(tmp_path / "out"), "--threads", "1"])
    assert result.exit_code == 0, result.output
    assert "heart rate" in result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    told = json.loads((tmp_path / "out" / "measurement.json").read_text())
    assert told["source"] == "face.mp4"
    assert told["duration_s"] == pytest.approx(8.0, abs=0.2)
    # A busy machine drops frames, and may drop too many of so few; which is told then.
    rate = told["heart_rate"]
    assert rate["value"] == pytest.approx(84.0, abs=4.0) if rate["note"] is None else told["notes"]


def test_several_people_have_folders_of_their_own(clip: Path, tmp_path: Path) -> None:
    command = ["live", "--source", str(clip), "--people", "all", "--seconds", "3", "--threads", "1"]
    result = CliRunner().invoke(app, [*command, "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "face.mp4, person 1" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["person-1"]
    assert {path.name for path in (tmp_path / "out" / "person-1").iterdir()} == FILES
    result = CliRunner().invoke(app, ["live", "--source", str(clip), "--people", "some"])
    assert "--people is 'some'; expected largest, all, or how many" in str(result.exception)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for other processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_whoever_ends_it_gets_what_was_seen(clip: Path, tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "physiocam", "live", "--source", str(clip), "-o", str(tmp_path), "--threads", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "physiocam: watching face.mp4; Ctrl-C ends\n"
    time.sleep(3.0)
    process.send_signal(getattr(signal, name))
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "heart rate" in output
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_what_was_seen_before_a_failure_is_written(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: Path) -> Generator[TakenFrame, None, None]:
        with open_video(path) as video:
            for frame, _ in zip(video, range(60), strict=False):
                assert frame.image is not None
                time.sleep(0.02)
                yield TakenFrame(frame.timestamp_s, frame.image)
        raise physiocam.VideoError("the camera burnt")

    monkeypatch.setattr("physiocam.live.camera.played_frames", failing)
    result = CliRunner().invoke(app, ["live", "--source", str(clip), "-o", str(tmp_path / "out"), "--threads", "1"])
    assert str(result.exception) == "the camera burnt"
    assert "heart rate" in result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_a_folder_that_cannot_be_written_to_is_told_before(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    before = time.monotonic()
    result = CliRunner().invoke(app, ["live", "--source", str(clip), "-o", str(tmp_path / "file")])
    assert time.monotonic() - before < 5.0
    assert isinstance(result.exception, physiocam.PhysiocamError)
    assert in_options(str(result.exception)).endswith("file' is not a folder; choose another folder with --output")


def test_a_terminal_without_bars_gets_no_error(clip: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "physiocam", "live", "--source", str(clip), "--seconds", "1"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"AU12" in done.stdout


def test_a_source_that_is_none_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["live", "--source", str(tmp_path / "none.mp4")])
    assert isinstance(result.exception, physiocam.VideoError)
    assert "does not exist" in str(result.exception)


def test_a_missing_extra_is_one_line(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    monkeypatch.delitem(sys.modules, "physiocam.live.lsl_outlet", raising=False)
    result = CliRunner().invoke(app, ["live", "--source", str(clip), "--lsl"])
    assert isinstance(result.exception, physiocam.PhysiocamError)
    assert "pip install 'physiocam[lsl]'" in str(result.exception)


def test_a_moment_is_drawn(measurement: Measurement) -> None:
    text = text_of(Snapshot((measurement,), 65.2, 29.7, 0, 0.0))
    lines = text.splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["camera", "0", "1:05", "face", "found", "30", "frames/s"]
    assert measurement.heart_rate.value is not None
    assert f"{measurement.heart_rate.value:.0f} beats/min" in text
    assert f"quality {measurement.heart_rate.quality:.2f}" in text
    assert str(measurement.breathing_rate.note) in text
    assert "AU12 lip corner puller" in text
    # The pulse's trace goes up and down about as often as the heart has beaten.
    trace = next(line for line in lines if line.rstrip().endswith(" 8 s"))
    levels = np.array(["▁▂▃▄▅▆▇█".index(character) for character in trace.split("  ")[1].strip()])
    crossings = np.count_nonzero(np.diff(levels > 3.5))
    assert crossings / 2 == pytest.approx(84 / 60 * 8.0, abs=3.0)


def test_several_people_are_drawn_in_the_order_of_their_numbers(measurement: Measurement) -> None:
    gone = replace(measurement, person=1, face_found=np.zeros_like(measurement.face_found))
    lines = text_of(Snapshot((replace(measurement, person=2), gone), 65.2, 29.7, 0, 0.0)).splitlines()
    assert len(lines) <= 20
    assert "face found" in lines[0]
    first, second = (next(line for line in lines if f"person {number}" in line) for number in (1, 2))
    assert lines.index(first) < lines.index(second)
    assert first.split() == ["person", "1", "not", "seen"]
    assert "AU12" in second
    assert sum("heart rate" in line for line in lines) == 2
    both = (replace(measurement, person=1), replace(measurement, person=2))
    assert "2 faces found" in text_of(Snapshot(both, 65.2, 29.7, 0, 0.0))


@pytest.mark.parametrize("width", [40, 60, 79])
def test_a_moment_fits_a_narrow_terminal(width: int, measurement: Measurement) -> None:
    lines = text_of(Snapshot((measurement,), 65.2, 29.7, 0, 0.0), width).splitlines()
    assert max(map(len, lines)) <= width
    # Each trace and each action unit keeps to a line.
    assert sum(line.rstrip().endswith(("  8 s", "  30 s")) for line in lines) == 2
    units = [line for line in lines if "AU" in line]
    assert len(units) == len(measurement.action_units)
    assert all("AU" + line.split("AU")[1][:2] in measurement.action_units for line in units)


def test_trouble_is_shown(measurement: Measurement) -> None:
    assert "no frame for 7 s" in text_of(Snapshot((measurement,), 65.2, 0.0, 0, 7.3))
    assert "3 dropped" in text_of(Snapshot((measurement,), 65.2, 29.7, 3, 0.0))
    nothing = physiocam.Stream(threads=1).measurement()
    text = text_of(Snapshot((nothing,), 0.0, 0.0, 0, 0.0))
    assert "no face found" in text
    assert "no face was found" in text


def test_the_view_leaves_the_terminal_as_it_was(
    measurement: Measurement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with (tmp_path / "terminal").open("w+", encoding="utf-8") as file:
        console = Console(file=file, force_terminal=True, width=90, highlight=False)
        with LiveView(console, "camera 0") as view:
            view.snapshot(Snapshot((measurement,), 1.0, 30.0, 0, 0.0))
            console.print("physiocam: camera 0 is back")
            view.snapshot(Snapshot((measurement,), 2.0, 30.0, 0, 0.0))
        file.seek(0)
        written = file.read()
    assert "camera 0 is back" in written
    assert written.count("face found") >= 2
    # The cursor is hidden while it draws and there again at the end.
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
