"""Damaged files of every kind that physiocam reads, and how its command line takes them; the same for the same seed."""

import io
import json
import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from damage_recordings import FS, SECONDS, write_whole_videos
from mutations import BYTES, JSON, TEXT, Mutation
from physiocam.cli import main
from physiocam.evaluation.predictions import Predictions
from physiocam.readable import readable
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout

MEASURED, REFUSED, UNCLEAR, TRACEBACK = "measured", "refused in one line", "unclear", "traceback"

__all__ = ["file_case", "judge", "video_case", "write_whole_files", "write_whole_videos"]

# How the package tells of errors that nobody thought of.
_UNEXPECTED = re.compile(r"unexpected \w*(Error|Exception)\b")

# A line longer than this is none that anybody reads.
_LONGEST_LINE = 600

_QUICK = ("--method", "pos", "--face", "center")


@dataclass(frozen=True)
class Case:
    """A damaged file and the command that reads it.

    Attributes
    ----------
    kind, damage : str
        What was damaged, and how.
    arguments : tuple of str
        Of the command line.
    named : tuple of str
        Of these names a refusal must hold one.
    """

    kind: str
    damage: str
    arguments: tuple[str, ...]
    named: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What the command line made of a case: one of the outcomes above, and what it said."""

    outcome: str
    said: str


def write_whole_files(folder: Path) -> None:
    """Write the other files that are then damaged; the default bundle is there already."""
    folder.mkdir(parents=True)
    scene = SceneSettings(duration_s=SECONDS, width=64, height=48)
    write_layout("folder", folder / "labels", 1, settings=scene)
    _physiocam("prepare", "folder", folder / "labels", folder / "store", *_SMALL)
    (folder / "videos").mkdir()
    shutil.copy(folder / "labels" / "S001_T1.mp4", folder / "videos" / "clip.mp4")
    _physiocam("measure", folder / "videos", "-o", folder / "results", *_QUICK)
    random = np.random.default_rng(0)
    frames = round(30 * FS)
    wave = np.sin(2 * np.pi * 1.2 * np.arange(frames) / FS)
    Predictions(
        "clip", "S001", FS, {"pulse": wave + random.normal(0, 0.1, frames)}, random.random((frames, 2), np.float32),
        ("AU01", "AU12"), {"pulse": wave, "heart_rate": np.full(frames, 72.0)}, random.random((frames, 2)) < 0.5,
        np.ones((frames, 2), bool),
    ).save(folder / "predictions")  # fmt: skip
    (folder / "run.yaml").write_text(_RUN)
    _write_checkpoint(folder / "Heart.pth")


def video_case(whole: Path, folder: Path, seed: int, index: int) -> Case:
    """Make one damaged recording out of those of `write_whole_videos`.

    Parameters
    ----------
    whole : Path
    folder : Path
        New folder for the damaged file, and for what the command writes.
    seed, index : int
    """
    random = np.random.default_rng([seed, 0, index])
    sources = sorted(whole.iterdir())
    source, turn = sources[index % len(sources)], index // len(sources)
    damage, mutation = _chosen(BYTES, turn)
    if source.name == "zip":
        shutil.copytree(source, folder / "set")
        path = folder / "set" / "2D+3D" / "F001.zip"
        _damage(path, mutation, whole / "h264.mp4", random)
        return Case("zip", damage, ("prepare", "bp4d", str(folder / "set"), str(folder / "store"), *_SMALL), ("F001",))
    options: tuple[str, ...] = _QUICK if turn % 2 else ("--threads", "1")
    if source.is_dir():
        images = folder / "images"
        shutil.copytree(source, images)
        files = sorted(images.iterdir())
        for place in random.permutation(len(files))[: int(random.integers(1, len(files) + 1))]:
            _damage(files[place], mutation, files[place - 1], random)
        command = ("measure", str(images), "--fs", "25", *options, "--json")
        return Case(f"folder of {source.name}", damage, command, (str(images), *(file.name for file in files)))
    others = [other for other in sources if other.is_file()]
    # What states no rate needs one.
    options += ("--fs", "25") if source.suffix == ".mjpeg" else ()
    path = folder / f"{_ODD_NAME if turn % 6 == 5 else 'damaged'}{source.suffix}"
    folder.mkdir()
    shutil.copy(source, path)
    _damage(path, mutation, others[int(random.integers(len(others)))], random)
    if turn % 5 == 4:
        options = (*_QUICK, "--overlay", "-o", str(folder / "out"))
    return Case(source.name, damage, ("measure", str(path), *options, "--json"), (readable(path.name),))


def file_case(whole: Path, folder: Path, seed: int, index: int) -> Case:
    """Make one damaged file that is no recording; parameters as in `video_case`, of `write_whole_files`."""
    random = np.random.default_rng([seed, 1, index])
    kind, make = _FILES[index % len(_FILES)]
    folder.mkdir()
    return make(kind, whole, folder, random, index // len(_FILES))


def judge(case: Case) -> Verdict:
    """Run the command line in this very process, as a user would, and say what became of a case."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", newline="")
    try:
        status = _physiocam(*case.arguments, out=out, err=err)
    except Exception as error:
        return Verdict(TRACEBACK, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
    printed, said = (_text(stream) for stream in (out, err))
    lines = said.splitlines()
    if status == 0:
        # A bundle with a licence of its own names it, the first time.
        if any(" licence: " not in line for line in lines):
            return Verdict(UNCLEAR, said)
        if "--json" in case.arguments:
            json.loads(printed, parse_constant=_no_number)
        return Verdict(MEASURED, "")
    # A look at a data set says one line for all that is odd; each of them counts.
    plain = all(line.startswith("physiocam: ") and len(line) <= _LONGEST_LINE for line in lines)
    several = case.arguments[0] in ("data", "prepare", "store") or len(lines) == 1
    if lines and plain and several and not _UNEXPECTED.search(said) and any(name in lines[0] for name in case.named):
        return Verdict(REFUSED, said)
    return Verdict(UNCLEAR, said)


# A file's name in an encoding that is no longer used.
_ODD_NAME = "d\udce9g\udce2ts"

_SMALL = ("--set", "crop=center", "--set", "big_size=32", "--set", "small_size=2")
_RUN = """\
store: stores/drawn
output: runs/first
network: {architecture: bigsmall, clip_length: 6, big_stride: 3, shift: wrap}
exclude_subjects: [F001, M003]
epochs: 10
batch_clips: 60
learning_rate: 1.0e-3
schedule: one-cycle
task_weights: {au: 20, pulse: 0.5}
dropout: 0.25
seed: 7
"""


def _physiocam(*arguments: object, out: Any = None, err: Any = None) -> int:
    """Run the command line; its exit status."""
    out, err = out or io.StringIO(), err or io.StringIO()
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        patch.object(sys, "argv", ["physiocam", *map(str, arguments)]),
        warnings.catch_warnings(),
    ):
        # Shown anew by each run, as each process would show them.
        warnings.simplefilter("always", RuntimeWarning)
        warnings.simplefilter("always", UserWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            main()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 1


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def _no_number(name: str) -> float:
    raise ValueError(f"{name} in JSON")


def _chosen(mutations: dict[str, Mutation], turn: int) -> tuple[str, Mutation]:
    return list(mutations.items())[turn % len(mutations)]


def _damage(path: Path, mutation: Mutation, other: Path, random: Generator) -> None:
    damaged = mutation(path.read_bytes(), other.read_bytes(), random)
    # What it links to must not change with it.
    path.unlink()
    path.write_bytes(damaged)


def _bundle(file: str, mutations: dict[str, Mutation]) -> "_Maker":
    def make(kind: str, whole: Path, folder: Path, random: Generator, turn: int) -> Case:
        default = Path(sys.modules["physiocam"].__path__[0]) / "weights" / "default"
        bundle = folder / "bundle"
        bundle.mkdir()
        for path in default.iterdir():
            os.symlink(path, bundle / path.name)
        damage, mutation = _chosen(mutations, turn)
        _damage(bundle / file, mutation, default / "breathing.onnx", random)
        command: tuple[str, ...] = ("weights", "show", str(bundle))
        if turn % 2:
            command = ("measure", str(whole / "videos" / "clip.mp4"), "--weights", str(bundle), "--json")
        return Case(kind, damage, command, (file, "bundle.json"))

    return make


def _predictions(kind: str, whole: Path, folder: Path, random: Generator, turn: int) -> Case:
    shutil.copytree(whole / "predictions", folder / "predictions")
    path = folder / "predictions" / "clip.npz"
    damage, mutation = _chosen({**BYTES, "rearranged": _rearranged, "redescribed": _redescribed}, turn)
    _damage(path, mutation, whole / "videos" / "clip.mp4", random)
    return Case(kind, damage, ("evaluate", str(path.parent), "-o", str(folder / "out")), ("clip.npz",))


def _rearranged(content: bytes, _: bytes, random: Generator) -> bytes:
    """A sound archive of which one array does not fit the others, or is something else."""
    arrays = _arrays(content)
    name = list(arrays)[int(random.integers(len(arrays)))]
    values = arrays.pop(name)
    ways: list[Callable[[], Any]] = [
        lambda: values[: len(values) // 2], lambda: values[:0], lambda: values[np.newaxis], lambda: values.T,
        lambda: values.astype(str), lambda: values.astype(complex), lambda: values.astype("datetime64[s]"),
        lambda: np.full_like(values, 1), lambda: values.astype(float) * np.nan,
        lambda: values.astype(float) + 1e308, lambda: np.float64(3.0),
    ]  # fmt: skip
    arrays[name] = ways[int(random.integers(len(ways)))]()
    return _packed(arrays)


def _redescribed(content: bytes, _: bytes, random: Generator) -> bytes:
    """A sound archive that says something strange of itself."""
    arrays = _arrays(content)
    arrays["about"] = np.frombuffer(JSON["restructured"](arrays["about"].tobytes(), b"", random), np.uint8)
    return _packed(arrays)


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(content)) as file:
        return {name: file[name] for name in file.files}


def _packed(arrays: dict[str, NDArray[Any]]) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)  # type: ignore[arg-type]
    return packed.getvalue()


