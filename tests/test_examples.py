"""Every example does what it says: the commands of its first lines are run as they stand there, on small material."""

import ast
import csv
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from physiocam.results.measurement import Measurement
from physiocam.synthetic.portrait import ClipSettings, SyntheticClip, demo_clip
from physiocam.video.resize import area_resize
from physiocam.video.writer import write_video
from physiocam.weights.bundle import load_bundle

ROOT = Path(__file__).parents[1]
EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.py"))}

# More would not be read at a glance.
MOST_LINES = 40

pytestmark = pytest.mark.skipif(find_spec("skimage") is None, reason="needs the portrait of the extra demo")

Run = Callable[..., str]


def commands(name: str) -> list[str]:
    """What the docstring tells a reader to type."""
    said = ast.get_docstring(ast.parse(EXAMPLES[name].read_text(encoding="utf-8"))) or ""
    return re.findall(rf"^    (python examples/{name}\.py .*)$", said, re.MULTILINE)


def code_lines(path: Path) -> int:
    """Lines of a file that are neither empty, nor comments, nor docstrings."""
    text = path.read_text(encoding="utf-8")
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            told |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(number not in told and bool(line.strip()) and not line.strip().startswith("#") for number, line in lines)


def small_clip() -> SyntheticClip:
    """A face of 55 pixels whose pulse is strong, 8 s at 20 frames/s."""
    large = demo_clip()
    portrait = (area_resize(large.portrait.astype(np.float32), 180, 240) + 0.5).astype(np.uint8)
    x, y, size = large.face
    settings = ClipSettings(duration_s=8.0, fs=20.0, pulse_strength=0.02, head_motion=0.002, light_change=0.002)
    return SyntheticClip(portrait, (x / 2, y / 2, size / 2), settings)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What readers have, under the names that the examples' commands give it."""
    folder = tmp_path_factory.mktemp("material")
    clip = small_clip()
    write_video(folder / "interview.mp4", clip.frames(), clip.fs)
    (folder / "my_videos" / "later").mkdir(parents=True)
    shutil.copy(folder / "interview.mp4", folder / "my_videos" / "monday.mp4")
    shutil.copy(folder / "interview.mp4", folder / "my_videos" / "later" / "tuesday.mp4")
    np.save(folder / "frames.npy", np.stack(list(clip.frames())))
    # A bundle of one's own, and yet one whose answers are known.
    shutil.copytree(load_bundle("default").folder, folder / "runs" / "first" / "bundle")
    return folder


def draw_recordings(seconds: float) -> None:
    """Two recordings of a drawn person, with sensors and codes, as a folder of one's own."""
    from physiocam.synthetic.drawn.scene import SceneSettings
    from physiocam.synthetic.layouts import write_layout

    write_layout(
        "folder", "my_recordings", 2, seed=3, settings=SceneSettings(duration_s=seconds, width=160, height=120)
    )


