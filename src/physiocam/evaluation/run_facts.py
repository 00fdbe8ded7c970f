"""What a result of several training runs was made of, as facts for its record."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from physiocam.datasets.store.store import Store
from physiocam.evaluation.cross_validation import Folds
from physiocam.foundation.provenance import code_version
from physiocam.readable import readable
from physiocam.training.settings import TrainSettings
from physiocam.weights.bundle import DESCRIPTION, load_bundle

# Fields that say where something is, or that differ between the runs of a result; the bundles have their own.
_OWN = {"store", "output", "network", "task_weights", "subjects", "exclude_subjects"}


def facts_of_runs(
    settings: TrainSettings, folds: Folds, stores: Iterable[Path], runs: Iterable[Path]
) -> dict[str, Any]:
    """Return the digests of recordings and weights by their places, the settings, and the version of physiocam.

    Parameters
    ----------
    settings : TrainSettings
        Of the training runs.
    folds : tuple of tuple of str
    stores : iterable of Path
        All that was trained and tested on.
    runs : iterable of Path
        Folders that hold the training runs.

    Raises
    ------
    PhysiocamError
        If a bundle or recording is damaged.
    """
    bundles = sorted({found.parent for run in runs for found in run.rglob(DESCRIPTION)})
    return {
        "physiocam": code_version(),
        "folds": [list(fold) for fold in folds],
        **settings.model_dump(mode="json", exclude=_OWN),
        "weights": {readable(folder.resolve()): load_bundle(folder).sha256 for folder in bundles},
        "recording": {readable(path.resolve()): Store(path).digests() for path in dict.fromkeys(stores)},
    }
