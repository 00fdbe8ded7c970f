"""Where the skin folds when units act, and where old skin is folded at rest, on the skin's chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import EXPRESSION_UNITS
from physiocam.synthetic.drawn.shapes import Plane, Point, bump, line

# Depth of a fold at full strength in cm, and the share of light that it swallows.
_DEPTH, _DARK = 0.075, 0.3

_Paths = tuple[tuple[float, tuple[Point, ...]], ...]

# Lines on the left half of the mean face, (width, points in cm across and up); the right half mirrors them.
_LINES: Mapping[str, _Paths] = MappingProxyType(
    {
        "AU01": tuple((0.13, ((0.0, y), (1.2, y + 0.12), (2.3, y - 0.05))) for y in (7.1, 7.9, 8.75)),
        "AU02": tuple((0.13, ((2.2, y), (3.8, y + 0.2), (5.6, y - 0.45))) for y in (7.2, 8.1)),
        "AU04": ((0.13, ((0.62, 4.7), (0.55, 5.5), (0.75, 6.4))), (0.11, ((0.0, 4.15), (0.7, 4.1)))),
        "AU06": (
            (0.1, ((5.15, 3.65), (6.3, 4.35))),
            (0.1, ((5.2, 3.35), (6.7, 3.3))),
            (0.1, ((5.1, 3.05), (6.4, 2.3))),
            (0.12, ((1.9, 2.45), (3.2, 1.95), (4.7, 2.3))),
        ),
        "AU07": ((0.1, ((2.0, 2.75), (3.2, 2.5), (4.4, 2.75))),),
        "AU10": ((0.16, ((1.75, 0.6), (2.15, -0.5), (2.95, -1.7))),),
        "AU12": ((0.17, ((2.05, -0.4), (3.1, -1.7), (3.65, -3.0))), (0.1, ((3.5, -3.2), (3.6, -4.1)))),
        "AU14": ((0.14, ((3.05, -2.9), (3.2, -3.6), (3.0, -4.3))),),
        "AU15": ((0.14, ((2.75, -3.8), (3.1, -4.7), (3.2, -5.6))),),
        "AU17": ((0.14, ((0.0, -5.35), (1.0, -5.45), (1.8, -5.9))),),
        "AU23": (
            *((0.09, ((u, -1.7), (u * 0.9, -2.35))) for u in (0.35, 0.85, 1.35)),
            *((0.09, ((u * 0.9, -4.6), (u, -5.1))) for u in (0.4, 1.0)),
        ),
        "AU24": ((0.12, ((0.0, -5.05), (1.5, -5.0))), (0.12, ((2.75, -3.2), (2.85, -3.9)))),
    }
)

# Bulges: (height in cm, centre, size).
_BULGES: Mapping[str, tuple[tuple[float, Point, Point], ...]] = MappingProxyType(
    {
        "AU04": ((0.12, (1.3, 5.0), (0.6, 0.4)),),
        "AU06": ((0.1, (4.0, 0.8), (1.2, 0.6)),),
        "AU07": ((0.07, (3.2, 2.75), (1.1, 0.14)),),
        "AU12": ((0.08, (4.0, -0.6), (0.9, 0.8)),),
        "AU14": ((0.08, (3.7, -3.5), (0.4, 0.8)),),
        "AU15": ((0.05, (2.4, -4.6), (0.4, 0.5)),),
        "AU24": ((0.06, (0.0, -2.0), (1.5, 0.25)), (0.06, (0.0, -4.9), (1.3, 0.25))),
    }
)

# Folds of old faces at rest.
_RESTING: _Paths = (
    (0.16, ((1.9, -0.2), (2.7, -1.5), (3.3, -2.9))),
    (0.13, ((2.85, -4.0), (3.1, -5.3))),
    (0.13, ((1.8, 2.35), (2.6, 1.75), (4.2, 1.9))),
)


@dataclass(frozen=True, eq=False)
class Folds:
    """Relief and darkness of folds on the chart.

    Attributes
    ----------
    relief : float32 array (16, H, W)
        Height in cm that each of `EXPRESSION_UNITS` adds at full strength, and last what age adds at rest.
    crease : float32 array (16, H, W)
        Share of the light that each swallows.
    left : float32 array (H, W)
        1 on the person's left half, 0 on the right.
    """

    relief: Plane
    crease: Plane
    left: Plane

    @classmethod
    def on(cls, chart: Plane) -> "Folds":
        """Draw all folds on a chart of places (H, W, 3) on the mean face."""
        side, up = np.abs(chart[..., 0]), chart[..., 1]
        crease = np.zeros((len(EXPRESSION_UNITS) + 1, *side.shape), dtype=np.float32)
        relief = np.zeros_like(crease)
        for row, paths in enumerate([*(_LINES.get(unit, ()) for unit in EXPRESSION_UNITS), _RESTING]):
            for width, points in paths:
                near = _near(side, up, points, 4 * width)
                crease[row][near] += _DARK * line(side[near], up[near], points, width)
                relief[row][near] -= _DEPTH * line(side[near], up[near], points, 1.3 * width)
        for unit, bulges in _BULGES.items():
            for height, at, size in bulges:
                relief[EXPRESSION_UNITS.index(unit)] += height * bump(side, up, at, size)
        chin = EXPRESSION_UNITS.index("AU17")
        # Dimpled like orange peel.
        pits = np.maximum(np.sin(9.0 * chart[..., 0]) * np.sin(8.5 * up + 2.0 * np.sin(4.0 * chart[..., 0])), 0)
        boss = bump(side, up, (0.0, -6.9), (1.3, 0.8))
        relief[chin] += 0.1 * boss - 0.05 * pits * boss
        crease[chin] += 0.3 * pits * boss
        left = 1 / (1 + np.exp(-chart[..., 0] / 0.35))
        return cls(relief, np.minimum(crease, 0.7), left.astype(np.float32))

    def at(self, activations: Plane, depth: float, resting: float) -> tuple[Plane, Plane]:
        """Add up the folds of a moment.

        Parameters
        ----------
        activations : float array (15, 2)
            Weights 0..1 of `EXPRESSION_UNITS` on the left and right.
        depth, resting : float
            How deep skin folds in action and at rest.

        Returns
        -------
        relief, crease : float32 arrays (H, W)
        """
        relief = resting * self.relief[-1]
        crease = resting * self.crease[-1]
        for row in np.flatnonzero(activations.any(axis=1)):
            left, right = (np.float32(depth * value) for value in activations[row])
            strength = right + (left - right) * self.left
            relief += strength * self.relief[row]
            crease += strength * self.crease[row]
        return relief, np.minimum(crease, np.float32(0.75))


def _near(side: Plane, up: Plane, points: tuple[Point, ...], margin: float) -> NDArray[np.bool_]:
    across, height = zip(*points, strict=True)
    beside = (side > min(across) - margin) & (side < max(across) + margin)
    return np.asarray(beside & (up > min(height) - margin) & (up < max(height) + margin))
