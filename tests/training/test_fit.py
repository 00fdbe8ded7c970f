"""Training runs: they end in bundles, go on after a kill, and refuse what does not fit."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_lightning")
pytest.importorskip("zarr")

from safetensors.torch import load_file, save_file  # noqa: E402
from torch import Tensor  # noqa: E402

from physiocam.datasets.store.clip_batch import standardize  # noqa: E402
from physiocam.datasets.store.prepare import PrepareSettings, prepare  # noqa: E402
from physiocam.datasets.store.store import Store  # noqa: E402
from physiocam.errors import PhysiocamError  # noqa: E402
from physiocam.inputs.crop import Cut  # noqa: E402
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig  # noqa: E402
from physiocam.training.arithmetic import arithmetic_of  # noqa: E402
from physiocam.training.checks import training_subjects, validation_subjects  # noqa: E402
from physiocam.training.data import training_clips, validation_clips  # noqa: E402
from physiocam.training.facts import run_facts  # noqa: E402
from physiocam.training.fit import _check_same, export_checkpoint, fit, pos_weight  # noqa: E402
from physiocam.training.losses import TaskLosses  # noqa: E402
from physiocam.training.module import TrainModule  # noqa: E402
from physiocam.training.order import ClipOrder  # noqa: E402
from physiocam.training.settings import TrainSettings  # noqa: E402
from physiocam.training.validation import Validation  # noqa: E402
from physiocam.weights.runtime import Runtime  # noqa: E402

pytestmark = pytest.mark.usefixtures("traced_once")

SMALL_SIZE = BigSmallConfig(big_size=32, small_size=2)


def settings(store: Path, output: Path, **changes: Any) -> TrainSettings:
    usual = {"network": SMALL_SIZE, "epochs": 2, "batch_clips": 16, "checkpoint_steps": 3}
    return TrainSettings(store=store, output=output, **{**usual, **changes})


def weights(output: Path) -> dict[str, Tensor]:
    """What a run with `just_weights` has learned."""
    tensors: dict[str, Tensor] = load_file(output / "bundle" / "weights.safetensors")
    return tensors


def save_weights(module: TrainModule, *_: Any) -> None:
    folder = module.settings.output / "bundle"
    folder.mkdir()
    save_file(module.network.state_dict(), folder / "weights.safetensors")


@pytest.fixture
def just_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out what takes longest: tracing the network for ONNX."""
    monkeypatch.setattr("physiocam.training.fit._export", save_weights)
    monkeypatch.setattr("physiocam.training.fit.load_bundle", lambda folder: folder)


