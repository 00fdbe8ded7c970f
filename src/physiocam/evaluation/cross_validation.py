"""Training and testing on subjects kept apart, fold by fold."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pytorch_lightning.utilities import rank_zero_only

from physiocam.datasets.splits import published_split
from physiocam.datasets.store import Store
from physiocam.errors import PhysiocamError, writing_to
from physiocam.evaluation.predict import predict_with_bundle
from physiocam.evaluation.predictions import Predictions, load_all_predictions
from physiocam.locks import alone_in
from physiocam.training.fit import fit
from physiocam.training.processes import wait_for_first
from physiocam.training.settings import TrainSettings

Folds = tuple[tuple[str, ...], ...]
Progress = Callable[[str], None]

_DONE = "done"


def subject_folds(store: Store, folds: int, seed: int = 0) -> Folds:
    """Divide a store's subjects at random into folds of nearly equal size.

    Parameters
    ----------
    store : Store
    folds : int
    seed : int

    Returns
    -------
    tuple of tuple of str
        Subjects of each fold.

    Raises
    ------
    PhysiocamError
        If there are fewer subjects than folds, or fewer than two folds.
    """
    subjects = sorted({store.recording(name).info.subject for name in store.names()})
    if not 2 <= folds <= len(subjects):
        raise PhysiocamError(f"folds is {folds}; with {len(subjects)} subjects expected 2 to {len(subjects)}")
    shuffled = np.random.default_rng(seed).permutation(subjects)
    return tuple(tuple(sorted(part.tolist())) for part in np.array_split(shuffled, folds))


def published_folds(store: Store, name: str) -> Folds:
    """Folds of the paper's subjects, "paper" or "release", as far as the store has them.

    Raises
    ------
    PhysiocamError
        If the lists are unknown, or a fold would have no subject.
    """
    there = {store.recording(recording).info.subject for recording in store.names()}
    folds = tuple(tuple(subject for subject in part if subject in there) for part in published_split("bp4d", name))
    for number, part in enumerate(folds, start=1):
        if not part:
            raise PhysiocamError(f"'{store.path}' holds no subject of fold {number} of '{name}'; prepare BP4D+ whole")
    return folds


def parse_folds(store: Store, text: str, seed: int) -> Folds:
    """Folds as a user names them: a number of random ones, or "paper" or "release".

    Raises
    ------
    PhysiocamError
        If the text is neither, or does not fit the store.
    """
    if text.isascii() and text.isdigit():
        return subject_folds(store, int(text), seed)
    return published_folds(store, text)


def cross_validate(
    settings: TrainSettings,
    folds: Folds,
    test_stores: Sequence[Path] = (),
    only: int | None = None,
    progress: Progress | None = None,
) -> list[list[list[Predictions]]] | None:
    """Train once for each fold on all other subjects, and predict the fold's.

    What is done already is not repeated. Folds may run on different machines; once their folders lie together in one
    output, the next call joins them.

    Parameters
    ----------
    settings : TrainSettings
        `output` becomes the folder of all folds.
    folds : tuple of tuple of str
        Subjects of each.
    test_stores : sequence of Path
        Stores to predict, by default the one that is trained on. The paper trains on the AU subset of BP4D+ and tests
        the rates on all of it: two stores.
    only : int, optional
        Number of the only fold to run, from 1.
    progress : callable, optional
        Called with a line for each fold.

    Returns
    -------
    list of list of list of Predictions, or None
        For each test store and each fold the predictions of the fold's recordings, made by a network that has not seen
        their subjects; None while folds are missing.

    Raises
    ------
    PhysiocamError
        If a setting makes no sense.
    """
    if only is not None and not 1 <= only <= len(folds):
        raise PhysiocamError(f"fold is {only}; expected 1 to {len(folds)}")
    stores = [Store(path) for path in (test_stores or [settings.store])]
    for number, subjects in enumerate(folds, start=1):
        if only is not None and number != only:
            continue
        if progress is not None:
            progress(f"fold {number} of {len(folds)}: {len(subjects)} subjects held out")
        _run_fold(settings, settings.output / f"fold-{number}", subjects, stores)
    places = [
        [settings.output / f"fold-{number}" / _folder(i) for number in range(1, len(folds) + 1)]
        for i in range(len(stores))
    ]
    if not all((place / _DONE).is_file() for row in places for place in row):
        return None
    return [[load_all_predictions(place) if any(place.glob("*.npz")) else [] for place in row] for row in places]


def _run_fold(settings: TrainSettings, output: Path, subjects: Sequence[str], stores: Sequence[Store]) -> None:
    trained = Store(settings.store)
    held_out = {trained.recording(name).info.subject for name in trained.names()} & set(subjects)
    bundle = fit(settings.model_copy(update={"output": output, "exclude_subjects": tuple(sorted(held_out))}))
    for i, store in enumerate(stores):
        folder = output / _folder(i)
        if not (folder / _DONE).is_file():
            _predict(bundle.folder, store, set(subjects), folder)
    wait_for_first()


# With several processes one predicts, and the others wait.
@rank_zero_only
def _predict(bundle: Path, store: Store, subjects: set[str], folder: Path) -> None:
    tested = [name for name in store.names() if store.recording(name).info.subject in subjects]
    with writing_to(folder), alone_in(folder, "predicting into"):
        if tested:
            for one in predict_with_bundle(bundle, store, tested):
                one.save(folder)
        (folder / _DONE).touch()


def _folder(store: int) -> str:
    return "predictions" if store == 0 else f"predictions-{store + 1}"
