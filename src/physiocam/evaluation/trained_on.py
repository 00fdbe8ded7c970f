"""Whether a bundle was trained on the people that it is evaluated on."""

from collections.abc import Collection, Mapping
from typing import Any

from physiocam.datasets.store.store import Store

_MOST_NAMED = 8


def trained_on(provenance: Mapping[str, Any], store: Store, names: Collection[str]) -> str | None:
    """Return a warning if some of the evaluated people are among those of the training.

    People are the same if the bundle was trained on recordings of this store, found by the digests of their content.

    Parameters
    ----------
    provenance : mapping
        Of the bundle; that of the bundle from which it was trained further is in it.
    store : Store
    names : collection of str
        Recordings that are evaluated.
    """
    digests, subjects = _training(provenance)
    known = store.digests()
    if not digests & set(known.values()):
        return None
    people = {name: store.recording(name).info.subject for name in names}
    evaluated = set(people.values())
    same = sorted({people[name] for name in names if known[name] in digests} | evaluated & subjects)
    if not same:
        return None
    shown = ", ".join(same[:_MOST_NAMED]) + (" and others" if len(same) > _MOST_NAMED else "")
    step = "train with exclude_subjects, and evaluate those people with --subjects"
    if len(same) < len(evaluated):
        step = f"leave them out with --exclude-subjects {','.join(same)}"
    return (
        f"the bundle was trained on {len(same)} of the {len(evaluated)} people evaluated ({shown}), so the figures do "
        f"not say how well it measures others; {step}"
    )


def _training(provenance: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Digests of all training recordings, and their subjects, also of earlier training."""
    recordings, subjects = provenance.get("recordings"), provenance.get("subjects")
    digests = {str(one) for one in recordings.values()} if isinstance(recordings, Mapping) else set()
    people = {str(one) for one in subjects} if isinstance(subjects, list | tuple) else set()
    if isinstance(earlier := provenance.get("initial"), Mapping):
        more, others = _training(earlier)
        return digests | more, people | others
    return digests, people
