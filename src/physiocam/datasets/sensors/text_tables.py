"""Text files with numbers in columns, as sensors and coders leave them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.sensors.numbers import NumberStyle, number, style_of
from physiocam.errors import DatasetError
from physiocam.foundation.regular_files import read_file

# Bytes and rows of a table. An hour at 1000 Hz has 3.6 million rows.
_MOST_BYTES = 100_000_000
_MOST_ROWS = 5_000_000

# Characters of a column's name.
_LONGEST_NAME = 200

# What begins a line that is no row.
_COMMENTS = ("#", "%", "//")

_DELIMITERS = ";\t,|"
_LOOKED_AT = 50


@dataclass(frozen=True, eq=False)
class Table:
    """Cells in columns.

    Attributes
    ----------
    name : str
        Of the file.
    header : tuple of str
        Names of the columns, in lower case.
    cells : list of list of str
        A row each, as long as the header.
    lines : int array (R,)
        Line of the file that each row is in, from 1.
    comments : tuple of str
        Lines above the header that are no rows.
    notes : tuple of str
        What was left out.
    """

    name: str
    header: tuple[str, ...]
    cells: list[list[str]]
    lines: NDArray[np.int64]
    comments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def style(self) -> NumberStyle:
        """How its numbers are written.

        Raises
        ------
        DatasetError
            If that cannot be told.
        """
        return style_of(self.name, zip(self.lines.tolist(), self.cells, strict=True))

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Numbers (R, C); NaN where a cell is empty or no number."""
        found = [[number(cell, self.style) for cell in row] for row in self.cells]
        return np.array([[np.nan if value is None else value for value in row] for row in found], dtype=np.float64)

    def column(self, index: int) -> list[str]:
        """Cells of a column."""
        return [row[index] for row in self.cells]

    def numbers(self, index: int) -> NDArray[np.float64]:
        """Numbers of a column (R,); NaN where a cell is empty or says that nothing was measured.

        Raises
        ------
        DatasetError
            If a cell holds something else.
        """
        style = self.style
        found = [number(cell, style) for cell in self.column(index)]
        if None in found:
            row = found.index(None)
            raise DatasetError(
                f"'{self.name}' has '{self.cells[row][index][:40]}' in line {self.lines[row]}, column "
                f"'{self.header[index]}'; expected a number, or an empty cell if there is no value"
            )
        return np.array(found, dtype=np.float64)


def read_table(path: Path) -> Table:
    """Read a table whose first row names the columns.

    Commas, semicolons, tabs, bars or blanks part them. Empty lines and comments (#, %, //) are passed over, and a last
    line that was cut off is left out.

    Raises
    ------
    DatasetError
        If the file cannot be read, has no row under its header, or rows of other lengths than the header.
    """
    text = _text(path)
    rows, comments = _rows(path, text)
    if len(rows) < 2:
        raise DatasetError(f"'{path.name}' has no row of numbers under its header; expected a header and rows below")
    (_, first), *body = rows
    header = _without_empty_end(first)
    notes: list[str] = []
    cells, lines = [], []
    for place, (line, row) in enumerate(body):
        if not any(row):
            continue
        # A delimiter at the end of every line makes no further column.
        if len(row) > len(header) and any(row[len(header) :]):
            raise DatasetError(
                f"'{path.name}' has {len(row)} cells in line {line} and {len(header)} columns; expected one cell per "
                "column (write numbers with decimal commas in quotes, or separate the columns by semicolons)"
            )
        if len(row) < len(header):
            if place == len(body) - 1 and not text.endswith(("\n", "\r")):
                notes.append(f"line {line} of '{path.name}', the last, is cut off and left out")
                continue
            raise DatasetError(
                f"'{path.name}' has {len(row)} cells in line {line} and {len(header)} columns; expected one cell per "
                "column; leave a cell empty if its value is unknown"
            )
        cells.append(row[: len(header)])
        lines.append(line)
    if not cells:
        raise DatasetError(f"'{path.name}' has no row of numbers under its header; expected a header and rows below")
    names = tuple(name.lower() for name in header)
    return Table(path.name, names, cells, np.array(lines, dtype=np.int64), comments, tuple(notes))


def read_cells(path: Path) -> list[list[str]]:
    """Read the cells of a table without empty lines and comments.

    Raises
    ------
    DatasetError
        If the file cannot be read, or names a column as nobody would.
    """
    return [row for _, row in _rows(path, _text(path))[0]]


def read_numbers(path: Path, header_lines: int = 0, columns: int | None = None) -> NDArray[np.float64]:
    """Read numbers in columns without names, parted by blanks or commas.

    Parameters
    ----------
    path : Path
    header_lines : int
        Lines to pass over.
    columns : int, optional
        How many there are.

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
        raise DatasetError(f"'{path.name}' holds no number; expected some under {header_lines} lines of header")
    try:
        found: NDArray[np.float64] = np.loadtxt(
            StringIO(content.replace(",", " ")), dtype=np.float64, comments=None, ndmin=2
        )
    except ValueError:
        raise DatasetError(_first_fault(path, content, header_lines)) from None
    if columns is not None and found.shape[1] != columns:
        raise DatasetError(
            f"'{path.name}' has {found.shape[1]} columns; expected {columns} (write numbers with a decimal point)"
        )
    return found


def line_of(path: Path, row: int, header_lines: int = 0) -> int:
    """Line of a file, from 1, that a row of `read_numbers` is in."""
    lines = _text(path).split("\n")
    return [place for place, line in enumerate(lines, 1) if place > header_lines and line.strip()][row]


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text file.

    Raises
    ------
    DatasetError
        If it is missing or no text.
    """
    return _text(path).split("\n")


def _first_fault(path: Path, content: str, header_lines: int) -> str:
    """Say which line is no row of numbers, or is longer or shorter than those before it."""
    width = 0
    for line, text in enumerate(content.split("\n"), header_lines + 1):
        cells = text.replace(",", " ").split()
        for cell in cells:
            try:
                float(cell)
            except ValueError:
                return (
                    f"'{path.name}' is not a table of numbers: '{cell[:40]}' in line {line}; "
                    "expected numbers with a decimal point"
                )
        if cells and width and len(cells) != width:
            return (
                f"'{path.name}' is not a table of numbers: {len(cells)} cells in line {line}; "
                f"expected {width}, as in the lines above"
            )
        width = width or len(cells)
    return f"'{path.name}' is not a table of numbers"


def _rows(path: Path, text: str) -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    """Rows with the lines that they are in, and comments above the first."""
    lines = text.split("\n")
    if len(lines) > _MOST_ROWS:
        raise DatasetError(f"'{path.name}' has {len(lines)} lines; expected at most {_MOST_ROWS}: cut it into parts")
    comments = [line.strip() for line in lines if line.lstrip().startswith(_COMMENTS)]
    plain = ["" if line.lstrip().startswith(_COMMENTS) else line for line in lines]
    delimiter = None
    if plain[0].strip().lower().startswith("sep="):  # how spreadsheets note the delimiter
        delimiter, plain[0] = plain[0].strip()[4:5], ""
    filled = [line for line in plain[: 10 * _LOOKED_AT] if line.strip()][:_LOOKED_AT]
    try:
        rows = list(_parted(plain, delimiter or _delimiter(filled)))
    except csv.Error as error:
        raise DatasetError(f"'{path.name}' cannot be read as a table ({error}); expected a CSV file") from None
    if rows and (longest := max(map(len, rows[0][1]), default=0)) > _LONGEST_NAME:
        raise DatasetError(f"'{path.name}' has a column name of {longest} characters; expected names in its first line")
    return rows, tuple(comments)


def _parted(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    if delimiter == " ":
        for line, text in enumerate(lines, 1):
            if text.strip():
                yield line, text.split()
        return
    reader = csv.reader(lines, delimiter=delimiter)
    for row in reader:
        if len(row) > 1 or (row and row[0].strip()):
            yield reader.line_num, [cell.strip() for cell in row]


def _delimiter(lines: Sequence[str]) -> str:
    """What parts the cells: it is in the header, and makes rows as long as the header."""
    if not lines:
        return ","

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return sum(width == widths[0] for width in widths) / len(widths), widths[0]

    try:
        found = [delimiter for delimiter in _DELIMITERS if delimiter in lines[0]]
        if found:
            return max(found, key=fit)
    except csv.Error:  # said when the whole is read
        return found[0]
    widths = {len(line.split()) for line in lines}
    if len(widths) == 1 and widths != {1}:
        return " "
    # One column, whose numbers may have decimal commas.
    return "\x1f"


def _without_empty_end(row: Sequence[str]) -> list[str]:
    last = max((index for index, cell in enumerate(row) if cell), default=0)
    return list(row[: last + 1])


def _text(path: Path) -> str:
    """Content with plain line ends."""
    try:
        content = read_file(path, _MOST_BYTES)
        text = content.decode(_encoding(content))
    except FileNotFoundError:
        raise DatasetError(f"no '{path.name}' under {path.parent.name}") from None
    except OSError as error:
        raise DatasetError(f"'{path.name}' cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"'{path.name}' cannot be read as text ({error}); expected a text file") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Latin letters in UTF-16 have zeros beside them, which no text holds otherwise.
    start = content[:200]
    if len(start) > 3 and (start[1::2].count(0), start[::2].count(0)) == (len(start) // 2, 0):
        return "utf-16-le"
    if len(start) > 3 and (start[::2].count(0), start[1::2].count(0)) == ((len(start) + 1) // 2, 0):
        return "utf-16-be"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"  # older programs of Windows
    return "utf-8-sig"
