"""Every command and every Python example of the pages, run in order, one folder a page, on small generated material.

A reader who has what GIVEN says and types what a page shows, from its top to its bottom, gets through. What cannot be
run here is in EXCEPTIONS, with the reason, and is at least understood; what would take long is made small by
SUBSTITUTIONS.
"""

import argparse
import contextlib
import csv
import glob
import gzip
import io
import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

from physiocam.cli import app
from physiocam.networks.config import PULSE, BigSmallConfig
from physiocam.signals.methods import METHODS
from physiocam.synthetic.portrait import ClipSettings, SyntheticClip, demo_clip
from physiocam.video.resize import area_resize
from physiocam.video.writer import write_video
from physiocam.weights.bundle import load_bundle
from physiocam.weights.runtime import Runtime
from physiocam.weights.tensor_names import their_names

_NEEDED = (
    "captum edfio fhir jinja2 joblib matplotlib neurokit2 onnxscript openpyxl pandas pympi pynwb pytorch_lightning "
    "skimage torch wfdb zarr"
)
for needed in _NEEDED.split():
    pytest.importorskip(needed)

from safetensors.torch import save_file  # noqa: E402

from physiocam.weights.export import BundleAbout, export_bundle  # noqa: E402

ROOT = Path(__file__).parents[1]
# The gallery shows the examples, which tests/test_examples.py runs.
SHOWN = sorted(path.name for path in (ROOT / "docs").glob("*.md") if path.name != "gallery.md")
PAGES = ("README.md", "MODEL_CARD.md", *(f"docs/{name}" for name in SHOWN))

# What a page supposes that its reader has, by name; _Things knows how to make each.
GIVEN = {
    "README.md": ["interview.mp4", "my_videos", "BP4D_Small_Heart.safetensors"],
    "docs/api.md": ["interview.mp4"],
    "docs/attention.md": ["interview.mp4"],
    "docs/compare.md": ["interview.mp4"],
    "docs/data.md": ["BP4D+"],
    "docs/export.md": ["interview.mp4"],
    "docs/live.md": ["interview.mp4"],
    "docs/measure.md": ["interview.mp4", "monday.mp4", "tuesday.mp4", "my_videos", "frames", "options.yaml"],
    "docs/methods.md": ["interview.mp4", "BP4D_Small_Heart_Clip3_Split1_Epoch4.safetensors"],
    "docs/report.md": ["interview.mp4"],
    "docs/reproduce.md": ["BP4D+"],
    "docs/start.md": ["interview.mp4"],
    "docs/training.md": ["run.yaml", "stores/bp4d", "stores/bp4d-au", "stores/ubfc", "scripts", "docs"],
}

# What commands, Python and settings say, and what stands for it where a test has no time or no place.
SUBSTITUTIONS = {
    "/data/BP4D+": "BP4D+",
    # The people of the drawn BP4D+ are F001 to F007: some of each published part.
    "[F001, M003]": "[F001, F002, F003, F004]",
    '{"F001", "M002"}': '{"F001", "F002"}',
    # Checkpoints of the kind that is no pickle, under the authors' names.
    "BP4D_*.pth": "BP4D_*.safetensors",
    "Epoch4.pth": "Epoch4.safetensors",
    "--jobs 8": "--jobs 2",
    "drawn --recordings 20": "drawn --recordings 6 --seconds 2 --size 160x120",
    "--recordings 96 --seconds 20 --seed 11 --size 320x240": "--recordings 4 --seconds 3 --size 160x120",
    "drawn --recordings 12 --seconds 20": "drawn --recordings 6 --seconds 3 --size 120x160",
    "drawn/ --recordings 6 --seconds 30 --size 320x240": "drawn/ --recordings 2 --seconds 3 --size 160x120",
    "--recordings 160 --seconds 8 --seed 1 --size 320x240": "--recordings 4 --seconds 3 --seed 1 --size 160x120",
    "--recordings 20 --seconds 30 --seed 2 --size 320x240": "--recordings 2 --seconds 3 --seed 2 --size 160x120",
    # Small networks, for an epoch.
    " stores/drawn --jobs 2": " stores/drawn --jobs 2 --set big_size=48 --set small_size=3",
    "bp4d-au drawn stores/drawn-au": "bp4d-au drawn stores/drawn-au --set big_size=48 --set small_size=3",
    "bp4d drawn stores/drawn": "bp4d drawn stores/drawn --set big_size=48 --set small_size=3",
    " stores/bp4d-au --jobs 2": " stores/bp4d-au --jobs 2 --set big_size=48 --set small_size=3",
    " BP4D+ stores/bp4d --jobs 2": " BP4D+ stores/bp4d --jobs 2 --set big_size=48 --set small_size=3",
    "output=runs/first": "output=runs/first --set network.big_size=48 --set network.small_size=3 --set epochs=1",
    "run.yaml": "run.yaml --set epochs=1 --set network.big_size=48 --set network.small_size=3",
    "--set epochs=10": "--set network.big_size=48 --set network.small_size=3",
    # Too short for a rate, but not for the tables.
    "interviews --recordings 6 --seconds 40 --size 320x240": "interviews --recordings 2 --seconds 3 --size 160x120",
    "big_size=64": "big_size=48",
    "small_size=4": "small_size=3",
    "--set epochs=2": "",
    "--folds 3": "--folds 2",
    # tests/test_domains.py trains it to the end.
    "epochs: 40": "epochs: 1",
    # Files are played at their own pace.
    "--source interview.mp4": "--source interview.mp4 --seconds 2",
    # The page's picture needs some steps.
    "--set epochs=3 --set batch_clips=16": "--set epochs=1 --set batch_clips=2",
    # Two networks in place of seven; tests/reproduce/test_reproduce.py goes through all tables.
    "reproduce table1": "reproduce table7 --set epochs=1",
}

