"""Times of samples: seconds that rise, whatever a sensor's program made of them, or what is wrong with them."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.sensors.numbers import number
from physiocam.datasets.sensors.text_tables import Table
from physiocam.errors import DatasetError

# Names a sample for a message, such as "line 7".
Where = Callable[[int], str]

_UNITS = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "msecs": 1e-3, "millis": 1e-3, "millisec": 1e-3, "millisecond": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "usec": 1e-6, "micros": 1e-6, "microsecond": 1e-6, "microseconds": 1e-6,
    "ns": 1e-9, "nsec": 1e-9, "nanos": 1e-9, "nanosecond": 1e-9, "nanoseconds": 1e-9,
    "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
# A column called "min" is as likely the smallest of something.
_ALONE = "|".join(sorted((unit for unit in _UNITS if not unit.startswith("min")), key=len, reverse=True))
_CLOCK = (
    r"(?:(?:elapsed|relative|unix|epoch|system|local|sensor|device|recording|sample|utc|gmt)[ _-]?)?"
    r"(?:date[ _-]?time|times?(?:[ _-]?stamps?)?|elapsed|clock|epoch|unix|date|zeit|t|ts)"
)
_NAME = re.compile(rf"(?:{_CLOCK})(?:[ _/.,:-]*[(\[]?({_UNIT}|h+:m+.*|y+.*)?[)\]]?)?|[(\[]?({_ALONE})[)\]]?")

_OF_DAY = re.compile(r"(?:(\d+) days?,? )?(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d*)?)", re.ASCII)

# Clocks start again after a second, a minute, an hour, half a day and a day.
_PERIODS_S = (1.0, 60.0, 3600.0, 43_200.0, 86_400.0)

# Shares of the samples: of those without a time, and of those that repeat a time or step back, that may be left out.
_MOST_UNTIMED = 0.5
_MOST_BEHIND = 0.05

# Shares of a clock's ticks: how many repeat, on a coarse clock; and how evenly their samples must be counted.
_COARSE = 0.2
_UNEVEN = 0.1

# A hole is longer than some steps between samples, and than a packet that was late.
_HOLE_STEPS = 3.0
_HOLE_S = 0.25

# Nobody has recorded for thirty thousand years; anything larger is no time.
_LATEST_S = 1e12


def unit_of_time(name: str) -> float | None:
    """Seconds in the unit of a column of times, 1 if its name says none; None where it is another column.

    Parameters
    ----------
    name : str
        In lower case, such as "time", "timestamp_ms", "time (s)".
    """
    found = _NAME.fullmatch(name.strip())
    if found is None:
        return None
    return _UNITS.get(found[1] or found[2] or "s", 1.0)


def read_times(table: Table, column: int) -> NDArray[np.float64]:
    """Read a column of times: numbers, hours:minutes:seconds, or dates with a time.

    Returns
    -------
    float64 array (R,)
        In s, NaN where a cell is empty. Dates count from 1970 in UTC.

    Raises
    ------
    DatasetError
        If a cell is no time, or they are written in several ways.
    """
    cells, style = table.column(column), table.style
    numbers = [number(cell, style) for cell in cells]
    if 2 * numbers.count(None) < len(numbers):
        return table.numbers(column) * (unit_of_time(table.header[column]) or 1.0)
    times = np.full(len(cells), np.nan)
    kinds: set[str] = set()
    for row, (cell, plain) in enumerate(zip(cells, numbers, strict=True)):
        if plain is not None and math.isnan(plain):
            continue
        found = _written(cell)
        kinds |= {found[0]} if found else set()
        if found is None or len(kinds) > 1:
            raise DatasetError(
                f"'{table.name}' has '{cell[:40]}' in line {table.lines[row]}, column '{table.header[column]}'; "
                "expected one format for all times: seconds, hours:minutes:seconds, or 2024-05-01 12:00:00.5"
            )
        times[row] = found[1]
    return times


def parse_time(text: str) -> float | None:
    """One time, as `read_times`; None where it is none."""
    plain = number(text)
    if plain is not None:
        return None if math.isnan(plain) else plain
    found = _written(text)
    return found[1] if found else None


def _written(text: str) -> tuple[str, float] | None:
    """Kind and seconds of a time that is no plain number."""
    if found := _OF_DAY.fullmatch(text.strip()):
        days, hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.groups())
        return "clock", 86_400 * days + 3600 * hours + 60 * minutes + seconds
    try:
        moment = datetime.fromisoformat(text.strip())
        return "date", (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


@dataclass(frozen=True, eq=False)
class Rising:
    """Samples in order of time.

    Attributes
    ----------
    order : int array (K,)
        Indices of the samples that are kept.
    seconds : float64 array (K,)
        Their times, rising.
    notes : tuple of str
        What was made of the times.
    """

    order: NDArray[np.int64]
    seconds: NDArray[np.float64]
    notes: tuple[str, ...]


def rising(times: NDArray[np.float64], where: Where, values: NDArray[np.float64] | None = None) -> Rising:
    """Put samples in order of time, where there is one way to do that and no other.

    A clock that starts again every second, minute, hour or day is counted on. Rows from the last to the first are
    turned round. Several samples on each tick of a coarse clock, such as whole seconds, are spread evenly over it, if
    all ticks have as many. Rows that are there twice count once. A few samples whose times do not rise are left
    out.

    Parameters
    ----------
    times : float64 array (S,)
        In s; NaN where a sample has none.
    where : callable
        Names a sample, by its index, in a message.
    values : float64 array (S,), optional
        Of the samples; equal ones at equal times are one sample that was written twice.

    Raises
    ------
    DatasetError
        If the times can be understood in no way, or in several.
    """
    timed = np.abs(times) < _LATEST_S
    untimed = np.flatnonzero(~timed)
    if len(untimed) > _MOST_UNTIMED * len(times):
        raise DatasetError(
            f"{len(untimed)} of {len(times)} samples have no time, first in {where(int(untimed[0]))}; expected one per "
            "sample"
        )
    notes: list[str] = []
    if len(untimed):
        notes.append(
            f"{len(untimed)} of {len(times)} samples have no time and are left out, first in {where(int(untimed[0]))}"
        )
    order = np.flatnonzero(timed)
    seconds = times[order]
    if len(seconds) > 1 and seconds[-1] < seconds[0] and (np.diff(seconds) <= 0).all():
        order, seconds = order[::-1], seconds[::-1]
        notes.append("samples are in reverse order; reversed")
    seconds = _counted_on(seconds, notes)
    order, seconds = _written_once(order, seconds, values, where, notes)
    seconds = _spread(order, seconds, where, notes)
    order, seconds = _without_few_behind(order, seconds, where, notes)
    return Rising(order, seconds, tuple(notes))


def rate_of(seconds: NDArray[np.float64]) -> float:
    """Samples per second while the sensor recorded: holes do not count. 0 for a single sample."""
    steps = np.diff(seconds)
    steps = steps[steps <= longest_step(seconds)]
    return len(steps) / float(steps.sum()) if len(steps) else 0.0


def longest_step(seconds: NDArray[np.float64]) -> float:
    """Seconds between two samples from which on the sensor did not record in between; 0 for a single sample."""
    return max(_HOLE_STEPS * float(np.median(np.diff(seconds))), _HOLE_S) if len(seconds) > 1 else 0.0


def _counted_on(seconds: NDArray[np.float64], notes: list[str]) -> NDArray[np.float64]:
    steps = np.diff(seconds)
    back, forth = steps < 0, steps > 0
    if not back.any() or not forth.any() or seconds.min() < 0:
        return seconds
    usual = float(np.median(steps[forth]))
    for period in _PERIODS_S:
        over = steps[back] + period
        if (
            seconds.max() <= period
            and (over > 0).all()
            and (over <= min(max(3 * usual, 0.01 * period), period / 3)).all()
        ):
            notes.append(f"times restart every {period:g} s; made continuous, {int(back.sum())} times")
            return seconds + period * np.concatenate([[0], np.cumsum(back)])
    return seconds


def _written_once(
    order: NDArray[np.int64],
    seconds: NDArray[np.float64],
    values: NDArray[np.float64] | None,
    where: Where,
    notes: list[str],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Leave out samples that equal the one before in time and value, if all that repeat a time do."""
    repeats = np.diff(seconds, prepend=np.nan) == 0
    if values is None or not repeats.any():
        return order, seconds
    own = values[order]
    same = np.concatenate([[False], (own[1:] == own[:-1]) | (np.isnan(own[1:]) & np.isnan(own[:-1]))])
    if not same[repeats].all():
        return order, seconds
    first = where(int(order[np.flatnonzero(repeats)[0]]))
    notes.append(f"{int(repeats.sum())} samples are duplicates, first in {first}; counted once")
    return order[~repeats], seconds[~repeats]


