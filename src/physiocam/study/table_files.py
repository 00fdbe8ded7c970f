"""The tables of a study as files: CSV, Parquet, Excel and SPSS, with a data dictionary beside them."""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from physiocam.errors import PhysiocamError
from physiocam.foundation.files import complete_file
from physiocam.study.dictionary import Column
from physiocam.study.tables import StudyTable

DICTIONARY = "dictionary"
_OF_DICTIONARY = (
    Column("table", "", "table"),
    Column("column", "", "name of the column"),
    Column("unit", "", "its unit; empty for texts"),
    Column("description", "", "what it holds"),
)

# Characters that a cell of Excel cannot hold, and the longest text of one.
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]")
_LONGEST_CELL = 32_767

# Names of variables that SPSS reserves, and their longest name and text in bytes.
_RESERVED = {"ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"}
_LONGEST_NAME = 64
_LONGEST_TEXT = 255


def write_tables(tables: Sequence[StudyTable], folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write the tables and their data dictionary in each format.

    Parameters
    ----------
    tables : sequence of StudyTable
    folder : Path
    formats : sequence of str
        Of `FORMATS`.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    PhysiocamError
        If a file cannot be written.
    """
    every = [*tables, _dictionary(tables)]
    written = []
    for name in formats:
        chosen = FORMATS[name]
        for path, content in _files(every, folder, chosen.suffix):
            with complete_file(path) as beside:
                chosen.write(content, beside)
            written.append(path)
    return written


def check_formats(formats: Sequence[str]) -> None:
    """Check before the work that formats exist, and their libraries are installed.

    Raises
    ------
    PhysiocamError
        If one does not exist.
    ImportError
        If a library is missing (extra `study`).
    """
    for name in formats:
        if name not in FORMATS:
            raise PhysiocamError(f"formats has '{name}'; expected one of {', '.join(FORMATS)}")
        for library in FORMATS[name].needs:
            import_module(library)


def _files(tables: Sequence[StudyTable], folder: Path, suffix: str) -> Iterable[tuple[Path, Sequence[StudyTable]]]:
    """Files of a format with their tables: one per table, but one workbook of Excel for all."""
    if suffix == ".xlsx":
        return [(folder / f"study{suffix}", tables)]
    return [(folder / f"{one.name}{suffix}", [one]) for one in tables]


def _dictionary(tables: Sequence[StudyTable]) -> StudyTable:
    rows = tuple(
        {"table": table.name, "column": column.name, "unit": column.unit, "description": column.description}
        for table in tables
        for column in table.columns
    )
    return StudyTable(DICTIONARY, _OF_DICTIONARY, rows)


def _write_csv(tables: Sequence[StudyTable], path: Path, encoding: str = "utf-8") -> None:
    (table,) = tables
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in table.columns])
        writer.writerows(row.values() for row in table.rows)


def _write_csv_bom(tables: Sequence[StudyTable], path: Path) -> None:
    # By the mark, Excel knows that the file is UTF-8.
    _write_csv(tables, path, "utf-8-sig")


def _write_parquet(tables: Sequence[StudyTable], path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    (table,) = tables
    fields = [
        pyarrow.field(
            column.name,
            pyarrow.float64() if _is_number(table, column) else pyarrow.string(),
            metadata={"description": column.description, "unit": column.unit},
        )
        for column in table.columns
    ]
    content = {field.name: [row[field.name] for row in table.rows] for field in fields}
    parquet.write_table(pyarrow.table(content, schema=pyarrow.schema(fields)), path)


def _write_excel(tables: Sequence[StudyTable], path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    for table in tables:
        sheet = book.create_sheet(table.name)
        sheet.append([column.name for column in table.columns])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
        for number, row in enumerate(table.rows, 2):
            for place, value in enumerate(row.values(), 1):
                cell = sheet.cell(number, place, _cell(value))
                if isinstance(value, str):
                    cell.data_type = "s"  # a name that begins with = is not a formula
    book.save(path)


def _cell(value: float | str | None) -> float | str | None:
    return _CONTROL.sub("", value)[:_LONGEST_CELL] if isinstance(value, str) else value


def _write_spss(tables: Sequence[StudyTable], path: Path) -> None:
    import pandas
    import pyreadstat

    (table,) = tables
    names = _spss_names(table.columns)
    numbers = {column.name: _is_number(table, column) for column in table.columns}
    content: dict[str, Any] = {}
    for column in table.columns:
        values = [row[column.name] for row in table.rows]
        content[names[column.name]] = (
            pandas.Series(values, dtype="float64")
            if numbers[column.name]
            else pandas.Series([_text(value) for value in values], dtype="object")
        )
    pyreadstat.write_sav(
        pandas.DataFrame(content),
        str(path),
        column_labels={names[column.name]: _text(_label(column)) for column in table.columns},
        variable_measure={names[name]: "scale" if number else "nominal" for name, number in numbers.items()},
    )


def _label(column: Column) -> str:
    return f"{column.description} ({column.unit})" if column.unit else column.description


def _text(value: object) -> str:
    """A text as long as SPSS takes one."""
    return ("" if value is None else str(value)).encode()[:_LONGEST_TEXT].decode(errors="ignore")


def _spss_names(columns: Sequence[Column]) -> dict[str, str]:
    """Names of variables: letters, digits and underscores, unique without regard to case."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        plain = re.sub(r"\W+", "_", column.name).strip("_") or "column"
        if not plain[0].isalpha() or plain.upper() in _RESERVED:
            plain = f"v_{plain}"
        plain = plain.encode()[: _LONGEST_NAME - 4].decode(errors="ignore")
        name, number = plain, 1
        while name.upper() in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.upper())
        names[column.name] = name
    return names


def _is_number(table: StudyTable, column: Column) -> bool:
    """Whether a column holds numbers; one that is empty does if it has a unit."""
    values = [value for row in table.rows if (value := row[column.name]) is not None]
    return not any(isinstance(value, str) for value in values) if values else bool(column.unit)


@dataclass(frozen=True)
class Format:
    """A format of table files.

    Attributes
    ----------
    suffix : str
    write : callable
        Writes tables into a file.
    needs : tuple of str
        Libraries of the extra `study`.
    """

    suffix: str
    write: Callable[[Sequence[StudyTable], Path], None]
    needs: tuple[str, ...] = ()


FORMATS = {
    "csv": Format(".csv", _write_csv),
    "csv-bom": Format(".csv", _write_csv_bom),
    "parquet": Format(".parquet", _write_parquet, ("pyarrow",)),
    "xlsx": Format(".xlsx", _write_excel, ("openpyxl",)),
    "sav": Format(".sav", _write_spss, ("pandas", "pyreadstat")),
}