_INSTALLS = "installs packages"
_BENCHMARK = "measures for minutes, and asks for a quiet machine"
_CAMERA = "needs a camera"
_CLUSTER = "needs the machines of a cluster"

EXCEPTIONS = {
    'python -m pip install ".[demo]"': _INSTALLS,
    'python -m pip install -c constraints.txt -e ".[dev]"': _INSTALLS,
    'python -m pip install -c constraints.txt ".[train]"': _INSTALLS,
    'python -m pip install -c constraints.txt ".[explain]"': _INSTALLS,
    'python -m pip install ".[report,hrv,explain,pandas]"': _INSTALLS,
    "pip install 'physiocam[train,cluster]'": _INSTALLS,
    'python -m pip install ".[lsl]"': _INSTALLS,
    "physiocam live": _CAMERA,
    "physiocam live -o session": _CAMERA,
    "physiocam live --camera 1 -o session": _CAMERA,
    "physiocam live --lsl": _CAMERA,
    "physiocam web": "serves until it is ended",
    "physiocam serve jobs": "serves until it is ended",
    "physiocam serve jobs --host 0.0.0.0": "serves until it is ended",
    "python benchmarks/service.py CLIP WORK_DIR --json docs/service.json": _BENCHMARK,
    "python benchmarks/ceiling.py WORK_DIR --json docs/ceiling.json": _BENCHMARK,
    "python benchmarks/people.py WORK_DIR --json docs/people.json": _BENCHMARK,
    "docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges --memory 2g "
    '--pids-limit 128 --tmpfs /tmp -v "$PWD/in:/in:ro" -v "$PWD/out:/out" YOUR-IMAGE timeout 600 '
    "physiocam measure /in/clip.mp4 -o /out": "needs a container engine",
    "python -m pytest -n auto": "these are the tests",
    "dask scheduler": _CLUSTER,
    "dask worker tcp://10.0.0.1:8786 --nworkers 8 --nthreads 1": _CLUSTER,
    "physiocam prepare bp4d /data/BP4D+ /data/stores/bp4d --scheduler tcp://10.0.0.1:8786": _CLUSTER,
    "physiocam measure /data/videos -o /data/results --scheduler tcp://10.0.0.1:8786": _CLUSTER,
    "python scripts/default_bundle/train_default_bundle.py EXPRESSIONS_DIR --mini-xception HDF5 --face-api BIN "
    "--work WORK_DIR --initial BUNDLE": "takes hours",
    "python scripts/default_bundle/add_memory.py EXPRESSIONS_DIR FOOTAGE_DIR --work WORK_DIR": "takes an hour",
    "python scripts/default_bundle/add_heart_confidence.py EXPRESSIONS_DIR FOOTAGE_DIR "
    "--work WORK_DIR": "takes half an hour",
    "python scripts/default_bundle/add_breathing_confidence.py --work WORK_DIR": "takes half an hour",
    "python scripts/default_bundle/add_expression.py EXPRESSIONS_DIR FACE_MODEL_DIR --mini-xception HDF5 "
    "--face-api BIN --face-landmarks BIN --work WORK_DIR": "takes three hours",
    "python scripts/pages/ablation_page.py ablation": "needs all of table1, as in test_reproduce.py",
    "python benchmarks/methods_on_clip.py video.mp4 --truth 75.4 "
    "--weights authors-fold-1 authors-fold-2 authors-fold-3": "needs a real clip and the authors' checkpoints",
    "python benchmarks/measure.py CLIP --json docs/benchmarks.json": _BENCHMARK,
    "python benchmarks/profile_measure.py CLIP --against OTHER_SRC --json docs/profile.json": _BENCHMARK,
    "python benchmarks/start.py CLIP --against OTHER_SRC": _BENCHMARK,
    "python benchmarks/peers.py WORK_DIR CLIP --json docs/peers.json": _INSTALLS,
    "python benchmarks/face_pixels.py VIDEO --json docs/face_pixels.json": _BENCHMARK,
    "python benchmarks/stream.py WORK_DIR VIDEO... --recordings 24 --json docs/stream.json": _BENCHMARK,
    "python benchmarks/detectors.py PICTURE... VIDEO... --blazeface ONNX": _BENCHMARK,
    "python benchmarks/damage.py --videos 2000 --files 500 --json docs/damage.json": _BENCHMARK,
    "python benchmarks/fuzz.py --minutes 10": _BENCHMARK,
    "python benchmarks/networks.py --json docs/networks.json": _BENCHMARK,
    "python benchmarks/prepare.py --frames 400 --json docs/prepare.json": _BENCHMARK,
    "python benchmarks/gpu.py --json gpu.json": _BENCHMARK,
    "python benchmarks/augmented_training.py WORK_DIR": _BENCHMARK,
    "python benchmarks/loader.py --json docs/loader.json": _BENCHMARK,
    "python benchmarks/train.py --clips 60 --json docs/train.json": _BENCHMARK,
    "python benchmarks/evaluate.py PREDICTIONS.npz --json docs/evaluate.json": _BENCHMARK,
    "python benchmarks/overlay.py CLIP --json docs/overlay.json": _BENCHMARK,
    "python benchmarks/page.py CLIP --json docs/page.json": _BENCHMARK,
    "python benchmarks/page_camera.py CLIP --minutes 60 --json docs/page_camera.json": _BENCHMARK,
    "python benchmarks/precision.py VIDEO... --json docs/precision.json": _BENCHMARK,
    "python benchmarks/study.py WORK_DIR --json docs/study.json": _BENCHMARK,
    "physiocam data generate folder rendered/ --recordings 6 --seconds 10 --size 320x240 --people rendered "
    "--face-model MODEL": "needs the face model; tests/synthetic/rendered/ generates with a made-up one",
}


