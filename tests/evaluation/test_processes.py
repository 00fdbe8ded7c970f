"""Several processes that train together speak and write once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("pytorch_lightning")
pytest.importorskip("zarr")

from physiocam.datasets.store.prepare import PrepareSettings, prepare
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.recordings import synthetic_entries

SETTINGS = """
store: {store}
output: {output}
network:
  architecture: bigsmall
  branches: small
  big_size: 32
  small_size: 2
  tasks: [{{name: pulse, kind: waveform, labels: [pulse]}}]
epochs: 1
batch_clips: 20
devices: 2
memory: disk
"""


def physiocam(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "physiocam", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_two_processes_cross_validate_and_one_of_them_tells(tmp_path: Path) -> None:
    scene = SceneSettings(duration_s=6.0, width=64, height=48)
    prepare(
        synthetic_entries(2, 1, scene, trials=1),
        tmp_path / "store",
        PrepareSettings(crop="center", big_size=32, small_size=2),
    )
    run = tmp_path / "run.yaml"
    run.write_text(SETTINGS.format(store=tmp_path / "store", output=tmp_path / "run"))
    answer = physiocam("cross-validate", str(run), "--folds", "2")
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert "Traceback" not in answer.stderr
    assert "GLOBAL_RANK" not in answer.stderr
    assert "folds are missing" not in answer.stdout
    for line in ("fold 1 of 2: 1 subjects held out", "fold 2 of 2: 1 subjects held out", "written to "):
        assert answer.stdout.count(line) == 1, answer.stdout
    assert (tmp_path / "run" / "evaluation-store" / "evaluation.md").is_file()
