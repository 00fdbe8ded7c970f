"""Simple solids made of triangles: tubes, balls and sheets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Solid:
    """Vertices (V, 3) float32 and triangles (T, 3) int32."""

    vertices: Floats
    triangles: NDArray[np.int32]


def sheet(points: Floats, closed: bool = False) -> Solid:
    """Return the surface through a grid of points (R, C, 3); closed: its last column meets the first."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    if closed:
        index = np.concatenate([index, index[:, :1]], axis=1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    corners = [np.stack(three, axis=-1).reshape(-1, 3) for three in ((a, d, c), (a, c, b))]
    return Solid(points.reshape(-1, 3).astype(np.float32), np.concatenate(corners))


def tube(path: Floats, radius: float, around: int = 8) -> Solid:
    """Return a tube along a path (n, 3)."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, (0.12, 0.31, 0.94))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    other = np.cross(along, across)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)[None, :, None]
    ring = np.cos(angle) * across[:, None] + np.sin(angle) * other[:, None]
    return sheet(path[:, None] + radius * ring, closed=True)


def ball(centre: Floats, axes: Floats) -> Solid:
    """Return an ellipsoid; the rows of `axes` (3, 3) are its half axes."""
    height = np.linspace(-np.pi / 2, np.pi / 2, 14)[:, None, None]
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)[None, :, None]
    points = np.cos(height) * (np.cos(angle) * axes[0] + np.sin(angle) * axes[1]) + np.sin(height) * axes[2]
    return sheet(centre + points, closed=True)


def joined(solids: list[Solid]) -> Solid:
    """Put solids together."""
    starts = np.cumsum([0, *(len(solid.vertices) for solid in solids[:-1])])
    return Solid(
        np.concatenate([solid.vertices for solid in solids]),
        np.concatenate([solid.triangles + start for solid, start in zip(solids, starts, strict=True)]).astype(np.int32),
    )
