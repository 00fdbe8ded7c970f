"""Where a rendered head is, and how a camera sees it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

# The plane in cm before the head's axis in which the scale holds: it goes through the face.
_PLANE_CM = 8.0


@dataclass(frozen=True)
class View:
    """Where the head is and how a camera sees it.

    Attributes
    ----------
    height, width : int
        Of the picture in pixels.
    scale : float
        Pixels for a cm at the face.
    centre : tuple of float
        Row and column of the mean face's origin, which is at the tip of the nose, on the unturned head.
    pose : tuple of float
        Pitch, yaw and roll in degrees, as in `rotation`.
    distance : float
        From the camera in cm.
    chest : float
        How far breathing has raised the shoulders, in cm.
    """

    height: int
    width: int
    scale: float
    centre: tuple[float, float]
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)
    distance: float = 80.0
    chest: float = 0.0

    def rays(self) -> tuple[Floats, Floats]:
        """Origins and directions of one ray a pixel, float32 (n, 3), row by row."""
        rows, columns = np.arange(self.height) - self.centre[0], np.arange(self.width) - self.centre[1]
        x, y = np.meshgrid(columns / self.scale, -rows / self.scale)
        points = np.stack([x, y, np.full_like(x, _PLANE_CM)], axis=-1).reshape(-1, 3).astype(np.float32)
        eye = np.array([0.0, 0.0, self.distance + _PLANE_CM], dtype=np.float32)
        directions = points - eye
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return np.broadcast_to(eye, directions.shape).copy(), directions

    def outline(self, points: Floats) -> tuple[float, float, float, float]:
        """Left, right, bottom and top in cm at the face of what a camera sees of points (n, 3)."""
        seen = points[:, :2] * (self.distance / (self.distance + _PLANE_CM - points[:, 2:]))
        (left, bottom), (right, top) = seen.min(axis=0).tolist(), seen.max(axis=0).tolist()
        return left, right, bottom, top
