"""Runs whose numbers run away stop at once, say where, and leave nothing that could be taken for a result."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_lightning")
zarr = pytest.importorskip("zarr")

from torch import Tensor  # noqa: E402

from physiocam.errors import DatasetError, PhysiocamError  # noqa: E402
from physiocam.networks.config import PULSE, BigSmallConfig  # noqa: E402
from physiocam.training.fit import fit  # noqa: E402
from physiocam.training.module import TrainModule  # noqa: E402
from physiocam.training.settings import TrainSettings  # noqa: E402

SMALL = BigSmallConfig(branches="small", small_size=2, tasks=(PULSE,))


def settings(store: Path, output: Path, **changes: Any) -> TrainSettings:
    usual = {
        "network": BigSmallConfig(big_size=32, small_size=2), "epochs": 3, "batch_clips": 16, "checkpoint_steps": 1
    }  # fmt: skip
    return TrainSettings(store=store, output=output, **{**usual, **changes})


def left(output: Path) -> list[Path]:
    return [*output.glob("checkpoints/*.ckpt"), *output.glob("bundle")]


@pytest.mark.parametrize(
    "changes",
    [
        {"learning_rate": 1e9},
        {"learning_rate": 1e9, "precision": "bf16-mixed"},
        {"learning_rate": 1e9, "gradients": "pcgrad"},
        {"learning_rate": 1e20, "network": SMALL},
        {"learning_rate": 1e30, "network": SMALL, "schedule": "one-cycle"},
        {"task_weights": {"pulse": 3e38, "respiration": 3e38}},
    ],
    ids=str,
)
def test_a_run_that_diverges_stops_with_step_and_advice(store: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    chosen = settings(store, tmp_path / "run", **changes)
    with pytest.raises(PhysiocamError) as caught:
        fit(chosen, show_progress=False)
    message = str(caught.value)
    assert message.startswith("training diverged at step ")
    assert "is not finite" in message
    assert f"lower learning_rate, which is {chosen.learning_rate:g}" in message
    assert "\n" not in message
    for checkpoint in left(tmp_path / "run"):
        state = torch.load(checkpoint, weights_only=True)["state_dict"]
        assert all(value.isfinite().all() for value in state.values())
    with pytest.raises(PhysiocamError, match="training diverged at step"):
        fit(chosen, show_progress=False)
    assert not (tmp_path / "run" / "bundle").exists()


def test_the_task_that_diverges_is_named(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = TrainModule.training_step

    def poisoned(self: TrainModule, batch: Any, batch_idx: int) -> Tensor | None:
        if self.global_step == 4:
            batch.targets["respiration"].fill_(1e30)
        return forward(self, batch, batch_idx)

    monkeypatch.setattr(TrainModule, "training_step", poisoned)
    with pytest.raises(PhysiocamError, match="training diverged at step 5: the loss of 'respiration' is not finite"):
        fit(settings(store, tmp_path / "run"), show_progress=False)
    assert max(int(path.stem.partition("=")[2]) for path in (tmp_path / "run" / "checkpoints").glob("step*")) == 4


@pytest.mark.parametrize("gradients", ["sum", "pcgrad"])
def test_a_gradient_that_is_not_finite_never_reaches_the_weights(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gradients: str
) -> None:
    configure = TrainModule.configure_optimizers

    def poisoned(self: TrainModule) -> dict[str, Any]:
        first = next(self.network.parameters())
        first.register_hook(lambda gradient: torch.full_like(gradient, torch.inf))  # type: ignore[no-untyped-call]
        return configure(self)

    monkeypatch.setattr(TrainModule, "configure_optimizers", poisoned)
    with pytest.raises(PhysiocamError, match=r"step 1: the gradient of '.+' is not finite"):
        fit(settings(store, tmp_path / "run", gradients=gradients), show_progress=False)
    assert left(tmp_path / "run") == []


def test_weights_that_are_lost_are_not_kept(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(self: TrainModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self.order.batches - 1:
            with torch.no_grad():
                next(self.network.parameters()).fill_(torch.nan)

    monkeypatch.setattr(TrainModule, "on_train_batch_end", lost)
    with pytest.raises(PhysiocamError, match=r"training diverged at step \d+: '.+' of the network is not finite"):
        fit(settings(store, tmp_path / "run", epochs=1, checkpoint_steps=1000), show_progress=False)
    assert left(tmp_path / "run") == []


@pytest.mark.parametrize("column", ["targets/pulse", "small"])
def test_numbers_of_a_store_that_are_not_finite_are_named_before_training(
    store: Path, tmp_path: Path, column: str
) -> None:
    shutil.copytree(store, tmp_path / "store")
    name = "S00_T1"
    array = zarr.open_group(str(tmp_path / "store" / name))[column]
    assert isinstance(array, zarr.Array)
    values = np.asarray(array[...])
    values[7] = np.nan
    if column == "small":
        (tmp_path / "store" / name / "small" / "c.0.0.0.0").write_bytes(
            np.concatenate([values, np.zeros((256 - len(values), *values.shape[1:]), np.float32)]).tobytes()
        )
    else:
        array[...] = values
    # Columns of labels are known by their digests, frames are not.
    found = "has a number in 'small' that is not finite, in frame 7" if column == "small" else "is damaged: targets"
    with pytest.raises(DatasetError, match=f"{name}' {found}"):
        fit(settings(tmp_path / "store", tmp_path / "run"), show_progress=False)


def test_two_processes_stop_together_with_one_line(store: Path, tmp_path: Path) -> None:
    run = tmp_path / "run.yaml"
    chosen = settings(store, tmp_path / "run", devices=2, network=SMALL, learning_rate=1e20, memory="disk")
    run.write_text(chosen.to_yaml())
    answer = subprocess.run(
        [sys.executable, "-m", "physiocam", "train", str(run)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 1, answer.stderr[-2000:]
    assert "Traceback" not in answer.stderr
    told = [line for line in answer.stderr.splitlines() if "training diverged" in line]
    assert len(told) == 1, json.dumps(answer.stderr)
    assert not (tmp_path / "run" / "bundle").exists()