class Step(NamedTuple):
    """A command of a page, or a block of Python."""

    kind: str
    text: str


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """The page without its blocks."""
    return re.sub(r"^```.*?^```$", "", read(page), flags=re.DOTALL | re.MULTILINE)


def steps(page: str) -> list[Step]:
    found = []
    for kind, text in re.findall(r"^```(sh|python)\n(.*?)^```$", read(page), re.DOTALL | re.MULTILINE):
        if text.startswith('--8<-- "examples/'):
            continue  # the code of an example, which its command runs
        found += [Step(kind, text)] if kind == "python" else [Step(kind, command) for command in _commands(text)]
    return found


def _commands(block: str) -> list[str]:
    lines = block.replace("\\\n", " ").splitlines()
    commands = [part for line in lines for part in re.sub(r"(^|\s)#.*", "", line).split("&&")]
    return [" ".join(command.split()) for command in commands if command.strip()]


ALL_COMMANDS = [step.text for page in PAGES for step in steps(page) if step.kind == "sh"]

_ACROSS = "needs three data sets; tests/reproduce/test_reproduce.py makes the table of three stores"

EXCEPTIONS |= {
    "physiocam prepare bp4d-au /data/BP4D+ stores/bp4d-au-faces --set crop=face": _ACROSS,
    "physiocam prepare pure /data/PURE stores/pure": _ACROSS,
    "physiocam prepare ubfc-rppg /data/UBFC-rPPG stores/ubfc": _ACROSS,
    "physiocam reproduce table3 stores/bp4d-au-faces stores/pure stores/ubfc -o paper-across": _ACROSS,
}

