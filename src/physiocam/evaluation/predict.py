"""Predictions for a store's recordings, by a network or a classical method (extra `train`)."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physiocam.datasets.alignment import onto_frames
from physiocam.datasets.store.clips import Clips, clip_loader, standardize
from physiocam.datasets.store.store import Store, StoredRecording
from physiocam.evaluation.predictions import RATES, WAVEFORMS, PredictionJob, Predictions, keep_predictions
from physiocam.measuring.face_frames import Progress
from physiocam.measuring.measure import NETWORK
from physiocam.networks.config import AU, Task
from physiocam.networks.network import Network
from physiocam.signals.methods import classical_method
from physiocam.training.checks import check_bundle
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.runtime import Runtime

_BATCH_CLIPS = 60

Run = Callable[[Tensor, Tensor], Mapping[str, NDArray[np.float32]]]


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
        Frames after the last complete clip are not predicted.

    Raises
    ------
    DatasetError
        If a recording is missing or damaged.
    """
    config = network.config
    network = network.to(device).eval()

    @torch.inference_mode()
    def run(big: Tensor, small: Tensor) -> dict[str, NDArray[np.float32]]:
        outputs = network(big.to(device) if config.uses_big else None, small.to(device) if config.uses_small else None)
        return {task: output.float().cpu().numpy() for task, output in outputs.items()}

    stride = config.big_stride if config.uses_big else config.clip_length
    yield from _predict(run, config.clip_length, stride, config.tasks, store, recordings)


def predict_with_bundle(
    bundle: str | os.PathLike[str] | Bundle,
    store: str | os.PathLike[str] | Store,
    recordings: Collection[str] | None = None,
) -> Iterator[Predictions]:
    """Predict recordings one by one with a bundle on ONNX Runtime; networks for the same task are averaged.

    Parameters
    ----------
    bundle : str, path or Bundle
    store, recordings
        See `predict_with_network`.

    Yields
    ------
    Predictions
        Without the tasks of `not_predicted`.

    Raises
    ------
    PhysiocamError
        If the bundle or a recording is missing or damaged, or the store was prepared with other sizes.
    """
    bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    store = store if isinstance(store, Store) else Store(store)
    info = bundle.info
    check_bundle(store, info)
    runtime = Runtime(bundle)

    def run(big: Tensor, small: Tensor) -> dict[str, NDArray[np.float32]]:
        return runtime.run(big.numpy(), small.numpy())

    yield from _predict(run, info.clip_length, info.big_stride, info.tasks, store, recordings)


def store_job(store: Store, weights: str, method: str | None) -> PredictionJob:
    """The job of predicting all of a store's recordings, by a bundle or a classical method.

    Parameters
    ----------
    store : Store
    weights : str
        Name or path of the bundle.
    method : str, optional
        A classical method instead.

    Raises
    ------
    PhysiocamError
        If the bundle or a recording is missing or damaged.
    """
    names = store.names()
    if method is None:
        bundle = load_bundle(weights)
        absent = not_predicted(bundle)
        facts = prediction_facts(store, names, NETWORK, bundle.sha256)
        found = partial(predict_with_bundle, bundle, store, names)
    else:
        absent = dict.fromkeys(("respiration", AU.name), f"is not evaluated: '{method}' measures the pulse only")
        facts = prediction_facts(store, names, method, None)
        found = partial(predict_with_method, method, store, names)
    title = f"{store.path.name}, {method or weights}"
    total = sum(store.recording(name).info.frames for name in names)

    def run(folder: Path, progress: Progress | None) -> list[Predictions]:
        return keep_predictions(
            _watched(found(), total, progress), folder, facts, {"title": title, "not_predicted": absent}
        )

    return PredictionJob(title, facts, absent, run)


def _watched(found: Iterator[Predictions], total: int, progress: Progress | None) -> Iterator[Predictions]:
    frames = 0
    for one in found:
        yield one
        frames += len(next(iter(one.waveforms.values()), one.probabilities))
        if progress is not None:
            progress(frames, total)


