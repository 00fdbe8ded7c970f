"""A part of a recording that a study asks about."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from physiocam.datasets.sensors.clock import parse_time
from physiocam.errors import PhysiocamError

# What stands in a cell without a value.
_MISSING = ("", "n/a", "na", "nan", "none", "null")

_STARTS = ("start", "start_s", "start (s)", "onset", "begin", "time")
_ENDS = ("end", "end_s", "stop", "stop_s", "stop (s)", "offset")
_DURATIONS = ("duration", "duration_s", "duration (s)")
TIMES = (*_STARTS, *_ENDS, *_DURATIONS)


@dataclass(frozen=True)
class Segment:
    """A part of a recording.

    Attributes
    ----------
    label : str
        What happens in it, such as "question 1".
    start_s : float
        From the start of the video.
    end_s : float or None
        None for the end of the recording; equal to `start_s` for a marker without a length.
    tier : str
        Of which kind it is, if the source has tiers: an ELAN tier, or the subject of BORIS.
    columns : mapping of str to str
        Further columns of its row.
    problem : str or None
        Why its times cannot be used.
    """

    label: str
    start_s: float
    end_s: float | None
    tier: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None

    def around(self, before_s: float, after_s: float) -> "Segment":
        """Return a marker as a segment that begins before it and ends after it; others unchanged."""
        if self.problem is not None or self.end_s != self.start_s:
            return self
        return replace(self, start_s=max(self.start_s - before_s, 0.0), end_s=self.start_s + after_s)


def given(cell: str | None) -> str:
    """A cell without the words for a missing value."""
    text = (cell or "").strip()
    return "" if text.lower() in _MISSING else text


def has_times(row: Mapping[str, str]) -> bool:
    """Whether a row has a start, an end or a duration."""
    return any(given(row.get(name)) for name in TIMES)


def segment_of(
    row: Mapping[str, str], label: str, where: str, tier: str = "", columns: Mapping[str, str] | None = None
) -> Segment:
    """Make a segment of a row with a start, and an end or a duration; without both it ends with the recording.

    Parameters
    ----------
    row : mapping of str to str
        Cells by column, with names in lower case.
    label : str
    where : str
        File and line, for the segment's problem if a time cannot be read.
    tier : str
    columns : mapping of str to str, optional
        Further columns.
    """
    columns = columns or {}
    try:
        start, end, duration = (_time(row, names, where) for names in (_STARTS, _ENDS, _DURATIONS))
        start = 0.0 if start is None else start
        if end is None and duration is not None:
            end = start + duration
        if end is not None and end < start:
            raise PhysiocamError(f"{where}: the end, {end:g} s, is before the start, {start:g} s")
        if start < 0:
            raise PhysiocamError(f"{where}: the start is {start:g} s; expected 0 or more, from the start of the video")
    except PhysiocamError as error:
        return Segment(label, 0.0, 0.0, tier, columns, str(error))
    return Segment(label, start, end, tier, columns)


def _time(row: Mapping[str, str], names: tuple[str, ...], where: str) -> float | None:
    for name in names:
        if text := given(row.get(name)):
            return seconds_of(text, f"{where}: {name}")
    return None


def seconds_of(text: str, where: str) -> float:
    """Read seconds, or h:m:s.

    Raises
    ------
    PhysiocamError
        If it is neither.
    """
    found = parse_time(text)
    found = parse_time(text.replace(",", ".")) if found is None else found
    if found is None:
        raise PhysiocamError(f"{where} is '{text[:40]}'; expected seconds, or hours:minutes:seconds")
    return found
