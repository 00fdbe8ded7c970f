"""Bundles: whole ones load, damaged ones say how."""

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from safetensors.numpy import load_file, save_file  # noqa: E402

from physiocam.errors import BundleError  # noqa: E402
from physiocam.inputs.crop import Crop, Cut  # noqa: E402
from physiocam.networks.bigsmall import BigSmall  # noqa: E402
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig  # noqa: E402
from physiocam.signals.breath_evidence import BREATH_EVIDENCE, BreathConfidence  # noqa: E402
from physiocam.weights import export, onnx_graph  # noqa: E402
from physiocam.weights.bundle import Bundle, load_bundle  # noqa: E402
from physiocam.weights.catalogue import list_bundles  # noqa: E402
from physiocam.weights.export import BundleAbout, Slow, export_bundle  # noqa: E402
from physiocam.weights.pytorch import load_networks  # noqa: E402
from physiocam.weights.runtime import Runtime  # noqa: E402

CONFIG = BigSmallConfig(big_size=32, small_size=2)


pytestmark = pytest.mark.usefixtures("traced_once")


def write(folder: Path, **changes: Any) -> Bundle:
    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "name": "tiny",
        "about": BundleAbout("a test", "none"),
        "fs": 25.0,
        **changes,
    }
    return export_bundle({"tiny": BigSmall(CONFIG)}, folder, **settings)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("bundles") / "tiny").folder


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "tiny"
    copy.mkdir()
    for path in whole.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def redescribe(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "bundle.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def resign(folder: Path) -> None:
    """Make the description agree with the files again, as somebody who hands in a bundle could."""

    def change(content: dict[str, Any]) -> None:
        for entry in content["networks"]:
            entry["weights_sha256"] = sha256((folder / entry["weights"]).read_bytes()).hexdigest()
            entry["onnx_sha256"] = sha256((folder / entry["onnx"]).read_bytes()).hexdigest()

    redescribe(folder, change)


def test_a_whole_bundle_loads_by_its_folder_and_its_description(bundle: Path) -> None:
    loaded = load_bundle(bundle)
    assert loaded.tasks == ("au", "pulse", "respiration")
    assert loaded.sha256 == load_bundle(bundle / "bundle.json").sha256 == load_bundle(str(bundle)).sha256
    assert (loaded.info.clip_length, loaded.info.big_stride, loaded.info.big_size) == (3, 3, 32)
    assert json.loads(loaded.describe())["sha256"] == loaded.sha256


def test_weights_are_stored_once(bundle: Path) -> None:
    weights, graph = bundle / "tiny.safetensors", bundle / "tiny.onnx"
    assert graph.stat().st_size < 60_000 < weights.stat().st_size


def test_changing_the_weights_changes_the_answers(bundle: Path) -> None:
    # The graph really reads the safetensors file: it has no copy of its own.
    big, small = np.ones((1, 1, 3, 32, 32), np.float32), np.ones((1, 3, 3, 2, 2), np.float32)
    before = Runtime(load_bundle(bundle), 1).run(big, small)
    tensors = load_file(bundle / "tiny.safetensors")
    tensors["heads.pulse.fc2.bias"] = tensors["heads.pulse.fc2.bias"] + np.float32(1.0)
    save_file(tensors, bundle / "tiny.safetensors")
    resign(bundle)
    after = Runtime(load_bundle(bundle), 1).run(big, small)
    np.testing.assert_allclose(after["pulse"], before["pulse"] + 1.0, rtol=1e-5)
    np.testing.assert_array_equal(after["au"], before["au"])


def test_the_default_bundle_is_small_and_tells_its_story() -> None:
    default = load_bundle()
    assert default.tasks == ("au", "pulse", "intensity", "head_pose", "respiration")
    assert sum(path.stat().st_size for path in default.folder.iterdir()) < 12_000_000
    assert default.info.provenance
    assert default.info.evaluation


def test_every_way_of_being_damaged_is_told_apart(bundle: Path, subtests: pytest.Subtests) -> None:
    def missing_file() -> None:
        (bundle / "tiny.onnx").unlink()

    def altered_file() -> None:
        content = bytearray((bundle / "tiny.safetensors").read_bytes())
        content[-1] ^= 1
        (bundle / "tiny.safetensors").write_bytes(content)

    def missing_tensor() -> None:
        tensors = load_file(bundle / "tiny.safetensors")
        del tensors["small.conv2.weight"]
        save_file(tensors, bundle / "tiny.safetensors")
        resign(bundle)

    def other_shape() -> None:
        tensors = load_file(bundle / "tiny.safetensors")
        tensors["small.conv1.bias"] = np.zeros(31, np.float32)
        save_file(tensors, bundle / "tiny.safetensors")
        resign(bundle)

    def no_safetensors() -> None:
        (bundle / "tiny.safetensors").write_bytes(b"\x80\x04 this is a pickle")
        resign(bundle)

    def no_json() -> None:
        (bundle / "bundle.json").write_text("{")

    def unknown_field() -> None:
        redescribe(bundle, lambda content: content.update(colour="red"))

    def other_format() -> None:
        redescribe(bundle, lambda content: content.update(format=2))

    def escape() -> None:
        redescribe(bundle, lambda content: content["networks"][0].update(weights="../secret"))

    def wrong_rate() -> None:
        redescribe(bundle, lambda content: content.update(fs=-1))

    kept = {path.name: path.read_bytes() for path in bundle.iterdir()}
    for damage, words in (
        (missing_file, "tiny.onnx' is missing"),
        (altered_file, "is not the file"),
        (missing_tensor, "'small.conv2.weight' is missing"),
        (other_shape, r"'small.conv1.bias' has shape \(31,\), expected \(32,\)"),
        (no_safetensors, "not a readable safetensors"),
        (no_json, "not understood"),
        (unknown_field, "colour"),
        (other_format, "format"),
        (escape, "networks.0.weights"),
        (wrong_rate, "fs"),
    ):
        with subtests.test(damage.__name__):
            for name, content in kept.items():
                (bundle / name).write_bytes(content)
            damage()
            with pytest.raises(BundleError, match=words) as caught:
                load_bundle(bundle)
            assert "\n" not in str(caught.value)


def test_a_graph_that_cannot_be_run_is_one_line(bundle: Path) -> None:
    (bundle / "tiny.onnx").write_bytes(b"no graph")
    resign(bundle)
    with pytest.raises(BundleError, match="cannot be run") as caught:
        Runtime(load_bundle(bundle))
    assert "\n" not in str(caught.value)


def test_an_unknown_name_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path))
    write(tmp_path / "bundles" / "mine", name="mine")
    assert load_bundle("mine").info.name == "mine"
    with pytest.raises(BundleError, match="default, mine"):
        load_bundle("yours")