def test_a_run_ends_in_a_bundle_that_measures(store: Path, tmp_path: Path) -> None:
    bundle = fit(settings(store, tmp_path / "run"), show_progress=False)
    outputs = Runtime(bundle).run(np.zeros((2, 1, 3, 32, 32), np.float32), np.zeros((2, 3, 3, 2, 2), np.float32))
    assert {task: output.shape for task, output in outputs.items()} == {
        "au": (2, 3, 12), "pulse": (2, 3, 1), "respiration": (2, 3, 1)
    }  # fmt: skip
    assert bundle.info.fs == 20.0
    assert bundle.info.cut == Cut("center")
    assert bundle.info.provenance["squares"] == {"center": 6}
    assert bundle.info.provenance["subjects"] == ["S00", "S01", "S02"]
    assert list((tmp_path / "run" / "logs").glob("csv/*/metrics.csv"))
    last = max((tmp_path / "run" / "checkpoints").glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    again = export_checkpoint(last, tmp_path / "again")
    assert again.info.networks[0].weights_sha256 == bundle.info.networks[0].weights_sha256
    with pytest.raises(PhysiocamError, match="is not a checkpoint of a physiocam run"):
        export_checkpoint(__file__, tmp_path / "other")
    assert list((tmp_path / "run" / "logs").glob("tensorboard/*/events*"))


def test_an_ended_run_is_not_repeated(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fit(settings(store, tmp_path / "run", epochs=1), show_progress=False)
    monkeypatch.setattr(TrainModule, "training_step", None)
    assert fit(settings(store, tmp_path / "run", epochs=1), show_progress=False).sha256 == first.sha256
    with pytest.raises(PhysiocamError, match="epochs 1, not 2"):
        fit(settings(store, tmp_path / "run", epochs=2), show_progress=False)


def _begun(chosen: TrainSettings, batches: int = 4) -> None:
    """Leave a run that was stopped after its first checkpoints."""

    def dying(self: TrainModule, batch: Any, batch_idx: int) -> None:
        if batch_idx == batches:
            raise _Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainModule, "on_train_batch_start", dying)
        with pytest.raises(_Killed):
            fit(chosen, show_progress=False)


def _without(store: Path, other: Path, name: str) -> Path:
    shutil.copytree(store, other)
    shutil.rmtree(other / name)
    return other


@pytest.mark.parametrize("ended", [False, True], ids=["stopped", "ended"])
def test_a_run_of_other_recordings_weights_or_version_is_refused(
    store: Path,
    noise_entry: Any,
    tmp_path: Path,
    just_weights: None,
    monkeypatch: pytest.MonkeyPatch,
    ended: bool,
) -> None:
    few = _without(store, tmp_path / "few", "S02_T1")
    first = settings(few, tmp_path / "run", epochs=1)
    if ended:
        fit(first, show_progress=False)
    else:
        _begun(first)
    # Another store, and recordings that were added to the same one.
    with pytest.raises(PhysiocamError, match=r"run without recording 'S02_T1'; choose another output, or remove it"):
        fit(settings(store, tmp_path / "run", epochs=1), show_progress=False)
    fewer = _without(few, tmp_path / "fewer", "S00_T0")
    with pytest.raises(PhysiocamError, match="with recording 'S00_T0', which is not there now"):
        fit(settings(fewer, tmp_path / "run", epochs=1), show_progress=False)
    # The same names with other frames.
    swapped = tmp_path / "swapped"
    prepare(
        [noise_entry(seed) for seed in range(5)], swapped, PrepareSettings(big_size=32, small_size=2, crop="center")
    )
    with pytest.raises(PhysiocamError, match="with preparation 'crop' 'recording', not 'center'"):
        fit(settings(swapped, tmp_path / "run", epochs=1), show_progress=False)
    with monkeypatch.context() as patch:
        patch.setattr("physiocam.training.facts.__version__", "9.9")
        with pytest.raises(PhysiocamError, match=r"with physiocam '.*', not '9\.9'"):
            fit(first, show_progress=False)
    # Where a store lies plays no part.
    moved = shutil.copytree(few, tmp_path / "moved")
    fit(settings(moved, tmp_path / "run", epochs=1), show_progress=False)
    assert weights(tmp_path / "run")


def test_recordings_of_the_same_name_are_told_apart_by_content(
    store: Path, noise_entry: Any, tmp_path: Path, just_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(settings(store, tmp_path / "run", epochs=1), show_progress=False)
    other = tmp_path / "other"
    load = noise_entry.load
    monkeypatch.setattr(
        noise_entry, "load", lambda self: replace(load(self), frames=load(noise_entry(self.seed + 10)).frames)
    )
    prepare([noise_entry(seed) for seed in range(6)], other, PrepareSettings(big_size=32, small_size=2))
    with pytest.raises(PhysiocamError, match="with recording 'S00_T0' of other content"):
        fit(settings(other, tmp_path / "run", epochs=1), show_progress=False)


def test_an_initial_bundle_is_known_by_its_content(
    store: Path, tmp_path: Path, just_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("physiocam.training.initial._take_weights", lambda *_: None)
    for content in "ab":
        bundle = SimpleNamespace(sha256=content * 64)
        monkeypatch.setattr("physiocam.training.facts.load_bundle", lambda _, bundle=bundle: bundle)
        chosen = settings(store, tmp_path / "run", epochs=1, initial_bundle="mine")
        if content == "a":
            fit(chosen, show_progress=False)
            continue
        with pytest.raises(PhysiocamError, match="with initial_bundle of other content"):
            fit(chosen, show_progress=False)


def test_what_an_earlier_version_left_is_not_trusted(store: Path, tmp_path: Path, just_weights: None) -> None:
    chosen = settings(store, tmp_path / "run", epochs=1)
    fit(chosen, show_progress=False)
    (tmp_path / "run" / "made_with.json").unlink()
    with pytest.raises(PhysiocamError, match="without a record of what it was trained on; choose another output"):
        fit(chosen, show_progress=False)
    shutil.rmtree(tmp_path / "run" / "bundle")
    for path in (tmp_path / "run" / "checkpoints").glob("*.ckpt"):
        content = torch.load(path, weights_only=True)
        del content["physiocam"]["made_with"]
        torch.save(content, path)
    with pytest.raises(PhysiocamError, match="without a record of what it was trained on"):
        fit(chosen, show_progress=False)
    with pytest.raises(PhysiocamError, match="does not say what it was trained on"):
        export_checkpoint(path, tmp_path / "exported")


def test_a_checkpoint_is_not_exported_under_the_names_of_other_recordings(store: Path, tmp_path: Path) -> None:
    few = _without(store, tmp_path / "few", "S02_T1")
    _begun(settings(few, tmp_path / "run", epochs=1))
    shutil.copytree(store / "S02_T1", few / "S02_T1")
    (checkpoint,) = (tmp_path / "run" / "checkpoints").glob("*.ckpt")
    with pytest.raises(PhysiocamError, match="was trained without recording 'S02_T1'"):
        export_checkpoint(checkpoint, tmp_path / "exported")


def test_settings_may_change_as_long_as_nothing_is_made(store: Path, tmp_path: Path, just_weights: None) -> None:
    def failing(self: TrainModule, batch: Any, batch_idx: int) -> None:
        raise _Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainModule, "on_train_batch_start", failing)
        with pytest.raises(_Killed):
            fit(settings(store, tmp_path / "run", epochs=1), show_progress=False)
    fit(settings(store, tmp_path / "run", epochs=1, batch_clips=8), show_progress=False)
    # Logs of the first are not among those of the second.
    assert [path.parent.name for path in (tmp_path / "run" / "logs").glob("csv/*/metrics.csv")] == ["version_0"]


class _Killed(BaseException):
    pass


# An epoch has 8 batches: before the first checkpoint, in the first epoch, at its end, in the second one.
@pytest.mark.parametrize(
    ("step", "changes"),
    [
        (2, {}),
        (7, {}),
        (8, {}),
        (13, {}),
        (13, {"schedule": "one-cycle"}),
        (7, {"schedule": "one-cycle", "gradients": "pcgrad"}),
    ],
    ids=str,
)
def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    just_weights: None,
    step: int,
    changes: dict[str, Any],
) -> None:
    fit(settings(store, tmp_path / "whole", **changes), show_progress=False)
    ordinary = TrainModule.training_step
    steps = []

    def dying(self: TrainModule, batch: Any, batch_idx: int) -> Tensor | None:
        steps.append(batch_idx)
        if len(steps) > step:
            raise _Killed
        return ordinary(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(TrainModule, "training_step", dying)
        with pytest.raises(_Killed):
            fit(settings(store, tmp_path / "killed", **changes), show_progress=False)
    assert not (tmp_path / "killed" / "bundle").exists()
    done = []

    def counting(self: TrainModule, batch: Any, batch_idx: int) -> Tensor | None:
        done.append(batch_idx)
        return ordinary(self, batch, batch_idx)

    monkeypatch.setattr(TrainModule, "training_step", counting)
    fit(settings(store, tmp_path / "killed", **changes), show_progress=False)
    # What a checkpoint holds is not done again.
    assert len(done) == 16 - (step // 3 * 3 if step != 8 else 8)
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_resumed_run_keeps_its_settings(store: Path, tmp_path: Path) -> None:
    _begun(settings(store, tmp_path / "run"))
    with pytest.raises(PhysiocamError, match="learning_rate"):
        fit(settings(store, tmp_path / "run", learning_rate=0.01), show_progress=False)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    checkpoint = tmp_path / "last.ckpt"
    checkpoint.write_bytes(b"PK\x03\x04 no checkpoint")
    settings = TrainSettings(store=tmp_path / "store", output=tmp_path)
    with pytest.raises(PhysiocamError, match=r"last\.ckpt' cannot be read"):
        _check_same(settings, checkpoint)


def test_held_out_subjects_are_not_seen(
    store: Path, tmp_path: Path, just_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = TrainModule.training_step
    seen: set[int] = set()

    def watching(self: TrainModule, batch: Any, batch_idx: int) -> Tensor | None:
        seen.update(batch.recording.tolist())
        return ordinary(self, batch, batch_idx)

    monkeypatch.setattr(TrainModule, "training_step", watching)
    fit(settings(store, tmp_path / "run", epochs=1, exclude_subjects=("S01",)), show_progress=False)
    assert seen == {0, 1, 2, 3}
    with pytest.raises(PhysiocamError, match="subject 'S99'"):
        fit(settings(store, tmp_path / "other", subjects=("S99",)), show_progress=False)
    with pytest.raises(PhysiocamError, match="no subject is left"):
        fit(settings(store, tmp_path / "none", exclude_subjects=("S00", "S01", "S02")), show_progress=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"gradients": "pcgrad"},
        {"precision": "bf16-mixed"},
        {"memory": "disk"},
        {"memory": "device", "tf32": True, "accumulate": 2, "deterministic": True},
        {"pos_weight": "published"},
        {"network": BigSmallConfig(big_size=32, small_size=2, tasks=(AU,), branches="big", shift="none")},
        {"network": BigSmallConfig(small_size=2, tasks=(PULSE,), branches="small")},
    ],
    ids=str,
)
def test_other_ways_to_train(store: Path, tmp_path: Path, just_weights: None, changes: dict[str, Any]) -> None:
    fit(settings(store, tmp_path / "run", epochs=1, **changes), show_progress=False)
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path / "run").values())


