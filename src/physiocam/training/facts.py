"""The facts that determine a run's weights."""

from typing import Any

from physiocam.datasets.store.store import Store
from physiocam.training.checks import chosen_subjects
from physiocam.training.settings import TrainSettings
from physiocam.version import __version__
from physiocam.weights.bundle import load_bundle

# Fields that affect where and how fast a run computes, not its result.
_FREE = {"output", "store", "workers", "memory", "checkpoint_steps"}

# Fields of later versions, which records of earlier ones lack: their defaults are left out.
_LATER = ("tf32", "compile", "accumulate", "deterministic", "augmentation", "validation", "patience")


def run_facts(settings: TrainSettings) -> dict[str, Any]:
    """Return everything that determines a run's weights, as facts of `physiocam.foundation.provenance`.

    Raises
    ------
    PhysiocamError
        If store or initial bundle cannot be read, or subjects are named that the store does not hold.
    """
    initial = settings.initial_bundle
    usual = {name for name in _LATER if getattr(settings, name) == TrainSettings.model_fields[name].default}
    return {
        **settings.model_dump(mode="json", exclude=_FREE | usual),
        # A name can refer to other weights after another import.
        "initial_bundle": None if initial is None else load_bundle(initial).sha256,
        # Training takes hours: weights are tied to a release, not to every change of the code.
        "physiocam": __version__,
        **store_facts(settings),
    }


def store_facts(settings: TrainSettings) -> dict[str, Any]:
    """Return a run's training data: the settings of all recordings, and the digest of each.

    Raises
    ------
    PhysiocamError
        If the store cannot be read, or subjects are named that it does not hold.
    """
    store = Store(settings.store)
    chosen = chosen_subjects(store, settings)
    names = [name for name in store.names() if chosen is None or store.recording(name).info.subject in chosen]
    return {"preparation": store.settings, "recording": store.digests(names)}
