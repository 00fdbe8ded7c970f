"""The face model: a mesh, shapes of expressions and of identities, read from a folder that the user names.

The folder is the light model of ICT-FaceKit (MIT licence, USC Institute for Creative Technologies), as NumPy files.
"""

import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import DatasetError
from physiocam.synthetic.rendered.tracing import Surface
from physiocam.synthetic.rendered.units import ACTIVE_SHAPES

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int32]

# First vertex after each part, in the order of the mesh.
_ENDS = MappingProxyType(
    {"face": 9409, "head": 11248, "mouth": 13294, "sockets": 14062, "gums": 17039, "teeth": 21451, "eyes": 24591,
     "films": 25351, "lashes": 26719}
)  # fmt: skip
PARTS = tuple(_ENDS)
_VERTICES, _INNER = 26719, 6706
_EYES_SEEN = 7.3
_NECK_ENDS = -13.6
_FILES = ("mesh.npz", "expressions.npz", "identities.npz")

# The skin is painted on a chart round the head: an angle about the vertical axis and a height in cm, evenly spaced.
CHART_ANGLE = 1.85
CHART_HEIGHTS = (-11.0, 13.0)
CHART_SHAPE = (384, 544)


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A face that can be deformed.

    Attributes
    ----------
    vertices : float32 array (V, 3)
        The mean face in cm: to its left, up, out of the face.
    triangles : int32 array (T, 3)
    parts : uint8 array (V,)
        Index into `PARTS`.
    expressions : dict of str to float32 array (V, 3)
        Offsets at weight 1.
    identities : float32 array (n, V, 3)
        Principal components of identity; weights are standard normal.
    chart : float32 array (H, W, 3)
        Place on the mean face that each pixel of the skin's chart shows.
    """

    vertices: Floats
    triangles: Integers
    parts: NDArray[np.uint8]
    expressions: dict[str, Floats]
    identities: Floats
    chart: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chart", self._unrolled())

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read a model.

        Parameters
        ----------
        folder : path
            With mesh.npz, expressions.npz and identities.npz.

        Returns
        -------
        FaceModel

        Raises
        ------
        DatasetError
            If a file is missing or is not of the model.
        """
        path = Path(folder)
        for name in _FILES:
            if not (path / name).is_file():
                raise DatasetError(
                    f"'{path}' has no {name}, expected a folder with the light model of ICT-FaceKit"
                    f" ({', '.join(_FILES)}); name that folder"
                )
        try:
            with np.load(path / "mesh.npz", allow_pickle=False) as mesh:
                vertices, quads = mesh["vertices"].astype(np.float32), mesh["quads"].astype(np.int32)
            with np.load(path / "expressions.npz", allow_pickle=False) as stored:
                names, offsets = [str(name) for name in stored["names"]], stored["offsets"].astype(np.float32)
            with np.load(path / "identities.npz", allow_pickle=False) as stored:
                identities = stored["offsets"].astype(np.float32)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise DatasetError(f"'{path}' cannot be read as the face model: {error}; copy the model again") from error
        shapes = (vertices.shape, offsets.shape, identities.shape[1:])
        if (
            shapes != ((_VERTICES, 3), (len(names), _VERTICES, 3), (_VERTICES, 3))
            or quads.ndim != 2
            or quads.shape[1] != 4
            or not ((quads >= 0) & (quads < _VERTICES)).all()
        ):
            raise DatasetError(
                f"'{path}' holds a mesh of {vertices.shape[0] if vertices.ndim else 0} vertices with offsets"
                f" {offsets.shape} and {identities.shape}, expected the model's {_VERTICES} vertices in each"
            )
        if not all(np.isfinite(values).all() for values in (vertices, offsets, identities)):
            raise DatasetError(f"'{path}' has numbers that are not finite, expected centimetres; copy it again")
        missing = ACTIVE_SHAPES - set(names)
        if missing:
            raise DatasetError(f"'{path}' has no shape '{min(missing)}', expected all of the model's; copy it again")
        parts = np.searchsorted(list(_ENDS.values()), np.arange(_VERTICES), side="right").astype(np.uint8)
        triangles = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
        a, b, c = triangles.T
        whole = (a != b) & (b != c) & (c != a) & (parts[a] != PARTS.index("films"))
        # The backs of the eyeballs are never seen.
        whole &= (parts[a] != PARTS.index("eyes")) | (vertices[a, 2] > _EYES_SEEN)
        # The shoulders' beginning would come through the clothes.
        whole &= vertices[a, 1] > _NECK_ENDS
        expressions = dict(zip(names, offsets, strict=True))
        return cls(vertices, triangles[whole], parts, expressions, identities)

    @property
    def inner(self) -> slice:
        """Vertices of the face without ears and skull."""
        return slice(0, _INNER)

    def triangles_of(self, *parts: str) -> Integers:
        """Return the triangles of some parts, (T, 3)."""
        wanted = np.isin(self.parts, [PARTS.index(part) for part in parts])
        chosen: Integers = np.ascontiguousarray(self.triangles[wanted[self.triangles].all(axis=1)])
        return chosen

    def _unrolled(self) -> Floats:
        rows, columns = CHART_SHAPE
        angles = np.linspace(-CHART_ANGLE, CHART_ANGLE, columns)
        heights = np.linspace(CHART_HEIGHTS[1], CHART_HEIGHTS[0], rows)
        angle, height = (grid.ravel() for grid in np.meshgrid(angles, heights))
        inwards = np.stack([-np.sin(angle), np.zeros_like(angle), -np.cos(angle)], axis=1).astype(np.float32)
        origins = (np.stack([np.zeros_like(height), height, np.zeros_like(height)], axis=1) - 40 * inwards).astype(
            np.float32
        )
        skin = Surface(self.vertices, self.triangles_of("face", "head"))
        hits = skin.trace(origins, inwards)
        distance = np.where(hits.found, hits.distance, np.float32(31.0))
        chart: Floats = (origins + distance[:, None] * inwards).reshape(rows, columns, 3).astype(np.float32)
        return chart


def chart_places(points: Floats) -> Floats:
    """Row and column on the skin's chart, (..., 2) float32, of places on the mean face (..., 3)."""
    rows, columns = CHART_SHAPE
    bottom, top = CHART_HEIGHTS
    angle = np.arctan2(points[..., 0], points[..., 2])
    row = (top - points[..., 1]) / (top - bottom) * (rows - 1)
    column = (angle + CHART_ANGLE) / (2 * CHART_ANGLE) * (columns - 1)
    return np.stack([row, column], axis=-1).astype(np.float32)
