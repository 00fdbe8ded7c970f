"""A training run from settings to bundle."""

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from statistics import median
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, RichProgressBar
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor

from physiocam.datasets.store.clips import Clips
from physiocam.datasets.store.store import Store
from physiocam.errors import PhysiocamError
from physiocam.foundation.provenance import difference, read_record, write_record
from physiocam.foundation.regular_files import check_regular
from physiocam.networks.config import Task
from physiocam.networks.network import Network
from physiocam.networks.registry import build
from physiocam.readable import readable
from physiocam.training.arithmetic import arithmetic_of
from physiocam.training.checkpoint_files import CompleteCheckpoints
from physiocam.training.checks import BUNDLE, check_store, chosen_subjects
from physiocam.training.data import TrainData, training_clips, validation_clips
from physiocam.training.facts import run_facts, store_facts
from physiocam.training.losses import published_pos_weight
from physiocam.training.module import TrainModule
from physiocam.training.order import ClipOrder
from physiocam.training.processes import PATIENCE, is_first, wait_for_first
from physiocam.training.settings import TrainSettings
from physiocam.training.turns import one_run_in
from physiocam.training.validation import Validation, best_epoch
from physiocam.version import __version__
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.checkpoints import read_checkpoint_file
from physiocam.weights.export import BundleAbout, export_bundle

_CHECKPOINTS = "checkpoints"
_LOGS = "logs"


def fit(settings: TrainSettings, *, show_progress: bool = True) -> Bundle:
    """Train a network on a store's recordings.

    A stopped run resumes from its last checkpoint, and gives the weights of an uninterrupted run on the same machine. A
    finished run is not repeated. Both require the same settings, recordings, initial weights and version of physiocam:
    an output folder with any other run is refused.

    Parameters
    ----------
    settings : TrainSettings
    show_progress : bool
        Whether to draw a progress bar with each task's loss.

    Returns
    -------
    Bundle
        In the output folder, which also holds checkpoints and logs (CSV and TensorBoard).

    Raises
    ------
    PhysiocamError
        If the store does not fit the network, the output folder holds a run that was made with anything else, another
        process trains into it, or it cannot be written to.
    """
    with one_run_in(settings.output):
        return _fit(settings, show_progress)


def _fit(settings: TrainSettings, show_progress: bool) -> Bundle:
    output = settings.output
    if (bundle := ended_run(settings)) is not None:
        return bundle
    store = Store(settings.store)
    check_store(store, settings)
    checkpoint = _last_checkpoint(output)
    if checkpoint is not None:
        _check_same(settings, checkpoint)
    made_with = run_facts(settings)
    _quiet()
    pl.seed_everything(settings.seed, verbose=False)
    clips, judging = training_clips(store, settings), validation_clips(store, settings)
    order = ClipOrder(
        len(clips),
        settings.batch_clips // settings.accumulate,
        settings.seed,
        redrawn=settings.augmentation.is_on,
    )
    order.share(0, settings.devices * settings.nodes)  # the trainer tells each process its rank
    module = TrainModule(settings, pos_weight(clips, settings), order, made_with)
    if settings.compile:
        module.network.compile()
    if is_first():
        _begin(output, made_with, resumed=checkpoint is not None)
    trainer = _trainer(settings, show_progress, [Validation(judging, settings)] if judging else [])
    with arithmetic_of(settings):
        trainer.fit(
            module,
            datamodule=TrainData(clips, order, settings),
            ckpt_path=checkpoint,
            weights_only=True if checkpoint is not None else None,
        )
    if trainer.interrupted:
        raise KeyboardInterrupt
    if trainer.is_global_zero:
        if module.validation:
            _take_epoch(module, output, best_epoch(module.validation))
        _export(module, store, settings)
    wait_for_first()
    return load_bundle(output / BUNDLE)


