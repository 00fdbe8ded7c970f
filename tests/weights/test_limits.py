"""Numbers and sizes that bundles, predictions and checkpoints declare: bounded before anything is made room for."""

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiocam.errors import BundleError, DatasetError
from physiocam.evaluation.predictions import Predictions, load_predictions
from physiocam.weights.bundle import load_bundle


def damaged(tmp_path: Path, place: str, value: str) -> Path:
    """The default bundle with another value in its description, as JSON text."""
    folder = Path(shutil.copytree(load_bundle().folder, tmp_path / "bundle"))
    content: Any = json.loads((folder / "bundle.json").read_text())
    *groups, last = place.split(".")
    inner = content
    for group in groups:
        inner = inner[int(group) if group.isdigit() else group]
    inner[last] = "HERE"
    (folder / "bundle.json").write_text(json.dumps(content).replace('"HERE"', value))
    return folder


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("slow.fs", "1e-9", r"slow.fs is 1e-09: .* 0.1"),
        ("slow.fs", "0", r"slow.fs is 0"),
        ("slow.fs", "-5", r"slow.fs is -5"),
        ("slow.fs", "1e300", r"slow.fs is 1e\+300: .* 1000"),
        ("slow.fs", "NaN", "not understood"),
        ("fs", "Infinity", "not understood"),
        ("fs", "1e999", "not understood"),
        ("fs", "1e-9", r"fs is 1e-09"),
        ("crop.factor", "1e9", r"crop.factor is 1000000000.0"),
        ("crop.down", "-Infinity", "not understood"),
        ("slow.crop.factor", "0", r"slow.crop.factor is 0"),
        ("networks.0.config.clip_length", "1000000000000", "clip_length is 1000000000000"),
        ("networks.0.config.big_stride", "0", "big_stride is 0"),
        ("networks.0.config.big_size", "1e12", "big_size"),
        ("slow.networks.0.config.small_size", "4096", "a clip takes|small_size"),
        ("evaluation", '{"x": NaN}', "not understood"),
        ("provenance", '{"x": -Infinity}', "not understood"),
    ],
)
def test_numbers_of_a_bundle_are_refused_in_one_line(tmp_path: Path, place: str, value: str, words: str) -> None:
    folder = damaged(tmp_path, place, value)
    with pytest.raises(BundleError, match=words) as caught:
        load_bundle(folder)
    assert "\n" not in str(caught.value)


def test_a_clip_and_a_minute_that_no_machine_holds_are_refused() -> None:
    from physiocam.networks.config import BigSmallConfig

    with pytest.raises(ValueError, match=r"a clip takes \d+ MB; expected 200 MB or less"):
        BigSmallConfig(clip_length=10_000, big_stride=1, big_size=144, small_size=9)


def predictions(folder: Path) -> Path:
    return Predictions("a", "a", 30.0, {"pulse": np.zeros(100)}).save(folder)


@pytest.mark.parametrize("shape", [(10**9,), (10**12,), (10**6, 10**6)])
def test_an_array_that_declares_more_than_its_entry_holds_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = predictions(tmp_path)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    entries["waveforms/pulse.npy"] = header.getvalue() + bytes(800)
    with zipfile.ZipFile(path, "w") as new:
        for name, content in entries.items():
            new.writestr(name, content)
    with pytest.raises(DatasetError, match=r"holds no predictions \(ValueError\)"):
        load_predictions(path)


def test_checkpoints_declare_no_more_than_they_hold(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from physiocam.weights.checkpoints import read_checkpoint_file
    from physiocam.weights.importer import read_checkpoint

    torch.save({"state": [{"a": torch.zeros(1).expand(10**6, 10**6)}]}, tmp_path / "wide.pth")
    with pytest.raises(BundleError, match=r"tensor 'state.0.a' declares 4000000000000 bytes and the file holds 4"):
        read_checkpoint_file(tmp_path / "wide.pth")
    torch.save({"a": torch.zeros(1000, 1000)}, tmp_path / "plain.pth")
    with zipfile.ZipFile(tmp_path / "plain.pth") as old, zipfile.ZipFile(tmp_path / "packed.pth", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleError, match="refused: it unpacks to"):
        read_checkpoint(tmp_path / "packed.pth")
