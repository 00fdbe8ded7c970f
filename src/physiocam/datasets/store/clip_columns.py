"""The data held in memory for every frame of several recordings, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physiocam.datasets.store.stored_recording import StoredRecording
from physiocam.errors import DatasetError

FrameColumn = Literal["big", "small"]


@dataclass(frozen=True)
class Columns:
    """The data held for every frame: all but the Big frames."""

    small: Tensor
    face_found: Tensor
    statistics: Tensor
    targets: dict[str, Tensor]
    masks: dict[str, Tensor]

    def to(self, device: str | torch.device) -> "Columns":
        """Move everything to a device."""
        return Columns(
            self.small.to(device),
            self.face_found.to(device),
            self.statistics.to(device),
            {task: values.to(device) for task, values in self.targets.items()},
            {task: values.to(device) for task, values in self.masks.items()},
        )


def task_columns(stored: Sequence[StoredRecording]) -> dict[str, tuple[str, ...]]:
    """Columns of each task's targets, over recordings.

    Raises
    ------
    DatasetError
        If recordings differ in them.
    """
    tasks: dict[str, tuple[str, ...]] = {}
    for recording in stored:
        for task, labels in recording.info.tasks.items():
            if tasks.setdefault(task, labels) != labels:
                raise DatasetError(
                    f"'{recording.info.name}' has the columns {', '.join(labels)} for {task}, others "
                    f"{', '.join(tasks[task])}; take recordings with the same labels"
                )
    return tasks


def read_columns(
    stored: Sequence[StoredRecording], tasks: Mapping[str, tuple[str, ...]], small_shape: tuple[int, ...]
) -> Columns:
    """Read all but the Big frames of recordings, one after the other; `small_shape` is that of a Small frame.

    Raises
    ------
    DatasetError
        If a recording is damaged, or holds a number that is not finite.
    """
    frames = sum(recording.info.frames for recording in stored)
    small = np.empty((frames, *small_shape), np.float32)
    read_all_frames(stored, "small", small)
    _check_finite(stored, "small", torch.from_numpy(small).isfinite().flatten(1).all(dim=1))
    infos = [recording.info for recording in stored]
    statistics = torch.tensor([[info.big_mean, info.big_std, info.small_std] for info in infos])
    for info, fine in zip(infos, statistics.isfinite().all(dim=1).tolist(), strict=True):
        if not fine:
            raise DatasetError(f"'{info.name}' has a mean or deviation that is not finite; delete it and prepare again")
    targets, masks = {}, {}
    for task, labels in tasks.items():
        shape = (len(labels),)
        targets[task] = _joined(stored, f"targets/{task}", task, np.zeros(shape, np.float32))
        masks[task] = _joined(stored, f"masks/{task}", task, np.zeros(shape, np.bool_))
        # Unknown targets may have any value.
        usable = targets[task].isfinite() | ~masks[task]
        _check_finite(stored, f"targets/{task}", usable.all(dim=1))
    return Columns(
        small=torch.from_numpy(small),
        face_found=torch.from_numpy(np.concatenate([recording.column("face_found") for recording in stored])),
        statistics=statistics,
        targets=targets,
        masks=masks,
    )


def _check_finite(stored: Sequence[StoredRecording], column: str, finite: Tensor) -> None:
    """Refuse a column of all frames (T,) of all recordings, one after the other, unless each frame is finite."""
    if finite.all():
        return
    frame = int(finite.int().argmin())
    for recording in stored:
        if frame < recording.info.frames:
            raise DatasetError(
                f"'{recording.folder}' has a number in '{column}' that is not finite, in frame {frame}; delete the "
                "folder and prepare again"
            )
        frame -= recording.info.frames


def _joined(stored: Sequence[StoredRecording], column: str, task: str, unknown: NDArray[np.generic]) -> Tensor:
    """A task's column of every recording, with `unknown` for every frame of a recording without this task."""
    parts = [
        recording.column(column)
        if task in recording.info.tasks
        else np.broadcast_to(unknown, (recording.info.frames, *unknown.shape))
        for recording in stored
    ]
    return torch.from_numpy(np.concatenate(parts))


def read_all_frames(stored: Sequence[StoredRecording], column: FrameColumn, out: NDArray[np.generic]) -> None:
    """Read every frame of recordings into an array of all their frames.

    Raises
    ------
    DatasetError
        If a recording is damaged.
    """
    first = 0
    for recording in stored:
        stop = first + recording.info.frames
        recording.read_frames(column, 0, out[first:stop])
        first = stop
