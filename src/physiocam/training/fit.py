"""A training run from settings to bundle."""

import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, RichProgressBar
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

from physiocam import __version__
from physiocam.datasets.clips import ClipBatch, Clips, clip_loader
from physiocam.datasets.store import Store
from physiocam.errors import PhysiocamError
from physiocam.networks.config import Task
from physiocam.networks.network import Network
from physiocam.networks.registry import build
from physiocam.training.checkpoint_files import CompleteCheckpoints
from physiocam.training.losses import published_pos_weight
from physiocam.training.module import TrainModule
from physiocam.training.order import ClipOrder
from physiocam.training.settings import TrainSettings
from physiocam.training.turns import one_run_in
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.checkpoints import read_checkpoint_file
from physiocam.weights.export import export_bundle

_BUNDLE = "bundle"
_CHECKPOINTS = "checkpoints"


def fit(settings: TrainSettings, *, show_progress: bool = True) -> Bundle:
    """Train a network on a store's recordings.

    A run that was stopped goes on from its last checkpoint, and ends with the weights of an undisturbed one on the same
    machine. A run that has ended is not repeated.

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
        If the store does not fit the network, the output folder holds a run with other settings or is being trained
        into by another process, or cannot be written to.
    """
    with one_run_in(settings.output):
        return _fit(settings, show_progress)


def _fit(settings: TrainSettings, show_progress: bool) -> Bundle:
    output = settings.output
    if (output / _BUNDLE).is_dir():
        return _ended(settings, output)
    store = Store(settings.store)
    subjects = _subjects(store, settings)
    _check_sizes(store, settings)
    checkpoint = _last_checkpoint(output)
    if checkpoint is not None:
        _check_same(settings, checkpoint)
    _quiet()
    pl.seed_everything(settings.seed, verbose=False)
    clips = Clips(
        store,
        settings.network.clip_length,
        settings.network.big_stride if settings.network.uses_big else settings.network.clip_length,
        subjects=subjects,
        memory=settings.memory,
    )
    _check_tasks(clips, settings)
    order = ClipOrder(len(clips), settings.batch_clips, settings.seed)
    module = TrainModule(settings, pos_weight(clips, settings), order)
    trainer = _trainer(settings, show_progress)
    trainer.fit(
        module,
        datamodule=_Data(clips, order, settings),
        ckpt_path=checkpoint,
        weights_only=True if checkpoint is not None else None,
    )
    if trainer.interrupted:
        raise KeyboardInterrupt
    if trainer.is_global_zero:
        _export(module, store, settings)
    trainer.strategy.barrier()
    return load_bundle(output / _BUNDLE)


def export_checkpoint(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Bundle:
    """Turn a checkpoint of a run, such as that of an earlier epoch, into a bundle.

    Parameters
    ----------
    path : path
        In the run's folder of checkpoints; the store that it was trained on must still be where it was.
    folder : path
        New folder of the bundle.

    Returns
    -------
    Bundle

    Raises
    ------
    PhysiocamError
        If the file is no such checkpoint, or the folder exists.
    """
    try:
        content = read_checkpoint_file(path)
        settings = TrainSettings.model_validate(content["physiocam"]["settings"])
        network = build(settings.network)
        own = "network."
        network.load_state_dict(
            {name.removeprefix(own): value for name, value in content["state_dict"].items() if name.startswith(own)}
        )
    except Exception as error:  # damaged files fail in every way there is
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise PhysiocamError(f"'{path}' is no checkpoint of a physiocam run: {reason}") from None
    return _write_bundle(network, Store(settings.store), settings, Path(folder))


class _Data(pl.LightningDataModule):
    """The loader, made once the trainer knows which of how many processes this is."""

    def __init__(self, clips: Clips, order: ClipOrder, settings: TrainSettings) -> None:
        super().__init__()
        self._clips, self._order, self._settings = clips, order, settings

    def train_dataloader(self) -> "DataLoader[ClipBatch]":
        assert self.trainer is not None
        ranks = self.trainer.world_size
        self._order.share(self.trainer.global_rank, ranks)
        return clip_loader(
            self._clips,
            self._settings.batch_clips // ranks,
            workers=self._settings.workers,
            sampler=self._order,
            pin_memory=torch.cuda.is_available(),
        )


def _trainer(settings: TrainSettings, show_progress: bool) -> pl.Trainer:
    output = settings.output
    logs = output / "logs"
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
        strategy="ddp" if processes > 1 else "auto",
        precision=settings.precision,
        # Clips are shared among processes by their order.
        use_distributed_sampler=False,
        logger=[CSVLogger(logs, name="csv"), TensorBoardLogger(logs, name="tensorboard")],
        log_every_n_steps=10,
        plugins=[CompleteCheckpoints()],
        callbacks=[*checkpoints, *([RichProgressBar()] if show_progress else [])],
        enable_progress_bar=show_progress,
        enable_model_summary=False,
    )


