"""From a store's recordings to predictions by a network in PyTorch, as in the paper (extra `train`)."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from physiocam.datasets.store.clip_batch import standardize
from physiocam.datasets.store.clips import Clips, clip_loader
from physiocam.datasets.store.store import Store
from physiocam.datasets.store.stored_recording import StoredRecording
from physiocam.evaluation.predictions import Predictions
from physiocam.evaluation.stored_truth import with_truth
from physiocam.measuring.outputs import mask_unseen, mask_unseen_changes, probabilities
from physiocam.measuring.task_outputs import task_outputs
from physiocam.networks.network import Network
from physiocam.networks.tasks import AU, FACE_TASKS, Task

_BATCH_CLIPS = 60


def predict_with_network(
    network: Network,
    store: str | os.PathLike[str] | Store,
    recordings: Collection[str] | None = None,
    device: str | torch.device = "cpu",
) -> Iterator[Predictions]:
    """Predict recordings one by one.

    Parameters
    ----------
    network : Network
        Put into evaluation mode and moved to the device.
    store : path or Store
    recordings : collection of str, optional
        Names; all by default.
    device : str or device

    Yields
    ------
    Predictions
        NaN for the frames after the last complete clip.

    Raises
    ------
    DatasetError
        If a recording is missing or damaged.
    """
    config = network.config
    network = network.to(device).eval()
    stride = config.big_stride if config.uses_big else config.clip_length
    store = store if isinstance(store, Store) else Store(store)
    for name in store.names() if recordings is None else sorted(recordings):
        clips = Clips(store, config.clip_length, stride, recordings=[name], memory="disk")
        yield _with_outputs(store.recording(name), _run(network, clips, device), config.tasks)


@torch.inference_mode()
def _run(network: Network, clips: Clips, device: str | torch.device) -> dict[str, NDArray[np.float32]]:
    """A network's outputs for every frame of complete clips; task to (frames, C)."""
    config = network.config
    parts: dict[str, list[NDArray[np.float32]]] = {task.name: [] for task in config.tasks}
    for batch in clip_loader(clips, _BATCH_CLIPS):
        big, small = (tensor.to(device) for tensor in standardize(batch))
        for task, output in network(big if config.uses_big else None, small if config.uses_small else None).items():
            parts[task].append(output.float().cpu().numpy().reshape(-1, output.shape[-1]))
    return {task: np.concatenate(found) for task, found in parts.items()}


def _with_outputs(
    stored: StoredRecording, outputs: Mapping[str, NDArray[np.float32]], tasks: Sequence[Task]
) -> Predictions:
    found = stored.column("face_found")
    whole = {task: _padded(output, len(found)) for task, output in outputs.items()}
    waveforms = {
        task.name: mask_unseen_changes(whole[task.name][:, 0], found) for task in tasks if task.is_single_waveform
    }
    frames = {task.name: mask_unseen(whole[task.name], found, task.kind) for task in tasks}
    others = task_outputs([task for task in tasks if task.name not in FACE_TASKS], {}, frames)
    waveforms = {task: wave for task, wave in waveforms.items() if task in FACE_TASKS}
    au = next((task for task in tasks if task.name == AU.name), None)
    if au is None:
        return with_truth(stored, waveforms, np.empty((0, 0), np.float32), (), tasks=others)
    units = np.where(found[:, None], probabilities(whole[AU.name]), np.float32(np.nan))
    return with_truth(stored, waveforms, units, au.labels, tasks=others)


def _padded(output: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Add NaN for the frames after the last complete clip."""
    whole = np.full((frames, output.shape[1]), np.nan, np.float32)
    whole[: len(output)] = output
    return whole