def not_predicted(bundle: Bundle) -> dict[str, str]:
    """Return the tasks of a bundle that `predict_with_bundle` leaves out, with the reason and what to do instead."""
    slow = bundle.info.slow
    beyond = (
        "is not evaluated: the bundle's network for it sees more than the face square that a store keeps; measure the "
        "recordings themselves with `physiocam measure`"
    )
    other = "is not evaluated: it is neither a waveform of one output nor the action units"
    return {
        **{task.name: beyond for task in (slow.tasks if slow else ())},
        **{task.name: other for task in bundle.info.tasks if not (_is_waveform(task) or task.name == AU.name)},
    }


def _is_waveform(task: Task) -> bool:
    return task.kind == "waveform" and task.outputs == 1


def prediction_facts(store: Store, names: Collection[str], method: str, weights: str | None) -> dict[str, Any]:
    """Return what determines the predictions of recordings, as facts of `physiocam.foundation.provenance`.

    Parameters
    ----------
    store : Store
    names : collection of str
        Of the recordings.
    method : str
        "network", or a classical method.
    weights : str, optional
        The digest of the bundle.
    """
    return {"method": method, "weights": weights, "recording": store.digests(names)}


def predict_with_method(
    method: str, store: str | os.PathLike[str] | Store, recordings: Collection[str] | None = None
) -> Iterator[Predictions]:
    """Predict the pulse by a classical method, from the mean colours in the store.

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
        # As in the paper, the method's waveform is converted to differences.
        difference = np.full(stored.info.frames, np.nan)
        difference[: len(pulse) - 1] = np.diff(pulse)
        yield _with_truth(stored, {"pulse": difference}, np.empty((0, 0), np.float32), ())


def _predict(
    run: Run,
    clip_length: int,
    big_stride: int,
    tasks: Sequence[Task],
    store: str | os.PathLike[str] | Store,
    recordings: Collection[str] | None,
) -> Iterator[Predictions]:
    store = store if isinstance(store, Store) else Store(store)
    for name in store.names() if recordings is None else sorted(recordings):
        stored = store.recording(name)
        clips = Clips(store, clip_length, big_stride, recordings=[name], memory="disk")
        parts: dict[str, list[NDArray[np.float32]]] = {task.name: [] for task in tasks}
        for batch in clip_loader(clips, _BATCH_CLIPS):
            for task, output in run(*standardize(batch)).items():
                parts[task].append(output.reshape(-1, output.shape[-1]))
        outputs = {task: np.concatenate(found) for task, found in parts.items()}
        yield _with_truth(stored, _waveforms(outputs, tasks, stored), *_units(outputs, tasks, stored))


def _waveforms(
    outputs: Mapping[str, NDArray[np.float32]], tasks: Sequence[Task], stored: StoredRecording
) -> dict[str, NDArray[np.float64]]:
    found = stored.column("face_found")
    seen = found.copy()
    seen[:-1] &= found[1:]
    waveforms = {}
    for task in tasks:
        if _is_waveform(task):
            whole = np.full(stored.info.frames, np.nan)
            whole[: len(outputs[task.name])] = outputs[task.name][:, 0]
            # A difference is unknown if one of its frames has no face.
            waveforms[task.name] = np.where(seen, whole, np.nan)
    return waveforms


def _units(
    outputs: Mapping[str, NDArray[np.float32]], tasks: Sequence[Task], stored: StoredRecording
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    task = next((task for task in tasks if task.name == AU.name), None)
    if task is None:
        return np.empty((0, 0), np.float32), ()
    logits = outputs[task.name]
    whole = np.full((stored.info.frames, task.outputs), np.nan, np.float32)
    # With tanh, which cannot overflow.
    whole[: len(logits)] = 0.5 * (1.0 + np.tanh(0.5 * logits))
    whole[~stored.column("face_found")] = np.nan
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
    """The codes of the predicted units; a unit that the data set does not code is unknown."""
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
