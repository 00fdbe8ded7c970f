"""From what a file holds of one sensor to a signal: its times rise, and what is no measurement is not known."""

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
    """What a file holds of one sensor, as it stands there.

    Attributes
    ----------
    name : str
        Of the signal, such as "pulse".
    values, times_s : float64 arrays (S,)
        NaN where there is none.
    unit : str
    source : str
        What they were read from, such as "column 'ppg'"; the same for all recordings of one kind.
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
        """Put the samples in order of time, and leave out what is no measurement.

        Parameters
        ----------
        notes : list of str
            Gets a line for whatever was made of them.

        Returns
        -------
        Signal or None
            None where nothing is known; a note says why.

        Raises
        ------
        DatasetError
            If the times or the values are not what the sensor can have measured.
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
    """Signals by their names, without those of which nothing is known.

    Raises
    ------
    DatasetError
        As `Samples.to_signal`.
    """
    found = {each.name: each.to_signal(notes) for each in samples}
    return {name: signal for name, signal in found.items() if signal is not None}


def lines(file: str, numbers: NDArray[np.int64]) -> Where:
    """Name samples by the lines (S,) of a file that they stand in."""
    return lambda index: f"line {numbers[index]} of '{file}'"


def _of_kept(where: Where, order: NDArray[np.int64]) -> Where:
    return lambda index: where(int(order[index]))