def _spread(
    order: NDArray[np.int64], seconds: NDArray[np.float64], where: Where, notes: list[str]
) -> NDArray[np.float64]:
    steps = np.diff(seconds)
    if (steps < 0).any() or not (steps == 0).any():
        return seconds
    starts = np.flatnonzero(np.concatenate([[True], steps > 0]))
    counts = np.diff(np.append(starts, len(seconds)))
    if np.median(counts) < 2 and np.mean(counts > 1) < _COARSE:
        return seconds
    ticks = seconds[starts]
    apart = np.diff(ticks)
    tick = float(apart.min()) if len(apart) else 0.0
    # At the start and behind a hole a tick may be filled from its middle on, and to its middle at the end.
    hole = apart > 1.5 * tick
    begins, ends = np.concatenate([[True], hole]), np.concatenate([hole, [True]])
    whole = counts[~begins & ~ends]
    usual = float(np.median(whole)) if len(whole) else 0.0
    slack = max(1.0, _UNEVEN * usual)
    # A clock that begins at 0 begins with a whole tick; half of one is a clock that rounds, not cuts.
    begins[0] &= ticks[0] != 0
    uneven = (counts > usual + slack) | (~begins & ~ends & (counts < usual - slack))
    if not len(whole) or uneven.any() or np.abs(apart / tick - np.rint(apart / tick)).max() > _UNEVEN:
        odd = int(np.flatnonzero(uneven)[0]) if uneven.any() else 0
        first, last = (where(int(order[i])) for i in (starts[odd], starts[odd] + counts[odd] - 1))
        usually = f", others {usual:g}" if len(whole) else ""
        raise DatasetError(
            f"time {ticks[odd]:.6g} s appears {counts[odd]} times, from {first} to {last}{usually}; expected a "
            "different time for each sample, or the same number of samples on every tick of the clock: write times "
            "with more digits"
        )
    width = np.where(begins | ends, tick / np.maximum(counts, usual), tick / counts)
    late = np.where(begins & (counts < usual), tick - counts * width, 0.0)
    within = np.arange(len(seconds)) - np.repeat(starts, counts)
    notes.append(f"times are truncated to steps of {tick:g} s, {usual:g} samples each; spread evenly over the steps")
    spread: NDArray[np.float64] = np.repeat(ticks + late, counts) + within * np.repeat(width, counts)
    return spread


def _without_few_behind(
    order: NDArray[np.int64], seconds: NDArray[np.float64], where: Where, notes: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    later = np.concatenate([[True], seconds[1:] > np.maximum.accumulate(seconds)[:-1]])
    behind = np.flatnonzero(~later)
    if not len(behind):
        return order, seconds
    first = int(behind[0])
    what = (
        f"time {seconds[first]:.6g} s in {where(int(order[first]))} follows {seconds[first - 1]:.6g} s in "
        f"{where(int(order[first - 1]))}"
    )
    if len(behind) > _MOST_BEHIND * len(seconds):
        raise DatasetError(
            f"{what}, and {len(behind)} of {len(seconds)} samples do not rise above the times before them; expected "
            "times that rise from row to row: sort the rows, or keep one recording per file"
        )
    notes.append(f"{len(behind)} of {len(seconds)} samples are left out: {what}")
    return order[later], seconds[later]
