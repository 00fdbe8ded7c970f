"""A measurement, exported; and which formats there are."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from physiocam.errors import PhysiocamError
from physiocam.exporting.about import RecordingInfo
from physiocam.foundation.arguments import folder_path
from physiocam.results.measurement_data import MeasurementData


class Writer(Protocol):
    """Writes a measurement into a folder and returns the files."""

    def __call__(self, measurement: MeasurementData, folder: Path, about: RecordingInfo) -> list[Path]:
        """Write it."""


@dataclass(frozen=True)
class ExportFormat:
    """A format.

    Attributes
    ----------
    module : str
        The module of this package with the function `write`.
    needs : tuple of str
        Libraries of the extra `export`.
    words : str
        What it is.
    """

    module: str
    needs: tuple[str, ...]
    words: str


FORMATS = {
    "bids": ExportFormat("bids", (), "BIDS physio and events"),
    "edf": ExportFormat("edf", ("edfio",), "EDF+ with annotations"),
    "elan": ExportFormat("elan", ("pympi",), "ELAN tiers"),
    "fhir": ExportFormat("fhir", ("fhir.resources",), "FHIR Observations"),
    "matlab": ExportFormat("matlab", ("scipy",), "MATLAB file"),
    "nwb": ExportFormat("nwb", ("pynwb",), "NWB"),
    "wfdb": ExportFormat("wfdb_record", ("wfdb",), "WFDB record with annotations"),
}


def export_measurement(
    measurement: MeasurementData,
    folder: str | os.PathLike[str],
    to: str | Sequence[str],
    about: RecordingInfo | None = None,
) -> list[Path]:
    """Write a measurement in the formats of other programs.

    Parameters
    ----------
    measurement : Measurement
    folder : path
        Created if it does not exist; files of the same names are replaced.
    to : str or sequence of str
        Of "bids", "edf", "elan", "fhir", "matlab", "nwb" and "wfdb"; docs/export.md says what each holds.
    about : RecordingInfo, optional
        Participant, session, task and the time at which the recording began, which "nwb" needs.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    PhysiocamError
        If there is no such format, or the files cannot be written.
    ImportError
        If a library of the extra `export` is missing.

    Examples
    --------
    >>> import numpy as np
    >>> import tempfile
    >>> import physiocam
    >>> measurement = physiocam.measure(np.full((60, 120, 160, 3), 128, np.uint8), fs=30)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = export_measurement(measurement, folder, "bids", RecordingInfo(participant="07"))
    >>> files[-1].name
    'sub-07_task-video_events.json'
    """
    names = [to] if isinstance(to, str) else list(to)
    check_formats(names)
    place = folder_path(folder, "folder")
    return [path for name in names for path in _writer(name)(measurement, place, about or RecordingInfo())]


def check_formats(names: Sequence[str]) -> None:
    """Check before the work that formats exist, and their libraries are installed.

    Raises
    ------
    PhysiocamError
        If one does not exist.
    ImportError
        If a library is missing.
    """
    for name in names:
        if name not in FORMATS:
            raise PhysiocamError(f"to is '{name}'; expected one of {', '.join(FORMATS)}")
        for library in FORMATS[name].needs:
            import_module(library)


def _writer(name: str) -> Writer:
    writer: Writer = import_module(f"physiocam.exporting.{FORMATS[name].module}").write
    return writer
