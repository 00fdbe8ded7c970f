"""What a result was made of, link by link back to the recordings, and whether all of it is still the same."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from physiocam.datasets.store.store import Store
from physiocam.errors import PhysiocamError
from physiocam.foundation.provenance import RECORD, Record, damage, difference, digest_of, read_record, source_digest
from physiocam.readable import readable
from physiocam.results.measurement_files import MEASURED_WITH, MEASUREMENT
from physiocam.weights.bundle import DESCRIPTION, Bundle, load_bundle

_EVALUATION = "evaluation.json"
_STORE = "zarr.json"
_DIGITS = 12


@dataclass(frozen=True)
class Link:
    """A result, and what it was made of.

    Attributes
    ----------
    what : str
        What it is, where, and with which digest or settings.
    state : str
        "as made", "not checked: " and why, or what is wrong with it.
    is_wrong : bool
        Whether it is not what it was made as, or not what the result was made of.
    made_of : tuple of Link
    """

    what: str
    state: str = "as made"
    is_wrong: bool = False
    made_of: tuple["Link", ...] = ()

    @property
    def wrong(self) -> int:
        """Number of links that are wrong, this one and all before it."""
        return self.is_wrong + sum(link.wrong for link in self.made_of)

    def lines(self, indent: str = "") -> Iterator[str]:
        """Yield a line for each link, what it was made of indented below it."""
        yield f"{indent}{self.what}: {self.state}"
        for link in self.made_of:
            yield from link.lines(f"{indent}  ")


def chain_of(path: str | os.PathLike[str]) -> Link:
    """Find out what a result was made of, and check it.

    Parameters
    ----------
    path : path
        A measurement's folder, an evaluation, predictions, a page of `physiocam reproduce`, a study, a comparison, a
        bundle or its name, its networks for other runtimes, a training run, a store; or a file of one of these.

    Returns
    -------
    Link

    Raises
    ------
    PhysiocamError
        If there is no such result.
    """
    place = Path(path)
    if place.is_file() and (record := read_record(place.parent, f"{place.stem}.json")) and record.files:
        return _page(place, record)
    folder = place if place.is_dir() else place.parent
    readers: dict[str, Callable[[Path], Link]] = {
        f"bundle/{DESCRIPTION}": lambda there: _bundle(there / "bundle", None),
        MEASURED_WITH: _measurement,
        _EVALUATION: _evaluation,
        RECORD: _recorded,
        # Networks for other runtimes have a bundle's description, and a record.
        DESCRIPTION: lambda there: _bundle(there, None),
        _STORE: lambda there: _store(there, None),
    }
    if place.exists():
        for name, read in readers.items():
            if (folder / name).is_file():
                return read(folder)
    elif len(place.parts) == 1:
        return _bundle(place, None)
    raise PhysiocamError(
        f"'{readable(place)}' is not a result with a record of what it was made of; expected the folder of a "
        "measurement, evaluation, predictions, study, comparison, training run, bundle or store, or a page of "
        "physiocam reproduce"
    )


def _state(problem: str | None) -> dict[str, Any]:
    return {"state": problem or "as made", "is_wrong": problem is not None}


def _store(path: Path, expected: Mapping[str, str] | None) -> Link:
    """A store; `expected` are the digests of those recordings that a result was made of."""
    name = f"store {readable(path)}"
    if not path.is_dir():
        return Link(name, "not checked: it is not there")
    try:
        store = Store(path)
        names = store.names() if expected is None else sorted(expected)
        there = store.digests([name for name in names if name in store.names()])
        problem = difference({"recording": expected}, {"recording": there}) if expected is not None else None
        settings = ", ".join(f"{key} {store.settings.get(key)}" for key in ("preprocessing", "crop", "big_size"))
        what = f"{name}, {len(names)} recordings, {settings}, by physiocam {_versions(store, there)}"
        return Link(what, **_state(problem), made_of=_sources(store, there))
    except PhysiocamError as error:
        return Link(name, str(error), is_wrong=True)


def _versions(store: Store, names: Mapping[str, str]) -> str:
    return ", ".join(sorted({store.recording(name).info.version for name in names})) or "?"


def _sources(store: Store, names: Mapping[str, str]) -> tuple[Link, ...]:
    """The files that a store's recordings were prepared from, together."""
    sources = {source.path: source for name in names for source in store.recording(name).info.sources}
    if not sources:
        return ()
    files = {path: source for path, source in sources.items() if os.path.isfile(path)}
    changed = [
        path
        for path, source in files.items()
        if (os.stat(path).st_size, os.stat(path).st_mtime_ns) != (source.size, source.mtime_ns)
    ]
    what = f"{len(sources)} files of the data set, such as {next(iter(sources))}"
    if changed:
        return (Link(what, f"'{changed[0]}' has changed since", is_wrong=True),)
    if len(files) < len(sources):
        return (Link(what, f"not checked: {len(sources) - len(files)} are not there as files"),)
    return (Link(what, "sizes and times as prepared"),)


def _bundle(path: Path, expected: str | None) -> Link:
    name = f"bundle {readable(path)}"
    if expected is not None and not path.exists() and len(path.parts) > 1:
        return Link(f"{name}, {expected[:_DIGITS]}...", "not checked: it is not there")
    try:
        bundle = load_bundle(path)
    except PhysiocamError as error:
        if expected is None:
            raise
        return Link(name, str(error), is_wrong=True)
    # Predictions of folds keep the digest of the whole folder.
    problem = (
        None
        if expected in (None, bundle.sha256, digest_of(bundle.folder))
        else f"other weights than {str(expected)[:_DIGITS]}..."
    )
    version = bundle.info.provenance.get("version")
    by = f", by physiocam {version}" if version else ""
    return Link(f"{name}, {bundle.sha256[:_DIGITS]}...{by}", **_state(problem), made_of=tuple(_training(bundle)))


def _training(bundle: Bundle) -> Iterator[Link]:
    """What a bundle was trained on or imported from, as far as its description says."""
    provenance = bundle.info.provenance
    recordings, store = provenance.get("recordings"), provenance.get("store_path")
    if isinstance(recordings, dict):
        yield _store(Path(str(store)), recordings) if store else _unknown(f"{len(recordings)} recordings of a store")
    files = provenance.get("files")
    for file, digest in files.items() if isinstance(files, dict) else ():
        yield Link(f"file {file}, {str(digest)[:_DIGITS]}...", "not checked: where it is is not recorded")


def _recorded(folder: Path) -> Link:
    """Predictions, or another result whose record says what it is."""
    record = read_record(folder)
    if record is None:
        raise PhysiocamError(f"'{folder / RECORD}' is damaged; make the result in '{folder}' again")
    what = f"{record.about.get('kind', 'predictions')} {readable(folder)}, {_made(record.made_with)}"
    return Link(what, **_state(damage(folder, record)), made_of=(*_ingredients(record), *_inputs(folder, record)))


def _inputs(folder: Path, record: Record) -> Iterator[Link]:
    """Measurements and files that a record names, as paths from its folder, against the digests in it."""
    for path, digest in dict(record.made_with.get("measurement", {})).items():
        place = folder / path
        if not (place / MEASURED_WITH).is_file():
            yield Link(f"measurement {readable(place)}", "not checked: no record is there")
            continue
        found = _measurement(place)
        same = (place / MEASUREMENT).is_file() and digest_of(place / MEASUREMENT) == digest
        yield found if same or found.is_wrong else replace(found, **_state("another measurement than was used"))
    for path, digest in dict(record.made_with.get("file", {})).items():
        name = f"file {readable(folder / path)}"
        if not (folder / path).is_file():
            yield Link(name, "not checked: it is not there")
        else:
            yield Link(name, **_state(None if digest_of(folder / path) == digest else "has changed since"))