def test_parts_of_a_step_add_up_to_it(store: Path, tmp_path: Path, just_weights: None) -> None:
    # Without dropout, and with labels that are known evenly, the parts' mean gradient is that of the whole step.
    small = BigSmallConfig(branches="small", small_size=2, tasks=(PULSE,))
    runs: dict[str, dict[str, Any]] = {"whole": {"accumulate": 1}, "parts": {"accumulate": 4}}
    for name, changes in runs.items():
        chosen = settings(store, tmp_path / name, epochs=1, network=small, dropout=0.0, batch_clips=16, **changes)
        fit(chosen, show_progress=False)
    whole, parts = (weights(tmp_path / name) for name in runs)
    for name, tensor in whole.items():
        assert torch.allclose(tensor, parts[name], atol=2e-3), name


def test_a_run_leaves_the_arithmetic_as_it_was(store: Path) -> None:
    chosen = settings(store, Path("run"), tf32=True, deterministic=True)
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    with arithmetic_of(chosen):
        assert torch.get_float32_matmul_precision() == "high"
        assert torch.are_deterministic_algorithms_enabled()
    with arithmetic_of(settings(store, Path("run"))):
        assert torch.get_float32_matmul_precision() == "highest"
        assert not torch.backends.cudnn.allow_tf32
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == before
    assert not torch.are_deterministic_algorithms_enabled()


