"""The graphs and tables of a report."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import MOST_INTENSE
from physiocam.report.graph import (
    MOST_DRAWN,
    MOST_ROWS,
    Axis,
    Graph,
    Table,
    bins,
    column,
    highest,
    lowest,
    mean,
    spans,
    text,
    time_bins,
)
from physiocam.report.missing_rates import WAVES, rate_of, why_no_rate
from physiocam.report.time_graph import time_graph
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import ActionUnit
from physiocam.signals.confidence import floor_of
from physiocam.signals.quantities import STEP_S, UNITS, Quantity
from physiocam.signals.spectra import waveform_spectrum
from physiocam.signals.variability import HeartRateVariability
from physiocam.signals.waveform import stretches

# Seconds per strip of waveform; longer if there would be more strips than this.
_STRIP_S = 30.0
_MOST_STRIPS = 10

# Range of a waveform's axis, in standard deviations.
_RANGE = 3.5
_TICKS = ((-2.0, "-2"), (0.0, "0"), (2.0, "2"))

# A rate's axis spans at least this much per minute.
_LEAST_SPAN = 20.0

RATES: dict[Quantity, str] = {"heart": "heart rate", "breathing": "breathing rate"}


def waveform_strips(measurement: Measurement, quantity: Quantity) -> list[Graph]:
    """A waveform in strips, one below the other; gaps are shaded."""
    _, _, waveform = rate_of(measurement, quantity)
    strips = min(max(round(measurement.duration_s / _STRIP_S), 1), _MOST_STRIPS, measurement.frames)
    edges = np.linspace(0, measurement.frames, strips + 1).astype(int).tolist()
    return [_strip(measurement, quantity, waveform[start:stop], start) for start, stop in pairwise(edges)]


def why_withheld(measurement: Measurement, quantity: Quantity) -> str | None:
    """Explain next to a waveform why its rate is not measured; None if it is."""
    rate, _, _ = rate_of(measurement, quantity)
    if rate.value is not None:
        return None
    return f"The {RATES[quantity]} was not measured ({rate.note}): this curve may be noise, not {WAVES[quantity]}."


def _strip(measurement: Measurement, quantity: Quantity, waveform: NDArray[np.float64], start: int) -> Graph:
    style = quantity if why_withheld(measurement, quantity) is None else "withheld"
    fs = measurement.fs
    low, high = start / fs, (start + len(waveform)) / fs
    gaps = spans(~np.isfinite(waveform), fs, start)
    alt = f"{WAVES[quantity]} from {low:.1f} to {high:.1f} s; {_told(gaps)}"
    graph = time_graph(measurement, alt, Axis(-_RANGE, _RANGE, "", _TICKS), "wave", gaps, (low, high))
    clipped = np.clip(waveform, -_RANGE, _RANGE)
    if len(waveform) <= MOST_DRAWN:
        graph.add_line((start + np.arange(len(waveform))) / fs, clipped, style)
    else:
        # Lowest and highest in each bin, so that no beat is lost.
        edges = bins(len(waveform), MOST_DRAWN // 2)
        middles = (start + (edges[:-1] + edges[1:]) / 2) / fs
        both = np.stack([lowest(clipped, edges), highest(clipped, edges)], axis=1)
        graph.add_line(np.repeat(middles, 2), both.ravel(), style)
    return graph


def _told(gaps: list[tuple[float, float]]) -> str:
    if not gaps:
        return "no gaps"
    named = ", ".join(f"{start:.1f} to {stop:.1f} s" for start, stop in gaps[:5])
    return f"no usable signal from {named}" + (f" and in {len(gaps) - 5} more places" if len(gaps) > 5 else "")


def waveform_table(measurement: Measurement, quantity: Quantity) -> Table:
    """The numbers of a waveform; of a long one, the lowest and highest of each row's frames."""
    _, _, waveform = rate_of(measurement, quantity)
    edges = bins(measurement.frames, MOST_ROWS)
    times = column(measurement.timestamps_s[edges[:-1]], 3)
    if len(edges) - 1 == measurement.frames:
        rows = zip(times, column(waveform, 3), strict=True)
        return Table(f"{WAVES[quantity]}, one row per frame", ("time (s)", "standard deviations"), tuple(rows))
    caption = f"{WAVES[quantity]} in {len(edges) - 1} rows; every frame is in waveforms.csv"
    lows, highs = (column(reduce(waveform, edges), 3) for reduce in (lowest, highest))
    header = ("from (s)", "lowest (standard deviations)", "highest")
    return Table(caption, header, tuple(zip(times, lows, highs, strict=True)))


