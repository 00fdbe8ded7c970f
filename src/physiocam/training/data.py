"""The clips of a run."""

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from physiocam.datasets.store.clip_batch import ClipBatch
from physiocam.datasets.store.clips import Clips, clip_loader
from physiocam.datasets.store.store import Store
from physiocam.training.augmented_clips import AugmentedClips
from physiocam.training.checks import training_subjects, validation_subjects
from physiocam.training.order import ClipOrder
from physiocam.training.settings import TrainSettings


def training_clips(store: Store, settings: TrainSettings) -> Clips:
    """Clips of the subjects that a run learns from."""
    return _clips(store, settings, training_subjects(store, settings))


def validation_clips(store: Store, settings: TrainSettings) -> Clips | None:
    """Clips of the subjects that are left out to judge the epochs; None if there are none."""
    subjects = validation_subjects(store, settings)
    return _clips(store, settings, subjects) if subjects else None


def _clips(store: Store, settings: TrainSettings, subjects: set[str] | None) -> Clips:
    network = settings.network
    return Clips(
        store,
        network.clip_length,
        network.big_stride if network.uses_big else network.clip_length,
        subjects=subjects,
        memory=settings.host_memory,
    )


class TrainData(pl.LightningDataModule):
    """The loader, made when the trainer knows the number and rank of the processes."""

    def __init__(self, clips: Clips, order: ClipOrder, settings: TrainSettings) -> None:
        super().__init__()
        self._clips, self._order, self._settings = clips, order, settings

    def train_dataloader(self) -> "DataLoader[ClipBatch]":
        """Batches in a new order each epoch."""
        assert self.trainer is not None
        settings, clips, ranks = self._settings, self._clips, self.trainer.world_size
        self._order.share(self.trainer.global_rank, ranks)
        on_device = settings.memory == "device"
        taken: Dataset[ClipBatch] = clips.to(self.trainer.strategy.root_device) if on_device else clips
        if settings.augmentation.is_on:
            taken = AugmentedClips(clips, settings.network.tasks, settings.augmentation, settings.seed)
        return clip_loader(
            taken,
            settings.batch_clips // settings.accumulate // ranks,
            workers=settings.workers,
            sampler=self._order,
            pin_memory=torch.cuda.is_available() and not on_device,
        )
