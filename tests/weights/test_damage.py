"""Damaged bundles, the default one to begin with: refused by the name of the file, at once, and never half loaded."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mutations import BYTES, JSON
from physiocam.errors import BundleError
from physiocam.weights.bundle import load_bundle

FILES = ("bigsmall.onnx", "bigsmall.safetensors", "breathing.onnx", "breathing.safetensors")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(load_bundle().folder, tmp_path / "bundle"))


@pytest.mark.parametrize("damage", BYTES)
@pytest.mark.parametrize("file", FILES)
def test_no_damaged_file_is_loaded(bundle: Path, file: str, damage: str) -> None:
    content = (bundle / file).read_bytes()
    damaged = BYTES[damage](content, (bundle / FILES[0]).read_bytes(), np.random.default_rng(0))
    assert damaged != content
    (bundle / file).write_bytes(damaged)
    with pytest.raises(BundleError, match=file) as error:
        load_bundle(bundle)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_description_is_refused_or_still_whole(bundle: Path, seed: int) -> None:
    path = bundle / "bundle.json"
    mutation = list(JSON.values())[seed % len(JSON)]
    path.write_bytes(mutation(path.read_bytes(), b"[1, 2]", np.random.default_rng(seed)))
    try:
        loaded = load_bundle(bundle)
    except BundleError as error:
        said = str(error)
    else:
        assert json.loads(loaded.describe())["sha256"] == loaded.sha256
        return
    assert len(said.splitlines()) == 1
    assert str(bundle) in said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("architecture", []),
        ("architecture", {"a": 1}),
        ("clip_length", 10**12),
        ("big_size", 10**9),
        ("small_size", 10**30),
        ("big_stride", 10**15),
    ],
)
def test_a_description_of_no_network_is_refused_at_once(bundle: Path, field: str, value: Any) -> None:
    path = bundle / "bundle.json"
    content = json.loads(path.read_text())
    content["networks"][0]["config"][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(BundleError, match=f"not understood: .*{field}"):
        load_bundle(bundle)