_DRAWN_ACROSS = "takes minutes; tests/reproduce/test_reproduce.py makes the tables of two data sets"

EXCEPTIONS |= {
    "physiocam data generate bp4d across-bp4d --recordings 8 --seconds 5 --size 120x160 --seed 5": _DRAWN_ACROSS,
    "physiocam data generate pure across-pure --recordings 4 --seconds 12 "
    "--size 160x120 --difficulty hard --seed 6": _DRAWN_ACROSS,
    "physiocam data generate ubfc-rppg across-ubfc --recordings 4 --seconds 12 "
    "--size 160x120 --difficulty hard --seed 7": _DRAWN_ACROSS,
    "physiocam prepare bp4d-au across-bp4d across/bp4d --set crop=face --set big_size=48 "
    "--set small_size=3": _DRAWN_ACROSS,
    "physiocam prepare pure across-pure across/pure --set big_size=48 --set small_size=3": _DRAWN_ACROSS,
    "physiocam prepare ubfc-rppg across-ubfc across/ubfc --set big_size=48 --set small_size=3": _DRAWN_ACROSS,
    "physiocam reproduce table3 across/bp4d across/pure across/ubfc -o across-paper --set epochs=2 "
    "--set batch_clips=16 --set schedule=one-cycle --set initialization=he --set dropout=0 "
    "--set pos_weight=none": _DRAWN_ACROSS,
}

EXCEPTIONS |= {
    command: "tests/test_examples.py runs it" for command in ALL_COMMANDS if command.startswith("python examples/")
}


# The material.


_SIZES = ("--set", "big_size=48", "--set", "small_size=3")


class _Things:
    """What readers have, made when it is first asked for, in one folder for all pages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._make(name, path)
        return path

    def _make(self, name: str, path: Path) -> None:
        if path.suffix == ".mp4":
            clip = small_clip()
            write_video(path, clip.frames(), clip.fs)
        elif path.suffix == ".safetensors":
            save_file(random_checkpoint(), path)
        elif name == "my_videos":
            path.mkdir()
            for video in ("monday.mp4", "tuesday.mp4"):
                shutil.copy(self[video], path)
        elif name == "frames":
            from PIL import Image

            path.mkdir()
            for number, frame in zip(range(30), small_clip().frames(), strict=False):
                Image.fromarray(frame).save(path / f"frame{number}.png")
        elif name == "BP4D+":
            physiocam("data", "generate", "bp4d", path, "--recordings", 14, "--seconds", 3, "--size", "120x160")
        elif name == "UBFC":
            physiocam("data", "generate", "ubfc-rppg", path, "--recordings", 2, "--seconds", 3, "--size", "160x120")
        elif name == "stores/ubfc":
            physiocam("prepare", "ubfc-rppg", self["UBFC"], path, *_SIZES)
        elif name.startswith("stores/"):
            physiocam("prepare", name.removeprefix("stores/"), self["BP4D+"], path, *_SIZES)
        elif path.suffix == ".yaml":
            page = {"run.yaml": "docs/training.md", "options.yaml": "docs/measure.md"}[name]
            path.write_text(small(shown_yaml(page)), "utf-8")
        else:
            shutil.copytree(ROOT / name, path)


def shown_yaml(page: str) -> str:
    """The settings that a page shows."""
    (written,) = re.findall(r"^```yaml\n(.*?)^```$", read(page), re.S | re.M)
    return str(written)


def small_clip() -> SyntheticClip:
    """A face of 55 pixels whose pulse is strong, 8 s at 20 frames/s."""
    large = demo_clip()
    portrait = (area_resize(large.portrait.astype(np.float32), 180, 240) + 0.5).astype(np.uint8)
    x, y, size = large.face
    settings = ClipSettings(duration_s=8.0, fs=20.0, pulse_strength=0.02, head_motion=0.002, light_change=0.002)
    return SyntheticClip(portrait, (x / 2, y / 2, size / 2), settings)


def random_checkpoint() -> dict[str, Any]:
    """Weights of a Small branch under the authors' names."""
    import torch

    config = BigSmallConfig(branches="small", tasks=(PULSE,))
    generator = torch.Generator().manual_seed(0)
    return {
        their_names(config)[name]: 0.05 * torch.randn(shape, generator=generator)
        for name, shape in config.tensor_shapes().items()
    }


def physiocam(*words: object) -> str:
    result = CliRunner().invoke(app, [*map(str, words)])
    assert result.exit_code == 0, f"physiocam {' '.join(map(str, words))}\n{result.output}\n{result.exception!r}"
    return result.stdout


# The walk.


@dataclass
class Walk:
    """What came of a page: its folder, the names that its Python defined, and what each block printed."""

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory, traced_once: None) -> Iterator[Callable[[str], Walk]]:
    """Goes through a page, once for all tests that look at it."""
    things = _Things(tmp_path_factory.mktemp("things"))
    done: dict[str, Walk] = {}

    def go(page: str) -> Walk:
        if page not in done:
            done[page] = _through(page, tmp_path_factory.mktemp(Path(page).stem), things)
        return done[page]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("physiocam.demo.demo_clip", small_clip)
        yield go


def _through(page: str, folder: Path, things: _Things) -> Walk:
    for name in GIVEN.get(page, []):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(things[name])
    walked = Walk(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PHYSIOCAM_HOME", str(folder / "home"))
        for step in steps(page):
            if step.kind == "python":
                walked.printed.append(_exec(small(step.text), walked.names, page))
            elif step.text not in EXCEPTIONS:
                _run(small(step.text))
    return walked


def _exec(block: str, names: dict[str, Any], page: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block, page, "exec"), names)
    return out.getvalue()


def small(text: str) -> str:
    for shown, stands_in in SUBSTITUTIONS.items():
        text = text.replace(shown, stands_in)
    return text


def _run(command: str) -> None:
    words = [match for word in shlex.split(command) for match in (sorted(glob.glob(word)) or [word])]
    if words[0] == "physiocam":
        physiocam(*words[1:])
        return
    assert words[0] == "python", f"neither run nor excepted: {command}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words[1:])
        runpy.run_path(words[1], run_name="__main__")


@pytest.mark.parametrize("page", PAGES)
def test_a_reader_gets_through(page: str, walk: Callable[[str], Walk]) -> None:
    walk(page)


# What single pages show.


def test_summaries_of_many_videos_are_there(walk: Callable[[str], Walk]) -> None:
    results = walk("docs/measure.md").folder / "results"
    assert {"monday", "tuesday", "study", "images"} <= {path.name for path in results.iterdir()}
    with (results / "study" / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["video"]).name for row in rows] == ["monday.mp4", "tuesday.mp4"]
    assert {"error", "heart_rate_value", "heart_rate_quality", "AU12_mean_probability"} <= set(rows[0])
    assert json.loads((results / "images" / "measurement.json").read_text())["frames"] == 30


def test_the_columns_are_as_told(walk: Callable[[str], Walk]) -> None:
    """Of each file that docs/measure.md tells of: the keys or columns, in their order."""
    page = read("docs/measure.md")
    results = walk("docs/measure.md").folder / "results"
    for name in ("measurement.json", "waveforms.csv", "rates.csv", "action_units.csv"):
        told = re.search(rf"^`{re.escape(name)}`.*?\n\n(\|.*?)\n\n", page, re.DOTALL | re.MULTILINE)
        assert told is not None
        columns = [key for row in told[1].splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])]
        if name == "measurement.json":
            only_at_times = ["tasks", "sdnn", "rmssd", "timing_noise_ms"]
            assert columns == [*json.loads((results / name).read_text()), *only_at_times]
        else:
            header = (results / name).read_text().splitlines()[0].split(",")
            # Of many units the page names one, and of those with an intensity or with sides another.
            assert set(columns) <= set(header)
            assert [one for one in columns if not one.startswith("AU12")] == [
                one for one in header if not re.match(r"AU(?!01)|AU01\w*_r$", one)
            ]


