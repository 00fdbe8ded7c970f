"""Clips for training: consecutive frames of a store's recordings, read batch by batch."""

import multiprocessing
import os
from collections.abc import Collection, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from physiocam.datasets.store.clip_batch import ClipBatch
from physiocam.datasets.store.clip_columns import Columns, read_all_frames, read_columns, task_columns
from physiocam.datasets.store.store import Store, StoredRecording
from physiocam.errors import DatasetError
from physiocam.foundation.cores import usable_cores
from physiocam.foundation.parents import end_with_parent_process

Memory = Literal["auto", "ram", "disk"]

# Share of the machine's memory that "auto" may fill with Big frames.
_MEMORY_SHARE = 0.5


class Clips(Dataset[ClipBatch]):
    """Clips of N consecutive frames, each with only the K Big frames that it needs.

    Small frames, targets and masks (1.5 kB a frame) are held in memory; Big frames (62 kB) are too, or are read from
    disk as they are needed. A dataset that shares memory this way works with any number of loader processes and with
    any sampler, a distributed one included.

    Parameters
    ----------
    store : path or Store
    clip_length : int
        N.
    big_stride : int
        M, one Big frame for every M frames.
    step : int, optional
        Frames from the start of one clip to the next's; by default N, so that clips do not overlap. Frames left over at
        the end of a recording are not used.
    recordings : collection of str, optional
        Names of the recordings to take; all by default.
    subjects : collection of str, optional
        Subjects to take; all by default.
    memory : "auto", "ram" or "disk"
        Where Big frames come from. "auto" reads them into memory if they fit in half of it. On a machine that trains in
        several processes each would hold its own copy: use "disk".

    Attributes
    ----------
    recordings : tuple of str
        Names of the recordings taken, in order.
    tasks : dict of str to tuple of str
        Columns of each task's targets.
    frames : int
        Frames of all the recordings.

    Raises
    ------
    DatasetError
        If no clip is left, a name is unknown, a recording is damaged, or recordings differ in their tasks' columns.
    """

    def __init__(
        self,
        store: str | os.PathLike[str] | Store,
        clip_length: int,
        big_stride: int,
        *,
        step: int | None = None,
        recordings: Collection[str] | None = None,
        subjects: Collection[str] | None = None,
        memory: Memory = "auto",
    ) -> None:
        self.clip_length = clip_length
        self.big_stride = big_stride
        store = store if isinstance(store, Store) else Store(store)
        self._stored = _chosen(store, recordings, subjects)
        self.recordings = tuple(recording.info.name for recording in self._stored)
        self.tasks = task_columns(self._stored)
        lengths = [recording.info.frames for recording in self._stored]
        self._offsets = torch.tensor([0, *np.cumsum(lengths)[:-1]])
        self.frames = sum(lengths)
        starts = [torch.arange(0, max(length - clip_length + 1, 0), step or clip_length) for length in lengths]
        self._recording = torch.repeat_interleave(torch.tensor([len(part) for part in starts]))
        self._start = torch.cat(starts)
        if not len(self._start):
            raise DatasetError(f"no recording of '{store.path}' has {clip_length} frames; prepare longer ones")
        layout = store.layout
        self._columns = read_columns(self._stored, self.tasks, layout.shape("small"))
        self._big_shape, self._big_dtype = layout.shape("big"), layout.dtype("big")
        big_bytes = self.frames * int(np.prod(self._big_shape)) * np.dtype(self._big_dtype).itemsize
        self._big: Tensor | None = None
        if memory == "ram" or (memory == "auto" and big_bytes <= _MEMORY_SHARE * _physical_memory()):
            self._big = self._read_all_big()

    def __len__(self) -> int:
        return len(self._start)

    def __getitem__(self, index: int) -> ClipBatch:
        """Return one clip, as a batch of one."""
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> ClipBatch:
        """Return a batch of clips, gathered at once."""
        device = self._columns.small.device
        chosen = torch.as_tensor(indices)
        recording, start = self._recording[chosen], self._start[chosen]
        first = self._offsets[recording] + start
        frames = (first[:, None] + torch.arange(self.clip_length)).to(device)
        columns = self._columns
        return ClipBatch(
            big=self._gather_big(recording, start, frames[:, :: self.big_stride]),
            small=_gather(columns.small, frames),
            face_found=_gather(columns.face_found, frames),
            statistics=columns.statistics[recording.to(device)],
            targets={task: _gather(values, frames) for task, values in columns.targets.items()},
            masks={task: _gather(values, frames) for task, values in columns.masks.items()},
            recording=recording,
            start=start,
        )

    def place(self, index: int) -> tuple[int, int, int]:
        """Return the recording of a clip, its first frame there, and the frames of the recording."""
        recording = int(self._recording[index])
        return recording, int(self._start[index]), self._stored[recording].info.frames

    def columns(self, recording: int, first: int, stop: int) -> Columns:
        """Everything but the Big frames, of consecutive frames of a recording, and its statistics (3,)."""
        of_all = slice(int(self._offsets[recording]) + first, int(self._offsets[recording]) + stop)
        columns = self._columns
        return Columns(
            columns.small[of_all],
            columns.face_found[of_all],
            columns.statistics[recording],
            {task: values[of_all] for task, values in columns.targets.items()},
            {task: values[of_all] for task, values in columns.masks.items()},
        )

    def big(self, recording: int, frames: Sequence[int]) -> Tensor:
        """Big frames (F, H, W, C) of a recording, as in `ClipBatch`, at any places."""
        if self._big is not None:
            return self._big[self._offsets[recording] + torch.as_tensor(frames)]
        out = np.empty((len(frames), *self._big_shape), self._big_dtype)
        for place, frame in enumerate(frames):
            self._stored[recording].read_frames("big", frame, out[place : place + 1])
        return _tensor(out)

    def label_counts(self, task: str) -> tuple[Tensor, Tensor]:
        """Frames in which each output of a binary task is present, and in which it is known; two Tensors (C,)."""
        mask = self._columns.masks[task]
        return ((self._columns.targets[task] > 0) & mask).sum(dim=0), mask.sum(dim=0)

    def to(self, device: str | torch.device) -> Self:
        """Move everything held in memory to a device, so that batches are gathered there.

        Loader processes cannot share a GPU's memory: use none with it.

        Raises
        ------
        DatasetError
            If the Big frames are read from disk.
        """
        if self._big is None:
            raise DatasetError("Big frames are read from disk and cannot be held on a device; pass memory='ram'")
        self._big = self._big.to(device)
        self._columns = self._columns.to(device)
        return self

    def _gather_big(self, recording: Tensor, start: Tensor, frames: Tensor) -> Tensor:
        if self._big is not None:
            return _gather(self._big, frames)
        out = np.empty((*frames.shape, *self._big_shape), self._big_dtype)
        for clip, (place, first) in enumerate(zip(recording.tolist(), start.tolist(), strict=True)):
            stored = self._stored[place]
            if self.big_stride == 1:
                stored.read_frames("big", first, out[clip])
                continue
            for k in range(frames.shape[1]):
                stored.read_frames("big", first + k * self.big_stride, out[clip, k : k + 1])
        return _tensor(out)

    def _read_all_big(self) -> Tensor:
        big = np.empty((self.frames, *self._big_shape), self._big_dtype)
        read_all_frames(self._stored, "big", big)
        return _tensor(big)


