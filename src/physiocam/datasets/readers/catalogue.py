"""Data sets by name: those that physiocam reads, and what plug-ins add."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from os import PathLike
from pathlib import Path

from physiocam.datasets.recording import Entry
from physiocam.errors import DatasetError

# Reads no frame: lists the recordings under a root, in a fixed order.
Reader = Callable[[Path], Sequence[Entry]]

# Packages that read further sets name their reader under this group of entry points.
PLUG_IN_GROUP = "physiocam.datasets"

_BUILT_IN = {
    "bp4d": "physiocam.datasets.readers.bp4d:trials",
    "bp4d-au": "physiocam.datasets.readers.bp4d:coded_trials",
    "disfa": "physiocam.datasets.readers.disfa:left_camera",
    "disfa-right": "physiocam.datasets.readers.disfa:right_camera",
    "folder": "physiocam.datasets.readers.folder:recordings",
    "pure": "physiocam.datasets.readers.pure:recordings",
    "scamps": "physiocam.datasets.readers.scamps:recordings",
    "ubfc-rppg": "physiocam.datasets.readers.ubfc_rppg:recordings",
}


@dataclass(frozen=True)
class DataSet:
    """A data set at a place.

    Attributes
    ----------
    name : str
    root : Path
    reader : Reader
    """

    name: str
    root: Path
    reader: Reader

    def entries(self) -> list[Entry]:
        """List the recordings; nothing is decoded.

        Raises
        ------
        DatasetError
            If there is none.
        """
        try:
            # Other processes and machines, which load the entries, may stand in other folders.
            entries = list(self.reader(self.root.absolute()))
        except OSError as error:
            raise DatasetError(f"'{self.root}' cannot be listed: {error}") from None
        if not entries:
            raise DatasetError(f"'{self.root}' holds no recording in the layout of {self.name}; see docs/data.md")
        return entries


def open_dataset(name: str, root: str | PathLike[str]) -> DataSet:
    """Open a data set by its name.

    Parameters
    ----------
    name : str
        One of `dataset_names`.
    root : path
        Folder that holds the set.

    Raises
    ------
    DatasetError
        If the name or the folder is unknown.
    """
    known = _known()
    if name not in known:
        raise DatasetError(f"unknown data set '{name}'; known are {', '.join(sorted(known))}")
    if not Path(root).is_dir():
        raise DatasetError(f"'{root}' is not a folder; expected the folder of the data set {name}")
    return DataSet(name, Path(root), _reader(known[name]))


def dataset_names() -> list[str]:
    """Names of all data sets that can be read."""
    return sorted(_known())


def describe(name: str) -> str:
    """One line about a data set: the first of what its reader says of itself.

    Raises
    ------
    DatasetError
        If it is unknown, or its plug-in cannot be loaded.
    """
    known = _known()
    if name not in known:
        raise DatasetError(f"unknown data set '{name}'; known are {', '.join(sorted(known))}")
    return (inspect.getdoc(_reader(known[name])) or "").partition("\n")[0]


def _known() -> dict[str, EntryPoint]:
    built_in = {name: EntryPoint(name, value, PLUG_IN_GROUP) for name, value in _BUILT_IN.items()}
    return {point.name: point for point in entry_points(group=PLUG_IN_GROUP)} | built_in


def _reader(point: EntryPoint) -> Reader:
    try:
        reader: Reader = point.load()
    except Exception as error:  # whatever is wrong with a plug-in, the others still work
        raise DatasetError(f"the reader of '{point.name}', {point.value}, cannot be loaded: {error!r}") from None
    return reader
