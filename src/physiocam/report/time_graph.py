"""A graph along a recording: its gaps are shaded, and its hard cuts marked."""

from collections.abc import Iterable

from physiocam.report.graph import Axis, Graph
from physiocam.results.measurement import Measurement


def time_graph(
    measurement: Measurement,
    alt: str,
    y: Axis,
    kind: str,
    gaps: Iterable[tuple[float, float]] = (),
    span_s: tuple[float, float] | None = None,
) -> Graph:
    """Start a graph whose horizontal axis is the recording's time.

    Parameters
    ----------
    measurement : Measurement
    alt, y, kind
        As in `Graph`.
    gaps : iterable of (float, float)
        Start and end in seconds.
    span_s : (float, float), optional
        Start and end of the axis; by default those of the recording.
    """
    low, high = span_s or (0.0, measurement.duration_s)
    graph = Graph(alt, Axis.of_time(low, high, measurement.duration_s), y, kind)
    graph.add_spans(gaps, "gap")
    for cut in measurement.cuts:
        if low < cut / measurement.fs < high:
            graph.add_upright(cut / measurement.fs, "cut")
    return graph
