"""Steps of AdamW along one cycle of the learning rate."""

import torch
from torch import Tensor, nn


class Cycle:
    """AdamW along one cycle of the learning rate, and the mean loss of its steps.

    Parameters
    ----------
    learning : Module
    highest : float
        The highest learning rate.
    rising : float
        Share of the steps in which the learning rate rises.
    epochs, steps : int
        Epochs, and steps in each.
    decay : float
        Of the weights.
    longest : float, optional
        To which gradients are shortened that are longer.

    Attributes
    ----------
    optimizer, schedule
        With the state to be kept of a training that is resumed.
    """

    def __init__(
        self,
        learning: nn.Module,
        *,
        highest: float,
        rising: float,
        epochs: int,
        steps: int,
        decay: float = 0.02,
        longest: float | None = None,
    ) -> None:
        self._learning, self._steps, self._longest, self._loss = learning, steps, longest, 0.0
        self.optimizer = torch.optim.AdamW(learning.parameters(), weight_decay=decay)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=highest, total_steps=epochs * steps, pct_start=rising
        )

    def step(self, loss: Tensor) -> None:
        """Go one step down a loss."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self._longest is not None:
            torch.nn.utils.clip_grad_norm_(self._learning.parameters(), self._longest)
        self.optimizer.step()
        self.schedule.step()
        self._loss += loss.item() / self._steps

    def epoch_loss(self) -> float:
        """Mean loss of the epoch that ends."""
        mean, self._loss = self._loss, 0.0
        return mean