def _quiet() -> None:
    """Lightning tells a lot about hardware and advertises; what matters comes from us."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def _subjects(store: Store, settings: TrainSettings) -> set[str] | None:
    if settings.subjects is None and not settings.exclude_subjects:
        return None
    known = {store.recording(name).info.subject for name in store.names()}
    named = set(settings.subjects or ()) | set(settings.exclude_subjects)
    if unknown := sorted(named - known):
        raise PhysiocamError(f"'{store.path}' holds no recording of subject '{unknown[0]}'; known are {_few(known)}")
    chosen = (set(settings.subjects) if settings.subjects is not None else known) - set(settings.exclude_subjects)
    if not chosen:
        raise PhysiocamError("no subject is left to train on; exclude fewer")
    return chosen


def _few(names: set[str]) -> str:
    shown = sorted(names)[:10]
    return ", ".join(shown) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _check_sizes(store: Store, settings: TrainSettings) -> None:
    config = settings.network
    for used, field in ((config.uses_big, "big_size"), (config.uses_small, "small_size")):
        there, wanted = store.frame_size(field), getattr(config, field)
        if used and there != wanted:
            raise PhysiocamError(
                f"'{store.path}' was prepared with {field} {there} and the network takes {wanted}; prepare one "
                f"with --set {field}={wanted}"
            )


def _check_tasks(clips: Clips, settings: TrainSettings) -> None:
    for task in settings.network.tasks:
        columns = clips.tasks.get(task.name)
        if columns is None:
            raise PhysiocamError(
                f"no recording of the store has labels for '{task.name}'; it has {', '.join(clips.tasks) or 'none'}: "
                "train a network with other tasks"
            )
        if columns != task.labels:
            raise PhysiocamError(
                f"task '{task.name}' has the outputs {', '.join(task.labels)} and the store {', '.join(columns)}; "
                "they must be the same in the same order"
            )


def pos_weight(clips: Clips, settings: TrainSettings) -> dict[str, Tensor]:
    """Weights (C,) of present frames by binary task, as the settings want them; none where all are 1."""
    binary = [task for task in settings.network.tasks if task.kind == "binary"]
    if settings.pos_weight == "none":
        return {}
    if settings.pos_weight == "published":
        return {task.name: published_pos_weight(task) for task in binary}
    return {task.name: _counted(clips, task) for task in binary}


def _counted(clips: Clips, task: Task) -> Tensor:
    """Absent over present frames; 1 where a unit is never or always there, which no weight can mend."""
    present, known = clips.label_counts(task.name)
    absent = known - present
    usable = (present > 0) & (absent > 0)
    return torch.where(usable, absent / present.clamp(min=1), 1.0)


def _last_checkpoint(output: Path) -> Path | None:
    found = list((output / _CHECKPOINTS).glob("*.ckpt"))
    return max(found, key=lambda path: path.stat().st_mtime_ns) if found else None


def _check_same(settings: TrainSettings, checkpoint: Path) -> None:
    """A run is gone on with under its own settings only."""
    try:
        before = read_checkpoint_file(checkpoint)["physiocam"]["settings"]
    except Exception as error:  # damaged files fail in every way there is
        raise PhysiocamError(
            f"'{checkpoint}' cannot be gone on from ({type(error).__name__}); remove it to go on from the one before"
        ) from None
    _compare(before, settings, checkpoint.parent.parent)


def _compare(before: Mapping[str, object], settings: TrainSettings, output: Path) -> None:
    now = settings.model_dump(mode="json")
    changed = [field for field in now if field not in _FREE and before.get(field) != now[field]]
    if changed:
        raise PhysiocamError(
            f"'{output}' holds a run with {changed[0]} {before.get(changed[0])!r}, not {now[changed[0]]!r}; "
            "choose another output, or remove it"
        )


# Fields that change where and how fast a run is, not what it computes.
_FREE = {"output", "store", "workers", "memory", "checkpoint_steps"}


def _ended(settings: TrainSettings, output: Path) -> Bundle:
    bundle = load_bundle(output / _BUNDLE)
    _compare(bundle.info.provenance.get("settings", {}), settings, output)
    return bundle


def _export(module: TrainModule, store: Store, settings: TrainSettings) -> None:
    _write_bundle(module.network, store, settings, settings.output / _BUNDLE)


def _write_bundle(network: Network, store: Store, settings: TrainSettings, folder: Path) -> Bundle:
    chosen = _subjects(store, settings)
    infos = [store.recording(name).info for name in store.names()]
    infos = [info for info in infos if chosen is None or info.subject in chosen]
    subjects = sorted({info.subject for info in infos})
    return export_bundle(
        {settings.network.architecture: network},
        folder,
        name=folder.resolve().parent.name if folder.name == _BUNDLE else folder.resolve().name,
        description=(
            f"trained by physiocam {__version__} on {len(infos)} recordings of {len(subjects)} subjects, "
            f"{sum(info.frames for info in infos)} frames"
        ),
        licence="yours to say: the weights follow the terms of the recordings",
        fs=float(median(info.fs for info in infos)),
        crop_factor=store.number("crop_factor", 10),
        provenance={
            "settings": settings.model_dump(mode="json"),
            "store": dict(store.settings),
            "recordings": [info.name for info in infos],
            "subjects": subjects,
            "version": __version__,
        },
    )
