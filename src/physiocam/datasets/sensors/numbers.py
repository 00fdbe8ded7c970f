"""Numbers in the formats of spreadsheets and sensors of many countries."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from physiocam.errors import DatasetError

# Decimal separators.
NumberStyle = Literal["point", "comma"]

# How sensors mark a missing value.
_MISSING = frozenset(
    {"", "nan", "+nan", "-nan", "na", "n/a", "null", "none", "nil", "missing", "?", "-", "--", "---", "----",
     "inf", "+inf", "-inf", "infinity", "-infinity", "#n/a", "#num!", "#div/0!"}
)  # fmt: skip

# 1,234,567 may be a million, or 1.234 with one comma; only a leading zero or the number of digits can decide.
_GROUPED_BY_COMMA = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
_GROUPED_BY_POINT = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d*(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

# Thousands separators other than comma and point: blanks of three widths, and the Swiss apostrophes.
_THOUSANDS = re.compile("(?<=\\d)[ \u00a0\u202f'\u2019](?=\\d{3}(?!\\d))")


def number(cell: str, style: NumberStyle = "point") -> float | None:
    """Read one cell.

    Parameters
    ----------
    cell : str
    style : "point" or "comma"
        The decimal separator; the other one may separate thousands.

    Returns
    -------
    float or None
        NaN if the cell is empty or marks a missing value; None if it is not a number.
    """
    text = cell.strip()
    try:
        # The usual case, and by far the fastest; only Python allows an underscore.
        if style == "point" and "_" not in text and "n" not in text.lower():
            return float(text)
    except ValueError:
        pass
    if text.lower() in _MISSING:
        return np.nan
    text = _THOUSANDS.sub("", text)
    decimal, thousands = (".", ",") if style == "point" else (",", ".")
    grouped = _GROUPED_BY_COMMA if style == "point" else _GROUPED_BY_POINT
    whole, _, fraction = text.partition(decimal)
    if thousands in text:
        if thousands in fraction or not grouped.fullmatch(whole):
            return None
        whole = whole.replace(thousands, "")
    plain = f"{whole}.{fraction}" if decimal in text else whole
    return float(plain) if _NUMBER.fullmatch(plain) else None


def style_of(file: str, rows: Iterable[tuple[int, Sequence[str]]]) -> NumberStyle:
    """Find out from a file's cells whether its decimals follow a comma or a point.

    Parameters
    ----------
    file : str
        Its name.
    rows : iterable of (int, sequence of str)
        Line and cells of each row.

    Raises
    ------
    DatasetError
        If both occur, or if a comma may separate decimals or thousands.
    """
    shown: dict[NumberStyle, tuple[int, str]] = {}
    doubtful: tuple[int, str] | None = None
    with_commas = False
    pointed: tuple[int, str] | None = None
    for line, cells in rows:
        for cell in cells:
            if "," not in cell:
                if pointed is None and "." in cell and _is_pointed(cell):
                    pointed = (line, cell)
                continue
            with_commas = True
            found = _shows(cell)
            if found == "either":
                doubtful = doubtful or (line, cell)
            elif found is not None:
                shown.setdefault(found, (line, cell))
    if not with_commas:
        return "point"
    if pointed is not None:
        shown.setdefault("point", pointed)
    if len(shown) == 2:
        (comma_line, comma), (point_line, point) = shown["comma"], shown["point"]
        raise DatasetError(
            f"'{file}' has '{comma}' in line {comma_line} and '{point}' in line {point_line}; expected decimals by "
            "commas or by points, not both"
        )
    if not shown and doubtful is not None:
        raise DatasetError(
            f"'{file}' has '{doubtful[1]}' in line {doubtful[0]}, which may mean thousands or decimals; write its "
            "numbers with a decimal point and no thousands separators"
        )
    return next(iter(shown), "point")


def _is_pointed(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell)) and not _GROUPED_BY_POINT.fullmatch(cell)


def _shows(cell: str) -> NumberStyle | Literal["either"] | None:
    """What a cell with a comma shows about the style; None if it is not a number."""
    text = _THOUSANDS.sub("", cell.strip())
    if "." in text:
        if text.rfind(",") > text.rfind("."):
            return "comma" if number(text, "comma") is not None else None
        return "point" if number(text, "point") is not None else None
    if _GROUPED_BY_COMMA.fullmatch(text):
        return "point" if text.count(",") > 1 else "either"
    return "comma" if _DECIMAL_COMMA.fullmatch(text) and any(c.isdigit() for c in text) else None
