"""Columns of numbers as the lines of a CSV table, a part of the rows at a time: those of an hour would take 200 MB."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import ACTIVE_THRESHOLD

_ROWS = 1000


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a CSV table, for numbers and names that never need quotes."""
    yield ",".join(header) + "\n"
    for row in rows:
        yield ",".join(row) + "\n"


def each(values: NDArray[Any]) -> Iterator[Any]:
    """Values of a column, or rows of a table, as Python's."""
    for start in range(0, len(values), _ROWS):
        yield from values[start : start + _ROWS].tolist()


def fixed(values: NDArray[np.floating[Any]], digits: int) -> Iterator[str]:
    """Numbers with so many digits after the point; NaN is empty."""
    return (f"{value:.{digits}f}" if value == value else "" for value in each(values))  # noqa: PLR0124


def general(values: NDArray[np.floating[Any]]) -> Iterator[str]:
    """Numbers with six digits; NaN is empty."""
    return (f"{value:.6g}" if value == value else "" for value in each(values))  # noqa: PLR0124


def classes(probability: NDArray[np.floating[Any]]) -> Iterator[str]:
    """Whether a unit is active; NaN is empty."""
    # Compared after rounding, so that the two columns of a unit can never contradict each other.
    rounded = np.round(probability.astype(np.float64), 4)
    return ("" if value != value else str(int(value >= ACTIVE_THRESHOLD)) for value in each(rounded))  # noqa: PLR0124
