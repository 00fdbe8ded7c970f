"""Shapes for drawing faces: soft hills, lines and blotches on a plane of pixels."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# One value per pixel, (H, W), or an array that broadcasts to it.
Plane = NDArray[np.floating[Any]]
Point = tuple[float, float]


def bump(u: Plane, v: Plane, at: Point, size: Point) -> Plane:
    """Return a Gaussian hill of height 1."""
    return np.asarray(np.exp(-0.5 * (((u - at[0]) / size[0]) ** 2 + ((v - at[1]) / size[1]) ** 2)), dtype=np.float32)


def line(u: Plane, v: Plane, points: Sequence[Point], width: float) -> Plane:
    """Return a soft line of height 1 through points, fading at its ends."""
    drawn = np.zeros(np.broadcast_shapes(u.shape, v.shape), dtype=np.float32)
    for (u0, v0), (u1, v1) in pairwise(points):
        du, dv = u1 - u0, v1 - v0
        along = np.clip(((u - u0) * du + (v - v0) * dv) / (du * du + dv * dv), 0, 1)
        distance = (u - u0 - along * du) ** 2 + (v - v0 - along * dv) ** 2
        np.maximum(drawn, np.exp(-0.5 * distance / width**2), out=drawn)
    return drawn


def blotches(shape: tuple[int, ...], cells: int, random: np.random.Generator, streak: float = 1.0) -> Plane:
    """Return smooth random values of mean 0 and standard deviation about 1.

    Parameters
    ----------
    shape : tuple of int
        Height and width.
    cells : int
        Number of cells across; a cell is `streak` times as high as wide.
    random : numpy Generator
    streak : float
    """
    height, width = shape
    rows, columns = max(round(cells * height / (width * streak)), 2), max(cells, 2)
    smooth = _between_cells(height, rows) @ random.standard_normal((rows, columns), dtype=np.float32)
    values: Plane = smooth @ _between_cells(width, columns).T
    return values


def _between_cells(pixels: int, cells: int) -> Plane:
    """Weights (pixels, cells) that interpolate smoothly and keep the variance of independent cells."""
    places = (np.arange(pixels) + 0.5) / pixels * cells - 0.5
    weights = np.exp(-0.5 * ((places[:, None] - np.arange(cells)) / 0.55) ** 2)
    return np.asarray(weights / np.sqrt((weights**2).sum(axis=1, keepdims=True)), dtype=np.float32)
