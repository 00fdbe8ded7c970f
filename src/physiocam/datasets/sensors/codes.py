"""Codes of action units, as coders and their programs write them."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes
from physiocam.datasets.sensors.clock import Where, read_times, rising, unit_of_time
from physiocam.datasets.sensors.numbers import number
from physiocam.datasets.sensors.sensor import lines
from physiocam.datasets.sensors.text_tables import Table
from physiocam.errors import DatasetError

# Intensities are 0 to 5.
STRONGEST = 5

# What coders write, other than an empty cell, if they could not see the unit.
_UNSEEN = frozenset({9.0, 99.0, 999.0, float(UNKNOWN)})

WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "present", "on"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "absent", "off"), 0.0),
    **dict.fromkeys(("unknown", "unseen", "occluded", "not coded", "n.a.", "u"), np.nan),
}

_UNIT = re.compile(r"(?:au|action[ _-]?unit)[ _-]?0*(\d{1,2})(?:[ _-]*(c|r|int|intensity))?(?:\s*[(\[].*)?", re.ASCII)
_BARE = re.compile(r"0*([1-9]\d?)", re.ASCII)
FRAME = re.compile(r"frames?(?:[ _-]?(?:no|nr|num|number|id|idx|index))?\.?")

# How far the largest frame number may be.
_LASTFRAME = 1e9


@dataclass(frozen=True)
class _Column:
    index: int
    unit: int
    intensity: bool


def codes_of_table(table: Table, fs: float, frames: int, notes: list[str]) -> ActionUnitCodes:
    """Codes of a recording's frames, from a table with one row per frame.

    Parameters
    ----------
    table : Table
        With a column of frame numbers, from 0 or 1, or of times, and columns AU01, AU12, ...
    fs : float
        Frames per second.
    frames : int
        Of the video.
    notes : list of str
        Receives a line for everything unusual.

    Raises
    ------
    DatasetError
        If a code or the frame of a row is invalid, or two rows code one frame differently.
    """
    columns, clock = _columns(table)
    place = _places(table, clock, fs, frames, notes)
    inside = np.flatnonzero((place >= 0) & (place < frames))
    if not len(inside):
        raise DatasetError(f"'{table.name}' codes no frame of the video, which has {frames}; expected 0 at the first")
    units = list(dict.fromkeys(column.unit for column in columns))
    occurrence = np.full((frames, len(units)), UNKNOWN, dtype=np.int8)
    intensity = np.full(occurrence.shape, UNKNOWN, dtype=np.int8)
    said: set[int] = set()
    # If a program writes both, the column of intensities does not say whether the unit is present.
    for column in sorted(columns, key=lambda column: column.intensity):
        levels, there = _levels(table, column), units.index(column.unit)
        _check_repeats(table, column, place, levels)
        intensity[place[inside], there] = levels[inside]
        if column.unit not in said:
            occurrence[place[inside], there] = np.minimum(levels[inside], 1)
        said.add(column.unit)
    names = tuple(f"AU{unit:02d}" for unit in units)
    return ActionUnitCodes(names, occurrence, intensity if (intensity > 1).any() else None)


def check_codes(values: NDArray[np.float64], most: int, file: str, where: Where) -> NDArray[np.int8]:
    """Turn numbers into codes; NaN, 9, 99, 999 and -1 are unknown.

    Parameters
    ----------
    values : float64 array (R,)
    most : int
        The largest code, 1 or 5.
    file : str
    where : callable
        Names a row by its index.

    Returns
    -------
    int8 array (R,)

    Raises
    ------
    DatasetError
        If there is any other number, or a fraction.
    """
    unseen = np.isnan(values) | np.isin(values, list(_UNSEEN))
    strange = ~unseen & ~np.isin(values, range(most + 1))
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        whole = " in whole numbers" if values[row] % 1 else ""
        raise DatasetError(
            f"'{file}' codes {values[row]:g}; expected 0 to {most}{whole}, or 9 for unknown ({where(row)})"
        )
    return np.where(unseen, UNKNOWN, values).astype(np.int8)


def _columns(table: Table) -> tuple[list[_Column], int]:
    """Columns of units, and the one of frames or times."""
    frames = [index for index, name in enumerate(table.header) if FRAME.fullmatch(name)]
    times = [index for index, name in enumerate(table.header) if unit_of_time(name) is not None]
    found = [
        _Column(index, int(match[1]), match[2] not in (None, "c"))
        for index, name in enumerate(table.header)
        if (match := _UNIT.fullmatch(name))
    ] or [
        _Column(index, int(match[1]), False)
        for index, name in enumerate(table.header)
        if index and (match := _BARE.fullmatch(name))
    ]
    if not found:
        raise DatasetError(f"'{table.name}' has no column of an action unit; expected AU01, AU02, ...")
    for one in found:
        same = [other for other in found if (other.unit, other.intensity) == (one.unit, one.intensity)]
        twice = [table.header[other.index] for other in same]
        if len(twice) > 1:
            raise DatasetError(f"'{table.name}' has AU{one.unit:02d} in the columns {', '.join(twice)}; expected one")
    # If a program writes both, frames are more reliable than times.
    clocks = frames or times
    if not clocks:
        raise DatasetError(f"'{table.name}' has neither a column 'frame' nor 'time'; expected one of them")
    if len(clocks) > 1:
        names = ", ".join(f"'{table.header[index]}'" for index in clocks)
        raise DatasetError(f"'{table.name}' has the frame or time in the columns {names}; expected one")
    return found, clocks[0]


def _places(table: Table, clock: int, fs: float, frames: int, notes: list[str]) -> NDArray[np.int64]:
    """Frame of each row, from 0; -1 for none."""
    by_time = unit_of_time(table.header[clock]) is not None
    if by_time:
        found = rising(read_times(table, clock), lines(table.name, table.lines))
        notes += [f"action units: {note}" for note in found.notes]
        place = np.full(len(table.lines), -1, dtype=np.int64)
        place[found.order] = np.rint(found.seconds * fs).astype(np.int64)
    else:
        numbers = table.numbers(clock)
        wrong = ~((numbers >= 0) & (numbers < _LASTFRAME) & (numbers == np.rint(numbers)))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DatasetError(
                f"'{table.name}' has the frame '{table.cells[row][clock][:40]}' in line {table.lines[row]}; expected "
                "whole numbers from 0 or 1"
            )
        place = numbers.astype(np.int64)
        place -= min(int(place.min()), 1)  # some count from 0, most from 1
    if (place > frames).any():  # the last may be rounded to one frame more
        row = int(place.argmax())
        raise DatasetError(
            f"'{table.name}' codes frame {int(place[row]) + 1}, and the video has {frames} frames; expected "
            f"{'times of the video, in s' if by_time else 'numbers of its frames'}, not "
            f"'{table.cells[row][clock][:40]}' as in line {table.lines[row]}"
        )
    return place


def _levels(table: Table, column: _Column) -> NDArray[np.int8]:
    name, style = table.header[column.index], table.style
    values = np.full(len(table.cells), np.nan)
    for row, cell in enumerate(table.column(column.index)):
        found = number(cell, style)
        value = WORDS.get(cell.strip().lower()) if found is None else found
        if value is None:
            raise DatasetError(
                f"'{table.name}' has '{cell[:40]}' in line {table.lines[row]}, column '{name}'; expected 0, 1, true or "
                f"false, an intensity up to {STRONGEST}, or 9 for unknown"
            )
        values[row] = value
    if column.intensity:  # programs estimate fractions of a level
        values = np.rint(values)
    return check_codes(values, STRONGEST, table.name, lambda row: f"line {table.lines[row]}, column '{name}'")


def _check_repeats(table: Table, column: _Column, place: NDArray[np.int64], codes: NDArray[np.int8]) -> None:
    order = np.argsort(place, kind="stable")
    sorted_place, sorted_codes = place[order], codes[order]
    differ = (np.diff(sorted_place) == 0) & (np.diff(sorted_codes) != 0) & (sorted_place[1:] >= 0)
    if differ.any():
        at = int(np.flatnonzero(differ)[0])
        first, second = (table.lines[order[i]] for i in (at, at + 1))
        raise DatasetError(
            f"'{table.name}' codes frame {int(sorted_place[at]) + 1} in line {first} and in line {second}, with "
            f"different values in column '{table.header[column.index]}'; expected one row per frame"
        )