def test_records_of_runs_from_before_stay_the_same(store: Path) -> None:
    later = {"tf32", "compile", "accumulate", "deterministic"}
    assert not later & set(run_facts(settings(store, Path("run"))))
    assert run_facts(settings(store, Path("run"), tf32=True))["tf32"] is True


def test_a_task_counts_what_its_weight_says(store: Path, tmp_path: Path, just_weights: None) -> None:
    small = BigSmallConfig(branches="small", small_size=2, tasks=(PULSE,))
    both = small.model_copy(update={"tasks": (PULSE, RESPIRATION)})
    runs: dict[str, dict[str, Any]] = {
        "alone": {"network": small},
        "unheard": {"network": both, "task_weights": {"respiration": 1e-30}},
        "heard": {"network": both},
    }
    for name, changes in runs.items():
        fit(settings(store, tmp_path / name, epochs=1, **changes), show_progress=False)
    alone, unheard, heard = (weights(tmp_path / name) for name in runs)
    assert all(torch.equal(alone[name], unheard[name]) for name in alone)
    assert not any(torch.equal(alone[name], heard[name]) for name in alone if name.startswith("small."))


def test_one_cycle_rises_to_the_learning_rate_and_ends_with_the_run(store: Path, tmp_path: Path) -> None:
    chosen = settings(store, tmp_path, epochs=2, learning_rate=0.01, schedule="one-cycle")
    configured = TrainModule(chosen, {}, ClipOrder(80, 16, seed=0)).configure_optimizers()
    schedule, rates = configured["lr_scheduler"]["scheduler"], []
    for _ in range(10):
        rates += schedule.get_last_lr()
        configured["optimizer"].step()
        schedule.step()
    assert max(rates) == pytest.approx(0.01)
    assert 0 < rates.index(max(rates)) < 4
    assert rates[-1] < 1e-6


def test_what_does_not_fit_is_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(PhysiocamError, match="big_size=144"):
        fit(settings(store, tmp_path / "run", network=BigSmallConfig()), show_progress=False)
    tasks = (AU.model_copy(update={"labels": AU.labels[:3]}),)
    with pytest.raises(PhysiocamError, match="same order"):
        fit(settings(store, tmp_path / "run", network=SMALL_SIZE.model_copy(update={"tasks": tasks})))
    gaze = (PULSE.model_copy(update={"name": "gaze"}),)
    with pytest.raises(PhysiocamError, match="no recording of the store has labels for 'gaze'"):
        fit(settings(store, tmp_path / "run", network=SMALL_SIZE.model_copy(update={"tasks": gaze})))


def test_two_processes_take_the_steps_of_one(tmp_path: Path, just_weights: None, noise_entry: Any) -> None:
    # Half of the recordings have almost no codes, and the last batch of each epoch is smaller.
    entries = [noise_entry(seed, coded=61 if seed % 2 else 7) for seed in range(4)]
    prepare(entries, tmp_path / "store", PrepareSettings(big_size=32, small_size=2))
    # Without dropout, whose draws are each process's own, both must agree to rounding.
    by_one = settings(tmp_path / "store", tmp_path / "on-1", batch_clips=14, dropout=0.0)
    fit(by_one, show_progress=False)
    by_two = by_one.model_copy(update={"output": tmp_path / "on-2", "devices": 2})
    answer = subprocess.run(
        [sys.executable, Path(__file__), by_two.model_dump_json()],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    one, two = weights(tmp_path / "on-1"), weights(tmp_path / "on-2")
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-4, atol=2e-6)


if __name__ == "__main__":
    # Lightning starts a script again for each further process: this is the script.
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr("physiocam.training.fit._export", save_weights)
        patching.setattr("physiocam.training.fit.load_bundle", lambda folder: folder)
        fit(TrainSettings.model_validate_json(sys.argv[1]), show_progress=False)


AUGMENTED = {"augmentation": {"flip": 0.5, "crop": 0.2, "noise": 4.0, "codec": 0.3, "speed": 0.2}}


