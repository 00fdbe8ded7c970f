"""Writing a bundle again with a part of it exchanged."""

import importlib
import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from physiocam.networks.registry import build, preset  # noqa: E402
from physiocam.networks.small_tcn import SmallTcn  # noqa: E402
from physiocam.networks.small_tcn_config import SmallTcnConfig  # noqa: E402
from physiocam.weights.bundle import Bundle, load_bundle  # noqa: E402
from physiocam.weights.export import BundleAbout, Memory, export_bundle  # noqa: E402
from physiocam.weights.int8_form import load_int8  # noqa: E402

SCRIPTS = Path(__file__).parents[2] / "scripts" / "default_bundle"
ABOUT = BundleAbout("A bundle.", "none")

pytestmark = pytest.mark.usefixtures("traced_once")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("written_again")


def memory(seed: int) -> Memory:
    torch.manual_seed(seed)
    network = SmallTcn(SmallTcnConfig(clip_length=16, channels=8, encoder_channels=4, dilations=(1, 2))).half()
    return Memory({"long": network}, None)


@pytest.fixture
def before(tmp_path: Path) -> Bundle:
    """A bundle whose graph another version of PyTorch made, with a form in 8 bits."""
    network = build(preset("small")).half()
    bundle = export_bundle({"short": network}, tmp_path / "b", name="b", about=ABOUT, fs=30.0, others=[memory(1)])
    graph, description = bundle.folder / "short.onnx", bundle.folder / "bundle.json"
    model = onnx.load(graph, load_external_data=False)
    model.producer_version = "another"
    onnx.save(model, graph)
    shutil.copyfile(graph, bundle.folder / "short.int8.onnx")
    digest = sha256(graph.read_bytes()).hexdigest()
    description.write_text(description.read_text().replace(bundle.info.networks[0].onnx_sha256, digest))
    form = {
        "bundle_sha256": sha256(description.read_bytes()).hexdigest(),
        "networks": {"short": {"onnx": "short.int8.onnx", "onnx_sha256": digest}},
    }
    (bundle.folder / "int8.json").write_text(json.dumps(form))
    return load_bundle(bundle.folder)


def test_networks_that_stay_keep_their_files(tmp_path: Path, script: Any, before: Bundle) -> None:
    again = BundleAbout("Another memory.", "none")
    after = script.written_again(before, tmp_path / "again" / "b", again, memory=memory(2))
    assert {file.name for file in after.folder.iterdir()} == {file.name for file in before.folder.iterdir()}
    changed = {"bundle.json", "int8.json", "long.safetensors"}
    for file in before.folder.iterdir():
        same = file.read_bytes() == (after.folder / file.name).read_bytes()
        assert same == (file.name not in changed), file.name
    assert after.info.description == "Another memory."
    assert load_int8(after).networks == load_int8(before).networks


def test_another_network_takes_the_form_in_8_bits_with_it(tmp_path: Path, script: Any, before: Bundle) -> None:
    torch.manual_seed(3)
    other = {"short": build(preset("small"))}
    after = script.written_again(before, tmp_path / "again" / "b", ABOUT, networks=other)
    names = {"bundle.json", "short.onnx", "short.safetensors", "long.onnx", "long.safetensors"}
    assert {file.name for file in after.folder.iterdir()} == names
