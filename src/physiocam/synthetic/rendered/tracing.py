"""Rays that meet triangles: what a camera sees, and where light does not reach. By Intel Embree."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import DatasetError

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Hits:
    """Where rays meet a surface first.

    Attributes
    ----------
    found : bool array (n,)
    triangle : int32 array (n,)
        Its index, -1 where there is none.
    weights : float32 array (n, 3)
        Of the triangle's corners.
    distance : float32 array (n,)
        In lengths of the ray's direction; very large where there is none.
    """

    found: NDArray[np.bool_]
    triangle: Integers
    weights: Floats
    distance: Floats


class Surface:
    """Triangles that rays can meet.

    Parameters
    ----------
    vertices : float32 array (V, 3)
    triangles : int32 array (T, 3)

    Raises
    ------
    DatasetError
        If Embree is not installed.
    """

    def __init__(self, vertices: Floats, triangles: Integers) -> None:
        try:
            from embreex.mesh_construction import TriangleMesh
            from embreex.rtcore_scene import EmbreeScene
        except ImportError:
            raise DatasetError("rendering people needs embreex; run: pip install 'physiocam[render]'") from None

        # Embree's wrapper copies numbers one by one: leave out what no triangle uses.
        used = np.zeros(len(vertices), dtype=bool)
        used[triangles] = True
        own = (np.cumsum(used, dtype=np.int32) - 1)[triangles]
        self._scene = EmbreeScene()
        TriangleMesh(self._scene, np.ascontiguousarray(vertices[used], np.float32), np.ascontiguousarray(own))

    def trace(self, origins: Floats, directions: Floats) -> Hits:
        """Find the first triangle on each ray, float32 arrays (n, 3)."""
        met = self._scene.run(origins, directions, output=1)
        triangle, u, v = met["primID"], met["u"], met["v"]
        return Hits(triangle >= 0, triangle, np.stack([1 - u - v, u, v], axis=1), met["tfar"])

    def blocked(self, origins: Floats, directions: Floats, reach: float) -> NDArray[np.bool_]:
        """Find whether anything lies on each ray up to a distance, (n,)."""
        limits = np.full(len(origins), reach, dtype=np.float32)
        return np.asarray(self._scene.run(origins, directions, limits, query="OCCLUDED") == 0)


def vertex_normals(vertices: Floats, triangles: Integers) -> Floats:
    """Normals (V, 3) of length 1, smooth over the triangles; zero for a vertex of no triangle."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    faces = np.repeat(np.cross(b - a, c - a), 3, axis=0)
    corners = triangles.ravel()
    normals = np.stack([np.bincount(corners, faces[:, axis], len(vertices)) for axis in range(3)], axis=1)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(normals / np.maximum(length, 1e-12), dtype=np.float32)
