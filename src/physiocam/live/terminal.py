"""The terminal view of `physiocam live`."""

from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from physiocam.live.feed import SILENT_S
from physiocam.live.observer import SHOWN_S, Observer, Snapshot
from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.results.measurement import Measurement
from physiocam.signals.rate import Rate

if TYPE_CHECKING:
    from rich.console import Console

# Largest width of a trace in characters, and seconds that it shows, which are written next to it.
_WIDTH = 60
_BESIDE = 8
_PULSE_S = 8.0
_RESPIRATION_S = 30.0

# Two columns of action units need this many characters.
_TWO_COLUMNS = 80

# Standard deviations of a trace's lowest and highest level.
_RANGE = 2.0
_LEVELS = "▁▂▃▄▅▆▇█"

_BAR = 10


class LiveView(Observer):
    """A terminal view that is redrawn at every snapshot; use it as a context manager.

    Parameters
    ----------
    console : Console
    name : str
        What is watched.
    """

    def __init__(self, console: "Console", name: str) -> None:
        self._name = name
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Draw the current measurement."""
        self._live.update(drawn(self._name, snapshot, self._live.console.width), refresh=True)

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def drawn(name: str, snapshot: Snapshot, width: int = 80) -> RenderableType:
    """Draw a snapshot.

    Parameters
    ----------
    name : str
        What is watched.
    snapshot : Snapshot
    width : int
        Characters in a line of the terminal.

    Returns
    -------
    RenderableType
        About twenty lines, more on a narrow terminal; of several people, six lines each.
    """
    trace = max(min(width - _BESIDE, _WIDTH), 10)
    people = sorted(snapshot.measurements, key=lambda one: one.person or 0)
    if len(people) == 1:
        (measurement,) = people
        shown = [*_rates(measurement, trace), Text(), *_action_units(measurement, width)]
    else:
        shown = [line for one in people for line in (*_person(one), *_rates(one, trace), Text())]
    end = Text(f"over the last {SHOWN_S:.0f} s; Ctrl-C ends", style="dim")
    return Group(_head(name, snapshot), Text(), *shown, end)


def _person(measurement: Measurement) -> list[RenderableType]:
    """Who it is, and which units are active now."""
    line = Text(f"person {measurement.person}", style="bold")
    if not measurement.face_found[-1]:
        return [line.append("  not seen", style="not bold yellow")]
    now = _units_now(measurement)
    active = " ".join(label for label in now if now[label] >= ACTIVE_THRESHOLD)
    return [line.append(f"  {active}", style="not bold yellow")]


def _rates(measurement: Measurement, trace: int) -> list[RenderableType]:
    fs, pulse, breath = measurement.fs, measurement.pulse, measurement.respiration
    return [
        *_quantity("heart rate", measurement.heart_rate, pulse, _PULSE_S, "red", fs, trace),
        *_quantity("breathing rate", measurement.breathing_rate, breath, _RESPIRATION_S, "cyan", fs, trace),
    ]


def _head(name: str, snapshot: Snapshot) -> Text:
    minutes, seconds = divmod(int(snapshot.time_s), 60)
    line = Text(f"{name}  {minutes}:{seconds:02d}  ", style="bold")
    if snapshot.silent_s > SILENT_S:
        return line.append(f"no frame for {snapshot.silent_s:.0f} s", style="bold yellow")
    found = sum(bool(one.frames and one.face_found[-1]) for one in snapshot.measurements)
    if found:
        line.append("face found" if found == 1 else f"{found} faces found", style="green")
    else:
        line.append("no face found", style="yellow")
    line.append(f"  {snapshot.frames_per_s:.0f} frames/s", style="not bold")
    if snapshot.dropped:
        line.append(f", {snapshot.dropped} dropped", style="yellow")
    return line


def _quantity(
    name: str, rate: Rate, waveform: NDArray[np.float64], seconds: float, colour: str, fs: float, width: int
) -> list[RenderableType]:
    """A rate and its running waveform, which is in colour if there is a rate: without one it may not be a pulse."""
    line = Text(f"{name:<15}")
    if rate.value is None:
        line.append("not measured", style="bold").append(f": {rate.note}", style="dim")
    else:
        line.append(f"{rate.value:.0f} {rate.unit}", style="bold")
        line.append(f"  quality {rate.quality:.2f} {_bar(rate.quality)}")
    trace = f"  {_trace(waveform, seconds, fs, width)}  {seconds:.0f} s"
    return [line, Text(trace, style="dim" if rate.value is None else colour, no_wrap=True)]


def _trace(waveform: NDArray[np.float64], seconds: float, fs: float, width: int) -> str:
    """The last seconds of a waveform in one line of characters; blanks are gaps."""
    shown = waveform[-max(round(seconds * fs), 1) :]
    places = round(len(shown) / (seconds * fs) * width)
    line = ""
    for piece in np.array_split(shown, places) if places else []:
        known = piece[np.isfinite(piece)]
        if not len(known):
            line += " "
            continue
        share = (float(known.mean()) / _RANGE + 1.0) / 2.0
        line += _LEVELS[min(max(int(share * len(_LEVELS)), 0), len(_LEVELS) - 1)]
    return line.rjust(width)


def _action_units(measurement: Measurement, width: int) -> list[RenderableType]:
    """The current units, the active ones bright."""
    now = _units_now(measurement)
    if not now:
        return []
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    cells: list[Text] = []
    for label, probability in now.items():
        style = "bold yellow" if probability >= ACTIVE_THRESHOLD else "dim"
        cells.append(Text(f"{_bar(probability)} {label} {measurement.action_units[label].name}", style=style))
    rows = -(-len(cells) // 2) if width >= _TWO_COLUMNS else len(cells)
    for left, right in zip_longest(cells[:rows], cells[rows:], fillvalue=Text()):
        table.add_row(left, right)
    return [table, Text()]


def _units_now(measurement: Measurement) -> dict[str, float]:
    """The newest probability of each unit; empty if none is known."""
    known = np.flatnonzero(np.isfinite(measurement.action_unit_probability).all(axis=1))
    if not measurement.action_units or not len(known):
        return {}
    newest = measurement.action_unit_probability[known[-1]].tolist()
    return dict(zip(measurement.action_units, newest, strict=True))


def _bar(share: float) -> str:
    return "━" * round(_BAR * share) + "╌" * (_BAR - round(_BAR * share))