@pytest.mark.usefixtures("just_weights")
def test_an_augmented_run_resumes_with_the_same_draws(store: Path, tmp_path: Path) -> None:
    fit(settings(store, tmp_path / "whole", **AUGMENTED), show_progress=False)
    stopped = settings(store, tmp_path / "stopped", **AUGMENTED)
    _begun(stopped)
    fit(stopped, show_progress=False)
    fit(settings(store, tmp_path / "plain"), show_progress=False)
    whole, resumed, plain = (weights(tmp_path / name) for name in ("whole", "stopped", "plain"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert not all(torch.equal(whole[name], plain[name]) for name in whole)


def _begun_until_judged(chosen: TrainSettings) -> None:
    def dying(self: Validation, trainer: Any, module: TrainModule) -> None:
        raise _Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Validation, "_judge", dying)
        with pytest.raises(_Killed):
            fit(chosen, show_progress=False)


def _losses(monkeypatch: pytest.MonkeyPatch, *losses: float) -> None:
    """Judge epochs as given."""
    given = list(losses)

    def judge(_self: Validation, _trainer: Any, module: TrainModule) -> None:
        module.validation.append(given[len(module.validation)])

    monkeypatch.setattr(Validation, "_judge", judge)


@pytest.mark.usefixtures("just_weights")
def test_a_run_ends_when_it_no_longer_improves_and_keeps_the_best_epoch(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _losses(monkeypatch, 3.0, 1.0, 2.0, 1.5, 0.5)
    chosen = settings(store, tmp_path / "run", epochs=5, validation=0.3, patience=2)
    fit(chosen, show_progress=False)
    checkpoints = tmp_path / "run" / "checkpoints"
    assert sorted(path.name for path in checkpoints.glob("epoch=*")) == [f"epoch={n}.ckpt" for n in range(4)]
    best = torch.load(checkpoints / "epoch=1.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(tensor, best[f"network.{name}"]) for name, tensor in weights(tmp_path / "run").items())
    # A run that was stopped after its end, before its bundle, does not go on.
    shutil.rmtree(tmp_path / "run" / "bundle")
    fit(chosen, show_progress=False)
    assert not (checkpoints / "epoch=4.ckpt").exists()
    assert all(torch.equal(tensor, best[f"network.{name}"]) for name, tensor in weights(tmp_path / "run").items())


@pytest.mark.usefixtures("just_weights")
def test_validation_judges_other_people_and_every_epoch_once(store: Path, tmp_path: Path) -> None:
    chosen = settings(store, tmp_path / "whole", validation=0.3)
    learned, judging = training_subjects(Store(store), chosen), validation_subjects(Store(store), chosen)
    assert len(judging) == 1
    assert learned == {"S00", "S01", "S02"} - judging
    fit(chosen, show_progress=False)
    checkpoints = sorted((tmp_path / "whole" / "checkpoints").glob("epoch=*"))
    losses = torch.load(checkpoints[-1], weights_only=True)["physiocam"]["validation"]
    assert len(losses) == 2
    # The last epoch's loss, computed from its weights for all clips at once.
    module = TrainModule(chosen, {}, ClipOrder(1, 1, 0))
    module.load_state_dict(torch.load(checkpoints[-1], weights_only=True)["state_dict"])
    clips = validation_clips(Store(store), chosen)
    assert clips is not None
    trained = training_clips(Store(store), chosen)
    module.losses = TaskLosses(chosen.network.tasks, pos_weight(trained, chosen))
    batch = clips.__getitems__(list(range(len(clips))))
    with torch.no_grad():
        outputs = module.network.eval()(*standardize(batch))
        expected = sum(module.losses(outputs, batch.targets, batch.masks).values())
    assert losses[-1] == pytest.approx(float(expected), rel=1e-5)
    # Stopped at any place, it ends the same: within an epoch, or after its last step and before it was judged.
    for place in ("within", "judging"):
        other = settings(store, tmp_path / place, validation=0.3, checkpoint_steps=1)
        if place == "within":
            _begun(other, 3)
        else:
            _begun_until_judged(other)
        fit(other, show_progress=False)
        last = max((other.output / "checkpoints").glob("epoch=*"), key=lambda path: path.name)
        assert torch.load(last, weights_only=True)["physiocam"]["validation"] == losses
        assert all(
            torch.equal(tensor, weights(other.output)[name]) for name, tensor in weights(tmp_path / "whole").items()
        )


def test_validation_needs_someone_to_learn_from(store: Path, tmp_path: Path) -> None:
    alone = settings(store, tmp_path / "run", subjects=("S00",), validation=0.5)
    with pytest.raises(PhysiocamError, match="there is one subject, S00; prepare more"):
        fit(alone, show_progress=False)
    with pytest.raises(ValueError, match="patience is 2 without validation"):
        settings(store, tmp_path / "run", patience=2)
    with pytest.raises(ValueError, match="memory is 'device' with augmentation"):
        settings(store, tmp_path / "run", memory="device", **AUGMENTED)
