"""Write recordings into a store: decoded, cropped, resized and labelled once, so that training only reads."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from physiocam.datasets.recording import Entry
from physiocam.datasets.sources import changed_source, facts_of, sources_of
from physiocam.datasets.store.prepare_recording import prepare_recording
from physiocam.datasets.store.prepare_settings import PrepareSettings
from physiocam.datasets.store.store import Store
from physiocam.errors import DatasetError, UnwritableError
from physiocam.foundation.parallel import run_jobs
from physiocam.foundation.provenance import difference

__all__ = ["PrepareSettings", "Prepared", "prepare"]

# Increase this whenever the same settings give different numbers, so that a store never mixes the two.
_REVISION = 1

Progress = Callable[["Prepared"], None]


@dataclass(frozen=True)
class Prepared:
    """The outcome for one recording.

    Attributes
    ----------
    name : str
    frames : int
        0 if it failed.
    kept : bool
        Whether it was already in the store.
    notes : tuple of str
        What is unusual about it, such as frames that could not be read.
    damage : str or None
        What was wrong with the one in the store, which was prepared again.
    error : str or None
        Why it failed, in one line.
    """

    name: str
    frames: int = 0
    kept: bool = False
    notes: tuple[str, ...] = ()
    damage: str | None = None
    error: str | None = None


def prepare(
    entries: Sequence[Entry],
    path: str | os.PathLike[str],
    settings: PrepareSettings | None = None,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> list[Prepared]:
    """Prepare recordings into a store.

    It may be stopped at any time: finished recordings stay, and the next call prepares the rest. Damaged recordings of
    the store are prepared again.

    Parameters
    ----------
    entries : sequence of Entry
        Entries of a data set.
    path : path
        The store; created if it does not exist.
    settings : PrepareSettings, optional
    jobs : int
        Recordings prepared at a time, each in its own process.
    scheduler : str, optional
        Address of a dask scheduler whose workers do the work; they must see sources and store under the same paths.
    progress : callable, optional
        Called with every recording's outcome as it becomes known.

    Returns
    -------
    list of Prepared
        One per entry, in their order.

    Raises
    ------
    DatasetError
        If the store was prepared with other settings or is being written to, or two recordings share their name.
    UnwritableError
        If nothing more can be written to the store; finished recordings stay.
    """
    settings = settings or PrepareSettings()
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DatasetError(
            f"recordings '{', '.join(twice[:3])}' appear more than once; expected a different name for each recording"
        )
    store = Store.create(path, {"revision": _REVISION, **settings.model_dump(mode="json")})
    report: dict[int, Prepared] = {}

    def note(index: int, prepared: Prepared) -> None:
        report[index] = prepared
        if progress is not None:
            progress(prepared)

    with store.writing():
        there = set(store.names())
        damage: dict[int, str] = {}
        for index, entry in enumerate(entries):
            if entry.name in there:
                try:
                    note(index, _check(store, entry))
                except DatasetError as error:
                    damage[index] = str(error)
        waiting = [index for index in range(len(entries)) if index not in report]
        work = partial(prepare_recording, store=store.path.resolve(), settings=settings)
        for outcome in run_jobs(work, [entries[index] for index in waiting], jobs, scheduler):
            index, info = waiting[outcome.index], outcome.result
            if outcome.unwritable:
                raise UnwritableError(f"{outcome.error}; {len(store.names())} recordings are done")
            if info is None:
                note(index, Prepared(names[index], damage=damage.get(index), error=outcome.error))
            else:
                note(index, Prepared(names[index], info.frames, notes=info.notes, damage=damage.get(index)))
    return [report[index] for index in range(len(entries))]


def _check(store: Store, entry: Entry) -> Prepared:
    """Whether the recording in the store still matches its sources; an error if it is damaged."""
    stored = store.recording(entry.name)
    stored.check()
    info = stored.info
    try:
        changed = changed_source(info.sources, sources_of(entry))
    except DatasetError as error:
        return Prepared(entry.name, error=str(error))
    anew = f"delete '{store.path / entry.name}' to prepare it again"
    if changed:
        return Prepared(entry.name, error=f"{changed} since '{entry.name}' was prepared; {anew}")
    if other := difference(info.facts, facts_of(entry)):
        return Prepared(entry.name, error=f"'{entry.name}' was prepared {other}; {anew}")
    return Prepared(entry.name, frames=info.frames, kept=True, notes=info.notes)
