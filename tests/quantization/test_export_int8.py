"""Networks in 8 bits: which parts are, and that they compute nearly the same."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
pytest.importorskip("skimage", reason="scikit-image, which ships the portrait, is not installed")

from physiocam.errors import BundleError  # noqa: E402
from physiocam.measuring.measure import measure  # noqa: E402
from physiocam.networks.bigsmall import BigSmall  # noqa: E402
from physiocam.networks.config import BigSmallConfig  # noqa: E402
from physiocam.networks.registry import build, preset  # noqa: E402
from physiocam.quantization import calibration  # noqa: E402
from physiocam.quantization.export_int8 import export_int8  # noqa: E402
from physiocam.quantization.graph import plain_graph, quantized_graph  # noqa: E402
from physiocam.synthetic.portrait import demo_clip  # noqa: E402
from physiocam.weights.bundle import Bundle, load_bundle  # noqa: E402
from physiocam.weights.export import BundleAbout, export_bundle  # noqa: E402
from physiocam.weights.int8_form import load_int8  # noqa: E402
from physiocam.weights.pytorch import load_networks  # noqa: E402
from physiocam.weights.runtime import Runtime  # noqa: E402

pytestmark = pytest.mark.usefixtures("traced_once")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and short recordings to calibrate with."""
    for name, value in (("PEOPLE", 1), ("DRAWN_S", 1.0), ("PORTRAIT_S", 1.0), ("DIFFICULTIES", ("easy",))):
        monkeypatch.setattr(calibration, name, value)


def written(folder: Path, **config: Any) -> Bundle:
    torch.manual_seed(0)
    network = BigSmall(BigSmallConfig(**config)).eval()
    return export_bundle({"one": network}, folder, name="b", about=BundleAbout("a test", "none"), fs=30.0)


@pytest.mark.usefixtures("short")
def test_a_bundle_gets_a_form_in_8_bits_and_is_measured_with_it(tmp_path: Path) -> None:
    # Of random weights, the pulse would hang on Big frames more than on Small ones.
    trained = {"one": load_networks(load_bundle("default"))["bigsmall"]}
    about = BundleAbout("a test", "none")
    bundle = export_bundle(trained, tmp_path / "b", name="b", about=about, fs=30.0)
    assert set(export_int8(bundle, bundle.folder)) == {"one.int8.onnx", "bundle.json", "int8.json"}
    assert load_bundle(bundle.folder).sha256 == bundle.sha256 == load_int8(bundle).bundle_sha256
    frames = list(islice(demo_clip(3).frames(), 60))
    single, eighth = (measure(frames, fs=30, weights=bundle, precision=name, threads=1) for name in ("fp32", "int8"))
    assert eighth.weights is not None
    assert eighth.weights.precision == "int8"
    difference = eighth.action_unit_probability - single.action_unit_probability
    # As docs/runtimes.md says of a recording's means; a single frame may be off by more.
    assert 0 < np.abs(difference.mean(axis=0)).max() < 0.011
    assert np.abs(difference).max() < 0.05
    for each in (single, eighth):
        assert np.isfinite(each.pulse).all()
    assert np.corrcoef(single.pulse, eighth.pulse)[0, 1] > 0.999


def test_convolutions_of_big_frames_are_in_8_bits_and_those_of_small_ones_are_not(tmp_path: Path) -> None:
    bundle = written(tmp_path / "b")
    model = plain_graph(bundle.folder / "one.onnx")
    random = np.random.default_rng(0)
    feed = {
        "big": random.standard_normal((1, 1, 3, 144, 144), np.float32),
        "small": random.standard_normal((1, 3, 3, 3, 9, 9), np.float32),
    }
    graph = quantized_graph(model, [feed]).graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    made_of = {node.output[0]: node for node in graph.node}
    # Six convolutions of the Big branch, and two that average in place of a pooling; four of the Small branch.
    kinds = Counter(made_of[node.input[1]].op_type for node in graph.node if node.op_type == "Conv")
    assert kinds == {"DequantizeLinear": 8, "Cast": 4}
    assert [node.op_type for node in graph.node].count("AveragePool") == 1
    assert [types[f"network.heads.{task}.fc1.weight.int8"] for task in ("au", "pulse")] == [onnx.TensorProto.INT8] * 2
    # Seven bits, so that no processor's sums overflow.
    weights = [t for t in graph.initializer if t.name.endswith("weight_quantized")]
    assert len(weights) == 6
    assert max(np.abs(onnx.numpy_helper.to_array(t).astype(int)).max() for t in weights) <= 64
    # Channels in multiples of four, which is fast, and those that were added are zeros.
    (colours,) = (t for t in weights if t.dims[1] == 4)
    assert {t.dims[1] % 4 for t in weights} == {0}
    assert not onnx.numpy_helper.to_array(colours)[:, 3].any()
    assert [node.op_type for node in graph.node].count("Pad") == 1
    # Pictures may reach farther than those that it was calibrated with: -4 to 6, whatever those were.
    scales = {tensor.name: float(onnx.numpy_helper.to_array(tensor)) for tensor in graph.initializer
              if tensor.name.endswith("filled_scale")}  # fmt: skip
    assert list(scales.values()) == pytest.approx([10 / 255])


def test_files_are_a_third_of_single_precision_whatever_the_architecture(tmp_path: Path) -> None:
    torch.manual_seed(0)
    networks = {"face": build(preset("expression-cnn")).eval(), "pulse": build(preset("small")).eval()}
    bundle = export_bundle(networks, tmp_path / "b", name="b", about=BundleAbout("a test", "none"), fs=30.0)
    random = np.random.default_rng(0)
    feeds = {"face": [{"big": random.standard_normal((1, 1, 3, 144, 144), np.float32)}], "pulse": []}
    for entry in bundle.info.entries:
        path = tmp_path / f"{entry.name}.int8.onnx"
        onnx.save(quantized_graph(plain_graph(bundle.folder / entry.onnx), feeds[entry.name]), path)
        assert path.stat().st_size < 0.36 * (bundle.folder / entry.weights).stat().st_size


@pytest.mark.usefixtures("short")
def test_calibration_gives_each_graph_its_own_inputs() -> None:
    bundle = load_bundle()
    feeds = calibration.calibration_feeds(bundle)
    assert set(feeds) == {"bigsmall", "expression"}
    assert feeds["bigsmall"][0]["small"].shape == (1, 3, 3, 3, 9, 9)
    assert {name: value.shape for name, value in feeds["expression"][0].items()} == {"big": (1, 1, 3, 144, 144)}
    # What a network answers to them is what it answered while measuring: the inputs are not mixed up.
    runtime = Runtime(bundle, 1)
    (feed,) = feeds["bigsmall"][3:4]
    assert runtime.run_phases(feed["big"], feed["small"])["pulse"].std() > 0


def test_a_bundle_without_big_frames_is_refused_in_one_line(tmp_path: Path) -> None:
    bundle = written(tmp_path / "b", branches="small")
    with pytest.raises(BundleError, match=r"^bundle .b. has no networks with Big frames; 8 bits would save"):
        export_int8(bundle, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_channels_are_refused_in_one_line(tmp_path: Path) -> None:
    bundle = written(tmp_path / "b", input_channels=4)
    with pytest.raises(BundleError, match=r"^bundle 'b' takes 4 channels; 8 bits are for networks of RGB$"):
        export_int8(bundle, tmp_path / "out")
    assert not (tmp_path / "out").exists()
