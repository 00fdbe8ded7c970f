"""What is known of each frame of a stream, for as long as it is kept."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_ROOM = 1024


class FrameLog:
    """Rows in the order of time, of which old ones can be dropped.

    Parameters
    ----------
    fields : mapping of str to number of values, or to None for a single one
        Float32 columns beside the time; NaN until they are written.
    """

    def __init__(self, fields: Mapping[str, int | None]) -> None:
        columns: list[tuple[Any, ...]] = [("time_s", np.float64)]
        columns += [
            (name, np.float32) if count is None else (name, np.float32, count) for name, count in fields.items()
        ]
        self._table = np.empty(_FIRST_ROOM, dtype=columns)
        self._start = self._stop = 0
        self._dropped = 0

    def __len__(self) -> int:
        return self._stop - self._start

    @property
    def rows(self) -> NDArray[Any]:
        """All rows, as a structured array that shows the log itself."""
        return self._table[self._start : self._stop]

    @property
    def end(self) -> int:
        """Number that the next row will have, counted from the first ever appended."""
        return self._dropped + len(self)

    def append(self, time_s: float) -> None:
        """Add a row of which only the time is known."""
        if self._stop == len(self._table):
            self._make_room()
        for name in self._table.dtype.names or ():
            self._table[name][self._stop] = time_s if name == "time_s" else np.nan
        self._stop += 1

    def write(self, field: str, first: int, values: NDArray[np.floating]) -> None:
        """Write a field of consecutive rows, the first of which has this number; rows dropped already are skipped."""
        skipped = max(self._dropped - first, 0)
        start = self._start + first + skipped - self._dropped
        self._table[field][start : start + len(values) - skipped] = values[skipped:]

    def drop_before(self, time_s: float) -> None:
        """Drop the rows that are older than this."""
        old = self.find(time_s)
        self._start += old
        self._dropped += old

    def find(self, time_s: float) -> int:
        """Index of the first row that is not older than this, in a time that hardly depends on how many there are."""
        return bisect_left(self.rows["time_s"], time_s)

    def _make_room(self) -> None:
        # Where most of the table is old, moving what is left is enough, and a stream's memory stays as it is.
        room = len(self._table) if 2 * len(self) <= len(self._table) else 2 * len(self._table)
        table = np.empty(room, dtype=self._table.dtype)
        table[: len(self)] = self.rows
        self._table, self._start, self._stop = table, 0, len(self)
