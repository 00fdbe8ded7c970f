"""Graphs of a report: the marks of an SVG picture, stretched to any width, and their axes in HTML."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from physiocam.signals.waveform import stretches

# Marks are drawn in a square of this many units, which the page stretches; strokes and text are not stretched.
_UNITS = 1000.0

_MOST_TICKS = 6

# More points are not distinguishable on a page, and more rows are not readable.
MOST_DRAWN = 1000
MOST_ROWS = 600


@dataclass(frozen=True)
class Axis:
    """A range of values along a side of a graph.

    Attributes
    ----------
    low, high : float
    unit : str
    ticks : tuple of (float, str)
        Values and their labels.
    """

    low: float
    high: float
    unit: str
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, low: float, high: float, unit: str) -> "Axis":
        """An axis with round ticks."""
        step = _round_step((high - low) / _MOST_TICKS)
        values = step * np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
        return cls(low, high, unit, tuple((value, f"{value:.6g}") for value in values.tolist()))

    @classmethod
    def of_time(cls, low: float, high: float, end: float | None = None) -> "Axis":
        """An axis of seconds, or of minutes and seconds if the recording's end, by default `high`, is late."""
        axis = cls.of(low, high, "s")
        if (high if end is None else end) <= 180:
            return axis
        step = next((s for s in (10, 20, 30, 60, 120, 300, 600, 1200, 1800) if (high - low) / s <= _MOST_TICKS), 3600)
        values = range(math.ceil(low / step) * step, math.floor(high) + 1, step)
        return cls(low, high, "min:s", tuple((value, f"{value // 60}:{value % 60:02d}") for value in values))

    def share(self, values: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Positions of values, 0 at the low end and 1 at the high one."""
        return (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)

    @property
    def places(self) -> list[tuple[float, str]]:
        """Ticks with their positions in percent."""
        return [(round(100 * float(self.share(value)), 2), text) for value, text in self.ticks]


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


@dataclass(frozen=True)
class Table:
    """The numbers behind a graph.

    Attributes
    ----------
    caption : str
    header : tuple of str
    rows : tuple of tuples of str
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass
class Graph:
    """A picture of marks on two axes.

    Attributes
    ----------
    alt : str
        What it shows, in a sentence.
    x, y : Axis
    kind : str
        Class of the page's style sheet that sets its height.
    marks : Markup
        Elements of SVG.
    """

    alt: str
    x: Axis
    y: Axis
    kind: str
    marks: Markup = field(default_factory=Markup)

    def add_line(self, x: NDArray[np.float64], y: NDArray[np.float64], style: str) -> None:
        """Add a line through points (n,), broken where y is NaN."""
        across, down = _UNITS * self.x.share(x), _UNITS * (1.0 - self.y.share(y))
        parts = []
        for run in stretches(np.isfinite(down), 1):
            points = (f"{a:.1f} {d:.1f}" for a, d in zip(across[run], down[run], strict=True))
            parts.append("M" + "L".join(points))
        self._add('<path class="line {}" d="{}"/>', style, "".join(parts))

    def add_dots(self, x: NDArray[np.float64], y: NDArray[np.float64], style: str) -> None:
        """Add a dot at each point (n,) whose y is not NaN."""
        across, down = _UNITS * self.x.share(x), _UNITS * (1.0 - self.y.share(y))
        dots = (f"M{a:.1f} {d:.1f}h0" for a, d in zip(across, down, strict=True) if math.isfinite(d))
        self._add('<path class="line dots {}" d="{}"/>', style, "".join(dots))

    def add_area(self, edges: NDArray[np.float64], heights: NDArray[np.float64], style: str) -> None:
        """Add columns from the bottom to heights (n,) between edges (n + 1,); NaN leaves one out."""
        across, down = _UNITS * self.x.share(edges), _UNITS * (1.0 - self.y.share(heights))
        parts = []
        for run in stretches(np.isfinite(down), 1):
            tops = "".join(f"V{down[i]:.1f}H{across[i + 1]:.1f}" for i in range(run.start, run.stop))
            parts.append(f"M{across[run.start]:.1f} {_UNITS:.0f}{tops}V{_UNITS:.0f}Z")
        self._add('<path class="area {}" d="{}"/>', style, "".join(parts))

    def add_spans(self, spans: Iterable[tuple[float, float]], style: str) -> None:
        """Add strips of full height between values of x."""
        for start, stop in spans:
            left, right = np.clip(_UNITS * self.x.share(np.array([start, stop])), 0.0, _UNITS).tolist()
            if right > left:
                self._add('<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="1000"/>', style, left, right - left)

    def add_upright(self, x: float, style: str) -> None:
        """Add an upright line at a value of x."""
        self._add('<path class="line {}" d="M{:.1f} 0V1000"/>', style, _UNITS * float(self.x.share(x)))

    def add_level(self, y: float, style: str) -> None:
        """Add a level line at a value of y."""
        self._add('<path class="line {}" d="M0 {:.1f}H1000"/>', style, _UNITS * (1.0 - float(self.y.share(y))))

    def _add(self, element: str, *values: object) -> None:
        self.marks += Markup(element).format(*values)  # noqa: S704 - a constant; its values are escaped


def spans(marked: NDArray[np.bool_], fs: float, first: int = 0) -> list[tuple[float, float]]:
    """Start and end in s of each run of marked frames (n,), which begin at the recording's `first`."""
    return [((first + run.start) / fs, (first + run.stop) / fs) for run in stretches(marked, 1)]


def bins(frames: int, most: int) -> NDArray[np.int_]:
    """Edges (n + 1,) of up to this many bins of whole frames, all of nearly the same size."""
    return np.linspace(0, frames, min(frames, most) + 1).astype(int)


def time_bins(frames: int, duration_s: float) -> NDArray[np.int_]:
    """Edges of bins of a second each, or of longer ones in a long recording: a table's rows."""
    return bins(frames, min(max(round(duration_s), 1), MOST_ROWS))


def lowest(values: NDArray[np.floating], edges: NDArray[np.int_]) -> NDArray[np.float64]:
    """Lowest finite value of each bin (n,); NaN where there is none."""
    return np.asarray(np.fmin.reduceat(values.astype(np.float64), edges[:-1]))


def highest(values: NDArray[np.floating], edges: NDArray[np.int_]) -> NDArray[np.float64]:
    """Highest finite value of each bin (n,); NaN where there is none."""
    return np.asarray(np.fmax.reduceat(values.astype(np.float64), edges[:-1]))


def mean(values: NDArray[np.floating], edges: NDArray[np.int_]) -> NDArray[np.float64]:
    """Mean of each bin's finite values (n,); NaN where there is none."""
    finite = np.isfinite(values)
    counts = np.add.reduceat(finite.astype(np.float64), edges[:-1])
    sums = np.add.reduceat(np.where(finite, values, 0.0).astype(np.float64), edges[:-1])
    return np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)


def text(value: float | None, digits: int) -> str:
    """A number in a table; a dash if it is missing."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def column(values: NDArray[np.floating] | Sequence[float], digits: int) -> list[str]:
    """Numbers of a table's column."""
    return [text(float(value), digits) for value in values]