def export_checkpoint(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Bundle:
    """Export a checkpoint of a run, such as that of an earlier epoch, as a bundle.

    Parameters
    ----------
    path : path
        In the run's folder of checkpoints; its store must still be in the same place, unchanged.
    folder : path
        New folder of the bundle.

    Returns
    -------
    Bundle

    Raises
    ------
    PhysiocamError
        If the file is no such checkpoint, the store holds other recordings now, or the folder exists.
    """
    try:
        check_regular(path)
        content = read_checkpoint_file(path)
        settings = TrainSettings.model_validate(content["physiocam"]["settings"])
        network = build(settings.network)
        own = "network."
        network.load_state_dict(
            {name.removeprefix(own): value for name, value in content["state_dict"].items() if name.startswith(own)}
        )
    except Exception as error:  # damaged files can raise any exception
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise PhysiocamError(f"'{path}' is not a checkpoint of a physiocam run: {reason}") from None
    made_with = content["physiocam"].get("made_with")
    if not made_with:
        raise PhysiocamError(f"'{path}' does not say what it was trained on; train again, or export another checkpoint")
    # The bundle's training data are read from the store.
    for about, now in store_facts(settings).items():
        if changed := difference({about: made_with.get(about)}, {about: now}):
            raise PhysiocamError(
                f"'{path}' was trained {changed} in '{settings.store}'; bring the store back as it was, then export"
            )
    return _write_bundle(network, Store(settings.store), settings, Path(folder), made_with)


def _take_epoch(module: TrainModule, output: Path, epoch: int) -> None:
    """Bring back the weights that a network had after an epoch."""
    module.load_state_dict(read_checkpoint_file(output / _CHECKPOINTS / f"epoch={epoch}.ckpt")["state_dict"])


def _trainer(settings: TrainSettings, show_progress: bool, callbacks: Sequence[pl.Callback]) -> pl.Trainer:
    output = settings.output
    logs = output / _LOGS
    checkpoints = [
        ModelCheckpoint(output / _CHECKPOINTS, filename="{step}", every_n_train_steps=settings.checkpoint_steps),
        ModelCheckpoint(output / _CHECKPOINTS, filename="{epoch}", save_top_k=-1, every_n_epochs=1),
    ]
    processes = settings.devices * settings.nodes
    return pl.Trainer(
        max_epochs=settings.epochs,
        accelerator="auto",
        devices=settings.devices,
        num_nodes=settings.nodes,
        strategy=DDPStrategy(timeout=PATIENCE) if processes > 1 else "auto",
        precision=settings.precision,
        accumulate_grad_batches=settings.accumulate,
        # The order distributes clips among processes.
        use_distributed_sampler=False,
        logger=[CSVLogger(logs, name="csv"), TensorBoardLogger(logs, name="tensorboard")],
        log_every_n_steps=10,
        plugins=[CompleteCheckpoints()],
        callbacks=[*callbacks, *checkpoints, *([RichProgressBar()] if show_progress else [])],
        enable_progress_bar=show_progress,
        enable_model_summary=False,
    )


def _quiet() -> None:
    """Hide Lightning's messages about hardware and its advertising; we report what matters."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pos_weight(clips: Clips, settings: TrainSettings) -> dict[str, Tensor]:
    """Weights (C,) of present frames by binary task, according to the settings; empty if all are 1."""
    binary = [task for task in settings.network.tasks if task.kind == "binary"]
    if settings.pos_weight == "none":
        return {}
    if settings.pos_weight == "published":
        return {task.name: published_pos_weight(task) for task in binary}
    return {task.name: _counted(clips, task) for task in binary}


def _counted(clips: Clips, task: Task) -> Tensor:
    """Absent over present frames; 1 for a unit that is never or always present, where no weight helps."""
    present, known = clips.label_counts(task.name)
    absent = known - present
    usable = (present > 0) & (absent > 0)
    return torch.where(usable, absent / present.clamp(min=1), 1.0)


def _last_checkpoint(output: Path) -> Path | None:
    found = list((output / _CHECKPOINTS).glob("*.ckpt"))
    return max(found, key=lambda path: path.stat().st_mtime_ns) if found else None


def ended_run(settings: TrainSettings) -> Bundle | None:
    """Return the bundle of a finished run, or None if it is not finished.

    Raises
    ------
    PhysiocamError
        If the output folder holds the bundle of a run that was made with anything else, or without a record.
    """
    output = settings.output
    if not (output / BUNDLE).is_dir():
        return None
    record = read_record(output)
    _compare(record.made_with if record else None, settings, output)
    return load_bundle(output / BUNDLE)


def _begin(output: Path, made_with: Mapping[str, Any], *, resumed: bool) -> None:
    """Record in the folder what its checkpoints, logs and bundle are made with, before any is written."""
    record = read_record(output)
    if record is None or difference(record.made_with, made_with) is not None:
        if not resumed:  # logs of another run that has no checkpoint
            rmtree(output / _LOGS, ignore_errors=True)
        write_record(output, made_with, about={"kind": "training run"})


def _check_same(settings: TrainSettings, checkpoint: Path) -> None:
    """Check that a run is resumed only with what it was made with."""
    try:
        before = read_checkpoint_file(checkpoint)["physiocam"].get("made_with")
    except Exception as error:  # damaged files can raise any exception
        raise PhysiocamError(
            f"'{checkpoint}' cannot be read ({type(error).__name__}); remove it to continue from the previous one"
        ) from None
    _compare(before, settings, checkpoint.parent.parent)


def _compare(before: Mapping[str, Any] | None, settings: TrainSettings, output: Path) -> None:
    if not before:
        raise PhysiocamError(
            f"'{output}' holds a run without a record of what it was trained on; choose another output, or remove it"
        )
    if changed := difference(before, run_facts(settings)):
        raise PhysiocamError(f"'{output}' holds a run {changed}; choose another output, or remove it")


def _export(module: TrainModule, store: Store, settings: TrainSettings) -> None:
    _write_bundle(module.network, store, settings, settings.output / BUNDLE, module.made_with)


def _terms(settings: TrainSettings) -> str:
    """What decides the licence of weights that were just trained."""
    text = "to be stated by you: the weights follow the terms of the recordings"
    if settings.initial_bundle is None:
        return text
    info = load_bundle(settings.initial_bundle).info
    return f"{text}, and of the weights that they began with, '{info.name}': {info.licence}"


def _write_bundle(
    network: Network, store: Store, settings: TrainSettings, folder: Path, made_with: Mapping[str, Any]
) -> Bundle:
    chosen = chosen_subjects(store, settings)
    infos = [store.recording(name).info for name in store.names()]
    infos = [info for info in infos if chosen is None or info.subject in chosen]
    names = [info.name for info in infos]
    subjects = sorted({info.subject for info in infos})
    return export_bundle(
        {settings.network.architecture: network},
        folder,
        name=folder.resolve().parent.name if folder.name == BUNDLE else folder.resolve().name,
        about=BundleAbout(
            f"trained by physiocam {__version__} on {len(infos)} recordings of {len(subjects)} subjects, "
            f"{sum(info.frames for info in infos)} frames",
            _terms(settings),
            {
                "settings": settings.model_dump(mode="json"),
                "store": dict(store.settings),
                "store_path": readable(store.path.resolve()),
                "squares": store.squares(names),
                "recordings": made_with["recording"],
                "subjects": subjects,
                "version": __version__,
            },
        ),
        fs=float(median(info.fs for info in infos)),
        cut=store.cut(names),
    )
