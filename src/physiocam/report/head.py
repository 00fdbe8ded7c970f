"""The head's pose in a report."""

import numpy as np

from physiocam.report.graph import MOST_DRAWN, Axis, Graph, Table, bins, column, mean, spans, text, time_bins
from physiocam.report.time_graph import time_graph
from physiocam.results.measurement import Measurement

# What the columns of the pose are, and where positive angles point.
_AXES = (("pitch", "up"), ("yaw", "to the person's left"), ("roll", "to the person's left shoulder"))

# A graph spans at least this many degrees each way.
_LEAST_DEGREES = 10.0


def head_graphs(measurement: Measurement) -> tuple[list[tuple[str, Graph]], Table] | None:
    """Title and graph of each angle along the recording, and their numbers; None if none was measured."""
    pose = measurement.head_pose
    if not np.isfinite(pose).any():
        return None
    edges = bins(measurement.frames, MOST_DRAWN)
    middles = (edges[:-1] + edges[1:]) / 2 / measurement.fs
    unseen = np.asarray(np.isnan(pose).any(axis=1))
    gaps = spans(unseen, measurement.fs)
    graphs = []
    for index, (name, way) in enumerate(_AXES):
        angle = pose[:, index].astype(np.float64)
        low, high = float(np.nanmin(angle)), float(np.nanmax(angle))
        alt = f"{name} of the head from {text(low, 0)} to {text(high, 0)} degrees along the recording"
        y = Axis.of(min(low, -_LEAST_DEGREES), max(high, _LEAST_DEGREES), "degrees")
        graph = time_graph(measurement, alt, y, "wave", gaps)
        graph.add_level(0.0, "floor")
        graph.add_line(middles, mean(angle, edges), "pose")
        graphs.append((f"{name}: positive {way}", graph))
    rows = time_bins(measurement.frames, measurement.duration_s)
    columns = [column(mean(pose[:, index], rows), 1) for index in range(len(_AXES))]
    caption = "mean pose of the head per time span, in degrees; every frame is in action_units.csv"
    header = ("from (s)", *(name for name, _ in _AXES))
    times = column(measurement.timestamps_s[rows[:-1]], 1)
    return graphs, Table(caption, header, tuple(zip(times, *columns, strict=True)))