def test_the_catalogue_lists_damaged_bundles_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path))
    write(tmp_path / "bundles" / "broken", name="broken")
    (tmp_path / "bundles" / "broken" / "tiny.onnx").unlink()
    entries = {entry.name: entry for entry in list_bundles()}
    assert set(entries) == {"default", "broken"}
    assert "tiny.onnx' is missing" in entries["broken"].note


def test_exporting_never_shows_half_a_bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise BundleError("stop")

    monkeypatch.setattr(export, "check_graph", fail)
    with pytest.raises(BundleError, match="stop"):
        write(tmp_path / "tiny")
    assert list(tmp_path.iterdir()) == []


def test_weights_in_half_precision_take_half_the_space(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = BigSmall(CONFIG).eval()
    about = BundleAbout("a test", "none")
    whole = export_bundle({"n": network}, tmp_path / "whole", name="b", about=about, fs=25.0)
    half = export_bundle({"n": deepcopy(network).half()}, tmp_path / "half", name="b", about=about, fs=25.0)
    sizes = [(bundle.folder / "n.safetensors").stat().st_size for bundle in (whole, half)]
    assert sizes[1] < 0.52 * sizes[0]
    (rounded,) = load_networks(half).values()
    for name, tensor in network.state_dict().items():
        assert rounded.state_dict()[name].dtype == tensor.dtype
        assert torch.equal(rounded.state_dict()[name], tensor.half().float())
    random = np.random.default_rng(0)
    big, small = (random.standard_normal((2, *shape), np.float32) for shape in ((1, 3, 32, 32), (3, 3, 2, 2)))
    exact, found = (Runtime(bundle, threads=1).run(big, small) for bundle in (whole, half))
    for task, values in exact.items():
        np.testing.assert_allclose(found[task], values, atol=2e-3)


def test_a_licence_is_written_beside_the_weights(tmp_path: Path) -> None:
    written = write(tmp_path / "tiny", about=BundleAbout("a test", "mine", licence_text="Be kind.\n"))
    assert (written.folder / "LICENSE").read_text() == written.licence_text == "Be kind.\n"
    assert json.loads(written.describe())["licence_text"] == ["Be kind."]
    assert write(tmp_path / "other").licence_text is None


def test_an_existing_bundle_is_kept_unless_told_otherwise(bundle: Path) -> None:
    before = load_bundle(bundle).sha256
    with pytest.raises(BundleError, match="exists already"):
        write(bundle)
    assert load_bundle(bundle).sha256 == before
    assert write(bundle, fs=30.0, overwrite=True).info.fs == 30.0


def test_a_name_goes_before_a_folder_beside(monkeypatch: pytest.MonkeyPatch, bundle: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path / "home"))
    shutil.copytree(bundle, tmp_path / "home" / "bundles" / "tiny")
    monkeypatch.chdir(bundle.parent)
    assert load_bundle("tiny").folder == tmp_path / "home" / "bundles" / "tiny"
    assert load_bundle("./tiny").folder.resolve() == bundle


