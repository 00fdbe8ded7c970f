"""What the pages show as Python runs, and what they print is what the code says."""

import re
from pathlib import Path
from typing import Any

import pytest

from physiocam.signals.methods import METHODS

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_table_of_networks_is_up_to_date() -> None:
    pytest.importorskip("torch")
    from physiocam.networks.complexity import cost
    from physiocam.networks.registry import preset, preset_names

    page = (DOCS / "networks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|.*\| ([\d,]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert [name for name, _, _ in rows] == preset_names()
    for name, parameters, macs in rows:
        counted = cost(preset(name))
        assert (parameters, macs) == (f"{counted.parameters:,}", f"{counted.macs_per_frame / 1e6:.2f}")


def test_the_examples_of_networks_run() -> None:
    torch = pytest.importorskip("torch")
    names: dict[str, Any] = {}
    for block in blocks("networks.md"):
        exec(block, names)
    assert names["two_big_frames"].big_frames == 2
    config = names["hands"]
    big = torch.randn(2, 1, 3, config.big_size, config.big_size)
    small = torch.randn(2, 5, 3, config.small_size, config.small_size)
    outputs = names["network"](big, small)
    assert {task: tuple(output.shape) for task, output in outputs.items()} == {"tremor": (2, 5, 2), "grip": (2, 5, 3)}


def test_tasks_of_ones_own_become_a_bundle_that_runs_without_pytorch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    from physiocam.runtime import Runtime
    from physiocam.weights.bundle import load_bundle
    from physiocam.weights.export import export_bundle

    names: dict[str, Any] = {}
    exec(blocks("networks.md")[-1], names)
    network = names["network"].eval()
    export_bundle({"hands": network}, tmp_path / "b", name="hands", description="a test", licence="none", fs=30.0)
    bundle = load_bundle(tmp_path / "b")
    (entry,) = bundle.info.networks
    assert entry.config == names["hands"]
    assert [task.labels for task in entry.config.tasks] == [("x", "y"), ("pinch", "power", "hook")]
    big, small = torch.randn(2, 1, 3, 96, 96), torch.randn(2, 5, 3, 6, 6)
    with torch.inference_mode():
        expected = network(big, small)
    answers = Runtime(bundle, threads=1).run(big.numpy(), small.numpy())
    assert list(answers) == ["tremor", "grip"]
    for task, answer in answers.items():
        assert answer == pytest.approx(expected[task].numpy(), abs=1e-5)


def test_the_example_of_methods_runs() -> None:
    names: dict[str, Any] = {}
    for block in blocks("methods.md"):
        exec(block, names)
    assert {name: waveform.shape for name, waveform in names["waveforms"].items()} == dict.fromkeys(METHODS, (300,))


def test_the_page_of_methods_tells_of_each() -> None:
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(METHODS)


def test_the_examples_of_data_run(capsys: pytest.CaptureFixture[str]) -> None:
    splits, generated = (block for block in blocks("data.md") if "stores/" not in block)
    exec(splits, {})
    assert capsys.readouterr().out == "[46, 46, 47]\n"
    exec(generated, {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["S001_T1", "S001_T2", "S002_T1", "S002_T2", "S003_T1", "S003_T2"]
    assert all(50 < float(line.split()[1]) < 110 for line in lines)


def test_the_examples_of_the_report_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for extra in ("jinja2", "neurokit2", "pandas"):
        pytest.importorskip(extra)
    import gzip
    import json

    import numpy as np

    import physiocam

    fs = 20.0
    beats = 3.0 * np.sin(2 * np.pi * 1.2 * np.arange(600) / fs)
    noise = np.random.default_rng(0).normal(0.0, 2.0, (600, 32, 32, 3))
    frames = (120.0 + noise + beats[:, None, None, None] * (0.3, 1.0, 0.5)).astype(np.uint8)
    measured = physiocam.measure(frames, fs=fs, face="center", method="pos", hrv=True)
    monkeypatch.setattr(physiocam, "measure", lambda source, **options: measured)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks("report.md"):
        exec(block, names)
    assert "left out on purpose" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(names["beats"]["PPG_Peaks"]) == pytest.approx(36, abs=2)
    (described,) = (tmp_path / "derivatives").rglob("*_physio.json")
    about = json.loads(described.read_text())
    with gzip.open(described.with_suffix(".tsv.gz"), "rt") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    assert len(rows) == 600
    assert {len(row) for row in rows} == {len(about["Columns"])}
    assert float(rows[300][0]) == pytest.approx(measured.pulse[300])
    assert rows[300][1] == "n/a"
    assert about["SamplingFrequency"] == fs