def test_what_measure_prints_is_as_told(walk: Callable[[str], Walk]) -> None:
    walked = walk("docs/measure.md")
    one, noise, _, many, green = (text for text in walked.printed if not text.startswith("1 "))
    # The frames of OpenCV are given the right way round.
    assert walked.names["filmed"].notes == ()
    assert walked.names["filmed"].face.found_fraction > 0.9
    value, quality, note = one.splitlines()[0].split()
    assert float(value) == pytest.approx(72, abs=2)
    assert 0.2 < float(quality) <= 1
    assert note == "None"
    (told,) = re.findall(r"^prints `(.*)`\.$", read("docs/measure.md"), re.MULTILINE)
    assert noise == f"{told}\n"
    assert "does not exist; expected a video file" in many.splitlines()[1]
    assert green == "green\n"


def test_the_networks_of_the_page_are_built(walk: Callable[[str], Walk], tmp_path: Path) -> None:
    import torch

    names = walk("docs/networks.md").names
    assert names["two_big_frames"].big_frames == 2
    config, network = names["hands"], names["network"].eval()
    big = torch.randn(2, 1, 3, config.big_size, config.big_size)
    small = torch.randn(2, 5, 3, config.small_size, config.small_size)
    with torch.inference_mode():
        outputs = network(big, small)
    assert {task: tuple(output.shape) for task, output in outputs.items()} == {"tremor": (2, 5, 2), "grip": (2, 5, 3)}
    # Tasks of one's own become a bundle that runs without PyTorch.
    about = BundleAbout("a test", "none")
    export_bundle({"hands": network}, tmp_path / "b", name="hands", about=about, fs=30.0)
    bundle = load_bundle(tmp_path / "b")
    (entry,) = bundle.info.networks
    assert entry.config == config
    assert [task.labels for task in entry.config.tasks] == [("x", "y"), ("pinch", "power", "hook")]
    answers = Runtime(bundle, threads=1).run(big.numpy(), small.numpy())
    assert list(answers) == ["tremor", "grip"]
    for task, answer in answers.items():
        assert answer == pytest.approx(outputs[task].numpy(), abs=1e-5)


def test_the_methods_of_the_page_give_waveforms(walk: Callable[[str], Walk]) -> None:
    waveforms = walk("docs/methods.md").names["waveforms"]
    assert {name: waveform.shape for name, waveform in waveforms.items()} == dict.fromkeys(METHODS, (300,))


def test_the_data_sets_of_the_page_are_as_told(walk: Callable[[str], Walk]) -> None:
    split, clips, drawn, unrendered = walk("docs/data.md").printed
    assert "'MODEL' has no mesh.npz" in unrendered
    assert split == "[46, 46, 47]\n"
    assert clips == ""
    names = walk("docs/data.md").names
    assert tuple(names["big"].shape[1:]) == (1, 3, 48, 48)
    assert tuple(names["small"].shape[1:]) == (3, 3, 3, 3)
    lines = drawn.splitlines()
    assert [line.split()[0] for line in lines] == ["S001_T1", "S001_T2", "S002_T1", "S002_T2", "S003_T1", "S003_T2"]
    assert all(50 < float(line.split()[1]) < 110 for line in lines)


def test_the_report_of_the_page_is_written(walk: Callable[[str], Walk]) -> None:
    walked = walk("docs/report.md")
    assert "left out on purpose" in (walked.folder / "report.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in (walked.folder / "results").iterdir()) == [
        "action_units.csv", "beats.csv", "events.csv", "measured_with.json", "measurement.json", "overlay.mp4",
        "rates.csv", "report.html", "summary.csv", "summary.parquet", "waveforms.csv",
    ]  # fmt: skip
    # 8 s at 72 beats/min.
    assert len(walked.names["beats"]["PPG_Peaks"]) == pytest.approx(9.6, abs=1.5)


def test_what_is_exported_is_there(walk: Callable[[str], Walk]) -> None:
    walked = walk("docs/export.md")
    written = {path.name for path in (walked.folder / "exported").iterdir()}
    kinds = (".edf", ".eaf", "_fhir.json", ".mat", ".nwb", ".hea", ".dat", ".atr")
    assert {f"interview{kind}" for kind in kinds} == written
    (described,) = (walked.folder / "dataset" / "sub-07" / "beh").glob("*_physio.json")
    about = json.loads(described.read_text())
    with gzip.open(described.with_suffix(".tsv.gz"), "rt") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    assert len(rows) == 160
    assert {len(row) for row in rows} == {len(about["Columns"])}
    assert about["SamplingFrequency"] == pytest.approx(20.0)


