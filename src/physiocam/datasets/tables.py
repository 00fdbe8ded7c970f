"""Text files with numbers in columns, as sensors and coders leave them."""

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import DatasetError

# Characters of a column's name.
_LONGEST_NAME = 200


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
    rows = read_cells(path)
    header = tuple(cell.lower() for cell in rows[0]) if rows else ()
    values = np.array([[_number(cell) for cell in row[: len(header)]] for row in rows[1:] if len(row) >= len(header)])
    if not values.size:
        raise DatasetError(f"'{path.name}' has no row of numbers under its header")
    return Table(header, values)


def read_cells(path: Path) -> list[list[str]]:
    """Read the cells of a table without empty lines; commas, semicolons or tabs part them.

    Raises
    ------
    DatasetError
        If the file cannot be read, or names a column as nobody would.
    """
    lines = [line for line in read_lines(path) if line.strip()]
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error as error:
        raise DatasetError(f"'{path.name}' cannot be read as a table ({error}); expected a CSV file") from None
    if rows and (longest := max(map(len, rows[0]), default=0)) > _LONGEST_NAME:
        raise DatasetError(f"'{path.name}' has a column name of {longest} characters; expected names in its first line")
    return rows


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
    lines = _text(path).split("\n", header_lines)
    content = lines[-1] if len(lines) > header_lines else ""
    if not content.strip():
        raise DatasetError(f"'{path.name}' holds no number")
    try:
        return np.loadtxt(StringIO(content.replace(",", " ")), dtype=np.float64, comments=None, ndmin=2)
    except ValueError as error:
        raise DatasetError(f"'{path.name}' holds something else than columns of numbers ({error})") from None


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text file.

    Raises
    ------
    DatasetError
        If it is missing or no text.
    """
    return _text(path).splitlines()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"no '{path.name}' under {path.parent.name}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"'{path.name}' cannot be read as text ({error})") from None


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan
