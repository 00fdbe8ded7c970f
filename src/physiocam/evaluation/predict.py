"""From a store's recordings to predictions, by a bundle or by a classical method (extra `train`)."""

import os
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from physiocam.datasets.store.store import Store
from physiocam.evaluation.predictions import PredictionJob, Predictions, keep_predictions
from physiocam.evaluation.set_up import cut_differences
from physiocam.evaluation.stored_inputs import StoredInputs, slow_settings, wanted_settings
from physiocam.evaluation.stored_truth import with_truth
from physiocam.measuring.clip_pipeline import LoadedNetworks
from physiocam.measuring.face_frames import Progress
from physiocam.measuring.outputs import probabilities
from physiocam.measuring.recording_run import joined, run_recording
from physiocam.measuring.task_outputs import other_tasks, task_outputs
from physiocam.networks.tasks import AU, FACE_TASKS, HEAD_POSE, INTENSITY
from physiocam.readable import readable
from physiocam.signals.methods import NETWORK, classical_method, pulse_differences
from physiocam.signals.waveform import scenes_of
from physiocam.training.checks import check_bundle
from physiocam.weights.bundle import Bundle, load_bundle

_WITHOUT_SLOW = (
    "is not evaluated: the bundle's slow network sees wider squares, which the store does not keep; prepare another "
    "store: physiocam prepare NAME ROOT STORE {changes}"
)