def test_the_paper_s_figures_stand_beside_ours(walk: Callable[[str], Walk]) -> None:
    for folder in ("paper", "drawn-paper"):
        assert "arXiv 2303.11573, Table 7" in (walk("docs/reproduce.md").folder / folder / "table7.md").read_text(
            "utf-8"
        )


def test_a_run_finds_its_way_into_the_page(walk: Callable[[str], Walk]) -> None:
    walked = walk("docs/training.md")
    assert "2 recordings, rates by the settings `default`." in (walked.folder / "docs/training.md").read_text("utf-8")
    assert (walked.folder / "runs/release/evaluation-bp4d/evaluation.md").is_file()


# The tables above.


class _UnderstoodError(Exception):
    """The arguments were parsed."""


@pytest.mark.parametrize("command", EXCEPTIONS)
def test_what_is_not_run_is_understood(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command)
    if words[0] == "docker":
        words = words[words.index("physiocam") :]
    if words[0] == "physiocam":
        # Help comes only after all other words have been understood.
        assert "Usage" in physiocam(*words[1:], "--help")
    elif words[1].endswith(".py"):
        parse = argparse.ArgumentParser.parse_args

        def parsed(parser: argparse.ArgumentParser, *_: Any) -> None:
            parse(parser)
            raise _UnderstoodError

        monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
        monkeypatch.setattr(sys, "argv", words[1:])
        monkeypatch.syspath_prepend(ROOT / Path(words[1]).parent)
        with pytest.raises(_UnderstoodError):
            runpy.run_path(str(ROOT / words[1]), run_name="__main__")
    else:
        program = words[1:] if words[0] == "python" else ["-m", *words]
        program = program[1:] if program[0] == "python" else program
        done = subprocess.run([sys.executable, *program, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "usage" in done.stdout.lower()


def test_an_option_that_does_not_exist_would_be_noticed() -> None:
    assert CliRunner().invoke(app, ["measure", "x.mp4", "--no-such-option", "--help"]).exit_code != 0


def test_no_entry_of_the_tables_is_out_of_date() -> None:
    assert set(EXCEPTIONS) <= set(ALL_COMMANDS)
    run = [step.text for page in PAGES for step in steps(page) if step.text not in EXCEPTIONS] + [
        shown_yaml("docs/training.md")
    ]
    used = set()
    for text in run:
        for shown, stands_in in SUBSTITUTIONS.items():
            if shown in text:
                used.add(shown)
                text = text.replace(shown, stands_in)  # noqa: PLW2901 - later ones may stand on earlier ones
    assert used == set(SUBSTITUTIONS)
    assert set(GIVEN) <= set(PAGES)


def test_a_command_that_is_neither_run_nor_excepted_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="neither run nor excepted"):
        _run("rm -r results")


def test_no_command_hides_in_another_kind_of_block() -> None:
    known = {"sh", "python", "js", "cpp", "yaml", "toml"}
    for page in PAGES:
        assert set(re.findall(r"^ *```(\w+)$", read(page), re.MULTILINE)) <= known, page
        assert re.findall(r"^ *```(?:sh|python)$", read(page), re.M) == re.findall(
            r"^```(?:sh|python)$", read(page), re.M
        )
        assert re.findall(r"^ {4,}(?:physiocam|python|pip|dask) .*$", prose(page), re.MULTILINE) == [], page


def test_commands_within_sentences_are_understood() -> None:
    found = [span for page in PAGES for span in re.findall(r"`(physiocam [a-z][^`]*)`", prose(page))]
    spans = {" ".join(span.split()) for span in found}
    assert len(spans) > 15
    for span in spans:
        words = shlex.split(span.replace("...", ""))[1:]
        if words[-1].startswith("--") and words[-1] != "--help":
            words.pop()  # the option is named, and its value left out
        assert "Usage" in physiocam(*words, "--help")


def test_tests_that_a_page_names_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", read("docs/paper.md"))
    assert len(named) > 20
    for path, test in named:
        assert f"\ndef {test}(" in read(path), f"{path} has no {test}"
