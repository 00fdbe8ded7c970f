"""What every stage of the default bundle's training does alike: its steps, its learning rate and its record."""

import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Course:
    """AdamW along one cycle of the learning rate.

    Parameters
    ----------
    learning : Module
    learning_rate : float
        The highest.
    rising : float
        Share of the steps in which the learning rate rises.
    steps : int
        In an epoch.
    epochs : int
    decay : float, optional
        Of the running mean of weights, which `keep_mean` puts in the place of the last ones.
    """

    def __init__(
        self,
        learning: nn.Module,
        *,
        learning_rate: float,
        rising: float,
        steps: int,
        epochs: int,
        decay: float | None = None,
    ) -> None:
        self._learning, self._steps, self._epochs = learning, steps, epochs
        self._optimizer = torch.optim.AdamW(learning.parameters(), weight_decay=0.02)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, max_lr=learning_rate, total_steps=epochs * steps, pct_start=rising
        )
        running = get_ema_multi_avg_fn(decay) if decay else None  # type: ignore[no-untyped-call]
        self._mean = AveragedModel(learning, multi_avg_fn=running) if running else None
        self._loss = 0.0
        self._losses: list[float] = []
        self._started = time.monotonic()

    def step(self, loss: Tensor) -> None:
        """Go one step down a loss."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._schedule.step()
        if self._mean:
            self._mean.update_parameters(self._learning)
        self._loss += loss.item() / self._steps

    def end_epoch(self, remark: object = "") -> None:
        """Note the epoch's mean loss, and print it with a remark."""
        self._losses.append(round(self._loss, 5))
        done, spent = len(self._losses), time.monotonic() - self._started
        print(f"epoch {done}/{self._epochs}  loss {self._loss:.4f}  {spent:.0f} s  {remark}", flush=True)
        self._loss = 0.0

    def keep_mean(self) -> None:
        """Put the running mean of weights in the place of the last ones."""
        assert self._mean is not None
        self._learning.load_state_dict(self._mean.module.state_dict())

    def record(self) -> dict[str, Any]:
        """Time and mean losses so far."""
        spent = round(time.monotonic() - self._started)
        return {"seconds": spent, "epochs": self._epochs, "losses": self._losses}
