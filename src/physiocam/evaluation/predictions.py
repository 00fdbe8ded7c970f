"""What was predicted for one recording, and what its sensors and coders say: kept in a file, evaluated at any time."""

import json
import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from physiocam.errors import DatasetError, PhysiocamError
from physiocam.files import complete_file
from physiocam.signals.waveform import check_fs

# Sensors' signals that rates are compared with.
WAVEFORMS = ("pulse", "respiration")
RATES = ("heart_rate", "breathing_rate")

_ABOUT = "about"

# What a file may hold, far above what a day's recording does.
_MOST_BYTES = 400_000_000
_LARGEST = 1e30
_LONGEST_NAME = 200


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions and truth of one recording, on its frames' times.

    Attributes
    ----------
    name, subject : str
        Of the recording.
    fs : float
        Frames per second.
    waveforms : mapping of str to float64 array (T,)
        Task to predicted difference-type waveform; NaN where nothing was predicted.
    probabilities : float32 array (T, A)
        Of the action units; NaN where nothing was predicted, and of no column where none were.
    labels : tuple of str
        Columns of the action units.
    sensors : mapping of str to float64 array (T,)
        "pulse" and "respiration" as the sensors recorded them, "heart_rate" and "breathing_rate" per minute; NaN where
        they did not record.
    codes : bool array (T, A)
        Whether a unit is present.
    coded : bool array (T, A)
        Whether that is known.
    """

    name: str
    subject: str
    fs: float
    waveforms: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    probabilities: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    labels: tuple[str, ...] = ()
    sensors: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    codes: NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 0), np.bool_))
    coded: NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 0), np.bool_))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write `NAME.npz` into a folder; the file appears when it is complete.

        Raises
        ------
        DatasetError
            If it cannot be written.
        """
        path = Path(folder) / f"{self.name}.npz"
        about = {"name": self.name, "subject": self.subject, "fs": self.fs, "labels": self.labels}
        arrays: dict[str, NDArray[np.generic]] = {
            _ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8),
            "probabilities": self.probabilities,
            "codes": self.codes,
            "coded": self.coded,
        }
        arrays |= {f"waveforms/{task}": values for task, values in self.waveforms.items()}
        arrays |= {f"sensors/{name}": values for name, values in self.sensors.items()}
        with complete_file(path, DatasetError) as beside:
            np.savez_compressed(beside, **arrays)  # type: ignore[arg-type]
        return path


def load_predictions(path: str | os.PathLike[str]) -> Predictions:
    """Read what `Predictions.save` wrote; nothing is unpickled.

    Raises
    ------
    DatasetError
        If the file is missing, damaged or something else.
    """
    try:
        _check_size(path)
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, NDArray[Any]] = {name: file[name] for name in file.files}
        about = from_json(arrays.pop(_ABOUT).tobytes())
        predictions = Predictions(
            about["name"],
            about["subject"],
            float(about["fs"]),
            _under("waveforms", arrays),
            arrays["probabilities"],
            tuple(about["labels"]),
            _under("sensors", arrays),
            arrays["codes"],
            arrays["coded"],
        )
    except FileNotFoundError:
        raise DatasetError(f"'{path}' does not exist; predict first") from None
    except Exception as error:  # damaged archives fail in every way there is
        raise DatasetError(f"'{path}' holds no predictions ({type(error).__name__}); predict again") from None
    if problem := _misfit(predictions):
        raise DatasetError(f"'{path}' holds no predictions: {problem}; predict again")
    try:
        check_fs(predictions.fs)
    except PhysiocamError as error:
        raise DatasetError(f"'{path}' holds no predictions: {error}") from None
    return predictions


def load_all_predictions(folder: str | os.PathLike[str]) -> list[Predictions]:
    """Read all predictions of a folder, in the order of their names.

    Raises
    ------
    DatasetError
        If there are none, or one cannot be read.
    """
    paths = sorted(Path(folder).glob("[!.]*.npz"))
    if not paths:
        raise DatasetError(f"'{folder}' holds no predictions (*.npz); predict first")
    return [load_predictions(path) for path in paths]


def _check_size(path: str | os.PathLike[str]) -> None:
    """Make sure before anything is read that every array is as large as it declares, and all together not too large."""
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError
        for entry in archive.infolist():
            with archive.open(entry) as file:
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(file)
                if file.tell() + math.prod(shape) * dtype.itemsize != entry.file_size or not dtype.itemsize:
                    raise ValueError


def _under(group: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    waves = {name.partition("/")[2]: wave for name, wave in arrays.items() if name.startswith(f"{group}/")}
    # Larger numbers are none, and overflow when they are squared.
    return {name: np.where(np.abs(wave) < _LARGEST, wave, np.nan) for name, wave in waves.items()}


def _misfit(found: Predictions) -> str | None:
    """Say what does not fit in predictions that were read, or None."""
    texts = (found.name, found.subject, *found.labels)
    if not all(isinstance(text, str) and len(text) <= _LONGEST_NAME for text in texts):
        return f"its names are no text of at most {_LONGEST_NAME} characters"
    waves = [*found.waveforms.values(), *found.sensors.values()]
    if not all(wave.ndim == 1 and wave.dtype.kind == "f" for wave in waves) or len({len(wave) for wave in waves}) > 1:
        return "its waveforms are not of one length"
    units = found.probabilities
    if units.ndim != 2 or units.dtype.kind != "f" or found.codes.dtype != bool or found.coded.dtype != bool:
        return "its action units are no probabilities and codes"
    if found.codes.shape != found.coded.shape or (found.coded.size and found.coded.shape != units.shape):
        return f"it has codes of shape {found.codes.shape} for probabilities of shape {units.shape}"
    if units.size and units.shape[1] != len(found.labels):
        return f"it has {units.shape[1]} action units under {len(found.labels)} names"
    return None
