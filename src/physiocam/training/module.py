"""One training step, and the content of a checkpoint."""

from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from physiocam.datasets.store.clip_batch import ClipBatch, standardize
from physiocam.errors import PhysiocamError
from physiocam.training.gradients import resolve_conflicts, task_gradients
from physiocam.training.initial import initial_network
from physiocam.training.losses import TaskLosses
from physiocam.training.order import ClipOrder
from physiocam.training.settings import TrainSettings


class TrainModule(pl.LightningModule):
    """A network, its losses and its optimizer.

    Parameters
    ----------
    settings : TrainSettings
    pos_weight : mapping of str to Tensor (C,)
        By binary task.
    order : ClipOrder
        Set to the right position when a checkpoint is resumed.
    made_with : mapping of str to plain values, optional
        Everything that determines the weights; stored in each checkpoint.
    """

    def __init__(
        self,
        settings: TrainSettings,
        pos_weight: Mapping[str, Tensor],
        order: ClipOrder,
        made_with: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.made_with = dict(made_with or {})
        self.network = initial_network(settings)
        self.losses = TaskLosses(settings.network.tasks, pos_weight)
        self.order = order
        # Loss of the left-out subjects after each epoch, if there are any.
        self.validation: list[float] = []
        self.automatic_optimization = settings.gradients == "sum"

    # Lightning's type depends on the fields.
    def configure_optimizers(self) -> dict[str, Any]:  # type: ignore[override]
        """Adam, by default with a constant learning rate, as in the paper."""
        settings = self.settings
        optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate, fused=True)
        if settings.schedule == "constant":
            return {"optimizer": optimizer}
        steps = settings.epochs * -(-self.order.batches // settings.accumulate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: ClipBatch, batch_idx: int) -> Tensor | None:
        """Add up the tasks' losses, or take one step with their conflicts resolved."""
        # Dropout depends only on seed, step and part, so a resumed run draws the same as an uninterrupted one.
        part = 10_007 * (batch_idx % self.settings.accumulate)
        torch.manual_seed(self.settings.seed + 1_000_003 * self.global_step + part + self.global_rank)
        big, small = standardize(batch)
        config = self.settings.network
        outputs = self.network(big if config.uses_big else None, small if config.uses_small else None)
        # Processes know different numbers of labels: dividing by their own would give rare labels another weight.
        counts = self.trainer.strategy.reduce(self.losses.counts(batch.masks), reduce_op="mean")
        losses = self.losses(outputs, batch.targets, batch.masks, counts)
        weighted = {task: self.settings.task_weights.get(task, 1.0) * loss for task, loss in losses.items()}
        total = torch.stack(list(weighted.values())).sum()
        self._require_finite({**{f"the loss of '{task}'": loss for task, loss in weighted.items()}, "the loss": total})
        shown = {f"loss_{task}": loss.detach() for task, loss in losses.items()}
        self.log_dict({**shown, "loss": total.detach()}, prog_bar=True, batch_size=len(batch.small), sync_dist=True)
        if self.automatic_optimization:
            return total
        optimizer = self.optimizers()
        assert isinstance(optimizer, pl.core.optimizer.LightningOptimizer)
        resolve_conflicts(task_gradients(weighted, self.network), self.network)
        optimizer.step()
        if (schedule := self.lr_schedulers()) is not None:
            assert isinstance(schedule, torch.optim.lr_scheduler.LRScheduler)
            schedule.step()
        return None

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:  # noqa: ARG002
        """Stop before a gradient that is not finite reaches the weights."""
        self._require_finite(
            {f"the gradient of '{name}'": p.grad for name, p in self.network.named_parameters() if p.grad is not None}
        )

    def _require_finite(self, values: Mapping[str, Tensor]) -> None:
        """Stop at the first number that is not finite, all processes together."""
        finite = torch.stack([value.detach().isfinite().all() for value in values.values()]).float()
        finite = self.trainer.strategy.reduce(finite, reduce_op="min")
        if bool(finite.all()):
            return
        if not self.trainer.is_global_zero:  # the first process reports it
            raise SystemExit(0)
        wrong = [name for name, fine in zip(values, finite.tolist(), strict=True) if not fine]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise PhysiocamError(
            f"training diverged at step {self.global_step + 1}: {wrong[0]} is not finite{more}; lower learning_rate, "
            f"which is {self.settings.learning_rate:g}, and set another output, or check the data with: physiocam "
            f"store verify {self.settings.store}"
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the settings, as plain values, and the position in the epoch."""
        # Weights that are not finite must not be resumed or exported.
        state = self.network.state_dict()
        self._require_finite({f"'{name}' of the network": value for name, value in state.items()})
        checkpoint["physiocam"] = {
            "settings": self.settings.model_dump(mode="json"),
            "made_with": self.made_with,
            "epoch": self.current_epoch,
            "validation": self.validation,
            "batches_done": self.trainer.fit_loop.epoch_loop.batch_progress.current.ready,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Continue after the last batch that was seen."""
        place = checkpoint["physiocam"]
        self.validation = list(place.get("validation", []))
        done = place["batches_done"]
        self.order.resume(place["epoch"], 0 if done >= self.order.batches else done)
