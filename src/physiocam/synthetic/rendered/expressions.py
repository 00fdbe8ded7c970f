"""What rendered faces do: units alone and together, one-sided or not, and movements that are none of them."""

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import AU_LABELS, EXPRESSION_UNITS
from physiocam.synthetic.rendered.units import SIDED, FacePose

# What people show together, with how strong each is of the strongest.
EXPRESSIONS = MappingProxyType(
    {
        "smile": {"AU06": 0.8, "AU12": 1.0, "AU25": 0.7},
        "closed smile": {"AU06": 0.6, "AU12": 0.9},
        "polite smile": {"AU12": 0.7},
        "surprise": {"AU01": 0.9, "AU02": 0.9, "AU25": 0.8, "AU26": 0.8},
        "anger": {"AU04": 1.0, "AU07": 0.8, "AU23": 0.8},
        "held anger": {"AU04": 1.0, "AU07": 0.7, "AU24": 0.9},
        "disgust": {"AU10": 1.0, "AU04": 0.4, "AU17": 0.4},
        "sadness": {"AU01": 0.8, "AU04": 0.6, "AU15": 0.9, "AU17": 0.6},
        "fear": {"AU01": 0.9, "AU02": 0.6, "AU04": 0.7, "AU25": 0.6, "AU26": 0.4},
        "contempt": {"AU14": 0.9},
        "pain": {"AU04": 0.8, "AU06": 0.7, "AU07": 0.9, "AU10": 0.6},
        "doubt": {"AU15": 0.7, "AU17": 0.9},
        "crying": {"AU01": 0.6, "AU04": 0.8, "AU06": 0.6, "AU07": 0.7, "AU15": 0.9, "AU17": 0.8, "AU25": 0.3},
    }
)

# Mouths of speech: jaw and lips apart (0..5), and other shapes.
TALKING: tuple[tuple[float, float, dict[str, float]], ...] = (
    (3.0, 2.0, {}),
    (1.5, 2.0, {"mouthStretch_L": 0.4, "mouthStretch_R": 0.4}),
    (1.5, 1.0, {"mouthFunnel": 0.5}),
    (0.5, 0.5, {"mouthPucker": 0.5, "mouthFunnel": 0.2}),
    (0.5, 1.0, {"mouthRollLower": 0.5}),
    (2.5, 3.0, {"mouthLowerDown_L": 0.2, "mouthLowerDown_R": 0.2}),
)

# Movements that are none of the units.
OTHERS: tuple[dict[str, float], ...] = (
    {"cheekPuff_L": 0.9, "cheekPuff_R": 0.9},
    {"mouthPucker": 0.9},
    {"mouthFunnel": 0.7},
    {"jawLeft": 0.8},
    {"jawRight": 0.8},
    {"mouthLeft": 0.7},
    {"mouthRight": 0.7},
    {"eyeWide_L": 0.9, "eyeWide_R": 0.9},
    {"noseSneer_L": 0.6, "noseSneer_R": 0.6},
    {"mouthStretch_L": 0.7, "mouthStretch_R": 0.7},
    {"jawForward": 0.6},
)

# Those that people show on one side alone; who shuts one eye winks.
_ONE_SIDED = tuple(unit for unit in SIDED if unit in AU_LABELS)

# Pressed lips do not part, and a dropped jaw does not press them.
_PRESSING = ("AU17", "AU23", "AU24")


def still_face(kind: str, random: np.random.Generator) -> FacePose:
    """Invent a face of a moment.

    Parameters
    ----------
    kind : str
        "neutral", "units" (one to three, whatever they are), "one-sided" (one to three, each stronger on one side),
        "expression" (what people show together), "talking" or "other" (a movement that is none of the units).
    random : numpy Generator

    Returns
    -------
    FacePose
        With the gaze and the blinks of any face.
    """
    sides = np.zeros((len(EXPRESSION_UNITS), 2))
    others: dict[str, float] = {}
    if kind in ("units", "one-sided"):
        units, weakest, lopsided = (AU_LABELS, 0.6, 0.35) if kind == "units" else (_ONE_SIDED, 1.5, 1.0)
        for unit in random.choice(units, size=int(random.choice((1, 2, 3), p=(0.5, 0.3, 0.2))), replace=False):
            level = float(random.uniform(weakest, 5))
            sides[EXPRESSION_UNITS.index(unit)] = both_sides(str(unit), level, random, lopsided)
        if random.uniform() < 0.2:
            sides[EXPRESSION_UNITS.index("AU25")] = random.uniform(1, 5)
    elif kind == "expression":
        sides = together(random.uniform(1, 5), random)
    elif kind == "talking":
        jaw, lips, others = TALKING[random.integers(len(TALKING))]
        sides[EXPRESSION_UNITS.index("AU26")] = jaw * random.uniform(0.2, 1.3)
        sides[EXPRESSION_UNITS.index("AU25")] = lips * random.uniform(0.2, 1.3)
    elif kind == "other":
        others = OTHERS[random.integers(len(OTHERS))]
        others = {name: weight * random.uniform(0.3, 1.0) for name, weight in others.items()}
    apart(sides)
    if random.uniform() < 0.14:
        blink = random.choice((random.uniform(0.8, 3.5), random.uniform(3.5, 5.0)), p=(0.4, 0.6))
        sides[EXPRESSION_UNITS.index("AU45")] = both_sides("AU45", float(blink), random, 0.08)
    gaze = np.clip(random.normal(0, (0.3, 0.22)), -1, 1)
    return FacePose(sides, (float(gaze[0]), float(gaze[1])), others)


def together(strength: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Invent an expression of a strength 0..5 that people show: intensities (15, 2)."""
    sides = np.zeros((len(EXPRESSION_UNITS), 2))
    name = list(EXPRESSIONS)[random.integers(len(EXPRESSIONS))]
    for unit, share in EXPRESSIONS[name].items():
        if random.uniform() < 0.88:
            level = min(strength * share * random.uniform(0.6, 1.2), 5.0)
            sides[EXPRESSION_UNITS.index(unit)] = both_sides(unit, level, random, 0.8 if name == "contempt" else 0.2)
    return sides


def both_sides(unit: str, level: float, random: np.random.Generator, lopsided: float = 0.35) -> tuple[float, float]:
    """Intensities on the left and right: nearly equal, or in a share of the cases weaker or missing on one side."""
    if unit not in SIDED:
        return level, level
    weaker = level * random.uniform(0.88, 1.0)
    if random.uniform() < lopsided:
        weaker = level * random.choice((0.0, random.uniform(0.1, 0.75)))
    pair = (level, float(weaker))
    return pair if random.uniform() < 0.5 else pair[::-1]


def apart(sides: NDArray[np.float64]) -> None:
    """Take out, in place, what a mouth cannot do at once: pressed lips do not part; sides (..., 15, 2)."""
    pressing = sides[..., [EXPRESSION_UNITS.index(unit) for unit in _PRESSING], :].max(axis=(-2, -1))
    for unit in ("AU25", "AU26"):
        sides[..., EXPRESSION_UNITS.index(unit), :] *= np.clip(1.5 - pressing, 0, 1)[..., None]
