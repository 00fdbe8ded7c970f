"""Strips of dots on a study's page: one row per group, one dot per value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physiocam.report.graph import Axis, Graph
from physiocam.study.groups import Groups, StudyRow

# Steps by which neighbouring dots are moved up and down, so that equal values can be seen.
_LEVELS = (0.5, 0.75, 0.25, 0.62, 0.38)

# Quartiles of fewer values mean nothing.
_LEAST_QUARTILES = 4


@dataclass(frozen=True)
class Strip:
    """The values of a group.

    Attributes
    ----------
    label, text : str
        The group, and its values in words.
    graph : Graph
    """

    label: str
    text: str
    graph: Graph


def group_strips(groups: Groups, column: str, unit: str, style: str) -> list[Strip]:
    """Draw a column for each group.

    Parameters
    ----------
    groups : Groups
    column : str
    unit : str
    style : str
        Class of the page's style sheet.

    Returns
    -------
    list of Strip
        Empty if no row has a value.
    """
    values = {name: numbers(rows, column) for name, rows in groups.rows.items()}
    known = np.concatenate(list(values.values())) if values else np.zeros(0)
    if not len(known):
        return []
    room = max(0.05 * float(np.ptp(known)), 1.0)
    axis = Axis.of(max(float(known.min()) - room, 0.0), float(known.max()) + room, unit)
    return [_strip(name, found, len(groups.rows[name]), axis, style) for name, found in values.items()]


def share_strips(rows: Sequence[StudyRow], columns: Mapping[str, tuple[str, str]]) -> list[Strip]:
    """Draw columns of shares, 0 to 1, below each other; `columns` has their labels and styles."""
    # Wider, so that dots at the ends are whole.
    axis = Axis(-0.02, 1.02, "0 to 1", ((0.0, "0"), (0.5, "0.5"), (1.0, "1")))
    return [
        _strip(label, found, len(rows), axis, style, digits=2)
        for column, (label, style) in columns.items()
        if len(found := numbers(rows, column))
    ]


def numbers(rows: Sequence[StudyRow], column: str) -> NDArray[np.float64]:
    """The values of a column that there are."""
    found = [row.get(column) for row in rows]
    return np.array([value for value in found if isinstance(value, int | float)], dtype=np.float64)


def _strip(label: str, values: NDArray[np.float64], rows: int, axis: Axis, style: str, digits: int = 1) -> Strip:
    text = f"{len(values)} of {rows}"
    graph = Graph(f"{label}: {text}", axis, Axis(0.0, 1.0, "", ()), "unit")
    if len(values):
        ordered, middle = np.sort(values), float(np.median(values))
        text += f"; median {middle:.{digits}f}"
        if len(values) >= _LEAST_QUARTILES:
            low, high = np.quantile(values, [0.25, 0.75]).tolist()
            text += f", quartiles {low:.{digits}f} and {high:.{digits}f}"
            graph.add_spans([(low, high)], "gap")
        graph.add_upright(middle, "whole")
        graph.add_dots(ordered, np.resize(np.array(_LEVELS), len(ordered)), style)
    return Strip(label, text, replace(graph, alt=f"{label}: {text}"))