@pytest.mark.parametrize("text", ["", "a" * 5000, "a\0b", "..", "/etc/passwd"])
def test_what_names_no_bundle_is_one_line(text: str) -> None:
    with pytest.raises(BundleError, match="no bundle") as caught:
        load_bundle(text)
    assert "\n" not in str(caught.value)


def test_a_bundle_that_is_being_written_is_not_listed(
    monkeypatch: pytest.MonkeyPatch, bundle: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path / "home"))
    shutil.copytree(bundle, tmp_path / "home" / "bundles" / ".bundle-half")
    assert [entry.name for entry in list_bundles()] == ["default"]


def test_networks_must_agree_and_have_names_of_their_own(bundle: Path) -> None:
    def twice(content: dict[str, Any]) -> None:
        content["networks"].append(content["networks"][0])

    redescribe(bundle, twice)
    with pytest.raises(BundleError, match="each name may appear only once"):
        load_bundle(bundle)
    redescribe(bundle, lambda content: content["networks"][1].update(name="other"))
    assert len(load_bundle(bundle).info.networks) == 2
    redescribe(bundle, lambda content: content["networks"][1]["config"].update(clip_length=6))
    with pytest.raises(BundleError, match=r"differ in clip_length \(\[3, 6\]\)"):
        load_bundle(bundle)


def test_a_bundle_s_stride_serves_every_network(bundle: Path) -> None:
    info = load_bundle(bundle).info
    entries = [
        entry.model_copy(update={"name": f"n{stride}", "config": BigSmallConfig(clip_length=12, big_stride=stride)})
        for entry in info.networks
        for stride in (4, 6)
    ]
    assert info.model_copy(update={"networks": tuple(entries)}).big_stride == 2


def test_only_a_bundle_is_ever_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"x")
    with pytest.raises(BundleError, match="not a bundle"):
        write(tmp_path / "photos", overwrite=True)
    assert (tmp_path / "photos" / "one.jpg").exists()


def test_a_bundle_that_cannot_be_replaced_stays(monkeypatch: pytest.MonkeyPatch, bundle: Path) -> None:
    before, replace = load_bundle(bundle).sha256, Path.replace

    def full(self: Path, target: Path) -> Path:
        if target == bundle and not self.name.endswith("-replaced"):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BundleError, match="No space left"):
        write(bundle, fs=30.0, overwrite=True)
    assert load_bundle(bundle).sha256 == before
    assert [path.name for path in bundle.parent.iterdir()] == ["tiny"]


@pytest.mark.parametrize(("field", "value"), [("fs", -1.0), ("cut", Cut(factor=0.0)), ("name", "../up")])
def test_settings_out_of_range_are_refused_by_name(tmp_path: Path, field: str, value: object) -> None:
    with pytest.raises(BundleError, match="factor" if field == "cut" else field):
        write(tmp_path / "tiny", **{field: value})
    assert list(tmp_path.iterdir()) == []


def test_a_network_is_exported_as_it_stands(tmp_path: Path) -> None:
    network = BigSmall(CONFIG).train()
    export_bundle({"n": network}, tmp_path / "b", name="b", about=BundleAbout("", ""), fs=25.0)
    assert network.training
    stored = load_file(tmp_path / "b" / "n.safetensors")
    for name, tensor in network.state_dict().items():
        np.testing.assert_array_equal(stored[name], tensor.numpy())


