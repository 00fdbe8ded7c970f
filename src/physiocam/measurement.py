"""What a measurement is, and how it is written."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physiocam.arguments import folder_path
from physiocam.files import complete_files
from physiocam.signals.rate import Rate, RateSeries
from physiocam.signals.variability import HeartRateVariability

if TYPE_CHECKING:
    from pandas import DataFrame

# Names of the Facial Action Coding System for the twelve units of the paper, in the order used everywhere.
ACTION_UNIT_NAMES = {
    "AU01": "inner brow raiser",
    "AU02": "outer brow raiser",
    "AU04": "brow lowerer",
    "AU06": "cheek raiser",
    "AU07": "lid tightener",
    "AU10": "upper lip raiser",
    "AU12": "lip corner puller",
    "AU14": "dimpler",
    "AU15": "lip corner depressor",
    "AU17": "chin raiser",
    "AU23": "lip tightener",
    "AU24": "lip pressor",
}

ACTIVE_THRESHOLD = 0.5

# The summary's file name, and those that a measurement may have beside it: who writes a new one, removes them first.
MEASUREMENT = "measurement.json"
BEATS, REPORT, OVERLAY, MEASURED_WITH = "beats.csv", "report.html", "overlay.mp4", "measured_with.json"
_BESIDE = (MEASURED_WITH, REPORT, OVERLAY, BEATS)
_TABLES = ("waveforms.csv", "rates.csv", "action_units.csv")


@dataclass(frozen=True)
class Face:
    """Where a face was found.

    Attributes
    ----------
    found_fraction : float
        Share of frames with a face, 0..1.
    choice : str
        How its square was chosen: "auto", "center", or "x,y,size" in pixels.
    """

    found_fraction: float
    choice: str = "auto"


@dataclass(frozen=True)
class ActionUnit:
    """One facial action unit over the recording.

    Attributes
    ----------
    name : str
        Its name in the Facial Action Coding System.
    mean_probability : float or None
        Mean over the frames with a face, 0..1; None without such frames.
    active_fraction : float or None
        Share of the frames with a face whose probability is at least 0.5.
    """

    name: str
    mean_probability: float | None
    active_fraction: float | None


@dataclass(frozen=True)
class Weights:
    """The bundle that measured: its name and the sha256 over its content."""

    name: str
    sha256: str


@dataclass(frozen=True, eq=False, repr=False)
class Measurement:
    """Everything measured in one recording. Printed, it is a summary of a few lines.

    Attributes
    ----------
    source : str
        Path as it was given, or "array".
    duration_s : float
        Frames divided by `fs`.
    fs : float
        Frames per second of the even time grid that the results stand on.
    frames : int
        T, frames on that grid.
    face : Face
    heart_rate : Rate
        In beats/min, over the whole recording; value None with a note where the signal does not carry it.
    breathing_rate : Rate
        In breaths/min, likewise.
    action_units : dict of str to ActionUnit
        By label ("AU01"), in the bundle's order; empty if it has no such task, or none was used.
    method : str
        "network", or the classical method by which the heart rate was measured.
    weights : Weights or None
        None for a classical method.
    settings : str
        Name of the signal settings, "default" or "paper".
    version : str
        Of physiocam.
    notes : tuple of str
        What was odd about the recording (truncated, variable frame rate, ...).
    timestamps_s : float64 array (T,)
    face_found : bool array (T,)
    face_squares : int32 array (T, 3)
        The square that was measured, in pixels of the upright frame: x and y of its upper left corner, and side. -1 in
        gaps.
    pulse, respiration : float64 array (T,)
        Filtered waveforms in arbitrary units; NaN in gaps and where there is no such waveform.
    rates_timestamps_s : float64 array (R,)
        Centres of the sliding windows.
    heart_rate_along, breathing_rate_along : RateSeries
        Rates along the recording, at `rates_timestamps_s`.
    action_unit_probability : float32 array (T, A)
        NaN in gaps; columns in the order of `action_units`.
    heart_rate_variability : HeartRateVariability or None
        None where it was not asked for. Without beats, and with a note, where there is no heart rate.
    """

    source: str
    duration_s: float
    fs: float
    frames: int
    face: Face
    heart_rate: Rate
    breathing_rate: Rate
    action_units: dict[str, ActionUnit]
    method: str
    weights: Weights | None
    settings: str
    version: str
    notes: tuple[str, ...]
    timestamps_s: NDArray[np.float64]
    face_found: NDArray[np.bool_]
    face_squares: NDArray[np.int32]
    pulse: NDArray[np.float64]
    respiration: NDArray[np.float64]
    rates_timestamps_s: NDArray[np.float64]
    heart_rate_along: RateSeries
    breathing_rate_along: RateSeries
    action_unit_probability: NDArray[np.float32]
    heart_rate_variability: HeartRateVariability | None = None

    @property
    def beats(self) -> HeartRateVariability | None:
        """The heart-rate variability, where there is a heart rate: without one there are no beats to show."""
        return None if self.heart_rate.value is None else self.heart_rate_variability

    def __repr__(self) -> str:
        from physiocam.measurement_text import measurement_text

        return measurement_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the summary, all but the arrays, as plain dicts, numbers and strings; floats to six digits."""
        summary = {
            "source": self.source,
            "duration_s": self.duration_s,
            "fs": self.fs,
            "frames": self.frames,
            "face": asdict(self.face),
            "heart_rate": asdict(self.heart_rate),
            "breathing_rate": asdict(self.breathing_rate),
            "action_units": {label: asdict(unit) for label, unit in self.action_units.items()},
            "method": self.method,
            "weights": asdict(self.weights) if self.weights else None,
            "settings": self.settings,
            "version": self.version,
            "notes": list(self.notes),
        }
        if (variability := self.heart_rate_variability) is not None:
            summary |= {"sdnn": asdict(variability.sdnn), "rmssd": asdict(variability.rmssd)}
        return {key: _rounded(value) for key, value in summary.items()}

    def to_json(self) -> str:
        """Return the summary as JSON, indented, with a final newline."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_frame(self) -> "DataFrame":
        """Return one row a frame, as a pandas table whose columns users of NeuroKit2 and OpenFace know.

        Returns
        -------
        DataFrame
            See `measurement_frame.measurement_frame`.

        Raises
        ------
        ImportError
            If pandas is not installed (extra `pandas`).
        """
        from physiocam.measurement_frame import measurement_frame

        return measurement_frame(self)

    def write(self, folder: str | bytes | os.PathLike[str]) -> None:
        """Write measurement.json, waveforms.csv, rates.csv and action_units.csv into a folder.

        Where heart-rate variability was asked for and there is a heart rate, beats.csv comes with them. The files are
        complete when they appear: they are written beside and then renamed. Files of the same names are replaced; what
        else an earlier measurement left in the folder (beats, report, overlay video) is removed.

        Parameters
        ----------
        folder : path
            Made if it does not exist.

        Raises
        ------
        PhysiocamError
            If it is no name of a folder, the folder cannot be written to, or the disk is full.
        """
        place = folder_path(folder, "folder")
        contents: dict[str, Iterable[str]] = {
            "waveforms.csv": self._waveforms_csv(),
            "rates.csv": self._rates_csv(),
            "action_units.csv": self._action_units_csv(),
            MEASUREMENT: [self.to_json()],
        }
        if (beats := self.beats) is not None:
            contents[BEATS] = self._beats_csv(beats)
        # The summary comes last, so that a folder with a measurement.json has the rest.
        with complete_files(place, self.files()) as beside:
            for name, lines in contents.items():
                with (beside / name).open("w", encoding="utf-8", newline="") as file:
                    file.writelines(lines)
            remove_results(place, self.source)

    def files(self) -> tuple[str, ...]:
        """Names of the files that `write` writes, the summary last."""
        return (*_TABLES, *((BEATS,) if self.beats is not None else ()), MEASUREMENT)

    def _waveforms_csv(self) -> Iterator[str]:
        rows = zip(
            _fixed(self.timestamps_s, 6),
            _general(self.pulse),
            _general(self.respiration),
            ("1" if found else "0" for found in self.face_found),
            strict=True,
        )
        return _csv(("timestamp_s", "pulse", "respiration", "face_found"), rows)

    def _rates_csv(self) -> Iterator[str]:
        heart, breathing = self.heart_rate_along, self.breathing_rate_along
        rows = zip(
            _fixed(self.rates_timestamps_s, 6),
            _fixed(heart.value, 3),
            _fixed(heart.quality, 4),
            _fixed(breathing.value, 3),
            _fixed(breathing.quality, 4),
            strict=True,
        )
        header = (
            "timestamp_s",
            "heart_rate",
            "heart_rate_quality",
            "breathing_rate",
            "breathing_rate_quality",
        )
        return _csv(header, rows)

    @staticmethod
    def _beats_csv(variability: HeartRateVariability) -> Iterator[str]:
        rows = zip(
            _fixed(variability.beats_s, 3),
            _fixed(variability.beat_quality, 4),
            _fixed(variability.intervals_ms, 1),
            strict=True,
        )
        return _csv(("timestamp_s", "quality", "interval_ms"), rows)

    def _action_units_csv(self) -> Iterator[str]:
        header = ["frame", "timestamp_s"]
        columns: list[Iterable[str]] = [map(str, range(self.frames)), _fixed(self.timestamps_s, 6)]
        for index, label in enumerate(self.action_units):
            probability = self.action_unit_probability[:, index]
            header += [f"{label}_p", f"{label}_c"]
            columns += [_fixed(probability, 4), _classes(probability)]
        return _csv(header, zip(*columns, strict=True))


def remove_results(folder: Path, source: str | None = None) -> None:
    """Remove the files of a measurement; a folder without a measurement.json has none, and is left as it is.

    Parameters
    ----------
    folder : Path
    source : str, optional
        A recording that stays, even if it lies there under the name of an overlay video.

    Raises
    ------
    OSError
        If one cannot be removed.
    """
    if (folder / MEASUREMENT).is_file():
        # The summary goes last: as long as it is there, the rest is known to belong to it.
        for path in (folder / name for name in (*_BESIDE, *_TABLES, MEASUREMENT)):
            if source is None or os.path.abspath(source) != os.path.abspath(path):
                path.unlink(missing_ok=True)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table; numbers and names that never need quoting."""
    yield ",".join(header) + "\n"
    for row in rows:
        yield ",".join(row) + "\n"


def _fixed(values: NDArray[np.floating[Any]], digits: int) -> Iterable[str]:
    return (f"{value:.{digits}f}" if value == value else "" for value in values.tolist())  # noqa: PLR0124


def _general(values: NDArray[np.floating[Any]]) -> Iterable[str]:
    return (f"{value:.6g}" if value == value else "" for value in values.tolist())  # noqa: PLR0124


def _classes(probability: NDArray[np.floating[Any]]) -> Iterable[str]:
    # Compared after rounding, so that the two columns of a unit can never contradict each other.
    rounded = np.round(probability.astype(np.float64), 4).tolist()
    return ("" if value != value else str(int(value >= ACTIVE_THRESHOLD)) for value in rounded)  # noqa: PLR0124


def _rounded(value: Any) -> Any:
    """Round floats to what is meaningful, so that the text is short and stable."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
