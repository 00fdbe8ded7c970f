"""Action units as weights of the face model's shapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import EXPRESSION_UNITS

# Units whose muscles act on one side alone.
SIDED = ("AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU14", "AU15", "AU45")

# FACS scores a trace (1), slight (2), marked (3), severe (4) and maximum (5); marked and severe span the most.
_WEIGHTS = (0.0, 0.13, 0.28, 0.52, 0.8, 1.0)

# At full weight. "_" stands for the side.
_SHAPES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "AU01": {"browInnerUp_": 1.15},
        "AU02": {"browOuterUp_": 1.0},
        "AU04": {"browDown_": 1.3},
        "AU06": {"cheekSquint_": 0.7, "cheekRaiser_": 0.5, "eyeSquint_": 0.25},
        "AU07": {"eyeSquint_": 0.9, "eyeBlink_": 0.18},
        "AU10": {"mouthUpperUp_": 1.0, "noseSneer_": 0.2},
        "AU12": {"mouthSmile_": 1.0},
        "AU14": {"mouthDimple_": 1.0, "mouthFrown_": 0.65, "mouthPress_": 0.15},
        "AU15": {"mouthFrown_": 1.0},
        "AU17": {"mouthShrugLower": 1.0},
        "AU23": {"mouthPress_": 0.5, "mouthPucker": 0.4, "mouthRollLower": 0.45, "mouthRollUpper": 0.5},
        "AU24": {"mouthPress_": 1.0, "mouthRollLower": 0.4, "mouthRollUpper": 0.35},
        "AU25": {"mouthLowerDown_": 0.55, "jawOpen": 0.05},
        "AU26": {"jawOpen": 0.55},
        "AU45": {"eyeBlink_": 1.0},
    }
)


# Of the model, all that move for a unit or with the gaze.
ACTIVE_SHAPES = frozenset(
    shape + side
    for shapes in (*_SHAPES.values(), {f"eyeLook{way}_": 1.0 for way in ("Up", "Down", "In", "Out")})
    for shape in shapes
    for side in ("LR" if shape.endswith("_") else ("",))
)


@dataclass(frozen=True, eq=False)
class FacePose:
    """What a face does at one moment.

    Attributes
    ----------
    sides : float array (15, 2)
        Intensity 0..5 of `EXPRESSION_UNITS` on the person's left and right; equal for those without sides.
    gaze : tuple of float
        Of the eyes, to the person's left and up, -1..1.
    others : dict of str to float
        Weights 0..1 of further shapes of the model, by name.
    """

    sides: NDArray[np.floating]
    gaze: tuple[float, float] = (0.0, 0.0)
    others: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def neutral(cls) -> "FacePose":
        """Return a resting face."""
        return cls(np.zeros((len(EXPRESSION_UNITS), 2)))

    def activations(self) -> NDArray[np.float64]:
        """Return weights 0..1 of units and sides, (15, 2), by the scale of intensities."""
        return np.asarray(np.interp(self.sides, np.arange(len(_WEIGHTS)), _WEIGHTS))

    def shapes(self) -> dict[str, float]:
        """Return the weights of the model's shapes, those at rest left out."""
        weights: dict[str, float] = {}

        def add(name: str, weight: float) -> None:
            if weight:
                weights[name] = weights.get(name, 0.0) + weight

        for unit, (left, right) in zip(EXPRESSION_UNITS, self.activations().tolist(), strict=True):
            for shape, share in _SHAPES[unit].items():
                if shape.endswith("_"):
                    add(f"{shape}L", share * left)
                    add(f"{shape}R", share * right)
                else:
                    add(shape, share * (left + right) / 2)
        across, up = self.gaze
        outwards, inwards = ("L", "R") if across > 0 else ("R", "L")
        add(f"eyeLookOut_{outwards}", abs(across))
        add(f"eyeLookIn_{inwards}", abs(across))
        for side in "LR":
            add(f"eyeLook{'Up' if up > 0 else 'Down'}_{side}", abs(up))
        for name, weight in self.others.items():
            add(name, weight)
        # The lids meet at 1 and would pass through one another beyond.
        return {name: min(weight, 1.0 if name.startswith("eyeBlink") else 1.3) for name, weight in weights.items()}


# Gap between the lips in cm at each intensity of AU25.
_GAPS = (0.02, 0.06, 0.16, 0.38, 0.75, 1.3)


def lips_apart(gap: float) -> float:
    """Intensity 0..5 of AU25 for a gap between the lips in cm, whatever opened it."""
    return float(np.interp(gap, _GAPS, np.arange(len(_GAPS))))
