"""Results that are kept as long as everything that decides them is the same."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from inspect import getsource
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from physiocam.batch.outcome import MEASURED_WITH
from physiocam.errors import PhysiocamError, VideoError
from physiocam.foundation.provenance import mismatch, source_digest, write_record
from physiocam.foundation.regular_files import read_file
from physiocam.measuring.measure import measure
from physiocam.measuring.options import MeasureOptions
from physiocam.readable import readable
from physiocam.report.results import write_results
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_files import MEASUREMENT, OVERLAY, REPORT, file_names, remove_results
from physiocam.video.face_source import face_source_name

FrameProgress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class MeasuredVideo:
    """What was measured of a video: its summary, and the whole where it was not written."""

    summary: dict[str, Any]
    measurement: Measurement | None = None


@dataclass(frozen=True)
class VideoWork:
    """Measures a video, or finds that it was measured in the same way; runs in any process.

    Attributes
    ----------
    options : MeasureOptions
    weights : str or None
        The sha256 of the bundle; None for a classical method.
    code : str
        The version of physiocam.
    progress : callable, optional
        As in `physiocam.measure`; only where the work stays in this process.
    """

    options: MeasureOptions
    weights: str | None
    code: str
    progress: FrameProgress | None = None

    def __call__(self, item: tuple[str, Path | None]) -> MeasuredVideo:
        """Measure the video into its folder; without a folder nothing is written."""
        video, folder = item
        if folder is None:
            measurement = measure(video, self.options, progress=self.progress)
            return MeasuredVideo(measurement.to_dict(), measurement)
        made_with = self._made_with(video)
        if mismatch(folder, made_with, MEASURED_WITH) is None and (summary := _read(folder / MEASUREMENT)) is not None:
            return MeasuredVideo(summary)
        # Nothing may pass for a result of the video as it is now, even if it cannot be measured.
        _clear(folder, video)
        measurement = measure(video, self.options, progress=self.progress)
        write_results(measurement, video, folder, self.options, progress=self.progress)
        extras = ((REPORT, self.options.report), (OVERLAY, self.options.overlay))
        written = (*file_names(measurement), *(name for name, wanted in extras if wanted))
        # A name may be any bytes, which JSON cannot hold.
        about = {"video": readable(video), "path": os.fsencode(video).hex()}
        write_record(folder, made_with, written, name=MEASURED_WITH, about=about)
        return MeasuredVideo(measurement.to_dict())

    def _made_with(self, video: str) -> dict[str, Any]:
        """All that decides the answer."""
        try:
            content = source_digest(video)
        except FileNotFoundError:
            raise VideoError(f"'{video}' does not exist; expected a video file or a folder of images") from None
        except OSError as error:
            raise PhysiocamError(f"'{video}' cannot be read ({error.strerror}); expected a video") from None
        # How many threads compute it does not matter.
        chosen = {name: value for name, value in self.options.to_dict().items() if name != "threads"}
        chosen["face"] = _face_fact(self.options)
        return {"video": content, "source": readable(video), "weights_sha256": self.weights, "physiocam": self.code} | {
            name: readable(value) if isinstance(value, str) else value for name, value in chosen.items()
        }


def _face_fact(options: MeasureOptions) -> object:
    """How the face is chosen; of a locator of one's own, its name and its source."""
    if not callable(options.face):
        return options.to_dict()["face"]
    try:
        source = getsource(options.face)
    except (OSError, TypeError):
        source = repr(options.face)
    return f"{face_source_name(options.face)} {sha256(source.encode()).hexdigest()}"


def _clear(folder: Path, video: str) -> None:
    try:
        remove_results(folder, video)
        (folder / MEASURED_WITH).unlink(missing_ok=True)
    except NotADirectoryError:
        pass  # named when the results are written
    except OSError as error:
        raise PhysiocamError(f"cannot replace the results in '{folder}': {error.strerror}; remove them") from None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = from_json(read_file(path))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
