"""Pictures of an evaluation (extra `report`)."""

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from physiocam.errors import DatasetError
from physiocam.evaluation.evaluate import Evaluation, RateComparison
from physiocam.evaluation.metrics import rate_scores
from physiocam.evaluation.predictions import Predictions
from physiocam.evaluation.table_text import number
from physiocam.evaluation.unit_scores import ActionUnitScores
from physiocam.foundation.files import complete_file
from physiocam.signals.quantities import WAVEFORM_TASKS, Quantity
from physiocam.signals.settings import SignalSettings
from physiocam.signals.waveform import clean_waveform

# Okabe and Ito: distinguishable for colour-blind readers.
_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#666666"

_RATES = {"heart": "heart rate (beats/min)", "breathing": "breathing rate (breaths/min)"}


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as a PNG that appears when it is complete.

    Raises
    ------
    DatasetError
        If it cannot be written.
    """
    with complete_file(path, DatasetError) as beside:
        figure.savefig(beside, dpi=120, bbox_inches="tight")


def plot_rates(found: Evaluation, title: str = "") -> Figure | None:
    """Draw predicted against true rates, and their differences over their means (Bland and Altman 1986).

    Parameters
    ----------
    found : Evaluation
    title : str
        What was evaluated, and by what.

    Returns
    -------
    Figure or None
        None if no recording has both.
    """
    pairs = {quantity: _pairs(rows) for quantity, rows in found.comparisons.items()}
    drawn = {quantity: values for quantity, values in pairs.items() if values.shape[1]}
    if not drawn:
        return None
    figure = _figure(9.5, 4.4 * len(drawn), title)
    axes = figure.subplots(len(drawn), 2, squeeze=False)
    for row, (quantity, (predicted, true)) in zip(axes, drawn.items(), strict=True):
        _scatter(row[0], predicted, true, _RATES[quantity])
        row[0].set_title(_agreement(predicted, true, len(found.comparisons[quantity]), _RATES[quantity]), fontsize=9)
        _bland_altman(row[1], predicted, true, _RATES[quantity])
    return figure


def _pairs(rows: Sequence[RateComparison]) -> NDArray[np.float64]:
    both = [(row.predicted, row.true) for row in rows if row.predicted is not None and row.true is not None]
    return np.array(both, dtype=np.float64).reshape(-1, 2).T


def _figure(width: float, height: float, title: str) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        # A file's name is not a formula, whatever characters it holds.
        figure.suptitle(title, fontsize=10, parse_math=False)
    return figure


def _agreement(predicted: NDArray[np.float64], true: NDArray[np.float64], all_of_them: int, name: str) -> str:
    """The figures of the page's table, for the drawn recordings."""
    scores = rate_scores(predicted, true)
    without = all_of_them - len(true)
    return (
        f"n = {len(true)}{f' ({without} without a rate)' if without else ''}, "
        f"MAE {number(scores.mae.value, 2)} {_unit(name)}, r {number(scores.pearson.value, 3)}"
    )


def _unit(name: str) -> str:
    return name.partition("(")[2].rstrip(")")


def _scatter(axes: Axes, predicted: NDArray[np.float64], true: NDArray[np.float64], name: str) -> None:
    low, high = min(predicted.min(), true.min()), max(predicted.max(), true.max())
    margin = 0.05 * (high - low) + 1
    ends = (low - margin, high + margin)
    axes.plot(ends, ends, color=_GREY, lw=1, zorder=0)
    axes.scatter(true, predicted, s=18, color=_BLUE, alpha=0.7, linewidths=0)
    axes.set(xlabel=f"sensor: {name}", ylabel=f"predicted: {name}", xlim=ends, ylim=ends, aspect="equal")


def _bland_altman(axes: Axes, predicted: NDArray[np.float64], true: NDArray[np.float64], name: str) -> None:
    difference, mean = predicted - true, (predicted + true) / 2
    bias, spread = float(difference.mean()), 1.96 * float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
    axes.scatter(mean, difference, s=18, color=_BLUE, alpha=0.7, linewidths=0)
    for value, style, text in (
        (bias, "-", f"bias {bias:.2f}"),
        (bias + spread, "--", f"+1.96 sd {bias + spread:.2f}"),
        (bias - spread, "--", f"-1.96 sd {bias - spread:.2f}"),
    ):
        axes.axhline(value, color=_ORANGE, lw=1, ls=style, label=text)
    axes.set(xlabel=f"mean of sensor and prediction: {name}", ylabel=f"predicted - sensor {name[name.index('(') :]}")
    axes.set_title(f"n = {len(difference)}, differences from the sensor", fontsize=9)
    axes.legend(fontsize=8, frameon=False)