def rate_graphs(measurement: Measurement, quantity: Quantity) -> list[Graph]:
    """A rate along the recording, and its quality; empty for a recording too short to have one."""
    rate, along, _ = rate_of(measurement, quantity)
    times = measurement.rates_timestamps_s
    if not len(times):
        return []
    told = along.value[np.isfinite(along.value)]
    where = f"{RATES[quantity]} along the recording: not measured in any of {len(times)} seconds"
    low, high = 60.0 * np.array(measurement.settings.of(quantity).band_hz)
    if len(told):
        where = (
            f"{RATES[quantity]} along the recording: {told.min():.1f} to {told.max():.1f} {rate.unit} in {len(told)} "
            f"of {len(times)} seconds, not measured in the others"
        )
        shown = told if rate.value is None else np.append(told, rate.value)
        room = max((_LEAST_SPAN - np.ptp(shown)) / 2, 2.0)
        low, high = max(float(shown.min() - room), 0.0), float(shown.max() + room)
    seconds = np.append(times - STEP_S / 2, times[-1] + STEP_S / 2)
    without = [(seconds[gap.start], seconds[gap.stop]) for gap in stretches(~np.isfinite(along.value), 1)]
    without.append((seconds[-1], measurement.duration_s))
    values = time_graph(measurement, where, Axis.of(low, high, UNITS[quantity]), "rate", without)
    if rate.value is not None:
        values.add_level(rate.value, "whole")
    values.add_line(times, along.value, quantity)
    values.add_dots(times, along.value, quantity)
    floor = floor_of(measurement.settings.of(quantity), quantity, rate.is_judged)
    qualities = time_graph(
        measurement,
        f"quality of the {RATES[quantity]} along the recording, {along.quality.min():.2f} to "
        f"{along.quality.max():.2f}; under {floor:g} the rate is withheld",
        Axis(0.0, 1.0, "quality", ((0.0, "0"), (1.0, "1"))),
        "quality",
    )
    qualities.add_area(seconds, along.quality, quantity)
    qualities.add_level(floor, "floor")
    return [values, qualities]


