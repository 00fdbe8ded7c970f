"""Networks in other formats compute what the bundle's graphs compute."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx")
pytest.importorskip("torch")
from physiocam.errors import PhysiocamError
from physiocam.weights.bundle import load_bundle
from physiocam.weights.other_runtimes import FORMATS, export_networks

Inputs = dict[str, NDArray[np.float32]]
Outputs = list[NDArray[np.float32]]

_CLIPS, _PHASES = 3, 2


def example(session: onnxruntime.InferenceSession) -> Inputs:
    """Inputs for a graph, of other numbers of clips and phases than it was traced with."""
    random = np.random.default_rng(0)
    sizes = {"clips": _CLIPS, "phases": _PHASES}
    shapes = {one.name: [sizes.get(size, size) for size in one.shape] for one in session.get_inputs()}
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def run_onnx(path: Path, inputs: Inputs) -> Outputs:
    return list(onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, inputs))


def run_openvino(path: Path, inputs: Inputs) -> Outputs:
    openvino: Any = pytest.importorskip("openvino", reason="the package openvino is not installed")
    # Processors with bfloat16 would otherwise compute in it.
    compiled = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled(inputs)
    return [answers[output] for output in compiled.outputs]


def run_torchscript(path: Path, inputs: Inputs) -> Outputs:
    import torch

    jit: Any = torch.jit
    with torch.inference_mode():
        answers = jit.load(path)(**{name: torch.from_numpy(value) for name, value in inputs.items()})
    return [answer.numpy() for answer in answers]


RUN: dict[str, Callable[[Path, Inputs], Outputs]] = {
    "onnx": run_onnx,
    "openvino": run_openvino,
    "torchscript": run_torchscript,
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_network_computes_the_same(form: str, tmp_path: Path) -> None:
    if form == "openvino":
        pytest.importorskip(form, reason=f"the package {form} is not installed")
    bundle = load_bundle()
    folder = tmp_path / "exported"
    written = export_networks(bundle, form, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(written)
    for entry in bundle.info.entries:
        session = onnxruntime.InferenceSession(bundle.folder / entry.onnx, providers=["CPUExecutionProvider"])
        inputs = example(session)
        expected = session.run(None, inputs)
        found = RUN[form](folder / f"{entry.name}{FORMATS[form][0]}", inputs)
        for right, answer in zip(expected, found, strict=True):
            np.testing.assert_allclose(answer, right, atol=1e-4 * max(1.0, float(np.abs(right).max())))


def test_a_file_needs_no_other(tmp_path: Path) -> None:
    bundle = load_bundle()
    export_networks(bundle, "onnx", tmp_path / "exported")
    name = f"{bundle.info.entries[0].name}.onnx"
    alone = (tmp_path / "exported" / name).rename(tmp_path / name)
    assert onnxruntime.InferenceSession(alone, providers=["CPUExecutionProvider"]).get_inputs()


def test_the_example_in_javascript_runs(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    if shutil.which("node") is None or not (root / "web" / "node_modules" / "onnxruntime-web").is_dir():
        pytest.skip("needs Node and onnxruntime-web; run: npm ci, in web/")
    export_networks(load_bundle(), "onnx", tmp_path / "exported")
    block = re.search(
        r"^```js\n(.*?)^```$", (root / "docs" / "runtimes.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert block is not None
    code = block[1].replace("exported/", f"{tmp_path}/exported/")
    command = ["node", "--input-type=module"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, cwd=root / "web", check=True)
    assert done.stdout.splitlines() == ["au 1 1 3 12", "pulse 1 1 3 1"]


def test_an_unknown_format_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PhysiocamError, match=r"^the format is 'tflite'; expected onnx, openvino, torchscript$"):
        export_networks(load_bundle(), "tflite", tmp_path)
