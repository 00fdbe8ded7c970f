"""Cross-validation: training and testing on different subjects, fold by fold."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from physiocam.datasets.readers.splits import published_split
from physiocam.datasets.store.store import Store
from physiocam.errors import PhysiocamError, writing_to
from physiocam.evaluation.device_runtime import training_device
from physiocam.evaluation.predict import predict_with_bundle, prediction_facts
from physiocam.evaluation.predictions import Predictions, keep_predictions, load_all_predictions
from physiocam.foundation.locks import alone_in
from physiocam.foundation.provenance import code_version, digest_of, mismatch, read_record
from physiocam.readable import readable
from physiocam.signals.methods import NETWORK
from physiocam.training.fit import ended_run, fit
from physiocam.training.processes import is_first, wait_for_first
from physiocam.training.settings import TrainSettings

Folds = tuple[tuple[str, ...], ...]
Progress = Callable[[str], None]


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
    """Published folds of the subjects of BP4D+, "paper" or "release", reduced to those in the store.

    Raises
    ------
    PhysiocamError
        If the lists are unknown, or a fold would have no subject.
    """
    there = {store.recording(recording).info.subject for recording in store.names()}
    folds = tuple(tuple(subject for subject in part if subject in there) for part in published_split("bp4d", name))
    for number, part in enumerate(folds, start=1):
        if not part:
            raise PhysiocamError(f"'{store.path}' holds no subject of fold {number} of '{name}'; prepare all of BP4D+")
    return folds


def parse_folds(store: Store, text: str, seed: int) -> Folds:
    """Folds from a user's text: a number of random folds, or "paper" or "release".

    Raises
    ------
    PhysiocamError
        If the text is none of these, or does not fit the store.
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
    """For each fold, train on all other subjects, and predict the recordings of the fold's subjects.

    Finished work is not repeated: a training run with the same settings and recordings, and predictions of the same
    recordings with the same weights. Other predictions are computed again; another training run is refused. Folds may
    run on different machines; when their folders are in one output, the next call joins them.

    Parameters
    ----------
    settings : TrainSettings
        `output` becomes the folder of all folds.
    folds : tuple of tuple of str
        Subjects of each fold.
    test_stores : sequence of Path
        Stores to predict, by default the training store. The paper trains on the AU subset of BP4D+ and tests the rates
        on all of it: two stores.
    only : int, optional
        Number of the only fold to run, from 1.
    progress : callable, optional
        Called with a line for each fold.

    Returns
    -------
    list of list of list of Predictions, or None
        For each test store and each fold the predictions of the fold's recordings, from a network that was not trained
        on their subjects; None while folds are missing.

    Raises
    ------
    PhysiocamError
        If a setting is invalid, or the output holds a run with other settings or recordings.
    """
    if only is not None and not 1 <= only <= len(folds):
        raise PhysiocamError(f"fold is {only}; expected 1 to {len(folds)}")
    stores = [Store(path) for path in (test_stores or [settings.store])]
    runs = [_Fold(settings, number, subjects, stores) for number, subjects in enumerate(folds, start=1)]
    for run in runs:
        if only is None or run.number == only:
            if progress is not None:
                progress(f"fold {run.number} of {len(folds)}: {len(run.subjects)} subjects held out")
            run.do(progress)
    if not all(run.done() for run in runs):
        return None
    return [[run.predictions(i) for run in runs] for i in range(len(stores))]


class _Fold:
    """A training run without some subjects, and the predictions of these subjects' recordings in each test store."""

    def __init__(self, settings: TrainSettings, number: int, subjects: Sequence[str], stores: Sequence[Store]) -> None:
        trained = Store(settings.store)
        held_out = {trained.recording(name).info.subject for name in trained.names()} & set(subjects)
        self.number = number
        self.subjects = subjects
        self._output = settings.output / f"fold-{number}"
        self._settings = settings.model_copy(
            update={"output": self._output, "exclude_subjects": tuple(sorted(held_out))}
        )
        self._stores = stores
        self._tested = [
            [name for name in store.names() if store.recording(name).info.subject in set(subjects)] for store in stores
        ]

    def do(self, progress: Progress | None) -> None:
        """Do the unfinished work."""
        bundle = fit(self._settings)
        for i, store in enumerate(self._stores):
            # Of several processes, only one predicts; the others wait.
            if is_first() and (reason := mismatch(self._folder(i), self._facts(i, bundle.folder))):
                if progress is not None and self._folder(i).is_dir():
                    progress(f"'{self._folder(i)}' holds predictions {reason}; '{store.path}' is predicted again")
                self._predict(i, bundle.folder)
        wait_for_first()

    def _predict(self, i: int, bundle: Path) -> None:
        store, tested = self._stores[i], self._tested[i]
        found = predict_with_bundle(bundle, store, tested, device=training_device()) if tested else ()
        with writing_to(self._folder(i)), alone_in(self._output, "predicting into"):
            about = {"store": readable(store.path.resolve()), "weights": readable(bundle.resolve())}
            keep_predictions(found, self._folder(i), self._facts(i, bundle), about)

    def done(self) -> bool:
        """Whether everything is there and still valid."""
        bundle = ended_run(self._settings)
        return bundle is not None and not any(
            mismatch(self._folder(i), self._facts(i, bundle.folder)) for i in range(len(self._stores))
        )

    def predictions(self, i: int) -> list[Predictions]:
        """Predictions for the i-th store."""
        record = read_record(self._folder(i))
        return load_all_predictions(self._folder(i)) if record is not None and record.files else []

    def _facts(self, i: int, bundle: Path) -> dict[str, Any]:
        facts = prediction_facts(self._stores[i], self._tested[i], NETWORK, digest_of(bundle))
        return {**facts, "physiocam": code_version()}

    def _folder(self, i: int) -> Path:
        return self._output / ("predictions" if i == 0 else f"predictions-{i + 1}")
