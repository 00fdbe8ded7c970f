"""Reading and smoothing of planes of values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def unit(vectors: Floats) -> Floats:
    """Scale vectors (n, 3) to length 1."""
    scaled: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-9))
    return scaled


def bilinear(layers: Floats, places: Floats) -> Floats:
    """Read layers (H, W, C) between pixels, at rows and columns (n, 2); beyond the edge it is the edge."""
    rows, columns, channels = layers.shape
    row = np.clip(places[:, 0], 0, rows - 1.001)
    column = np.clip(places[:, 1], 0, columns - 1.001)
    whole_row, whole_column = row.astype(np.intp), column.astype(np.intp)
    down, across = (row - whole_row)[:, None], (column - whole_column)[:, None]
    flat = layers.reshape(-1, channels)
    index = whole_row * columns + whole_column
    upper = flat[index] * (1 - across) + flat[index + 1] * across
    lower = flat[index + columns] * (1 - across) + flat[index + columns + 1] * across
    read: Floats = upper * (1 - down) + lower * down
    return read


def averaged(values: Floats, seen: NDArray[np.intp], shape: tuple[int, int], radius: int) -> Floats:
    """Average values (n,) of the pixels `seen` of a plane over those of their neighbours that are seen too."""
    plane = np.zeros((2, *shape), np.float32)
    flat = plane.reshape(2, -1)
    flat[0, seen], flat[1, seen] = values, 1
    total, count = _box_sum(plane, radius).reshape(2, -1)[:, seen]
    mean: Floats = total / np.maximum(count, np.float32(1e-6))
    return mean


def _box_sum(planes: Floats, radius: int) -> Floats:
    """Sum over squares of planes (n, H, W), with zeros around."""
    for axis in (1, 2):
        pad = [(0, 0)] * 3
        pad[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(planes, pad), axis=axis, dtype=np.float32)
        ends = np.arange(planes.shape[axis]) + 2 * radius + 1
        planes = total.take(ends, axis=axis) - total.take(ends - 2 * radius - 1, axis=axis)
    return planes
