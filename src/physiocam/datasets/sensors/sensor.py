"""From a sensor's samples in a file to a signal with rising times, without implausible values."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import Signal
from physiocam.datasets.sensors.clock import Where, rate_of, rising
from physiocam.datasets.sensors.plausible import check_sampling, known_values
from physiocam.errors import DatasetError


@dataclass(frozen=True, eq=False)
class Samples:
    """One sensor's samples as they are in a file.

    Attributes
    ----------
    name : str
        Of the signal, such as "pulse".
    values, times_s : float64 arrays (S,)
        NaN for missing ones.
    unit : str
    source : str
        What they were read from, such as "column 'ppg'"; the same for all recordings of a data set.
    file : str
        Name of the file.
    where : callable
        Names a sample by its index, such as "line 7 of 'a.csv'".
    """

    name: str
    values: NDArray[np.float64]
    times_s: NDArray[np.float64]
    unit: str
    source: str
    file: str
    where: Where

    def to_signal(self, notes: list[str]) -> Signal | None:
        """Put the samples in order of time, and leave out values that are not measurements.

        Parameters
        ----------
        notes : list of str
            Receives a line for each correction.

        Returns
        -------
        Signal or None
            None if all values are unknown; a note says why.

        Raises
        ------
        DatasetError
            If the times or the values cannot be the sensor's.
        """
        if self.values.shape != self.times_s.shape:
            raise DatasetError(
                f"'{self.file}' has {self.values.size} samples of {self.name} and {self.times_s.size} times; expected "
                "one time per sample"
            )
        if not len(self.values):
            raise DatasetError(f"'{self.file}' has no samples of {self.name}; expected several seconds")
        found = rising(self.times_s, self.where, self.values)
        notes += [f"{self.name}: {note}" for note in found.notes]
        try:
            check_sampling(self.name, rate_of(found.seconds))
        except DatasetError as error:
            raise DatasetError(f"'{self.file}' has {error}") from None
        values = known_values(
            self.name, self.values[found.order], found.seconds, _of_kept(self.where, found.order), notes
        )
        if not np.isfinite(values).any():
            return None
        return Signal.of(values, found.seconds, self.unit, self.source)


def signals_of(samples: Iterable[Samples], notes: list[str]) -> dict[str, Signal]:
    """Signals by name, without those whose values are all unknown.

    Raises
    ------
    DatasetError
        As in `Samples.to_signal`.
    """
    found = {each.name: each.to_signal(notes) for each in samples}
    return {name: signal for name, signal in found.items() if signal is not None}


def lines(file: str, numbers: NDArray[np.int64]) -> Where:
    """Name samples by their lines (S,) in a file."""
    return lambda index: f"line {numbers[index]} of '{file}'"


def _of_kept(where: Where, order: NDArray[np.int64]) -> Where:
    return lambda index: where(int(order[index]))
