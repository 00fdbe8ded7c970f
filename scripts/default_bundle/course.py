"""What stages of the default bundle's training that are run in one go do alike: their steps and their record."""

import time
from typing import Any

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cycle import Cycle


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
        self._learning, self._epochs = learning, epochs
        self._cycle = Cycle(learning, highest=learning_rate, rising=rising, epochs=epochs, steps=steps)
        running = get_ema_multi_avg_fn(decay) if decay else None  # type: ignore[no-untyped-call]
        self._mean = AveragedModel(learning, multi_avg_fn=running) if running else None
        self._losses: list[float] = []
        self._started = time.monotonic()

    def step(self, loss: Tensor) -> None:
        """Go one step down a loss."""
        self._cycle.step(loss)
        if self._mean:
            self._mean.update_parameters(self._learning)

    def end_epoch(self, remark: object = "") -> None:
        """Note the epoch's mean loss, and print it with a remark."""
        loss = self._cycle.epoch_loss()
        self._losses.append(round(loss, 5))
        done, spent = len(self._losses), time.monotonic() - self._started
        print(f"epoch {done}/{self._epochs}  loss {loss:.4f}  {spent:.0f} s  {remark}", flush=True)

    def keep_mean(self) -> None:
        """Put the running mean of weights in the place of the last ones."""
        assert self._mean is not None
        self._learning.load_state_dict(self._mean.module.state_dict())

    def record(self) -> dict[str, Any]:
        """Time and mean losses so far."""
        spent = round(time.monotonic() - self._started)
        return {"seconds": spent, "epochs": self._epochs, "losses": self._losses}