def plot_units(scores: ActionUnitScores, title: str = "") -> Figure:
    """Draw F1 of every unit as bars, and the share of frames with the unit; `title` says what was evaluated."""
    figure = _figure(8, 3.8, title)
    axes = figure.subplots()
    frames = max((unit.frames for unit in scores.units.values()), default=0)
    axes.set_title(f"n = {frames} coded frames, mean F1 {number(scores.mean_f1)} %", fontsize=9, pad=22)
    labels = list(scores.units)
    f1 = [unit.f1 if unit.f1 is not None else 0.0 for unit in scores.units.values()]
    share = [100 * unit.present / unit.frames if unit.frames else 0.0 for unit in scores.units.values()]
    axes.bar(labels, f1, color=_BLUE, width=0.7, label="F1")
    axes.scatter(labels, share, marker="_", s=300, color=_ORANGE, label="frames with the unit", zorder=3)
    if scores.mean_f1 is not None:
        axes.axhline(scores.mean_f1, color=_GREY, lw=1, ls="--", label=f"mean F1 {scores.mean_f1:.1f}")
    axes.set(xlabel="action unit", ylabel="F1, and share of frames (%)", ylim=(0, 100))
    axes.legend(fontsize=8, frameon=False, ncols=3, loc="upper left", bbox_to_anchor=(0, 1.12))
    return figure


def plot_waveforms(
    predictions: Sequence[Predictions],
    settings: SignalSettings,
    recordings: int = 3,
    seconds: float = 20.0,
    title: str = "",
) -> Figure | None:
    """Draw predicted waveforms over the sensor's, as in the paper's Figure 7.

    Parameters
    ----------
    predictions : sequence of Predictions
    settings : SignalSettings
        How both are filtered.
    recordings : int
        Number of recordings, the first that have a sensor.
    seconds : float
        Of each, from its middle.
    title : str
        What was evaluated, and by what.

    Returns
    -------
    Figure or None
        None if no recording has a sensor's waveform and a predicted one.
    """
    quantities: tuple[Quantity, ...] = ("heart", "breathing")
    rows = [
        (one, quantity)
        for quantity in quantities
        for one in [
            p for p in predictions if WAVEFORM_TASKS[quantity] in p.waveforms and WAVEFORM_TASKS[quantity] in p.sensors
        ][:recordings]
    ]
    if not rows:
        return None
    figure = _figure(9, 1.6 * len(rows) + 0.6, title)
    for axes, (one, quantity) in zip(figure.subplots(len(rows), squeeze=False)[:, 0], rows, strict=True):
        agreement = _waveform(axes, one, quantity, settings, seconds)
        axes.set_title(f"{one.name}: {WAVEFORM_TASKS[quantity]}", fontsize=9, loc="left", parse_math=False)
        axes.set_title(f"r {number(agreement, 2)}", fontsize=9, loc="right")
    axes.set_xlabel("time (s)")
    figure.axes[0].legend(fontsize=8, frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.4))
    return figure


def _waveform(
    axes: Axes, one: Predictions, quantity: Quantity, settings: SignalSettings, seconds: float
) -> float | None:
    """Draw a part of both waveforms; their correlation in it."""
    task = WAVEFORM_TASKS[quantity]
    predicted = clean_waveform(one.waveforms[task], one.fs, quantity, settings)
    sensor = clean_waveform(np.append(np.diff(one.sensors[task]), np.nan), one.fs, quantity, settings)
    shown = min(round(seconds * one.fs), len(predicted))
    first = (len(predicted) - shown) // 2
    part = slice(first, first + shown)
    time = np.arange(first, first + shown) / one.fs
    axes.plot(time, sensor[part], color=_GREY, lw=1.2, label="sensor")
    axes.plot(time, predicted[part], color=_ORANGE, lw=1.2, label="predicted")
    axes.set(ylabel="sd", xlim=(time[0], time[-1]) if shown > 1 else None)
    axes.spines[["top", "right"]].set_visible(False)
    both = np.stack([sensor[part], predicted[part]])
    a, b = both[:, np.isfinite(both).all(axis=0)]
    # A constant waveform has no correlation.
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 1 and np.ptp(a) > 0 and np.ptp(b) > 0 else None