def test_a_wrong_graph_is_never_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    places = onnx_graph._places

    def swapped(weights: Path) -> dict[str, tuple[int, int]]:
        found = places(weights)
        five, six = "big.conv5.weight", "big.conv6.weight"
        return {**found, five: found[six], six: found[five]}

    monkeypatch.setattr(onnx_graph, "_places", swapped)
    with pytest.raises(BundleError, match="differs from PyTorch"):
        write(tmp_path / "tiny")
    assert list(tmp_path.iterdir()) == []


SLOW_CONFIG = BigSmallConfig(branches="small", clip_length=6, big_size=32, small_size=2, tasks=(RESPIRATION,))


def write_with_slow(folder: Path, config: BigSmallConfig = SLOW_CONFIG, fs: float = 5.0) -> Bundle:
    fast = BigSmall(CONFIG.model_copy(update={"tasks": (AU, PULSE)}))
    slow = Slow({"breath": BigSmall(config)}, fs, Crop(factor=2.0, down=0.4))
    return export_bundle({"tiny": fast}, folder, name="tiny", about=BundleAbout("", ""), fs=25.0, others=[slow])


def breath_confidence() -> BreathConfidence:
    none, ones = (0.0,) * len(BREATH_EVIDENCE), (1.0,) * len(BREATH_EVIDENCE)
    return BreathConfidence(
        evidence=BREATH_EVIDENCE, centre=none, scale=ones, weight=ones, bias=1.0, widths=((0.0, 9.0), (1.0, 1.0))
    )


def test_a_confidence_of_breathing_rates_travels_with_the_slow_networks(tmp_path: Path) -> None:
    fast = BigSmall(CONFIG.model_copy(update={"tasks": (AU, PULSE)}))

    def write(config: BigSmallConfig) -> Bundle:
        slow = Slow({"breath": BigSmall(config)}, 5.0, Crop(factor=2.0, down=0.4), breath_confidence())
        about = BundleAbout("", "")
        return export_bundle({"tiny": fast}, tmp_path / "b", name="tiny", about=about, fs=25.0, others=[slow])

    with pytest.raises(BundleError, match="confidence for the breathing rate, but no slow network reads the breath"):
        write(SLOW_CONFIG.model_copy(update={"tasks": (RESPIRATION.model_copy(update={"name": "sway"}),)}))
    bundle = write(SLOW_CONFIG)
    assert bundle.info.slow is not None
    assert bundle.info.slow.confidence == breath_confidence()
    # A bundle of an earlier version has no such field.
    path = bundle.folder / "bundle.json"
    described = json.loads(path.read_text())
    del described["slow"]["confidence"]
    path.write_text(json.dumps(described))
    earlier = load_bundle(bundle.folder).info.slow
    assert earlier is not None
    assert earlier.confidence is None


def test_slow_networks_travel_with_the_others(tmp_path: Path) -> None:
    bundle = write_with_slow(tmp_path / "b")
    assert bundle.tasks == ("au", "pulse", "respiration")
    assert [task.name for task in bundle.info.tasks] == ["au", "pulse"]
    assert [entry.name for entry in bundle.info.entries] == ["tiny", "breath"]
    slow = bundle.info.slow
    assert slow is not None
    assert (slow.fs, slow.crop, slow.clip_length) == (5.0, Crop(factor=2.0, down=0.4), 6)
    (bundle.folder / "breath.safetensors").unlink()
    with pytest.raises(BundleError, match=r"breath\.safetensors' is missing"):
        load_bundle(bundle.folder)


@pytest.mark.parametrize(
    ("config", "fs", "words"),
    [
        (BigSmallConfig(big_size=32, small_size=2, tasks=(RESPIRATION,)), 5.0, "takes Big frames"),
        (SLOW_CONFIG.model_copy(update={"tasks": (PULSE,)}), 5.0, "others share the task 'pulse'; a task has one"),
        (SLOW_CONFIG.model_copy(update={"tasks": (AU,)}), 5.0, "'au', which is not a waveform"),
        (SLOW_CONFIG, 30.0, "slow networks see 30 frames/s, more than the others' 25"),
    ],
)
def test_slow_networks_that_make_no_sense_are_refused(
    tmp_path: Path, config: BigSmallConfig, fs: float, words: str
) -> None:
    with pytest.raises(BundleError, match=words):
        write_with_slow(tmp_path / "b", config, fs)
