"""A measurement: what it holds, and what can be done with it."""

import os
from typing import TYPE_CHECKING

from physiocam.results.measurement_data import MeasurementData
from physiocam.results.measurement_files import read_measurement, write_measurement
from physiocam.results.measurement_text import measurement_html, measurement_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


class Measurement(MeasurementData):
    """Everything measured in one recording. Printed, it is a summary of a few lines.

    What it holds stands in `MeasurementData`.

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
        from physiocam.results.measurement_frame import measurement_frame

        return measurement_frame(self)

    def plot(self) -> "Figure":
        """Draw waveforms, rates along the recording and action units, one below the other.

        Returns
        -------
        matplotlib.figure.Figure
            Shown by a notebook as it is; ``figure.savefig("measurement.png")`` writes it.

        Raises
        ------
        ImportError
            If matplotlib is not installed (extra `report`).
        """
        from physiocam.results.measurement_plot import measurement_figure

        return measurement_figure(self)

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
        write_measurement(self, folder)

    @classmethod
    def load(cls, folder: str | bytes | os.PathLike[str]) -> "Measurement":
        """Read the measurement that `write`, or the command line, wrote into a folder.

        Numbers are as exact as the files have them. Results that version 0.1.0 wrote have no face squares: they are -1.

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
