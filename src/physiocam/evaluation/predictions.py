"""Predictions for one recording, with sensor signals and codes, in a file that can be evaluated later."""

import json
import math
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from physiocam.errors import DatasetError, PhysiocamError
from physiocam.evaluation.kept_judges import judge_arrays, judge_models, judges_of
from physiocam.evaluation.task_scores import TaskPrediction
from physiocam.foundation.files import complete_file
from physiocam.foundation.provenance import RECORD, Facts, damage, digest_of, read_record, write_record
from physiocam.foundation.regular_files import check_regular
from physiocam.measuring.face_frames import Progress
from physiocam.networks.tasks import Task
from physiocam.signals.judging import Judge
from physiocam.signals.waveform import check_fs

# Sensors' signals that rates are compared with.
WAVEFORMS = ("pulse", "respiration")
RATES = ("heart_rate", "breathing_rate")

_ABOUT = "about"
_FILES = "[!.]*.npz"

# Limits of a file, far above those of a recording of a day.
_MOST_BYTES = 400_000_000
_LARGEST = 1e30
_LONGEST_NAME = 200


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions and truth of one recording, at its frames' times.

    Attributes
    ----------
    name, subject : str
        Names of the recording and of its subject.
    fs : float
        Frames per second.
    waveforms : mapping of str to float64 array (T,)
        Task to predicted difference-type waveform; NaN where nothing was predicted.
    probabilities : float32 array (T, A)
        Probabilities of the action units; NaN where nothing was predicted, and no columns if no unit was.
    labels : tuple of str
        Columns of the action units.
    sensors : mapping of str to float64 array (T,)
        "pulse" and "respiration" as the sensors recorded them, "heart_rate" and "breathing_rate" per minute; NaN where
        a sensor did not record.
    codes : bool array (T, A)
        Whether a unit is present.
    coded : bool array (T, A)
        Whether the code is known.
    judges : mapping of str to Judge
        Task to what its rate is judged by.
    tasks : mapping of str to TaskPrediction
        Every other task, with its labels.
    cuts : tuple of int
        First frames of new scenes; no rate reaches across.
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
    judges: Mapping[str, Judge] = field(default_factory=dict)
    tasks: Mapping[str, TaskPrediction] = field(default_factory=dict)
    cuts: tuple[int, ...] = ()

    @property
    def frames(self) -> int:
        """T."""
        lengths = [len(wave) for wave in self.waveforms.values()] + [len(one.predicted) for one in self.tasks.values()]
        return max([len(self.probabilities), *lengths])

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write `NAME.npz` into a folder; the file appears when it is complete.

        Raises
        ------
        DatasetError
            If it cannot be written.
        """
        path = Path(folder) / f"{self.name}.npz"
        about = {
            "name": self.name, "subject": self.subject, "fs": self.fs, "labels": self.labels,
            "confidence": judge_models(self.judges),
            "tasks": [one.task.model_dump(mode="json") for one in self.tasks.values()], "cuts": self.cuts,
        }  # fmt: skip
        arrays: dict[str, NDArray[np.generic]] = {
            _ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8),
            "probabilities": self.probabilities,
            "codes": self.codes,
            "coded": self.coded,
        }
        arrays |= {f"waveforms/{task}": values for task, values in self.waveforms.items()}
        arrays |= {f"sensors/{name}": values for name, values in self.sensors.items()}
        arrays |= judge_arrays(self.judges)
        for name, one in self.tasks.items():
            arrays |= {f"predicted/{name}": one.predicted, f"truth/{name}": one.truth}
        with complete_file(path, DatasetError) as beside:
            np.savez_compressed(beside, **arrays)  # type: ignore[arg-type]
        return path


def load_predictions(path: str | os.PathLike[str]) -> Predictions:
    """Read what `Predictions.save` wrote; nothing is unpickled.

    Raises
    ------
    DatasetError
        If the file is missing, damaged or of another kind.
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
            judges_of(arrays, about.get("confidence", {})),
            _tasks(arrays, float(about["fs"]), about.get("tasks", [])),
            tuple(about.get("cuts", ())),
        )
    except FileNotFoundError:
        raise DatasetError(f"'{path}' does not exist; predict first") from None
    except Exception as error:  # damaged archives can raise any exception
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
        If there are none, one cannot be read, or they are not exactly those that were made together.
    """
    paths = sorted(Path(folder).glob(_FILES))
    if not paths:
        raise DatasetError(f"'{folder}' holds no predictions (*.npz); predict first")
    record = read_record(Path(folder))
    if record is not None:
        problem = damage(Path(folder), record)
        if strange := [path.name for path in paths if path.name not in record.files]:
            problem = f"with '{strange[0]}', which was not made with the others"
        if problem:
            raise DatasetError(f"'{folder}' holds predictions {problem}; predict again into a new folder")
    return [load_predictions(path) for path in paths]


def keep_predictions(
    found: Iterable[Predictions], folder: str | os.PathLike[str], made_with: Facts, about: Facts | None = None
) -> list[Predictions]:
    """Write predictions into their own folder, with a record of what they were made with; they appear when complete.

    Parameters
    ----------
    found : iterable of Predictions
        Each is written as soon as it is computed.
    folder : path
        All predictions in it are replaced; other files stay.
    made_with, about : mapping
        See `physiocam.foundation.provenance.Record`.

    Returns
    -------
    list of Predictions

    Raises
    ------
    PhysiocamError
        If they cannot be written.
    """
    place = Path(folder)
    beside = place.with_name(f".{place.name}-partial")
    rmtree(beside, ignore_errors=True)
    kept = list(_saved(found, beside))
    write_record(beside, made_with, [f"{one.name}.npz" for one in kept], about=about)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for path in place.glob(_FILES):
            path.unlink()
        # The record is written first: it shows if one of its files is missing.
        for name in (RECORD, *(f"{one.name}.npz" for one in kept)):
            (beside / name).replace(place / name)
        beside.rmdir()
    except OSError as error:
        raise DatasetError(f"cannot replace '{place}': {error.strerror}; remove it, or choose another folder") from None
    return kept


def _saved(found: Iterable[Predictions], folder: Path) -> Iterator[Predictions]:
    for one in found:
        one.save(folder)
        yield one


@dataclass(frozen=True)
class PredictionJob:
    """Predictions that exist or can be computed, and what they are made with.

    Attributes
    ----------
    title : str
        Names the recordings and the method.
    made_with : mapping
        See `physiocam.foundation.provenance.Record`.
    not_predicted : mapping of str to str
        By task, why it is not predicted.
    set_up : tuple of str
        How recordings differ from those that the networks were trained on; one line each.
    run : callable
        Function of a folder for the predictions, and a progress callable or None, as in `physiocam.measure`.
    """

    title: str
    made_with: Facts
    not_predicted: Mapping[str, str]
    set_up: tuple[str, ...]
    run: Callable[[Path, Progress | None], list[Predictions]]


def kept_predictions(folder: Path) -> PredictionJob:
    """Existing predictions in a folder, which are used as they are."""
    record = read_record(folder)
    if record is None:
        files = {path.name: digest_of(path) for path in sorted(folder.glob(_FILES))}
        return PredictionJob(
            f"{folder.name}, without a record of what they were made with",
            {"predictions": files},
            {},
            (),
            lambda _folder, _progress: load_all_predictions(folder),
        )
    return PredictionJob(
        str(record.about.get("title", folder.name)),
        record.made_with,
        {str(task): str(reason) for task, reason in dict(record.about.get("not_predicted", {})).items()},
        tuple(map(str, record.about.get("set_up", ()))),
        lambda _folder, _progress: load_all_predictions(folder),
    )


def _check_size(path: str | os.PathLike[str]) -> None:
    """Check before reading that every array is as large as it declares, and that all together are not too large."""
    check_regular(path)
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
    # Larger numbers are not measurements, and overflow when squared.
    return {name: np.where(np.abs(wave) < _LARGEST, wave, np.nan) for name, wave in waves.items()}


def _tasks(arrays: Mapping[str, NDArray[Any]], fs: float, described: Iterable[Any]) -> dict[str, TaskPrediction]:
    tasks = [Task.model_validate_json(json.dumps(one)) for one in described]
    return {
        task.name: TaskPrediction(task, fs, arrays[f"predicted/{task.name}"], arrays[f"truth/{task.name}"])
        for task in tasks
    }


def _misfit(found: Predictions) -> str | None:
    """Return what does not fit in predictions that were read, or None."""
    texts = (found.name, found.subject, *found.labels)
    if not all(isinstance(text, str) and len(text) <= _LONGEST_NAME for text in texts):
        return f"its names are not text of at most {_LONGEST_NAME} characters"
    readings = [column for judge in found.judges.values() for column in judge.table().T]
    waves = [*found.waveforms.values(), *found.sensors.values(), *readings]
    if not all(wave.ndim == 1 and wave.dtype.kind == "f" for wave in waves) or len({len(wave) for wave in waves}) > 1:
        return "its waveforms are not of one length"
    units = found.probabilities
    if units.ndim != 2 or units.dtype.kind != "f" or found.codes.dtype != bool or found.coded.dtype != bool:
        return "its action units are not probabilities and codes"
    if found.codes.shape != found.coded.shape or (found.coded.size and found.coded.shape != units.shape):
        return f"it has codes of shape {found.codes.shape} for probabilities of shape {units.shape}"
    if units.size and units.shape[1] != len(found.labels):
        return f"it has {units.shape[1]} action units under {len(found.labels)} names"
    return _misfit_of_tasks(found) or _misfit_of_cuts(found)


def _misfit_of_cuts(found: Predictions) -> str | None:
    edges = (0, *found.cuts, found.frames)
    whole = all(type(cut) is int for cut in found.cuts)
    if found.cuts and not (whole and all(first < second for first, second in pairwise(edges))):
        return f"its cuts are not rising numbers of its {found.frames} frames"
    return None


def _misfit_of_tasks(found: Predictions) -> str | None:
    for name, one in found.tasks.items():
        shapes = {one.predicted.shape, one.truth.shape}
        floats = one.predicted.dtype.kind == one.truth.dtype.kind == "f"
        if len(shapes) > 1 or one.predicted.ndim != 2 or one.predicted.shape[1] != one.task.outputs or not floats:
            return f"its task '{name}' does not have one prediction and one label per output"
    return None
