"""A measurement as a figure: waveforms, rates along the recording and action units (extra `report`)."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from physiocam.results.measurement_data import MeasurementData
from physiocam.results.measurement_text import interval_text
from physiocam.signals.quantities import UNITS, Quantity

_WIDTH, _ROW, _UNIT_ROW = 9.0, 1.4, 0.22

_COLOURS: dict[Quantity, str] = {"heart": "tab:red", "breathing": "tab:blue"}


def measurement_figure(measurement: MeasurementData) -> Figure:
    """Draw a measurement; see `Measurement.plot`."""
    units = len(measurement.action_units)
    ratios = [_ROW] * 4 + [_UNIT_ROW * units] * bool(units)
    # Names of files may hold dollar signs, which are no formulas.
    with mpl.rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(_WIDTH, sum(ratios) + 1.0), layout="constrained")
        rows = figure.subplots(len(ratios), sharex=True, height_ratios=ratios)
        figure.suptitle(measurement.source, fontsize=10)
        _waveform(rows[0], measurement.timestamps_s, measurement.pulse, "pulse", "heart")
        _rate(rows[1], measurement, "heart")
        _waveform(rows[2], measurement.timestamps_s, measurement.respiration, "respiration", "breathing")
        _rate(rows[3], measurement, "breathing")
        if units:
            _action_units(rows[4], measurement)
        rows[-1].set_xlabel("time (s)")
    return figure


def _waveform(axes: Axes, times: NDArray[np.float64], wave: NDArray[np.float64], name: str, of: Quantity) -> None:
    axes.plot(times, wave, color=_COLOURS[of], linewidth=0.8)
    axes.set_ylabel(name)
    axes.set_yticks([])


def _rate(axes: Axes, measurement: MeasurementData, of: Quantity) -> None:
    rate = measurement.heart_rate if of == "heart" else measurement.breathing_rate
    along = measurement.heart_rate_along if of == "heart" else measurement.breathing_rate_along
    axes.plot(measurement.rates_timestamps_s, along.value, ".-", color=_COLOURS[of], linewidth=0.8, markersize=4)
    axes.set_ylabel(UNITS[of])
    name = f"{of} rate"
    if rate.value is None:
        axes.set_title(f"{name}: not measured ({rate.note})", fontsize=9, loc="left")
    else:
        interval = interval_text(rate)
        around = f" ({interval})" if interval else ""
        title = f"{name}: {rate.value:.1f} {rate.unit}{around}, quality {rate.quality:.2f}"
        axes.set_title(title, fontsize=9, loc="left")
        axes.axhline(rate.value, color="0.7", linewidth=0.8, zorder=0)
    low, high = measurement.settings.of(of).band_hz
    axes.set_ylim(60.0 * low, 60.0 * high)


def _action_units(axes: Axes, measurement: MeasurementData) -> None:
    labels = [f"{label} {unit.name}" for label, unit in measurement.action_units.items()]
    times = measurement.timestamps_s
    if len(times):
        half = 0.5 / measurement.fs
        image = axes.imshow(
            measurement.action_unit_probability.T, aspect="auto", interpolation="nearest", cmap="viridis", vmin=0.0,
            vmax=1.0, extent=(times[0] - half, times[-1] + half, len(labels) - 0.5, -0.5),
        )  # fmt: skip
        axes.figure.colorbar(image, ax=axes, label="probability")
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
