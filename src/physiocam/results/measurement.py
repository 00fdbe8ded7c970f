"""A measurement, with methods to print, plot, write and load it."""

import os
from typing import TYPE_CHECKING

from physiocam.results.measurement_data import MeasurementData
from physiocam.results.measurement_files import read_measurement, write_measurement
from physiocam.results.measurement_text import measurement_html, measurement_text
from physiocam.results.unit_events import UnitEvent, unit_events

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


class Measurement(MeasurementData):
    """Everything measured in one recording. `print` shows a summary of a few lines.

    `MeasurementData` lists the fields.

    Examples
    --------
    >>> import numpy as np
    >>> import physiocam
    >>> print(physiocam.measure(np.full((60, 120, 160, 3), 128, np.uint8), fs=30))
    array: 2.0 s, 60 frames at 30.00 frames/s, a face in 0% of them
    Heart rate: not measured (no face was found)
    Breathing rate: not measured (no face was found)
    Action units: not measured (no face was found)
    """

    def __repr__(self) -> str:
        return measurement_text(self)

    def _repr_html_(self) -> str:
        """The summary as a small table, which notebooks show."""
        return measurement_html(self)

    @property
    def events(self) -> tuple[UnitEvent, ...]:
        """Onset, apex and offset of every activation of an action unit, in the order of time."""
        return unit_events(self)

    def to_frame(self) -> "DataFrame":
        """Return a pandas table with one row per frame and the column names of NeuroKit2 and OpenFace.

        Returns
        -------
        DataFrame
            See `measurement_frame.measurement_frame`.

        Raises
        ------
        ImportError
            If pandas is not installed (extra `pandas`).
        """
        from physiocam.results.measurement_frame import measurement_frame

        return measurement_frame(self)

    def plot(self) -> "Figure":
        """Plot waveforms, rates along the recording and action units, one below the other.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it; ``figure.savefig("measurement.png")`` writes it to a file.

        Raises
        ------
        ImportError
            If matplotlib is not installed (extra `report`).
        """
        from physiocam.results.measurement_plot import measurement_figure

        return measurement_figure(self)

    def write(self, folder: str | bytes | os.PathLike[str]) -> None:
        """Write measurement.json, waveforms.csv, rates.csv, action_units.csv and events.csv into a folder.

        If heart-rate variability was requested and there is a heart rate, beats.csv is written too, and if the bundle
        has other tasks, tasks.csv. The files are
        complete when they appear: they are first written under a temporary name. Files of the same names are replaced.
        Other files of an earlier measurement in the folder (beats, report, overlay video) are removed.

        Parameters
        ----------
        folder : path
            Created if it does not exist.

        Raises
        ------
        PhysiocamError
            If `folder` is not a valid name, the folder cannot be written to, or the disk is full.
        """
        write_measurement(self, folder)

    @classmethod
    def load(cls, folder: str | bytes | os.PathLike[str]) -> "Measurement":
        """Read the measurement that `write`, or the command line, wrote into a folder.

        Numbers have the precision of the files. Results of version 0.1.0 contain no face squares: they are read as -1.

        Parameters
        ----------
        folder : path

        Returns
        -------
        Measurement

        Raises
        ------
        PhysiocamError
            If a file is missing, is damaged or does not fit the others.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> import physiocam
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     physiocam.measure(np.full((60, 120, 160, 3), 128, np.uint8), fs=30).write(folder)
        ...     Measurement.load(folder).frames
        60
        """
        return read_measurement(folder, cls)