def _ingredients(record: Record) -> Iterator[Link]:
    """Bundles and stores that a record names, against the digests in it."""
    weights = record.made_with.get("weights")
    for path, digest in (weights if isinstance(weights, dict) else {record.about.get("weights"): weights}).items():
        if digest:
            where = Path(str(path)) if path else None
            yield _bundle(where, str(digest)) if where else _unknown(f"bundle {str(digest)[:_DIGITS]}...")
    recordings = record.made_with.get("recording")
    if isinstance(recordings, dict):
        store = record.about.get("store")
        stores = {str(store): recordings} if store else {}
        if not store:
            stores = {path: digests for path, digests in recordings.items() if isinstance(digests, dict)}
        for path, digests in stores.items():
            yield _store(Path(path), digests)
        if not stores and recordings:
            yield _unknown(f"{len(recordings)} recordings of a store")


def _unknown(what: str) -> Link:
    return Link(what, "not checked: where it is is not recorded")


def _made(made_with: Mapping[str, Any]) -> str:
    """The plain facts of a record in a few words."""
    plain = {
        key: value for key, value in made_with.items() if key not in ("weights", "recording", "video", "predictions")
    }
    said = [f"{key} {value}" for key, value in plain.items() if isinstance(value, str | int | float | bool)]
    return ", ".join(said) or "without settings"


def _evaluation(folder: Path) -> Link:
    try:
        content = from_json((folder / _EVALUATION).read_bytes())
        made_with, about = dict(content["made_with"]), dict(content["made_of"])
        own = Record(made_with, dict(content["files"]), about)
    except (OSError, ValueError, KeyError, TypeError):
        raise PhysiocamError(
            f"'{folder / _EVALUATION}' has no record of what it was made of; evaluate again with this version"
        ) from None
    what = f"evaluation {readable(folder)}, {_made(made_with)}"
    damaged = damage(folder, own)
    if "predictions" not in about:
        return Link(what, **_state(damaged), made_of=tuple(_ingredients(own)))
    predictions = Path(str(about["predictions"]))
    there = read_record(predictions)
    if there is None:
        kept = Link(f"predictions {readable(predictions)}", "not checked: no record is there")
        return Link(what, **_state(damaged), made_of=(kept,))
    facts = {key: value for key, value in made_with.items() if key in there.made_with}
    problem = difference(facts, there.made_with)
    problem = damaged or (problem and f"made of predictions {problem}")
    return Link(what, **_state(problem), made_of=(_recorded(predictions),))


def _measurement(folder: Path) -> Link:
    record = read_record(folder, MEASURED_WITH)
    if record is None:
        raise PhysiocamError(f"'{folder / MEASURED_WITH}' is damaged; measure again")
    made_with, links = record.made_with, []
    if made_with.get("weights_sha256"):
        links.append(_bundle(Path(str(made_with.get("weights"))), str(made_with["weights_sha256"])))
    video = os.fsdecode(bytes.fromhex(str(record.about.get("path", ""))))
    try:
        problem = None if source_digest(video) == made_with.get("video") else "another video than was measured"
        links.append(Link(f"video {readable(video)}", **_state(problem)))
    except OSError:
        links.append(Link(f"video {readable(video)}", "not checked: it is not there"))
    chosen = {key: made_with.get(key) for key in ("method", "settings", "face", "physiocam")}
    what = f"measurement {readable(folder)}, {_made(chosen)}"
    return Link(what, **_state(damage(folder, record)), made_of=tuple(links))


def _page(file: Path, record: Record) -> Link:
    problem = damage(file.parent, record)
    if file.name not in record.files and file.suffix != ".json":
        problem = f"'{file.name}' was not made with the others"
    what = f"page {readable(file)}, {_made(record.made_with)}"
    return Link(what, **_state(problem), made_of=tuple(_ingredients(record)))
