"""Networks in other formats compute what the bundle's graphs compute."""

import os
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


_ROOT = Path(__file__).parents[2]


def code_of_the_page(language: str) -> str:
    """The one block of a language in docs/runtimes.md."""
    page = (_ROOT / "docs" / "runtimes.md").read_text("utf-8")
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return str(block)


def test_the_example_in_javascript_runs(tmp_path: Path) -> None:
    if shutil.which("node") is None or not (_ROOT / "web" / "node_modules" / "onnxruntime-web").is_dir():
        pytest.skip("needs Node and onnxruntime-web; run: npm ci, in web/")
    export_networks(load_bundle(), "onnx", tmp_path / "exported")
    code = code_of_the_page("js").replace("exported/", f"{tmp_path}/exported/")
    command = ["node", "--input-type=module"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, cwd=_ROOT / "web", check=True)
    assert done.stdout.splitlines() == ["au 1 1 3 12", "pulse 1 1 3 1"]


def headers_of_onnx_runtime() -> Path:
    """The folder with the C++ headers; skips where there is none."""
    places = [Path("/usr/include/onnxruntime"), Path("/usr/local/include/onnxruntime"), Path("/usr/local/include")]
    if given := os.environ.get("ONNXRUNTIME_INCLUDE"):
        places.insert(0, Path(given))
    found = next((place for place in places if (place / "onnxruntime_cxx_api.h").is_file()), None)
    if found is None:
        pytest.skip(
            "no onnxruntime_cxx_api.h in /usr/include; install libonnxruntime-dev, or name the headers' folder in "
            "ONNXRUNTIME_INCLUDE"
        )
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's example in C++, compiled; it runs on the library that ONNX Runtime's Python package brings along."""
    if (compiler := shutil.which("g++") or shutil.which("clang++")) is None:
        pytest.skip("no C++ compiler on the path")
    headers = headers_of_onnx_runtime()
    libraries = sorted((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"))
    if not libraries:
        pytest.skip("the Python package of ONNX Runtime has no libonnxruntime.so on this system")
    folder = tmp_path_factory.mktemp("cpp")
    (folder / "measure.cpp").write_text(code_of_the_page("cpp"), "utf-8")
    # The library is found by the name that it has inside.
    for name in ("libonnxruntime.so", "libonnxruntime.so.1"):
        (folder / name).symlink_to(libraries[-1])
    command = [compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-isystem{headers}", "measure.cpp", "-L.",
               "-lonnxruntime", f"-Wl,-rpath,{folder}", "-o", "measure"]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True)
    return folder / "measure"


@pytest.mark.parametrize("name", ["bigsmall", "expression", "breathing"])
@pytest.mark.parametrize("suffix", [".onnx", ".int8.onnx"])
def test_the_example_in_cpp_computes_what_python_does(program: Path, name: str, suffix: str, tmp_path: Path) -> None:
    bundle = load_bundle()
    if suffix == ".onnx":
        export_networks(bundle, "onnx", tmp_path)
        graph = tmp_path / f"{name}.onnx"
    else:
        graph = bundle.folder / f"{name}{suffix}"
    done = subprocess.run([program, graph], capture_output=True, text=True, check=True)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    shapes = {one.name: [size if isinstance(size, int) else 1 for size in one.shape] for one in session.get_inputs()}
    expected = session.run(None, {key: np.zeros(shape, np.float32) for key, shape in shapes.items()})
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == [output.name for output in session.get_outputs()]
    for (_, *shape, first), output in zip(lines, expected, strict=True):
        assert tuple(map(int, shape)) == output.shape
        assert float(first) == pytest.approx(float(output.flat[0]), abs=1e-4)


def test_an_unknown_format_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PhysiocamError, match=r"^the format is 'tflite'; expected onnx, openvino, torchscript$"):
        export_networks(load_bundle(), "tflite", tmp_path)
