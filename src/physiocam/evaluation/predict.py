"""From a store's recordings to predictions, by a network or by a classical method (extra `train`)."""

import os
from collections.abc import Collection, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physiocam.datasets.alignment import onto_frames
from physiocam.datasets.clips import Clips, clip_loader, standardize
from physiocam.datasets.store import Store, StoredRecording
from physiocam.evaluation.predictions import RATES, WAVEFORMS, Predictions
from physiocam.networks.config import AU, NetworkConfig
from physiocam.networks.network import Network
from physiocam.signals.methods import classical_method

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
        Frames behind the last whole clip are not predicted.

    Raises
    ------
    DatasetError
        If a recording is missing or damaged.
    """
    store = store if isinstance(store, Store) else Store(store)
    network = network.to(device).eval()
    for name in store.names() if recordings is None else sorted(recordings):
        stored = store.recording(name)
        outputs = _run(network, store, stored, torch.device(device))
        yield _with_truth(stored, _waveforms(outputs, network.config, stored), *_units(outputs, network.config, stored))


def predict_with_method(
    method: str, store: str | os.PathLike[str] | Store, recordings: Collection[str] | None = None
) -> Iterator[Predictions]:
    """Predict the pulse by a classical method, from the mean colour that the store keeps.

    Parameters
    ----------
    method : str
        As in `physiocam.signals.methods.classical_method`.
    store, recordings
        See `predict_with_network`.

    Yields
    ------
    Predictions

    Raises
    ------
    PhysiocamError
        If the method is unknown, or a recording is missing or damaged.
    """
    compute = classical_method(method)
    store = store if isinstance(store, Store) else Store(store)
    for name in store.names() if recordings is None else sorted(recordings):
        stored = store.recording(name)
        pulse = compute(stored.column("mean_rgb").astype(np.float64), stored.info.fs)
        # As in the paper, the method's waveform is handed on as its differences.
        difference = np.full(stored.info.frames, np.nan)
        difference[: len(pulse) - 1] = np.diff(pulse)
        yield _with_truth(stored, {"pulse": difference}, np.empty((0, 0), np.float32), ())


def _run(network: Network, store: Store, stored: StoredRecording, device: torch.device) -> dict[str, Tensor]:
    config = network.config
    clips = Clips(
        store,
        config.clip_length,
        config.big_stride if config.uses_big else config.clip_length,
        recordings=[stored.info.name],
        memory="disk",
    )
    parts: dict[str, list[Tensor]] = {task.name: [] for task in config.tasks}
    with torch.inference_mode():
        for batch in clip_loader(clips, _BATCH_CLIPS):
            big, small = (values.to(device) for values in standardize(batch))
            outputs = network(big if config.uses_big else None, small if config.uses_small else None)
            for task, output in outputs.items():
                parts[task].append(output.float().cpu().flatten(0, 1))
    return {task: torch.cat(outputs) for task, outputs in parts.items()}


def _waveforms(
    outputs: dict[str, Tensor], config: NetworkConfig, stored: StoredRecording
) -> dict[str, NDArray[np.float64]]:
    found = stored.column("face_found")
    seen = found.copy()
    seen[:-1] &= found[1:]
    waveforms = {}
    for task in config.tasks:
        if task.kind == "waveform" and task.outputs == 1:
            whole = np.full(stored.info.frames, np.nan)
            whole[: len(outputs[task.name])] = outputs[task.name][:, 0].numpy()
            # A change between frames of which one has no face was not seen.
            waveforms[task.name] = np.where(seen, whole, np.nan)
    return waveforms


def _units(
    outputs: dict[str, Tensor], config: NetworkConfig, stored: StoredRecording
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    task = next((task for task in config.tasks if task.name == AU.name), None)
    if task is None:
        return np.empty((0, 0), np.float32), ()
    whole = np.full((stored.info.frames, task.outputs), np.nan, np.float32)
    probability = outputs[task.name].sigmoid().numpy()
    whole[: len(probability)] = np.where(stored.column("face_found")[: len(probability), None], probability, np.nan)
    return whole, task.labels


def _with_truth(
    stored: StoredRecording,
    waveforms: dict[str, NDArray[np.float64]],
    probabilities: NDArray[np.float32],
    labels: tuple[str, ...],
) -> Predictions:
    times = stored.column("timestamps_s")
    sensors = {
        name: onto_frames(stored.signal(name), times) for name in (*WAVEFORMS, *RATES) if name in stored.info.signals
    }
    codes, coded = _codes(stored, labels)
    info = stored.info
    return Predictions(info.name, info.subject, info.fs, waveforms, probabilities, labels, sensors, codes, coded)


def _codes(stored: StoredRecording, labels: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What the coder saw of the predicted units; a unit that the data set does not code is not known."""
    codes = np.zeros((stored.info.frames, len(labels)), np.bool_)
    coded = np.zeros_like(codes)
    columns = stored.info.tasks.get(AU.name, ())
    if not labels or not columns:
        return codes, coded
    targets, masks = stored.column(f"targets/{AU.name}"), stored.column(f"masks/{AU.name}")
    for column, label in enumerate(labels):
        if label in columns:
            there = columns.index(label)
            codes[:, column], coded[:, column] = targets[:, there] > 0, masks[:, there]
    return codes, coded
