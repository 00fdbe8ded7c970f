"""PURE: ten people, six head movements, with a finger's pulse wave; everything is stamped in ns.

    01-02/01-02.json                   subject 01, task 02; the oximeter, about 60 times a second
    01-02/01-02/Image<timestamp>.png   about 30 a second

The frames are placed by their timestamps. 06-02 was never published.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic_core import from_json

from physiocam.datasets.readers.frames import ImageFrames, odd_sizes
from physiocam.datasets.recording import Recording, Signal
from physiocam.datasets.sensors.sensor import Samples, signals_of
from physiocam.errors import DatasetError
from physiocam.foundation.regular_files import read_file

_FOLDER = re.compile(r"(\d\d)-(\d\d)")
_IMAGE = re.compile(r"Image(\d+)\.png")

# A minute takes half a megabyte.
_MOST_BYTES = 200_000_000

_SIGNALS = {
    "pulse": ("waveform", "a.u."),
    "heart_rate": ("pulseRate", "beats/min"),
    "oxygen_saturation": ("o2saturation", "%"),
}


@dataclass(frozen=True)
class TaskEntry:
    """One task of one subject.

    Attributes
    ----------
    folder : Path
        Such as 01-02.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Such as "01-02"."""
        return self.folder.name

    @property
    def subject(self) -> str:
        """Such as "01"."""
        return self.folder.name[:2]

    @property
    def sources(self) -> tuple[str, ...]:
        """The oximeter's file and the folder of images."""
        return tuple(str(path) for path in (self._oximeter, self._images) if path.exists())

    @property
    def _oximeter(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def _images(self) -> Path:
        return self.folder / self.name

    def load(self) -> Recording:
        """Read the oximeter's file and list the images.

        Raises
        ------
        DatasetError
            If one of them is missing or damaged.
        """
        try:
            return self._load()
        except DatasetError as error:
            raise DatasetError(f"{self.name}: {error}") from None

    def _load(self) -> Recording:
        stamps, names, notes = self._frames()
        content = self._content()
        listed = content.get("/Image")
        if isinstance(listed, list) and len(listed) != len(stamps):
            notes += (f"'{self._oximeter.name}' lists {len(listed)} images, but there are {len(stamps)}",)
        own: list[str] = []
        signals = self._signals(content, stamps[0], own)
        return Recording(
            name=self.name,
            subject=self.subject,
            trial=self.name[3:],
            frames=ImageFrames(self._images, names, tuple((stamp - stamps[0]) / 1e9 for stamp in stamps)),
            signals=signals,
            notes=(*notes, *own),
        )

    def _frames(self) -> tuple[list[int], tuple[str, ...], tuple[str, ...]]:
        if not self._images.is_dir():
            raise DatasetError(f"no folder of images '{self.name}' under {self.name}")
        found = {int(match[1]): path for path in self._images.iterdir() if (match := _IMAGE.fullmatch(path.name))}
        if len(found) < 2:
            raise DatasetError(f"{len(found)} images under {self.name}/{self.name}; expected Image<timestamp>.png")
        stamps = sorted(found)
        notes = odd_sizes({found[stamp].name: found[stamp].stat().st_size for stamp in stamps})
        return stamps, tuple(found[stamp].name for stamp in stamps), notes

    def _content(self) -> dict[str, Any]:
        try:
            content = from_json(read_file(self._oximeter, _MOST_BYTES))
        except FileNotFoundError:
            raise DatasetError(f"no '{self._oximeter.name}' under {self.name}") from None
        except OSError as error:
            raise DatasetError(f"'{self._oximeter.name}' cannot be read: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"'{self._oximeter.name}' cannot be read as JSON ({error})") from None
        return content if isinstance(content, dict) else {}

    def _signals(self, content: dict[str, Any], first_stamp: int, notes: list[str]) -> dict[str, Signal]:
        file = self._oximeter.name
        try:
            package = content["/FullPackage"]
            # Whole numbers are subtracted before anything is divided: a float holds no such time to the microsecond.
            times = np.array([(int(sample["Timestamp"]) - first_stamp) / 1e9 for sample in package], dtype=np.float64)
            values = {
                key: np.array([_measured(sample["Value"][key]) for sample in package], dtype=np.float64)
                for key, _ in _SIGNALS.values()
            }
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DatasetError(
                f"'{self._oximeter.name}' is not in the format of PURE's oximeter ({error!r}); expected /FullPackage "
                "with Timestamp and Value"
            ) from None
        return signals_of(
            [
                Samples(name, values[key], times, unit, f"'{key}'", file, lambda i: f"sample {i + 1} of '{file}'")
                for name, (key, unit) in _SIGNALS.items()
            ],
            notes,
        )


def _measured(value: object) -> float:
    """A number, or NaN where the oximeter wrote null."""
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def recordings(root: Path) -> list[TaskEntry]:
    """PURE."""
    return [TaskEntry(path) for path in sorted(root.iterdir()) if path.is_dir() and _FOLDER.fullmatch(path.name)]
