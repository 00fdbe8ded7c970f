"""BP4D+: 140 people, ten trials each, with blood pressure, breathing and action units.

    2D+3D/F001.zip                                   F001/T1/<frame>.jpg, portrait, 25 frames/s
    Physiology/F001/T1/BP_mmHg.txt ...               one number a line under a header, 1000 a second
    AUCoding/AU_OCC/F001_T1.csv                      numbers of the units; then frame (from 1) and 0, 1 or 9 (unknown)
    AUCoding/AU_INT/AU06/F001_T1_AU06.csv            frame and intensity 0..5

Frames are read out of the archives. Action units are coded in T1, T6, T7 and T8 only, for one stretch of frames each.
"""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.readers.frames import ImageFrames, odd_sizes
from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes, Recording, Signal, WholeTrial
from physiocam.datasets.sensors.codes import STRONGEST, check_codes
from physiocam.datasets.sensors.sensor import Samples, signals_of
from physiocam.datasets.sensors.text_tables import line_of, read_numbers, read_table
from physiocam.errors import DatasetError, PhysiocamError
from physiocam.foundation.regular_files import check_regular
from physiocam.video.images import ZIP_ERRORS

FS = 25.0
SENSOR_FS = 1000.0

TRIALS = 10
CODED_TRIALS = ("T1", "T6", "T7", "T8")
INTENSITY_UNITS = (6, 10, 12, 14, 17)

# A recording without one of these is incomplete.
_NEEDED = {
    "pulse": ("BP_mmHg.txt", "mmHg"),
    "heart_rate": ("Pulse Rate_BPM.txt", "beats/min"),
    "respiration": ("Resp_Volts.txt", "V"),
    "breathing_rate": ("Respiration Rate_BPM.txt", "breaths/min"),
}
_FURTHER = {
    "mean_blood_pressure": ("LA Mean BP_mmHg.txt", "mmHg"),
    "systolic_blood_pressure": ("LA Systolic BP_mmHg.txt", "mmHg"),
    "diastolic_blood_pressure": ("BP Dia_mmHg.txt", "mmHg"),
    "skin_conductance": ("EDA_microsiemens.txt", "microsiemens"),
}

# Times the number of frames; a wider range of numbers is not one recording.
_MOST_MISSING = 100

_FRAME = re.compile(r"(?:.*/)?(T\d+)/(\d+)\.jpe?g", re.IGNORECASE)


@dataclass(frozen=True)
class _Image:
    number: int
    name: str
    size: int


