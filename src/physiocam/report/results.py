"""All files of one measured recording: its data, and report and overlay video if wanted."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from physiocam.errors import PhysiocamError
from physiocam.measuring.face_frames import Progress
from physiocam.measuring.options import MeasureOptions
from physiocam.report.measured_face import MeasuredFace
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_files import OVERLAY, REPORT
from physiocam.results.people_folders import person_folder
from physiocam.video.face_source import FaceSource

if TYPE_CHECKING:
    from physiocam.report.attention import Attention


def write_results(
    measurement: Measurement,
    source: str | os.PathLike[str],
    folder: Path,
    options: MeasureOptions,
    progress: Progress | None = None,
) -> None:
    """Write a measurement's files into a folder; for report and overlay the recording is read again.

    Parameters
    ----------
    measurement : Measurement
    source : path
    folder : Path
        Made if it does not exist.
    options : MeasureOptions
        With which it was measured; they say whether report.html and overlay.mp4 are wanted. One of several people has
        no overlay video.
    progress : callable, optional
        As in `physiocam.measure`; restarts for each pass.

    Raises
    ------
    PhysiocamError
        If a file cannot be written; earlier files are kept.
    ImportError
        If the extra `report`, which report and overlay need, is not installed.
    """
    measurement.write(folder)
    if options.report:
        from physiocam.report.face_picture import face_picture
        from physiocam.report.html import write_report

        attention = _attention(measurement, source, options, progress)
        # The classical methods' page shows no face, whatever is installed.
        picture = None if measurement.weights is None else face_picture(measurement, source, options.fs)
        write_report(measurement, folder / REPORT, attention, picture)
    if options.overlay and measurement.person is None:
        _overlay(measurement, source, folder, options, progress)


def write_people(
    measurements: Sequence[Measurement],
    source: str | os.PathLike[str],
    folder: Path,
    options: MeasureOptions,
    progress: Progress | None = None,
) -> None:
    """Write the files of each of several people into a folder of their own, and one overlay video of all.

    Parameters
    ----------
    measurements : sequence of Measurement
    source, options, progress
        As in `write_results`.
    folder : Path
        Of the recording; the folders of the people are in it.

    Raises
    ------
    PhysiocamError, ImportError
        As in `write_results`.
    """
    for measurement in measurements:
        assert measurement.person is not None
        write_results(measurement, source, folder / person_folder(measurement.person), options, progress)
    if options.overlay:
        _overlay(measurements, source, folder, options, progress)


def _overlay(
    measured: Measurement | Sequence[Measurement],
    source: str | os.PathLike[str],
    folder: Path,
    options: MeasureOptions,
    progress: Progress | None,
) -> None:
    from physiocam.report.overlay import write_overlay

    write_overlay(measured, source, folder / OVERLAY, fs=options.fs, progress=progress)


def _attention(
    measurement: Measurement, source: str | os.PathLike[str], options: MeasureOptions, progress: Progress | None
) -> "Attention | str":
    """What the networks look at, or why it is not shown."""
    if measurement.weights is None:
        return f"the method '{measurement.method}' has no network"
    if not measurement.face_found.any():
        return "no face was found"
    try:
        # Both extras: the maps need PyTorch, their pictures matplotlib.
        import physiocam.report.attention_figure  # noqa: F401
        from physiocam.report.find_attention import find_attention
    except ImportError as error:
        return f"this needs {error.name} (pip install 'physiocam[explain]')"
    try:
        face: FaceSource = "whole" if measurement.face.choice == "whole" else lambda _: MeasuredFace(measurement)
        return find_attention(source, options.weights, fs=options.fs, face=face, progress=progress)
    except PhysiocamError as error:
        return str(error)
