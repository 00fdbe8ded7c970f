"""Which column of a table is what: columns are chosen by their names, never by their place."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.sensors.clock import unit_of_time
from physiocam.datasets.sensors.numbers import number
from physiocam.datasets.sensors.stated_rate import stated_rates
from physiocam.datasets.sensors.text_tables import Table
from physiocam.errors import DatasetError

# Parts of names that say it is this wave, from the surest on. "Pulse" beside "pleth" is an oximeter's rate.
_WAVES: dict[str, tuple[tuple[str, ...], ...]] = {
    "pulse": (
        ("ppg", "bvp", "pleth", "bloodvolumepulse", "pulsewave", "pulsesignal"),
        ("pulse",),
        ("abp", "bloodpressurewave"),
    ),
    "respiration": (
        ("resp", "breath", "rsp", "thora", "abdom", "chest", "belt", "airflow"),
    ),
}  # fmt: skip

# Words, and parts of words, of what is no wave, whatever else the name says.
_NO_WAVE = frozenset(
    {"hr", "rr", "pr", "bpm", "brpm", "hz", "prbpm", "ibi", "nn", "hrv", "pi", "pvi", "id", "map", "sbp", "dbp", "bp",
     "mean", "led", "lux", "sqi", "snr", "label", "flag", "date"}
)  # fmt: skip
_PARTS_OF_NO_WAVE = (
    "spo2", "sao2", "o2", "oxy", "satur", "rate", "bpm", "freq", "temp", "batter", "marker", "event",
    "trigger", "qualit", "status", "state", "confid", "valid", "perfusion", "interval", "heart", "error", "alarm",
    "frame", "time", "stamp", "humid", "systol", "diastol", "variab", "sdnn", "rmssd", "peak",
)  # fmt: skip
_OTHER_SENSORS = ("ecg", "ekg", "eeg", "emg", "eog", "eda", "gsr", "scl", "acc", "gyr", "magn", "co2", "skin")
# No wave either, if nothing else in the name says that it is one.
_COUNTERS = frozenset(
    {"index", "idx", "sample", "samples", "number", "no", "nr", "num", "count", "counter", "row", "seq", "sequence",
     "i", "n", "packet", "block"}
)  # fmt: skip

_UNITS_OF_NO_WAVE = re.compile(r"[(\[]\s*(?:bpm|brpm|[^)\]]*/\s*min|%|percent|°?[cf]|celsius|hz)\s*[)\]]")

# Numbers in Hz that a name holds; "hz" alone names a rate.
_IN_HZ = re.compile(r"\d[\d.]* *k?hz\b")
_RATES_HZ = (0.1, 100_000.0)

_SHOWN = 12
_LONGEST = 60


def time_column(table: Table) -> int | None:
    """Index of the column of times; None where there is none.

    Raises
    ------
    DatasetError
        If there are several, or no column has a name.
    """
    if len(table.header) > 1 and all(number(name) is not None for name in table.header):
        raise DatasetError(
            f"'{table.name}' has no column names in its first line but the numbers "
            f"{_named(table, range(len(table.header)))}; expected a first line such as 'time_s,ppg'"
        )
    found = [index for index, name in enumerate(table.header) if unit_of_time(name) is not None]
    # A date beside a time of day adds nothing.
    kept = [index for index in found if table.header[index] != "date"] or found
    if len(kept) > 1:
        raise DatasetError(
            f"'{table.name}' has times in the columns {_named(table, kept)}; expected one: remove the others"
        )
    return kept[0] if kept else None


def wave_column(table: Table, wave: str) -> int:
    """Index of the column that holds a wave.

    Parameters
    ----------
    table : Table
    wave : "pulse" or "respiration"

    Raises
    ------
    DatasetError
        If no column is it, or several may be.
    """
    words = _WAVES[wave]
    allowed = [index for index, name in enumerate(table.header) if _may_be(name, wave) and not _is_text(table, index)]
    for rank in words:
        named = [index for index in allowed if any(part in _compact(table.header[index]) for part in rank)]
        if named:
            return _only(table, named, wave)
    return _only(table, [index for index in allowed if not _is_counter(table.header[index])], wave)


def rate_in_header(table: Table) -> tuple[float, str] | None:
    """Sampling rate that a column's name or a comment states, such as "64", "pulse 64 Hz" or "# fs=64".

    Returns
    -------
    tuple of float and str, or None
        In Hz, and the text that states it.

    Raises
    ------
    DatasetError
        If there are several, or a number that is as likely the first sample.
    """
    texts = [(text, True) for text in table.header]
    texts += [(comment.lstrip("#%/ ").lower(), False) for comment in table.comments]
    found = {rate: text for text, is_column in reversed(texts) for rate in stated_rates(text, is_column=is_column)}
    if len(found) > 1:
        rates = ", ".join(f"{rate:g}" for rate in sorted(found))
        raise DatasetError(f"'{table.name}' names the sampling rates {rates} Hz; expected one")
    if not found:
        return None
    ((rate, text),) = found.items()
    if not _RATES_HZ[0] <= rate <= _RATES_HZ[1]:
        raise DatasetError(
            f"'{table.name}' has {rate:.15g} in its first line; expected a sampling rate in Hz, such as 'pulse 64 Hz'"
        )
    if len(table.header) == 1 and number(table.header[0]) is not None and _continues(rate, table.values[:, 0]):
        raise DatasetError(
            f"'{table.name}' begins with {rate:g}, which may be its sampling rate or its first sample; write it as "
            f"'pulse {rate:g} Hz' if it is the rate, and add such a line if not"
        )
    return rate, text[:_LONGEST]


def _continues(first: float, values: NDArray[np.float64]) -> bool:
    """Whether a number fits before the others as one more sample: not farther off than neighbours ever are."""
    known = values[np.isfinite(values)]
    return len(known) > 1 and bool(abs(first - known[0]) <= 2 * np.abs(np.diff(known)).max())


def _may_be(name: str, wave: str) -> bool:
    compact, tokens = _compact(name), set(re.split(r"[^a-z0-9]+", _IN_HZ.sub("", name)))
    states_rate = bool(stated_rates(name, is_column=True))
    if not compact and not name.strip():  # an unnamed column is a counter
        return False
    others = [part for other, ranks in _WAVES.items() if other != wave for rank in ranks for part in rank]
    return not (
        unit_of_time(name) is not None
        or _UNITS_OF_NO_WAVE.search(name)
        or (tokens - {""} and tokens & _NO_WAVE and not states_rate)
        or any(part in compact for part in (*_PARTS_OF_NO_WAVE, *_OTHER_SENSORS) if not states_rate)
        or any(part in compact for part in others)
    )


def _is_counter(name: str) -> bool:
    return bool(set(re.split(r"[^a-z0-9]+", name)) & _COUNTERS)


def _is_text(table: Table, index: int) -> bool:
    found = [number(cell, table.style) for cell in table.column(index)]
    return 2 * found.count(None) > len(found)


def _only(table: Table, found: Sequence[int], wave: str) -> int:
    names = ", ".join(_WAVES[wave][0][:3])
    if not found:
        columns = _named(table, range(len(table.header)))
        raise DatasetError(
            f"'{table.name}' has no {wave} wave in its columns {columns}; expected one named {names} or similar"
        )
    if len(found) > 1:
        raise DatasetError(
            f"'{table.name}' may have its {wave} wave in the columns {_named(table, found)}; expected one: name it "
            f"{names.partition(',')[0]}, or remove the others"
        )
    return found[0]


def _compact(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name)


def _named(table: Table, indices: Sequence[int]) -> str:
    shown = ", ".join(f"'{table.header[index]}'" for index in indices[:_SHOWN])
    return shown + (", ..." if len(indices) > _SHOWN else "")
