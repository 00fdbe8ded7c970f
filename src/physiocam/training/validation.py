"""Judges each epoch by people that the network does not learn from, and ends a run that no longer improves."""

from typing import cast

import pytorch_lightning as pl
import torch

from physiocam.datasets.store.clip_batch import ClipBatch, standardize
from physiocam.datasets.store.clips import Clips, clip_loader
from physiocam.training.module import TrainModule
from physiocam.training.settings import TrainSettings


class Validation(pl.Callback):
    """Computes the loss of the left-out clips after each epoch; `TrainModule.validation` keeps them.

    Every process computes all of them, so that all end together.

    Parameters
    ----------
    clips : Clips
    settings : TrainSettings
    """

    def __init__(self, clips: Clips, settings: TrainSettings) -> None:
        self._clips, self._settings = clips, settings

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judge the last epoch if the run was stopped before it was judged."""
        module = cast(TrainModule, pl_module)
        if trainer.current_epoch > len(module.validation):
            self._judge(trainer, module)
        self._end(trainer, module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judge the epoch."""
        module = cast(TrainModule, pl_module)
        self._judge(trainer, module)
        module.log("loss_validation", module.validation[-1], prog_bar=True)
        self._end(trainer, module)

    def _end(self, trainer: pl.Trainer, module: TrainModule) -> None:
        patience, losses = self._settings.patience, module.validation
        if patience is not None and losses and len(losses) - 1 - best_epoch(losses) >= patience:
            trainer.should_stop = True

    @torch.no_grad()
    def _judge(self, trainer: pl.Trainer, module: TrainModule) -> None:
        settings, network = self._settings, module.network
        sums = torch.zeros(len(settings.network.tasks), device=module.device, dtype=torch.float64)
        counts = torch.zeros_like(sums)
        network.eval()
        for clips in clip_loader(self._clips, settings.batch_clips // settings.accumulate):
            batch = cast(ClipBatch, trainer.strategy.batch_to_device(clips, module.device))
            big, small = standardize(batch)
            with trainer.precision_plugin.forward_context():
                outputs = network(
                    big if settings.network.uses_big else None, small if settings.network.uses_small else None
                )
            losses = module.losses(outputs, batch.targets, batch.masks, torch.ones_like(counts))
            sums += torch.stack(list(losses.values()))
            counts += module.losses.counts(batch.masks)
        network.train()
        weights = [settings.task_weights.get(task.name, 1.0) for task in settings.network.tasks]
        total = sums / counts.clamp(min=1) @ torch.tensor(weights).to(sums)
        module.validation.append(float(total))


def best_epoch(losses: list[float]) -> int:
    """The epoch with the least loss, from 0; the earliest of equals."""
    return losses.index(min(losses))