def rate_table(measurement: Measurement, quantity: Quantity) -> Table:
    """The numbers of a rate along the recording, with the reason if it is not measured."""
    rate, along, _ = rate_of(measurement, quantity)
    every = max(-(-len(along.value) // MOST_ROWS), 1)
    rows = zip(
        column(measurement.rates_timestamps_s, 1),
        column(along.value, 1),
        column(along.quality, 2),
        (reason or "" for reason in why_no_rate(measurement, quantity)),
        strict=True,
    )
    each = "one row per second" if every == 1 else f"one second in {every}; every second is in rates.csv"
    return Table(
        f"{RATES[quantity]}, {each}", ("time (s)", rate.unit, "quality", "why not measured"), tuple(rows)[::every]
    )


def spectrum_graph(measurement: Measurement, quantity: Quantity) -> tuple[Graph, Table] | None:
    """The spectrum from which the recording's rate was found, if there is one."""
    rate, _, waveform = rate_of(measurement, quantity)
    chosen = measurement.settings.of(quantity)
    spectrum = waveform_spectrum(waveform, measurement.fs, chosen, measurement.cuts)
    if spectrum is None:
        return None
    per_minute, power = 60.0 * spectrum.frequencies_hz, spectrum.power / spectrum.power.max()
    low, high = (60.0 * edge for edge in chosen.band_hz)
    peak = float(per_minute[np.argmax(power)])
    told = (
        f"the chosen peak is at {rate.value:.1f}"
        if rate.value is not None
        else f"the rate is not measured: {rate.note}"
    )
    alt = (
        f"spectrum of the {WAVES[quantity]}; the band is {low:g} to {high:g} {rate.unit}, the largest power at "
        f"{peak:.1f}; {told}"
    )
    x = Axis.of(0.0, 1.1 * high, rate.unit)
    graph = Graph(alt, x, Axis(0.0, 1.08, "power", ((0.0, "0"), (1.0, "1"))), "rate")
    graph.add_spans([(0.0, low), (high, x.high)], "outside")
    graph.add_line(per_minute, power, quantity)
    if rate.value is not None:
        graph.add_upright(rate.value, "peak")
    rows = tuple(zip(column(per_minute, 2), column(power, 4), strict=True))
    every = max(-(-len(rows) // MOST_ROWS), 1)
    caption = f"spectrum of the {WAVES[quantity]}, as a share of the largest power"
    return graph, Table(caption, (rate.unit, "power"), rows[::every])


def action_unit_rows(measurement: Measurement) -> list[tuple[str, ActionUnit, Graph]]:
    """Each action unit's label, summary and probability along the recording."""
    edges = bins(measurement.frames, MOST_DRAWN // 4)
    unseen = np.asarray(np.isnan(measurement.action_unit_probability).any(axis=1))
    gaps = spans(unseen, measurement.fs)
    rows = []
    for index, (label, unit) in enumerate(measurement.action_units.items()):
        probability = mean(measurement.action_unit_probability[:, index], edges)
        alt = f"probability of {label}, {unit.name}, along the recording; mean {text(unit.mean_probability, 2)}"
        graph = time_graph(measurement, alt, Axis(0.0, 1.0, "", ()), "unit", gaps)
        graph.add_area(edges / measurement.fs, probability, "au")
        graph.add_level(0.5, "floor")
        if label in measurement.intensity_labels:
            intensity = measurement.intensity[:, measurement.intensity_labels.index(label)]
            graph.add_line(
                (edges[:-1] + edges[1:]) / 2 / measurement.fs, mean(intensity, edges) / MOST_INTENSE, "intensity"
            )
        rows.append((label, unit, graph))
    return rows


def action_unit_table(measurement: Measurement) -> Table:
    """Mean probabilities of each second, or of longer spans in a long recording."""
    edges = time_bins(measurement.frames, measurement.duration_s)
    columns = [
        column(mean(measurement.action_unit_probability[:, index], edges), 2)
        for index in range(len(measurement.action_units))
    ]
    times = column(measurement.timestamps_s[edges[:-1]], 1)
    caption = "mean probability of each action unit per time span; every frame is in action_units.csv"
    return Table(caption, ("from (s)", *measurement.action_units), tuple(zip(times, *columns, strict=True)))


def beat_graph(measurement: Measurement, variability: HeartRateVariability) -> tuple[Graph, Table] | None:
    """The clean intervals between beats along the recording, if there are any."""
    told = variability.intervals_ms[np.isfinite(variability.intervals_ms)]
    if not len(told):
        return None
    alt = f"{len(told)} clean intervals between beats, {told.min():.0f} to {told.max():.0f} ms"
    room = max((100.0 - np.ptp(told)) / 2, 10.0)
    y = Axis.of(float(told.min() - room), float(told.max() + room), "ms")
    graph = time_graph(measurement, alt, y, "rate")
    graph.add_line(variability.beats_s, variability.intervals_ms, "heart")
    graph.add_dots(variability.beats_s, variability.intervals_ms, "heart")
    rows = zip(
        column(variability.beats_s, 3),
        column(variability.beat_quality, 2),
        column(variability.intervals_ms, 0),
        strict=True,
    )
    every = max(-(-len(variability.beats_s) // MOST_ROWS), 1)
    each = "one row per beat" if every == 1 else f"one beat in {every}; every beat is in beats.csv"
    return graph, Table(f"beats, {each}", ("time (s)", "quality", "interval (ms)"), tuple(rows)[::every])
