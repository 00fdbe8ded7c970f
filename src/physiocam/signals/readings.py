"""Readings of the same frames beside the waveform itself, by which it is judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# What the light is read in: the rim of the face's square, the three colours of its middle, nine cells of this middle,
# and the four corners of the square, where there is hardly any skin.
LIGHT = (
    "rim", "red", "green", "blue", *(f"cell{number}" for number in range(9)),
    *(f"corner{number}" for number in range(4)),
)  # fmt: skip
_CORNER = 2


@dataclass(frozen=True, eq=False)
class Readings:
    """Differences to the next frame, as those of the waveform that they belong to; NaN where they were not seen.

    Attributes
    ----------
    whole, left, right : float64 array (T,)
        What a network with memory reads in the face, and in each half of it alone.
    other : float64 array (T,)
        What another network reads, if there is one; else all NaN.
    light : float64 array (T, len(LIGHT))
        Changes of the light itself.
    """

    whole: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    other: NDArray[np.float64]
    light: NDArray[np.float64]

    def part(self, rows: slice) -> "Readings":
        """Return the readings of some consecutive frames."""
        columns = self.whole, self.left, self.right, self.other, self.light
        return Readings(*(column[rows] for column in columns))

    def table(self) -> NDArray[np.float64]:
        """Return all readings side by side, (T, 4 + len(LIGHT))."""
        return np.column_stack([self.whole, self.left, self.right, self.other, self.light])


def readings_of(table: NDArray[np.floating]) -> Readings:
    """Return what `Readings.table` gave as readings again.

    Parameters
    ----------
    table : float array (T, 4 + len(LIGHT))
    """
    columns = np.asarray(table, dtype=np.float64)
    whole, left, right, other = columns[:, :4].T
    return Readings(whole, left, right, other, columns[:, 4:])


def light_of(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return changes of the light in Small frames, (T, len(LIGHT)).

    Parameters
    ----------
    small : float32 array (T, 3, S, S)
        Normalized differences; S is 5 or more.
    """
    side = small.shape[-1]
    edge = side // 4
    middle = small[:, :, edge : side - edge, edge : side - edge]
    grey = small.mean(axis=1)
    outer = side * side - (side - 2) ** 2
    rim = (grey.sum(axis=(1, 2)) - grey[:, 1:-1, 1:-1].sum(axis=(1, 2))) / outer
    places = np.linspace(0, middle.shape[-1] - 1, 3).round().astype(int)
    cells = middle[:, 1][:, places][:, :, places].reshape(len(small), -1)
    ends = slice(None, _CORNER), slice(-_CORNER, None)
    corners = [grey[:, rows, columns].mean(axis=(1, 2)) for rows in ends for columns in ends]
    return np.column_stack([rim, middle.mean(axis=(2, 3)), cells, *corners]).astype(np.float32, copy=False)
