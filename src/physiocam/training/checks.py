"""Checks that a store fits a run, made before PyTorch is imported."""

from collections.abc import Collection, Mapping

import numpy as np

from physiocam.datasets.store.store import Store
from physiocam.errors import DatasetError, PhysiocamError
from physiocam.foundation.frame_sizes import FrameSize, size_text
from physiocam.networks.tasks import Task
from physiocam.training.settings import TrainSettings
from physiocam.weights.bundle import BundleInfo

# The setting of a store that says how many channels its frames have.
_CHANNELS = "channels"

# Folder of a run's bundle, in its output.
BUNDLE = "bundle"


def check_run(settings: TrainSettings) -> None:
    """Check that a run can begin; a finished run no longer needs its store.

    Parameters
    ----------
    settings : TrainSettings

    Raises
    ------
    PhysiocamError
        If there is no such store, or it does not fit the network or the subjects.
    """
    if not (settings.output / BUNDLE).is_dir():
        check_store(Store(settings.store), settings)


def check_store(store: Store, settings: TrainSettings) -> None:
    """Check that a store fits a run's network and subjects.

    Raises
    ------
    PhysiocamError
        If it does not; the message says all that must change.
    """
    config = settings.network
    used = (("big_size", config.uses_big), ("small_size", config.uses_small))
    sizes = {field: getattr(config, field) for field, is_used in used if is_used}
    _check_frames(store, {**sizes, _CHANNELS: config.input_channels}, "the network")
    if settings.augmentation.codec and (store.layout.channels, store.layout.bits) != (3, 8):
        raise PhysiocamError(
            f"augmentation.codec is {settings.augmentation.codec:g} and the store has {store.layout.channels} channels "
            f"of {store.layout.bits} bits; video is encoded in 3 of 8 bits: take 0"
        )
    training_subjects(store, settings)
    chosen = chosen_subjects(store, settings)
    tasks: dict[str, tuple[str, ...]] = {}
    own: dict[str, Task] = {}
    for name in store.names():
        info = store.recording(name).info
        if chosen is None or info.subject in chosen:
            tasks = {**info.tasks, **tasks}
            own = {**{task.name: task for task in info.own_tasks}, **own}
    for task in config.tasks:
        columns = tasks.get(task.name)
        if columns is None:
            raise PhysiocamError(
                f"no recording of the store has labels for '{task.name}'; it has {', '.join(tasks) or 'none'}: "
                "train a network with other tasks"
            )
        if columns != task.labels:
            raise PhysiocamError(
                f"task '{task.name}' has the outputs {', '.join(task.labels)} and the store {', '.join(columns)}; "
                "they must be the same in the same order"
            )
        if task.name in own and task.kind != own[task.name].kind:
            raise PhysiocamError(
                f"task '{task.name}' is a {task.kind} of the network and a {own[task.name].kind} in the store; they "
                "must be the same"
            )


def check_bundle(store: Store, info: BundleInfo) -> None:
    """Check that a store holds frames of a bundle's sizes.

    Raises
    ------
    DatasetError
        If it does not; the message says all that must change.
    """
    wanted = {"big_size": info.big_size, "small_size": info.small_size, _CHANNELS: info.input_channels}
    _check_frames(store, wanted, f"bundle '{info.name}'")


def chosen_subjects(store: Store, settings: TrainSettings) -> set[str] | None:
    """Return the subjects that a run is trained on; None for all.

    Raises
    ------
    PhysiocamError
        If one is unknown, or none is left.
    """
    return subjects_among(store, settings.subjects, settings.exclude_subjects)


def validation_subjects(store: Store, settings: TrainSettings) -> set[str]:
    """Return the chosen subjects that judge a run's epochs, and that it does not learn from.

    Raises
    ------
    PhysiocamError
        If none is left to learn from.
    """
    if not settings.validation:
        return set()
    chosen = sorted(subjects_among(store, settings.subjects, settings.exclude_subjects) or store.subjects())
    if len(chosen) < 2:
        raise PhysiocamError(
            f"validation is {settings.validation:g} and there is one subject, {chosen[0]}; prepare more, or take 0"
        )
    count = min(max(round(settings.validation * len(chosen)), 1), len(chosen) - 1)
    return set(np.random.default_rng(settings.seed).permutation(chosen)[:count].tolist())


def training_subjects(store: Store, settings: TrainSettings) -> set[str] | None:
    """Return the subjects that a run learns from; None for all.

    Raises
    ------
    PhysiocamError
        As in `chosen_subjects` and `validation_subjects`.
    """
    chosen, judging = chosen_subjects(store, settings), validation_subjects(store, settings)
    return (chosen if chosen is not None else store.subjects()) - judging if judging else chosen


def subjects_among(store: Store, subjects: Collection[str] | None, exclude: Collection[str]) -> set[str] | None:
    """Return the chosen subjects of a store; None for all.

    Raises
    ------
    PhysiocamError
        If one is unknown, or none is left.
    """
    if subjects is None and not exclude:
        return None
    known = store.subjects()
    named = set(subjects or ()) | set(exclude)
    if unknown := sorted(named - known):
        raise PhysiocamError(f"'{store.path}' holds no recording of subject '{unknown[0]}'; known are {_few(known)}")
    chosen = (set(subjects) if subjects is not None else known) - set(exclude)
    if not chosen:
        raise PhysiocamError("no subject is left; exclude fewer")
    return chosen


def _few(names: set[str]) -> str:
    shown = sorted(names)[:10]
    return ", ".join(shown) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _check_frames(store: Store, wanted: Mapping[str, FrameSize], taker: str) -> None:
    there = {field: store.layout.channels if field == _CHANNELS else store.frame_size(field) for field in wanted}
    if there == wanted:
        return
    # Of channels only what is unusual is named.
    named = [field for field in wanted if field != _CHANNELS or there[field] != wanted[field]]
    takes, has = (" and ".join(f"{field} {size_text(sizes[field])}" for field in named) for sizes in (wanted, there))
    # All sizes: one that fits now could differ in a new store.
    changes = " ".join(f"--set {field}={size_text(wanted[field]).replace(' ', '')}" for field in named)
    raise DatasetError(
        f"'{store.path}' was prepared with {has}, and {taker} takes {takes}; "
        f"prepare another store: physiocam prepare NAME ROOT STORE {changes}"
    )
