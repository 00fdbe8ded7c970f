"""Results on disk that are reused while the video, weights, options and version of physiocam stay the same."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from inspect import getsource
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from physiocam.errors import PhysiocamError, VideoError
from physiocam.foundation.provenance import mismatch, source_digest, write_record
from physiocam.foundation.regular_files import read_file
from physiocam.measuring.face_frames import Progress
from physiocam.measuring.measure import measure
from physiocam.measuring.options import MeasureOptions
from physiocam.readable import readable
from physiocam.report.results import write_results
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_files import MEASURED_WITH, MEASUREMENT, OVERLAY, REPORT, file_names, remove_results
from physiocam.video.face_source import face_source_name
from physiocam.video.locators import FaceLocator


@dataclass(frozen=True)
class MeasuredVideo:
    """The summary of a measured video, and the whole measurement if no files were written."""

    summary: dict[str, Any]
    measurement: Measurement | None = None


@dataclass(frozen=True)
class VideoWork:
    """Measures a video, or reuses the results of an earlier, equal measurement; runs in any process.

    Attributes
    ----------
    options : MeasureOptions
    weights : str or None
        The sha256 of the bundle; None for a classical method.
    code : str
        The version of physiocam.
    progress : callable, optional
        As in `physiocam.measure`; only if the work stays in this process.
    """

    options: MeasureOptions
    weights: str | None
    code: str
    progress: Progress | None = None

    def __call__(self, item: tuple[str, Path | None]) -> MeasuredVideo:
        """Measure the video into its folder; without a folder nothing is written."""
        video, folder = item
        if folder is None:
            measurement = measure(video, self.options, progress=self.progress)
            return MeasuredVideo(measurement.to_dict(), measurement)
        made_with = self._made_with(video)
        if mismatch(folder, made_with, MEASURED_WITH) is None and (summary := _read(folder / MEASUREMENT)) is not None:
            return MeasuredVideo(summary)
        # Old results must not be mistaken for new ones, even if the video can no longer be measured.
        _clear(folder, video)
        measurement = measure(video, self.options, progress=self.progress)
        write_results(measurement, video, folder, self.options, progress=self.progress)
        extras = ((REPORT, self.options.report), (OVERLAY, self.options.overlay))
        written = (*file_names(measurement), *(name for name, wanted in extras if wanted))
        # A file name may be any bytes, which JSON cannot hold.
        about = {"video": readable(video), "path": os.fsencode(video).hex()}
        write_record(folder, made_with, written, name=MEASURED_WITH, about=about)
        return MeasuredVideo(measurement.to_dict())

    def _made_with(self, video: str) -> dict[str, Any]:
        """Everything that decides the result."""
        try:
            content = source_digest(video)
        except FileNotFoundError:
            raise VideoError(f"'{video}' does not exist; expected a video file or a folder of images") from None
        except OSError as error:
            raise PhysiocamError(f"'{video}' cannot be read ({error.strerror}); expected a video") from None
        # The number of threads does not change the result.
        chosen = {name: value for name, value in self.options.to_dict().items() if name != "threads"}
        if callable(self.options.face):
            chosen["face"] = _locator_fact(self.options.face)
        return {"video": content, "source": readable(video), "weights_sha256": self.weights, "physiocam": self.code} | {
            name: readable(value) if isinstance(value, str) else value for name, value in chosen.items()
        }


def _locator_fact(face: Callable[[float], FaceLocator]) -> str:
    """The name of a user's face locator, and the digest of its source code."""
    try:
        source = getsource(face)
    except (OSError, TypeError):
        source = repr(face)
    return f"{face_source_name(face)} {sha256(source.encode()).hexdigest()}"


def _clear(folder: Path, video: str) -> None:
    try:
        remove_results(folder, video)
        (folder / MEASURED_WITH).unlink(missing_ok=True)
    except NotADirectoryError:
        pass  # reported when the results are written
    except OSError as error:
        raise PhysiocamError(f"cannot replace the results in '{folder}': {error.strerror}; remove them") from None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = from_json(read_file(path))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
