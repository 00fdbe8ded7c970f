"""Results on disk that are reused while the video, weights, options and version of physiocam stay the same."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from inspect import getsource
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic_core import from_json

from physiocam.errors import PhysiocamError, VideoError
from physiocam.foundation.provenance import mismatch, source_digest, write_record
from physiocam.foundation.regular_files import read_file
from physiocam.measuring.face_frames import Progress
from physiocam.measuring.measure import measure_each
from physiocam.measuring.options import MeasureOptions
from physiocam.measuring.people_choice import PeopleChoice
from physiocam.readable import readable
from physiocam.report.results import write_people, write_results
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_files import (
    MEASURED_WITH,
    MEASUREMENT,
    OVERLAY,
    REPORT,
    file_names,
    remove_files,
    remove_results,
)
from physiocam.results.people_folders import people_folders, person_folder
from physiocam.video.face_source import face_source_name
from physiocam.video.locators import FaceLocator


@dataclass(frozen=True)
class MeasuredVideo:
    """The summary of a person in a measured video, and the whole measurement if no files were written.

    Attributes
    ----------
    summary : dict
        As `Measurement.to_dict` gives it.
    folder : str
        Of the person, in the video's; empty if it is the same.
    measurement : Measurement or None
    """

    summary: dict[str, Any]
    folder: str = ""
    measurement: Measurement | None = None


@dataclass(frozen=True)
class VideoWork:
    """Measures a video, or reuses the results of an earlier, equal measurement; runs in any process.

    Attributes
    ----------
    options : MeasureOptions
    weights : str or None
        The sha256 of the bundle; None for a classical method.
    code : str or None
        The version of physiocam; needed only where results are written.
    people : "largest", "all" or int
        Whom to measure.
    progress : callable, optional
        As in `physiocam.measure`; only if the work stays in this process.
    """

    options: MeasureOptions
    weights: str | None
    code: str | None
    people: PeopleChoice = "largest"
    progress: Progress | None = None

    def __call__(self, item: tuple[str, Path | None]) -> tuple[MeasuredVideo, ...]:
        """Measure the people of a video into its folder; without a folder nothing is written."""
        video, folder = item
        if folder is None:
            found = measure_each(video, self.options, self.people, self.progress)
            return tuple(MeasuredVideo(one.to_dict(), measurement=one) for one in found)
        made_with = self._made_with(video)
        if mismatch(folder, made_with, MEASURED_WITH) is None and (kept := _kept(folder)):
            return kept
        # Old results must not be mistaken for new ones, even if the video can no longer be measured.
        _clear(folder, video)
        found = measure_each(video, self.options, self.people, self.progress)
        if self.people == "largest":
            write_results(found[0], video, folder, self.options, progress=self.progress)
        else:
            write_people(found, video, folder, self.options, progress=self.progress)
        # A file name may be any bytes, which JSON cannot hold.
        about = {"video": readable(video), "path": os.fsencode(video).hex()}
        write_record(folder, made_with, self._written(found), name=MEASURED_WITH, about=about)
        return tuple(MeasuredVideo(one.to_dict(), _folder_of(one)) for one in found)

    def _written(self, found: Sequence[Measurement]) -> list[str]:
        """The result files, as paths in the video's folder."""
        written = [OVERLAY] if self.options.overlay else []
        for one in found:
            names = [*file_names(one), *([REPORT] if self.options.report else [])]
            written += [(PurePosixPath(_folder_of(one)) / name).as_posix() for name in names]
        return written

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
        return {
            "video": content,
            "source": readable(video),
            "weights_sha256": self.weights,
            "physiocam": self.code,
            "people": self.people,
        } | {name: readable(value) if isinstance(value, str) else value for name, value in chosen.items()}


def _locator_fact(face: Callable[[float], FaceLocator]) -> str:
    """The name of a user's face locator, and the digest of its source code."""
    try:
        source = getsource(face)
    except (OSError, TypeError):
        source = repr(face)
    return f"{face_source_name(face)} {sha256(source.encode()).hexdigest()}"


def _folder_of(measurement: Measurement) -> str:
    return "" if measurement.person is None else person_folder(measurement.person)


def _kept(folder: Path) -> tuple[MeasuredVideo, ...]:
    """The results in a folder, by person; empty if there are none that can be read."""
    places = [folder] if (folder / MEASUREMENT).is_file() else people_folders(folder)
    found = [(place, _read(place / MEASUREMENT)) for place in places]
    if any(summary is None for _, summary in found):
        return ()
    return tuple(MeasuredVideo(summary, "" if place == folder else place.name) for place, summary in found if summary)


def _clear(folder: Path, video: str) -> None:
    try:
        if people := people_folders(folder):
            # The overlay video of several people is not in the folder of one.
            remove_files(folder, (OVERLAY,), video)
        for place in people:
            remove_results(place, video)
            with suppress(OSError):  # it holds something else
                place.rmdir()
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
