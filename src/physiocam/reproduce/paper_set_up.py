"""How the set-up of a page differs from the paper's."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from physiocam.datasets.store.store import Store
from physiocam.evaluation.cross_validation import Folds
from physiocam.evaluation.set_up import cut_differences
from physiocam.training.augmentation import Augmentation
from physiocam.training.settings import TrainSettings


def set_up_differences(settings: TrainSettings, folds: Folds | None, test_stores: Sequence[Path]) -> list[str]:
    """List what was trained and tested on, and every setting that is not the paper's.

    Parameters
    ----------
    settings : TrainSettings
    folds : tuple of tuple of str or None
        None if the network was trained on all subjects, to test another data set.
    test_stores : sequence of Path
        Empty for the training store.
    """
    store = Store(settings.store)
    infos = [store.recording(recording).info for recording in store.names()]
    frames, subjects = sum(info.frames for info in infos), len({info.subject for info in infos})
    lines = [
        f"trained on '{store.path.name}': {len(infos)} recordings of {subjects} subjects, {frames} frames (paper: the "
        "AU subset of BP4D+, 140 subjects, about 200,000 frames)"
    ]
    if test_stores:
        lines.append(f"tested on {', '.join(path.name for path in test_stores)}")
    cut = store.cut()
    if cut.square != "bottom" or cut.preprocessing != "authors":
        lines.append(f"trained on {cut} (paper: the largest squares at the bottom of the frames)")
    lines += [line for path in test_stores for line in cut_differences(cut, Store(path))]
    lines += [line for path in test_stores or (store.path,) for line in _without_truth(Store(path))]
    sizes = (store.frame_size("big_size"), store.frame_size("small_size"))
    checks = [
        (sizes == (144, 9), f"frames of {sizes[0]} and {sizes[1]} pixels (paper: 144 and 9)"),
        (settings.epochs == 5, f"{settings.epochs} epochs (paper: 5)"),
        (settings.batch_clips == 180, f"{settings.batch_clips} clips per batch (paper: 180)"),
        (settings.learning_rate == 1e-3, f"learning rate {settings.learning_rate:g} (paper: 0.001)"),
        (settings.schedule == "constant", f"learning rate by the schedule {settings.schedule} (paper: constant)"),
        (settings.initialization == "pytorch", f"initial weights by {settings.initialization} (paper: PyTorch's own)"),
        (settings.initial_bundle is None, f"started from the bundle {settings.initial_bundle} (paper: new weights)"),
        (settings.dropout is None, f"dropout {settings.dropout} throughout (paper: 0.25 and 0.5)"),
        (not settings.task_weights, f"losses weighted by {_listed(settings.task_weights)} (paper: equally)"),
        (not settings.augmentation.is_on, f"clips changed by {_changes(settings.augmentation)} (paper: not)"),
        (not settings.validation, f"epochs judged by {settings.validation:g} of the subjects (paper: all are run)"),
        (settings.gradients == "sum", "conflicts between tasks' gradients resolved (paper: not)"),
        (settings.precision == "32-true", f"precision {settings.precision} (paper: 32 bits)"),
    ]
    if folds is not None:
        checks.append((len(folds) == 3, f"{len(folds)} folds (paper: 3)"))
    weights = {"train": "counted in the training set", "published": "the published numbers", "none": "1"}
    lines.append(f"weight of present action units: {weights[settings.pos_weight]}")
    return lines + [text for same, text in checks if not same]


def _changes(augmentation: Augmentation) -> str:
    return _listed({name: value for name, value in augmentation.model_dump().items() if value > 0})


def _without_truth(store: Store) -> list[str]:
    """Lines on recordings of a test store that cannot be compared because they have no ground truth."""
    infos = [store.recording(name).info for name in store.names()]
    known = {
        "heart rate": [bool({"pulse", "heart_rate"} & set(info.signals)) for info in infos],
        "breathing rate": [bool({"respiration", "breathing_rate"} & set(info.signals)) for info in infos],
        "state of the action units": [bool(info.action_units) for info in infos],
    }
    return [
        f"the true {what} is known for {sum(there)} of the {len(infos)} recordings of '{store.path.name}'; the others "
        "are left out"
        for what, there in known.items()
        if not all(there)
    ]


def _listed(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{task} {weight:g}" for task, weight in weights.items())