@dataclass(frozen=True)
class TrialEntry:
    """One trial of one subject.

    Attributes
    ----------
    root : Path
    subject, trial : str
    coded_stretch : bool
        Only the frames from the first to the last whose action units are coded.
    """

    root: Path
    subject: str
    trial: str
    coded_stretch: bool = False

    @property
    def name(self) -> str:
        """Such as "F001_T1"."""
        return f"{self.subject}_{self.trial}"

    @property
    def sources(self) -> tuple[str, ...]:
        """The archive, the folder of the sensors and the files of the coders."""
        files = [self._archive, self._sensors, self._occurrence, *map(self._intensity, INTENSITY_UNITS)]
        return tuple(str(path) for path in files if path.exists())

    @property
    def _archive(self) -> Path:
        return self.root / "2D+3D" / f"{self.subject}.zip"

    @property
    def _sensors(self) -> Path:
        return self.root / "Physiology" / self.subject / self.trial

    @property
    def _occurrence(self) -> Path:
        return self.root / "AUCoding" / "AU_OCC" / f"{self.name}.csv"

    def _intensity(self, unit: int) -> Path:
        return self.root / "AUCoding" / "AU_INT" / f"AU{unit:02d}" / f"{self.name}_AU{unit:02d}.csv"

    def load(self) -> Recording:
        """Read the sensors' and coders' files.

        Raises
        ------
        DatasetError
            If a file is missing or damaged, or more frames are coded than exist.
        """
        try:
            return self._load()
        except PhysiocamError as error:
            raise DatasetError(f"{self.subject}/{self.trial}: {error}") from None

    def _load(self) -> Recording:
        notes: list[str] = []
        images = self._images(notes)
        codes = self._codes(images, notes)
        first, last = 0, images[-1].number - images[0].number
        if self.coded_stretch:
            if codes is None:
                raise DatasetError(f"no '{self._occurrence.name}' under AU_OCC")
            coded = np.flatnonzero(codes.coded)
            first, last = int(coded[0]), int(coded[-1])
        shown = [image for image in images if first <= image.number - images[0].number <= last]
        return Recording(
            name=self.name,
            subject=self.subject,
            trial=self.trial,
            frames=ImageFrames(
                self._archive,
                tuple(image.name for image in shown),
                tuple((image.number - images[0].number) / FS for image in shown),
                FS,
            ),
            signals=self._signals(first / FS, last / FS, notes),
            whole=self._whole(first, images) if self.coded_stretch else None,
            action_units=codes.between(first, last) if codes else None,
            crop="bottom",
            pulse_target="pseudo",
            notes=tuple(notes),
        )

    def _images(self, notes: list[str]) -> list[_Image]:
        images = listing(self._archive).get(self.trial, [])
        if len(images) < 2:
            raise DatasetError(f"'{self._archive.name}' holds {len(images)} frames of {self.trial}; expected hundreds")
        notes.extend(odd_sizes({image.name: image.size for image in images}))
        missing = images[-1].number - images[0].number + 1 - len(images)
        if missing > _MOST_MISSING * len(images):
            raise DatasetError(
                f"'{self._archive.name}' has {len(images)} frames of {self.trial}, numbered from {images[0].number} to "
                f"{images[-1].number}; expected few to be missing"
            )
        if missing:
            notes.append(
                f"{missing} frames between {images[0].number} and {images[-1].number} are missing in the archive"
            )
        return images

    def _signals(self, start_s: float, end_s: float, notes: list[str]) -> dict[str, Signal]:
        missing = [file for file, _ in _NEEDED.values() if not (self._sensors / file).exists()]
        if missing:
            raise DatasetError(f"no {' and no '.join(repr(file) for file in missing)} under Physiology")
        samples = []
        for name, (file, unit) in {**_NEEDED, **_FURTHER}.items():
            path = self._sensors / file
            if name in _FURTHER and not path.exists():
                notes.append(f"no '{file}' under Physiology")
                continue
            values = read_numbers(path, header_lines=1, columns=1)[:, 0]
            begin, end = round(start_s * SENSOR_FS), round((end_s + 1 / FS) * SENSOR_FS)
            begin, end = (begin, end) if self.coded_stretch else (0, len(values))
            part = values[begin:end]
            if not len(part):
                raise DatasetError(f"'{file}' ends at {len(values) / SENSOR_FS:.1f} s, before the coded frames begin")
            times = (np.arange(len(part)) + begin) / SENSOR_FS - start_s
            samples.append(Samples(name, part, times, unit, f"'{file}'", file, partial(_place_of_number, path, begin)))
        return signals_of(samples, notes)

    def _whole(self, first: int, images: list[_Image]) -> WholeTrial:
        """The trial's breathing, which the paper's code stretches over all frames before it cuts the coded ones out."""
        file, unit = _NEEDED["respiration"]
        values = read_numbers(self._sensors / file, header_lines=1, columns=1)[:, 0]
        signal = Signal(values, np.arange(len(values)) / SENSOR_FS, unit)
        return WholeTrial(first, images[-1].number - images[0].number + 1, {"respiration": signal})

    def _codes(self, images: list[_Image], notes: list[str]) -> "_Codes | None":
        if self.trial not in CODED_TRIALS:
            return None
        if not self._occurrence.exists():
            notes.append(f"no '{self._occurrence.name}' under AU_OCC")
            return None
        frames = images[-1].number - images[0].number + 1
        table = read_table(self._occurrence)
        units = [int(label) if label.isdecimal() else 0 for label in table.header[1:]]
        lacking = [unit for unit in INTENSITY_UNITS if unit not in units]
        if lacking:
            raise DatasetError(f"'{self._occurrence.name}' has no column {lacking[0]} in its first row of unit numbers")
        places = _places(self._occurrence, table.values[:, 0], frames)
        occurrence = np.full((frames, len(units)), UNKNOWN, dtype=np.int8)
        occurrence[places] = np.stack(
            [
                check_codes(table.numbers(column), 1, table.name, lambda row: f"line {table.lines[row]}")
                for column in range(1, len(units) + 1)
            ],
            axis=1,
        )
        intensity = np.full(occurrence.shape, UNKNOWN, dtype=np.int8)
        for unit in INTENSITY_UNITS:
            path = self._intensity(unit)
            if not path.exists():
                notes.append(f"no '{path.name}' under AU_INT")
                continue
            levels = read_numbers(path)
            if levels.shape != (len(places), 2):
                raise DatasetError(
                    f"'{path.name}' has {len(levels)} rows of {levels.shape[1]}; expected frame and intensity in "
                    f"{len(places)}, as in '{self._occurrence.name}'"
                )
            rated = check_codes(levels[:, 1], STRONGEST, path.name, partial(_place_of_row, path))
            intensity[_places(path, levels[:, 0], frames), units.index(unit)] = rated
        coded = np.zeros(frames, dtype=np.bool_)
        coded[places] = True
        return _Codes(tuple(f"AU{unit:02d}" for unit in units), occurrence, intensity, coded)