def _tensor(big: NDArray[Any]) -> Tensor:
    return torch.from_numpy(big.view(np.int16) if big.dtype == np.uint16 else big)


def clip_loader(
    clips: Dataset[ClipBatch],
    batch_clips: int,
    *,
    shuffle: bool = False,
    workers: int = 0,
    sampler: Sampler[int] | None = None,
    generator: torch.Generator | None = None,
    pin_memory: bool = False,
) -> "DataLoader[ClipBatch]":
    """Iterate over a data set in batches of clips.

    Parameters
    ----------
    clips : Clips, or a data set that gives batches of its clips
    batch_clips : int
        B; the last batch may be smaller.
    shuffle : bool
        Draw the clips in random order, over all recordings.
    workers : int
        Loader processes; useful if Big frames are read from disk. They are new processes, not copies of this one: a
        script that uses them keeps what it runs under ``if __name__ == "__main__":``.
    sampler : Sampler, optional
        Used instead of `shuffle`, such as a DistributedSampler.
    generator : Generator, optional
        Of the random order.
    pin_memory : bool
        For faster copies to a GPU.

    Returns
    -------
    DataLoader of ClipBatch
    """
    workers = min(workers, usable_cores())
    return DataLoader(
        clips,
        batch_size=batch_clips,
        shuffle=shuffle if sampler is None else None,
        sampler=sampler,
        num_workers=workers,
        multiprocessing_context=_worker_context() if workers else None,
        collate_fn=_as_it_is,
        worker_init_fn=_begin,
        generator=generator,
        pin_memory=pin_memory,
        persistent_workers=workers > 0,
    )


def _worker_context() -> Any:
    # A copy (fork) of a process with threads, such as zarr's, keeps the locks that they held and can wait for ever.
    is_windows = "forkserver" not in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("spawn" if is_windows else "forkserver")
    # PyTorch is then imported once, not in each worker.
    context.set_forkserver_preload([__name__])
    return context


def _begin(_: int) -> None:
    end_with_parent_process()


def _as_it_is(batch: Any) -> Any:
    return batch


def _gather(frames: Tensor, places: Tensor) -> Tensor:
    # index_select copies whole frames; indexing with two dimensions copies value by value.
    return frames.index_select(0, places.reshape(-1)).reshape(*places.shape, *frames.shape[1:])


def _chosen(
    store: Store, recordings: Collection[str] | None, subjects: Collection[str] | None
) -> list[StoredRecording]:
    names = store.names()
    unknown = sorted(set(recordings or ()) - set(names))
    if unknown:
        raise DatasetError(f"'{store.path}' holds no recording '{unknown[0]}'; prepare it, or leave it out")
    stored = [store.recording(name) for name in names if recordings is None or name in recordings]
    missing = sorted(set(subjects or ()) - {recording.info.subject for recording in stored})
    if missing:
        raise DatasetError(f"'{store.path}' holds no recording of subject '{missing[0]}'; prepare one, or leave it out")
    stored = [recording for recording in stored if subjects is None or recording.info.subject in subjects]
    if not stored:
        raise DatasetError(f"no recording of '{store.path}' was chosen; it holds {len(names)}")
    # Check before memory is allocated for what they declare, and before hours of work that the last one would end.
    for recording in stored:
        recording.check()
    return stored


def _physical_memory() -> int:
    """Bytes of memory of this machine; 0 if the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
