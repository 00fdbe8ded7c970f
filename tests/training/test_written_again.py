"""Writing a bundle again with a part of it exchanged."""

import importlib
from pathlib import Path
from typing import Any

import pytest

for needed in ("torch", "onnx", "safetensors"):
    pytest.importorskip(needed)

from physiocam.networks.registry import build  # noqa: E402
from physiocam.networks.small_tcn import SmallTcn  # noqa: E402
from physiocam.networks.small_tcn_config import SmallTcnConfig  # noqa: E402
from physiocam.weights.bundle import load_bundle  # noqa: E402
from physiocam.weights.export import BundleAbout, Memory  # noqa: E402
from physiocam.weights.int8_form import load_int8  # noqa: E402

SCRIPTS = Path(__file__).parents[2] / "scripts" / "default_bundle"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("written_again")


def test_networks_that_stay_keep_their_files(tmp_path: Path, script: Any) -> None:
    before = load_bundle()
    info = before.info
    assert info.memory is not None
    config = info.memory.networks[0].config
    assert isinstance(config, SmallTcnConfig)
    other = build(config)
    assert isinstance(other, SmallTcn)
    about = BundleAbout("Another memory.", info.licence, info.provenance, info.evaluation, info.unit_auc)
    memory = Memory({"pulse": other}, info.memory.confidence)
    after = script.written_again(before, tmp_path / "again", about, memory=memory)
    changed = {"bundle.json", "int8.json", "pulse.onnx", "pulse.safetensors"}
    assert {file.name for file in after.folder.iterdir()} == {file.name for file in before.folder.iterdir()}
    for file in before.folder.iterdir():
        same = file.read_bytes() == (after.folder / file.name).read_bytes()
        assert same == (file.name not in changed), file.name
    assert after.info.description == "Another memory."
    assert load_int8(after).networks == load_int8(before).networks