def predict_with_bundle(
    bundle: str | os.PathLike[str] | Bundle,
    store: str | os.PathLike[str] | Store,
    recordings: Collection[str] | None = None,
    *,
    as_measured: bool = False,
    device: str = "cpu",
) -> Iterator[Predictions]:
    """Predict recordings one by one with a bundle; networks for the same task are averaged.

    Parameters
    ----------
    bundle : str, path or Bundle
    store : path or Store
    recordings : collection of str, optional
        Names; all by default.
    as_measured : bool
        Whether to predict as `physiocam.measure` does: in all phases of the clips, each scene on its own, long ones
        standardized in parts. Otherwise as in the paper: in one phase, each recording standardized as a whole, without
        the frames after its last complete clip.
    device : str
        "cpu" is ONNX Runtime on the processor. Any other is a device of PyTorch, such as "cuda", which takes large
        batches.

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
    check_bundle(store, bundle.info)
    networks, batch_clips = _on_device(bundle, device)
    for name in store.names() if recordings is None else sorted(recordings):
        stored = store.recording(name)
        outputs = joined(
            [
                run_recording(
                    StoredInputs(stored, bundle.info, not as_measured, batch_clips, scene), networks, as_measured
                )
                for scene in scenes_of(stored.info.frames, stored.info.cuts if as_measured else ())
            ],
            bundle.info.tasks,
        )
        if not as_measured:
            whole = stored.info.frames // bundle.info.clip_length * bundle.info.clip_length
            for output in outputs.of_frames.values():
                output[whole:] = np.nan
            for task in bundle.info.tasks:
                if task.name in outputs.differences:
                    outputs.differences[task.name][whole:] = np.nan
        au = bundle.task(AU.name)
        nothing = np.empty((stored.info.frames, 0), np.float32)
        units = probabilities(outputs.of_frames[AU.name]) if au else nothing
        others = task_outputs(other_tasks(bundle.info), outputs.differences, outputs.of_frames)
        waves = {task: wave for task, wave in outputs.differences.items() if task in FACE_TASKS}
        yield with_truth(stored, waves, units, au.labels if au else (), outputs.judges, others)


def _on_device(bundle: Bundle, device: str) -> tuple[LoadedNetworks, int | None]:
    """The networks, and how many clips to run at a time."""
    if device == "cpu":
        return LoadedNetworks(bundle), None
    # PyTorch takes seconds to import.
    from physiocam.evaluation.device_runtime import DEVICE_CLIPS, DeviceRuntime

    return LoadedNetworks(bundle, start=lambda networks: DeviceRuntime(bundle, networks, device)), DEVICE_CLIPS


def store_job(
    store: Store,
    weights: str,
    method: str | None,
    as_measured: bool,
    chosen: Collection[str] | None = None,
    device: str = "cpu",
) -> PredictionJob:
    """A store's recordings, to be predicted by a bundle or by a classical method.

    Parameters
    ----------
    store : Store
    weights : str
        Name or path of the bundle.
    method : str, optional
        A classical method instead.
    as_measured : bool
        As in `predict_with_bundle`.
    chosen : collection of str, optional
        Names of the recordings; all by default.
    device : str
        As in `predict_with_bundle`.

    Raises
    ------
    PhysiocamError
        If the bundle or a recording is missing or damaged.
    """
    names = store.names() if chosen is None else sorted(chosen)
    if method is None:
        bundle = load_bundle(weights)
        absent = not_predicted(bundle, store)
        facts = {**prediction_facts(store, names, NETWORK, bundle.sha256), "as_measured": as_measured}
        found = partial(predict_with_bundle, bundle, store, names, as_measured=as_measured, device=device)
        set_up = cut_differences(bundle.info.cut, store)
    else:
        set_up = ()
        absent = dict.fromkeys(("respiration", AU.name), f"is not evaluated: '{method}' measures the pulse only")
        facts = prediction_facts(store, names, method, None)
        found = partial(predict_with_method, method, store, names)
    title = f"{store.path.name}, {method or weights}"
    total = sum(store.recording(name).info.frames for name in names)

    def run(folder: Path, progress: Progress | None) -> list[Predictions]:
        about = {
            "title": title, "not_predicted": absent, "set_up": set_up, "store": readable(store.path.resolve()),
            "weights": None if method else readable(bundle.folder.resolve()),
        }  # fmt: skip
        return keep_predictions(_watched(found(), total, progress), folder, facts, about)

    return PredictionJob(title, facts, absent, set_up, run)


def _watched(found: Iterator[Predictions], total: int, progress: Progress | None) -> Iterator[Predictions]:
    frames = 0
    for one in found:
        yield one
        frames += one.frames
        if progress is not None:
            progress(frames, total)


def not_predicted(bundle: Bundle, store: Store) -> dict[str, str]:
    """Say which of a bundle's tasks `predict_with_bundle` leaves out: why, and what to do instead."""
    other = "is not evaluated: no data set has the truth of it"
    unknown = {INTENSITY.name, HEAD_POSE.name}
    absent = dict.fromkeys((task.name for task in bundle.info.tasks if task.name in unknown), other)
    if slow := bundle.info.slow:
        wanted = wanted_settings(slow)
        without = [name for name in store.names() if slow_settings(store.recording(name)) != wanted]
        if without:
            changes = " ".join(
                f"--set slow.{field}={value}"
                for field, value in (
                    ("fs", f"{wanted.fs:g}"), ("crop.factor", f"{wanted.crop.factor:g}"),
                    ("crop.down", f"{wanted.crop.down:g}"), ("big_size", wanted.big_size),
                    ("small_size", wanted.small_size),
                )
            )  # fmt: skip
            absent |= {task.name: _WITHOUT_SLOW.format(changes=changes) for task in slow.tasks}
    return absent


def prediction_facts(store: Store, names: Collection[str], method: str, weights: str | None) -> dict[str, Any]:
    """Return what determines the predictions of recordings, as facts of `physiocam.foundation.provenance`.

    Parameters
    ----------
    store : Store
    names : collection of str
        Names of the recordings.
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
        Of a recording that the method refuses, such as a too short one, all NaN.

    Raises
    ------
    PhysiocamError
        If the method is unknown, or a recording is missing or damaged.
    """
    compute = classical_method(method)
    store = store if isinstance(store, Store) else Store(store)
    for name in store.names() if recordings is None else sorted(recordings):
        stored = store.recording(name)
        # As in the paper, the method's waveform is converted to differences.
        difference = pulse_differences(stored.column("mean_rgb").astype(np.float64), stored.info.fs, compute)
        if isinstance(difference, str):
            # This recording has no pulse; the others go on.
            difference = np.full(stored.info.frames, np.nan)
        yield with_truth(stored, {"pulse": difference}, np.empty((0, 0), np.float32), ())
