"""The benchmark of the GPU path runs as it stands, small and on whatever is there."""

import json
from pathlib import Path

import pytest

for needed in ("torch", "pytorch_lightning", "zarr"):
    pytest.importorskip(needed)


def test_it_reports_everything(tmp_path: Path) -> None:
    gpu = pytest.importorskip("gpu")
    figures = gpu.main(["--small", "--json", str(tmp_path / "gpu.json")])
    assert json.loads((tmp_path / "gpu.json").read_text()) == figures
    assert {"32 bits", "TensorFloat-32", "bfloat16", "32 bits, data in memory"} <= figures["training"].keys()
    assert all(rate > 0 for rate in figures["training"].values())
    assert figures["deterministic"]["deterministic"]
    assert figures["evaluation"]["largest difference"] < 1e-3
    assert figures["protocol"].keys() == figures["training"].keys()
