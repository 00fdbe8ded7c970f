"""The order of clips: the same for the same seed, with any number of processes, and after any resume."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Sampler


class ClipOrder(Sampler[int]):
    """Clips in a new random order each epoch; each of several processes gets its share of every batch.

    Parameters
    ----------
    clips : int
        In the training set.
    batch_clips : int
        Over all processes. The last batch of an epoch may be smaller; it is left out if it has fewer clips than
        there are processes.
    seed : int
    redrawn : bool
        Number clips on from epoch to epoch, so that each is drawn again: clip i of epoch e is e * clips + i.
    """

    def __init__(self, clips: int, batch_clips: int, seed: int, *, redrawn: bool = False) -> None:
        self._clips = clips
        self._batch = batch_clips
        self._seed = seed
        self._redrawn = redrawn
        self._rank, self._ranks = 0, 1
        self._epoch = 0
        self._resume = (0, 0)

    @property
    def batches(self) -> int:
        """Batches per epoch."""
        whole, rest = divmod(self._clips, self._batch)
        return whole + (rest >= self._ranks)

    def share(self, rank: int, ranks: int) -> None:
        """Set the rank of this process, and the number of processes."""
        self._rank, self._ranks = rank, ranks

    def set_epoch(self, epoch: int) -> None:
        """Set the next epoch; called by the trainer."""
        self._epoch = epoch

    def resume(self, epoch: int, batches_done: int) -> None:
        """Leave out the batches of an epoch that were seen before an interruption."""
        self._resume = (epoch, batches_done)

    def done(self, epoch: int) -> int:
        """Batches of an epoch that were seen before an interruption."""
        resumed, done = self._resume
        return done if epoch == resumed else 0

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed + self._epoch)
        order = torch.randperm(self._clips, generator=generator) + self._redrawn * self._epoch * self._clips
        for share in self._shares(order)[self.done(self._epoch) :]:
            yield from share.tolist()

    def __len__(self) -> int:
        return sum(len(share) for share in self._shares(torch.arange(self._clips)))

    def _shares(self, order: Tensor) -> list[Tensor]:
        """Clips of each batch for one process."""
        return [
            batch.tensor_split(self._ranks)[self._rank] for batch in torch.split(order, self._batch)[: self.batches]
        ]
