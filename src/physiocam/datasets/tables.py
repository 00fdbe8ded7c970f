"""Text files with numbers in columns, as sensors and coders leave them."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import DatasetError


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers in columns.

    Attributes
    ----------
    header : tuple of str
        Names of the columns, in lower case.
    values : float64 array (R, C)
        NaN where a cell is empty or no number.
    """

    header: tuple[str, ...]
    values: NDArray[np.float64]


def read_table(path: Path) -> Table:
    """Read a table whose first row names the columns; commas, semicolons or tabs part them.

    Raises
    ------
    DatasetError
        If the file cannot be read or has no row of numbers.
    """
    lines = [line for line in read_lines(path) if line.strip()]
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    rows = list(csv.reader(lines, delimiter=delimiter))
    header = tuple(cell.strip().lower() for cell in rows[0]) if rows else ()
    values = np.array([[_number(cell) for cell in row[: len(header)]] for row in rows[1:] if len(row) >= len(header)])
    if not values.size:
        raise DatasetError(f"'{path.name}' has no row of numbers under its header")
    return Table(header, values)


def read_numbers(path: Path, header_lines: int = 0) -> NDArray[np.float64]:
    """Read numbers in columns without names, parted by blanks or commas.

    Parameters
    ----------
    path : Path
    header_lines : int
        Lines to pass over.

    Returns
    -------
    float64 array (R, C)

    Raises
    ------
    DatasetError
        If the file cannot be read, has no number, or holds something else.
    """
    lines = [line.replace(",", " ") for line in read_lines(path)[header_lines:]]
    if not any(line.strip() for line in lines):
        raise DatasetError(f"'{path.name}' holds no number")
    try:
        return np.loadtxt(lines, dtype=np.float64, ndmin=2)
    except ValueError as error:
        raise DatasetError(f"'{path.name}' holds something else than columns of numbers ({error})") from None


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text file.

    Raises
    ------
    DatasetError
        If it is missing or no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DatasetError(f"no '{path.name}' under {path.parent.name}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"'{path.name}' cannot be read as text ({error})") from None


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan
