"""Rates along a recording, and its waveforms, from a measurement or from a sensor's file."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import Signal
from physiocam.datasets.sensors.clock import read_times
from physiocam.datasets.sensors.columns import rate_in_header, time_column, wave_column
from physiocam.datasets.sensors.plausible import RATES
from physiocam.datasets.sensors.sensor import Samples, lines
from physiocam.datasets.sensors.text_tables import Table, read_table
from physiocam.errors import DatasetError, PhysiocamError
from physiocam.report.missing_rates import rate_of
from physiocam.results.measurement import Measurement
from physiocam.signals.quantities import WAVEFORM_TASKS, Quantity
from physiocam.signals.rate import rate_times, rates_along
from physiocam.signals.settings import SETTINGS
from physiocam.signals.waveform import clean_waveform

QUANTITIES: tuple[Quantity, ...] = ("heart", "breathing")

# Waveforms of sensors are brought to this, in Hz.
_WAVE_HZ = 30.0

# How sensors call a column of rates, without what is not a letter.
_NAMES: dict[Quantity, re.Pattern[str]] = {
    "heart": re.compile(r"(hr|heartrate|pulserate|prbpm|pr|bpm)(ecg|ppg|bpm|permin|beatsmin|beatspermin|value)?"),
    "breathing": re.compile(
        r"(rr|br|resprate|respirationrate|respiratoryrate|breathingrate|breathrate)(bpm|brpm|permin|value)?"
    ),
}
_RATE_NAMES: dict[Quantity, str] = {"heart": "heart_rate", "breathing": "breathing_rate"}


@dataclass(frozen=True, eq=False)
class Series:
    """Values at times.

    Attributes
    ----------
    times_s, values : float64 arrays (N,)
        Rising times; NaN where there is no value.
    """

    times_s: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RateSource:
    """What can be compared.

    Attributes
    ----------
    name : str
    rates : dict of Quantity to Series
        Per minute.
    waves : dict of Quantity to Series
        Filtered, evenly spaced.
    units : dict of str to Series
        Probability of each action unit.
    notes : tuple of str
    """

    name: str
    rates: dict[Quantity, Series]
    waves: dict[Quantity, Series]
    units: dict[str, Series] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_rates(path: str | Path, fs: float | None = None) -> RateSource:
    """Read the folder of a measurement, or a sensor's table.

    Parameters
    ----------
    path : path
        A table has times, or states its sampling rate; its columns are found by their names: a rate (`heart_rate`,
        `hr`, `rr`, ...) and a wave (`ppg`, `bvp`, `resp`, ...). Without a column of rates they are computed from the
        wave.
    fs : float, optional
        Samples per second of a table without times.

    Returns
    -------
    RateSource

    Raises
    ------
    PhysiocamError
        If it is neither, or has neither rates nor a wave.
    """
    place = Path(path)
    if place.is_dir():
        return _of_measurement(Measurement.load(place), str(path))
    if not place.exists():
        raise PhysiocamError(f"'{path}' does not exist; expected the folder of a measurement, or a sensor's CSV file")
    table = read_table(place)
    notes = list(table.notes)
    times = _times(table, fs)
    rates = {one: series for one in QUANTITIES if (series := _rates(table, times, one)) is not None}
    waves = {one: wave for one in QUANTITIES if (wave := _wave(table, times, one, notes)) is not None}
    filtered: dict[Quantity, Series] = {}
    for quantity, wave in waves.items():
        filtered[quantity], along = _from_wave(wave, quantity)
        rates.setdefault(quantity, along)
    if not rates:
        raise PhysiocamError(
            f"'{path}' has the columns {', '.join(table.header)}; expected a rate, such as heart_rate, or a wave, such "
            "as ppg"
        )
    return RateSource(str(path), rates, filtered, notes=tuple(notes))


def _of_measurement(measurement: Measurement, name: str) -> RateSource:
    seconds, frames = measurement.rates_timestamps_s, measurement.timestamps_s
    found = {quantity: rate_of(measurement, quantity) for quantity in QUANTITIES}
    return RateSource(
        name,
        {quantity: Series(seconds, along.value) for quantity, (_, along, _) in found.items() if len(seconds)},
        {quantity: Series(frames, wave) for quantity, (_, _, wave) in found.items() if np.isfinite(wave).any()},
        {
            label: Series(frames, measurement.action_unit_probability[:, index].astype(np.float64))
            for index, label in enumerate(measurement.action_units)
        },
    )


def _times(table: Table, fs: float | None) -> NDArray[np.float64]:
    if fs is not None:
        return np.arange(len(table.lines)) / fs
    clock = time_column(table)
    if clock is not None:
        return read_times(table, clock)
    if (found := rate_in_header(table)) is not None:
        return np.arange(len(table.lines)) / found[0]
    raise PhysiocamError(f"'{table.name}' has no column of times; expected time_s, or its sampling rate with fs=")


def _rates(table: Table, times: NDArray[np.float64], quantity: Quantity) -> Series | None:
    named = [
        index for index, name in enumerate(table.header) if _NAMES[quantity].fullmatch(re.sub(r"[^a-z]", "", name))
    ]
    if not named:
        return None
    values, limits = table.numbers(named[0]), RATES[_RATE_NAMES[quantity]]
    possible = (values >= limits.lowest) & (values <= limits.highest)
    order = np.argsort(times, kind="stable")
    return Series(times[order], np.where(possible, values, np.nan)[order])


def _wave(table: Table, times: NDArray[np.float64], quantity: Quantity, notes: list[str]) -> Signal | None:
    task = WAVEFORM_TASKS[quantity]
    try:
        column = wave_column(table, task)
    except DatasetError:
        return None
    where = lines(table.name, table.lines)
    source = f"column '{table.header[column]}'"
    return Samples(task, table.numbers(column), times, "a.u.", source, table.name, where).to_signal(notes)


def _from_wave(wave: Signal, quantity: Quantity) -> tuple[Series, Series]:
    """The filtered wave and its rates along, both on an even grid that starts with it."""
    settings, known = SETTINGS["default"], np.isfinite(wave.values)
    first, last = wave.timestamps_s[0], wave.timestamps_s[-1]
    grid = first + np.arange(int((last - first) * _WAVE_HZ) + 1) / _WAVE_HZ
    difference = np.append(np.diff(np.interp(grid, wave.timestamps_s[known], wave.values[known])), np.nan)
    filtered = clean_waveform(difference, _WAVE_HZ, quantity, settings)
    along = rates_along(difference, _WAVE_HZ, quantity, settings)
    return Series(grid, filtered), Series(first + rate_times(len(grid), _WAVE_HZ), along.value)