def _settings(kind: str, whole: Path, folder: Path, random: Generator, turn: int) -> Case:
    damage, mutation = _chosen(TEXT, turn)
    path = Path(shutil.copy(whole / "run.yaml", folder / "run.yaml"))
    _damage(path, mutation, whole / "labels" / "recordings.csv", random)
    return Case(kind, damage, ("train", str(path), "--show"), ("run.yaml",))


def _store(kind: str, whole: Path, folder: Path, random: Generator, turn: int) -> Case:
    shutil.copytree(whole / "store", folder / "store")
    store = folder / "store"
    files = [store / "zarr.json", store / "S001_T1" / "zarr.json", *sorted(store.rglob("*/*/zarr.json"))]
    damage, mutation = _chosen(JSON, turn)
    _damage(files[turn % 3 if turn % 3 < 2 else int(random.integers(len(files)))], mutation, files[turn % 2], random)
    commands = [("store", "info"), ("store", "verify"), ("evaluate", "-o", str(folder / "out"), "--method", "pos")]
    return Case(kind, damage, (*commands[turn // 3 % 3], str(store)), (str(store),))


def _labels(kind: str, whole: Path, folder: Path, random: Generator, turn: int) -> Case:
    shutil.copytree(whole / "labels", folder / "labels")
    files = sorted((folder / "labels").glob("*.csv"))
    damage, mutation = _chosen(TEXT, turn)
    path = files[int(random.integers(len(files)))]
    _damage(path, mutation, files[0], random)
    command: tuple[str, ...] = ("data", "check", "folder", str(folder / "labels"))
    if turn % 2:
        command = ("prepare", "folder", str(folder / "labels"), str(folder / "store"), *_SMALL)
    return Case(kind, damage, command, ("recordings.csv", "S001", path.name, str(folder)))


def _results(kind: str, whole: Path, folder: Path, random: Generator, turn: int) -> Case:
    shutil.copytree(whole / "results", folder / "results")
    damage, mutation = _chosen(JSON, turn)
    for name in ("measured_with.json", "measurement.json")[turn % 3 % 2 :]:
        _damage(next((folder / "results").rglob(name)), mutation, whole / "run.yaml", random)
    command = ("measure", str(whole / "videos"), "-o", str(folder / "results"), *_QUICK, "--json")
    return Case(kind, damage, command, ("clip.mp4",))


def _checkpoint(kind: str, whole: Path, folder: Path, random: Generator, turn: int) -> Case:
    damage, mutation = _chosen(BYTES, turn)
    path = folder / "Heart.pth"
    shutil.copy(whole / "Heart.pth", path)
    _damage(path, mutation, whole / "videos" / "clip.mp4", random)
    os.environ["PHYSIOCAM_HOME"] = str(folder / "home")
    return Case(kind, damage, ("weights", "import", str(path), "--name", "imported"), ("Heart.pth",))


_Maker = Callable[[str, Path, Path, Generator, int], Case]
_FILES: Sequence[tuple[str, _Maker]] = (
    ("bundle.json", _bundle("bundle.json", JSON)),
    ("labels", _labels),
    ("bundle's safetensors", _bundle("bigsmall.safetensors", BYTES)),
    ("training settings", _settings),
    ("bundle's graph", _bundle("bigsmall.onnx", BYTES)),
    ("predictions", _predictions),
    ("results", _results),
    ("store", _store),
    ("labels", _labels),
    ("checkpoint", _checkpoint),
)


def _write_checkpoint(path: Path) -> None:
    """Write a network of the BigSmall authors under their names."""
    import torch

    from physiocam.networks.registry import build, preset
    from physiocam.weights.tensor_names import their_names

    torch.manual_seed(0)
    config = preset("small-pulse")
    names = their_names(config)
    torch.save({names[name]: tensor for name, tensor in build(config).state_dict().items()}, path)