@pytest.fixture
def run(material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs an example in an own folder: its last command, or one of its number; returns what it printed."""
    for path in material.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path / "home"))

    def go(name: str, changes: dict[str, str] | None = None) -> str:
        command = commands(name)[-1]
        for shown, stands_in in (changes or {}).items():
            assert shown in command
            command = command.replace(shown, stands_in)
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", shlex.split(command)[1:])
        runpy.run_path(str(EXAMPLES[name]), run_name="__main__")
        return capsys.readouterr().out

    return go


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# What holds for all.


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_short_and_says_how_to_run_it(name: str) -> None:
    assert commands(name)
    assert code_lines(EXAMPLES[name]) <= MOST_LINES


def test_each_is_run() -> None:
    assert {f"test_{name}" for name in EXAMPLES} <= set(globals())


# What each does.


def test_measure_a_video(run: Run) -> None:
    printed = run("measure_a_video")
    rate = re.search(r"^heart rate: ([\d.]+) beats/min, quality", printed, re.MULTILINE)
    assert rate is not None
    assert float(rate[1]) == pytest.approx(small_clip().heart_rate, abs=3)
    assert re.search(r"^no breathing rate: 7\.\d s of usable signal; breathing needs 15 s$", printed, re.MULTILINE)
    assert Measurement.load("results").frames == 160


def test_webcam_with_opencv(run: Run) -> None:
    pytest.importorskip("cv2")
    printed = run("webcam_with_opencv").splitlines()
    heart = [line.removeprefix("heart ") for line in printed if line.startswith("heart ")]
    assert len(heart) == 8
    assert "needs 6 s" in heart[1]
    assert float(heart[-1]) == pytest.approx(small_clip().heart_rate, abs=5)


def test_folder_to_one_table(run: Run) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("joblib")
    printed = run("folder_to_one_table")
    assert printed.count(": measured\n") == 2
    assert printed.count(" s of usable signal; breathing needs 15 s") == 2
    assert {row["folder"] for row in rows("results/summary.csv")} == {"monday", "later/tuesday"}
    Path("my_videos").unlink()
    Path("my_videos").mkdir()
    Path("my_videos/no_video.mp4").write_text("text")
    with pytest.raises(SystemExit, match=r"not measured: .*no_video\.mp4"):
        run("folder_to_one_table", {"results": "others"})


def test_action_units_as_table(run: Run) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    printed = run("action_units_as_table")
    table = rows("action_units.csv")
    assert len(table) == 160
    means = {line.split()[0]: float(line.split()[1]) for line in printed.splitlines()}
    assert len(means) == 15
    for unit, mean in means.items():
        assert np.nanmean([float(row[unit] or "nan") for row in table]) == pytest.approx(mean, abs=0.02)
    assert Path("action_units.png").read_bytes().startswith(b"\x89PNG")


def test_plot_a_measurement(run: Run) -> None:
    pytest.importorskip("matplotlib")
    run("plot_a_measurement")
    assert Path("measurement.png").read_bytes().startswith(b"\x89PNG")


def test_own_face_locator(run: Run) -> None:
    assert code_lines(EXAMPLES["own_face_locator"]) <= 15
    imported = re.findall(
        r"^(?:from|import) (physiocam.*?)(?: import|$)", EXAMPLES["own_face_locator"].read_text(), re.M
    )
    assert set(imported) == {"physiocam"}
    assert re.search(r"\b\d+\.\d beats/min|no steady pulse", run("own_face_locator"))


def test_own_classical_method(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    printed = run("own_classical_method")
    told = dict(re.findall(r"^(\S+) Rate\(value=([\d.]+)", printed, re.MULTILINE))
    assert float(told["green-red"]) == pytest.approx(small_clip().heart_rate, abs=3)
    assert float(told["pos"]) == pytest.approx(float(told["green-red"]), abs=3)


def test_its_entry_point_makes_it_a_method_like_others(
    material: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import physiocam

    # What a package that says so in its pyproject.toml has when it is installed.
    shown = re.search(
        r'\[project.entry-points."(.*)"\]\n *(\S+) = "(.*)"', EXAMPLES["own_classical_method"].read_text()
    )
    assert shown is not None
    group, name, value = shown.groups()
    installed = tmp_path / "own-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "examples")
    measured = physiocam.measure(material / "interview.mp4", method=name)
    assert measured.method == name
    assert measured.heart_rate.value == pytest.approx(small_clip().heart_rate, abs=3)


def test_own_bundle(run: Run) -> None:
    printed = run("own_bundle")
    assert load_bundle("default").sha256 in printed
    assert "au: AU01, AU02, AU04," in printed
    assert "pulse: a waveform" in printed
    assert "respiration: a waveform" in printed
    assert "beats/min" in printed


def test_train_on_own_recordings(run: Run) -> None:
    for needed in ("torch", "pytorch_lightning", "zarr", "onnxscript"):
        pytest.importorskip(needed)
    draw_recordings(2.0)
    printed = run("train_on_own_recordings", {"--epochs 5": "--epochs 1"})
    assert len(re.findall(r"^S001_T\d: 60 frames$", printed, re.MULTILINE)) == 2
    bundle = load_bundle("mine/run/bundle")
    assert bundle.tasks == ("au", "pulse", "respiration")
    assert bundle.sha256 != load_bundle("default").sha256
    assert f"trained: {bundle.folder}" in printed


def test_overlay_with_truth(run: Run) -> None:
    draw_recordings(7.0)
    printed = run("overlay_with_truth")
    assert re.search(r"^heart of the sensor: \d+\.\d per minute$", printed, re.MULTILINE)
    assert "breathing of the sensor: unknown" in printed  # 7 s are too short
    assert Path("overlay.mp4").stat().st_size > 10_000


def test_compare_two_bundles(run: Run) -> None:
    for needed in ("torch", "zarr"):
        pytest.importorskip(needed)
    from physiocam.datasets.readers.catalogue import open_dataset
    from physiocam.datasets.store.prepare import prepare

    draw_recordings(7.0)
    done = prepare(open_dataset("folder", "my_recordings").entries(), "stores/mine")
    assert [one.error for one in done] == [None] * 2
    first, second = run("compare_two_bundles").splitlines()
    # It is the same one twice.
    assert first.removeprefix("default ") == second.removeprefix("runs/first/bundle ")
    assert re.search(r"'heart rate': '\d+\.\d\d \(\d of 2\)'|'heart rate': 'none'", first)
    assert "'breathing rate': 'none'" in first
    assert re.search(r"'action units, F1': '\d+\.\d %'", first)


def test_stream_from_array(run: Run) -> None:
    printed = run("stream_from_array", {"--fs 30": "--fs 20"})
    assert re.match(r"5 s: heart unknown, AU12 0\.\d+\n", printed)
    rate = re.search(r"(\d+\.\d) beats/min", printed)
    assert rate is not None
    assert float(rate[1]) == pytest.approx(small_clip().heart_rate, abs=5)


def test_read_results_again(run: Run, material: Path) -> None:
    pytest.importorskip("pandas")
    import physiocam

    measurement = physiocam.measure(material / "interview.mp4", method="pos")
    for name in ("results/monday", "results/later/tuesday"):
        measurement.write(name)
    printed = run("read_results_again")
    assert len(re.findall(r"beats/min, 8 s$", printed, re.MULTILINE)) == 2
    table = rows("frames.csv")
    assert [row["recording"] for row in table] == ["later/tuesday"] * 160 + ["monday"] * 160
    assert [int(row["frame"]) for row in table[:160]] == list(range(160))
    assert float(table[80]["PPG_Clean"]) == pytest.approx(measurement.pulse_band[80], rel=1e-4)
    with pytest.raises(SystemExit, match=r"no measurement.json in 'runs'"):
        run("read_results_again", {"results frames.csv": "runs frames.csv"})


def test_heart_rate_variability(run: Run) -> None:
    pytest.importorskip("neurokit2")
    printed = run("heart_rate_variability")
    count = re.match(r"(\d+) beats, each timed to about ", printed)
    assert count is not None
    # 8 s at 72 beats/min.
    assert int(count[1]) == pytest.approx(9.6, abs=1.5)
    assert re.findall(r"^(SDNN|RMSSD) .*60 s", printed, re.MULTILINE) == ["SDNN", "RMSSD"]
    assert len(rows("results/beats.csv")) == int(count[1])