@dataclass(frozen=True, eq=False)
class _Codes:
    labels: tuple[str, ...]
    occurrence: NDArray[np.int8]
    intensity: NDArray[np.int8]
    coded: NDArray[np.bool_]

    def between(self, first: int, last: int) -> ActionUnitCodes:
        part = slice(first, last + 1)
        return ActionUnitCodes(self.labels, self.occurrence[part], self.intensity[part])


def trials(root: Path) -> list[TrialEntry]:
    """BP4D+, whole trials; action units are unknown outside the coded stretches."""
    return _entries(root, coded_stretch=False)


def coded_trials(root: Path) -> list[TrialEntry]:
    """BP4D+, the stretches of T1, T6, T7 and T8 whose action units are coded: the paper's training set."""
    return [entry for entry in _entries(root, coded_stretch=True) if entry.trial in CODED_TRIALS]


def listing(archive: Path) -> Mapping[str, list[_Image]]:
    """List the frames in a subject's archive.

    Returns
    -------
    mapping of str to list
        Trial to its images, in order of their numbers.

    Raises
    ------
    DatasetError
        If it is missing or damaged.
    """
    try:
        check_regular(archive)
        return _listing(archive, archive.stat().st_mtime_ns)
    except FileNotFoundError:
        raise DatasetError(f"no '{archive.name}' under 2D+3D") from None
    except ZIP_ERRORS as error:
        raise DatasetError(f"'{archive.name}' cannot be read as a zip archive ({error})") from None


@lru_cache(maxsize=4)
def _listing(archive: Path, _mtime_ns: int) -> dict[str, list[_Image]]:
    found: dict[str, dict[int, _Image]] = {}
    with zipfile.ZipFile(archive) as opened:
        for item in opened.infolist():
            match = _FRAME.fullmatch(item.filename)
            if match:
                number = int(match[2])
                found.setdefault(match[1].upper(), {})[number] = _Image(number, item.filename, item.file_size)
    return {trial: [images[number] for number in sorted(images)] for trial, images in found.items()}


def _entries(root: Path, coded_stretch: bool) -> list[TrialEntry]:
    archives, sensors = root / "2D+3D", root / "Physiology"
    if not archives.is_dir() and not sensors.is_dir():
        raise DatasetError(f"'{root}' has neither '2D+3D' nor 'Physiology' in it; expected the folder that holds both")
    subjects = {path.stem for path in archives.glob("*.zip")} | {path.name for path in sensors.glob("[FM]*")}
    return [
        TrialEntry(root, subject, trial, coded_stretch)
        for subject in sorted(subjects)
        for trial in sorted(_trials(root, subject), key=lambda trial: int(trial[1:]))
    ]


def _trials(root: Path, subject: str) -> set[str]:
    """All trials of a subject that any file names; only the first if there is just a damaged archive."""
    found = {path.name for path in (root / "Physiology" / subject).glob("T[0-9]*")}
    if len(found) < TRIALS:  # otherwise the archive, which is slow to list, adds nothing
        try:
            found |= set(listing(root / "2D+3D" / f"{subject}.zip"))
        except DatasetError:  # reported again when the trial is loaded
            found = found or {"T1"}
    return found


def _place_of_number(path: Path, shift: int, index: int) -> str:
    return f"line {line_of(path, shift + index, header_lines=1)} of '{path.name}'"


def _place_of_row(path: Path, index: int) -> str:
    return f"line {line_of(path, index)}"


def _places(path: Path, numbers: NDArray[np.float64], frames: int) -> NDArray[np.int64]:
    """Indices of the frames that rows of codes are about."""
    if not np.isfinite(numbers).all():
        raise DatasetError(f"'{path.name}' has a row without a frame number")
    values, counts = np.unique(numbers, return_counts=True)
    if (values % 1).any() or counts.max() > 1:
        odd = values[(values % 1 > 0) | (counts > 1)][0]
        raise DatasetError(
            f"'{path.name}' codes frame {odd:g} in no row or in several; expected one row per frame, from 1"
        )
    places = numbers.astype(np.int64) - 1
    if places.min() < 0 or places.max() >= frames:
        raise DatasetError(
            f"'{path.name}' codes frames {places.min() + 1} to {places.max() + 1}, and the archive has {frames}"
        )
    return places
