"""Training that is kept after each epoch, and resumed where it was stopped."""

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from cycle import Cycle
from physiocam.foundation.files import complete_file

_Network = TypeVar("_Network", bound=nn.Module)


class KeptTraining(Generic[_Network]):
    """AdamW along one cycle of the learning rate, with a running mean of the weights.

    A file holds the state after the last epoch. A training that was made with the same begins after it.

    Parameters
    ----------
    network : Module
        With the weights to begin with.
    kept : Path
        The file.
    made_with : plain values
        What decides the weights.
    epochs, steps : int
        Epochs, and steps in each.
    seed : int
    highest, rising : float
        The highest learning rate, and the share of the steps in which it rises.
    decay, mean : float
        Of the weights, and of their running mean.

    Attributes
    ----------
    network, mean : Module
        With the last weights, and with the running mean of them.
    record : dict
        Seed, time and figures of each epoch.
    """

    def __init__(
        self,
        network: _Network,
        kept: Path,
        made_with: Any,
        *,
        epochs: int,
        steps: int,
        seed: int,
        highest: float,
        rising: float = 0.15,
        decay: float = 0.02,
        mean: float = 0.998,
    ) -> None:
        self.network, self.mean = network, copy.deepcopy(network)
        self._kept, self._made_with, self._epochs, self._share = kept, made_with, epochs, mean
        self._cycle = Cycle(
            network, highest=highest, rising=rising, epochs=epochs, steps=steps, decay=decay, longest=1.0
        )
        self.record: dict[str, Any] = {"seed": seed, "epochs": epochs, "seconds": 0, "losses": []}
        self._taken = 0
        if kept.exists():
            stored = torch.load(kept, weights_only=True)
            if stored["made_with"] == made_with:
                for name, part in self._parts().items():
                    part.load_state_dict(stored[name])
                self.record = stored["record"]
                self._taken = len(self.record["losses"]) * steps

    def epochs_left(self) -> Iterator[np.random.Generator]:
        """What each epoch that is still to come draws from."""
        for epoch in range(len(self.record["losses"]), self._epochs):
            self._started = time.monotonic()
            torch.manual_seed(self.record["seed"] + epoch)
            self.network.train()
            yield np.random.default_rng([self.record["seed"], epoch])

    def step(self, loss: Tensor) -> None:
        """Go one step down a loss."""
        self._cycle.step(loss)
        self._taken += 1
        share = min(self._share, 1 - 1 / (self._taken + 1))
        with torch.no_grad():
            for one, other in zip(self.mean.state_dict().values(), self.network.state_dict().values(), strict=True):
                # Counters of batches are no weights.
                if one.is_floating_point():
                    one.lerp_(other, 1 - share)

    def end_epoch(self, **figures: Any) -> None:
        """Keep the state, with the epoch's mean loss and other figures, and print them."""
        record = self.record
        loss = self._cycle.epoch_loss()
        record["losses"].append(round(loss, 4))
        record["seconds"] += round(time.monotonic() - self._started)
        for name, figure in figures.items():
            record.setdefault(name, []).append(figure)
        with complete_file(self._kept) as beside:
            state = {name: part.state_dict() for name, part in self._parts().items()}
            torch.save({**state, "record": record, "made_with": self._made_with}, beside)
        done, spent = len(record["losses"]), record["seconds"]
        print(f"epoch {done}/{self._epochs}  loss {loss:.4f}  {figures}  {spent} s", flush=True)

    def _parts(self) -> dict[str, Any]:
        cycle = self._cycle
        return {"network": self.network, "mean": self.mean, "optimizer": cycle.optimizer, "schedule": cycle.schedule}
