"""Generated people: how drawn faces differ."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

Colour = tuple[float, float, float]
Hair = Literal["bald", "short", "parted", "long", "curly"]

# Skin in daylight from Fitzpatrick type I to VI, RGB levels.
SKIN_TONES = np.array(
    [(238, 205, 184), (226, 183, 152), (205, 156, 120), (172, 122, 86), (128, 84, 57), (82, 54, 40)], dtype=np.float64
)
HAIR_COLOURS = np.array(
    [(26, 22, 20), (44, 32, 25), (74, 50, 33), (112, 74, 44), (168, 128, 80), (148, 74, 42), (150, 146, 142)],
    dtype=np.float64,
)
EYE_COLOURS = np.array([(62, 40, 26), (84, 58, 34), (104, 92, 52), (92, 116, 104), (96, 126, 152)], dtype=np.float64)


@dataclass(frozen=True)
class Person:
    """One generated person.

    Lengths are in units of half a face's height: the hairline is at -1, the chin at 1, the eyes are at about -0.2.

    Attributes
    ----------
    skin_depth : float
        0 (Fitzpatrick type I) .. 1 (type VI).
    skin, lips, hair_colour, iris, clothes, wall : tuple of float
        RGB levels.
    hair : str
        How it is worn.
    beard : float
        0 (none) .. 1 (full).
    face_width, jaw, eye_distance, eye_width, eye_height, eye_tilt : float
        Half the width at the cheekbones; exponent of the jaw's outline, 2.1 (pointed) .. 3 (square); the rest as named.
    brow_height, brow_thickness, nose_length, nose_width, mouth_width, mouth_height, lip_thickness : float
    mouth_curve : float
        How far the corners of the resting mouth hang.
    wrinkles : float
        How deep the skin folds, 0.6 (young) .. 1.3 (old).
    details : int
        Seed of other details: freckles, blotches, strands, folds of the clothes, pictures on the wall.
    """

    skin_depth: float
    skin: Colour
    lips: Colour
    hair_colour: Colour
    iris: Colour
    clothes: Colour
    wall: Colour
    hair: Hair
    beard: float
    face_width: float
    jaw: float
    eye_distance: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    brow_height: float
    brow_thickness: float
    nose_length: float
    nose_width: float
    mouth_width: float
    mouth_height: float
    lip_thickness: float
    mouth_curve: float
    wrinkles: float
    details: int

    @classmethod
    def invent(cls, seed: int) -> Self:
        """Generate the person of a seed; the same seed gives the same person.

        Parameters
        ----------
        seed : int
            Not negative.

        Returns
        -------
        Person
        """
        random = np.random.default_rng([seed, 0x0FACE])
        depth = float(random.uniform())
        skin = between_rows(SKIN_TONES, depth) * random.uniform(0.96, 1.04, 3)
        redness = random.uniform(0.25, 0.6)
        lips = skin * (0.84, 0.58, 0.6) * redness + skin * (0.93, 0.8, 0.78) * (1 - redness)
        hair_choices = len(HAIR_COLOURS) if depth < 0.45 else 3
        iris_choices = len(EYE_COLOURS) if depth < 0.45 else 2
        styles: tuple[Hair, ...] = ("bald", "short", "short", "parted", "long", "long", "curly")
        hair = styles[int(random.integers(len(styles)))]
        bearded = hair in {"bald", "short", "curly"} and random.uniform() < 0.35
        return cls(
            skin_depth=depth,
            skin=_colour(skin),
            lips=_colour(lips),
            hair_colour=_colour(HAIR_COLOURS[random.integers(hair_choices)] * random.uniform(0.85, 1.15)),
            iris=_colour(EYE_COLOURS[random.integers(iris_choices)] * random.uniform(0.85, 1.15)),
            clothes=_colour(_muted(random, 0.5)),
            wall=_colour(_muted(random, 0.15, lowest=70)),
            hair=hair,
            beard=float(random.uniform(0.4, 0.9)) if bearded else 0.0,
            face_width=float(random.uniform(0.68, 0.79)),
            jaw=float(random.uniform(2.1, 3.0)),
            eye_distance=float(random.uniform(0.285, 0.325)),
            eye_width=float(random.uniform(0.14, 0.165)),
            eye_height=float(random.uniform(0.058, 0.078)),
            eye_tilt=float(random.uniform(-0.02, 0.06)),
            brow_height=float(random.uniform(0.17, 0.21)),
            brow_thickness=float(random.uniform(0.045, 0.085)),
            nose_length=float(random.uniform(0.26, 0.34)),
            nose_width=float(random.uniform(0.12, 0.17)),
            mouth_width=float(random.uniform(0.26, 0.32)),
            mouth_height=float(random.uniform(0.56, 0.61)),
            lip_thickness=float(random.uniform(0.07, 0.12)),
            mouth_curve=float(random.uniform(-0.022, 0.008)),
            wrinkles=float(random.uniform(0.6, 1.3)),
            details=int(random.integers(2**31)),
        )


def between_rows(table: np.ndarray, position: float) -> np.ndarray:
    """Interpolate between the rows of a table, at a position from 0 (the first) to 1 (the last)."""
    places = np.linspace(0, 1, len(table))
    return np.stack([np.interp(position, places, column) for column in table.T])


def _muted(random: np.random.Generator, colourful: float, lowest: float = 25) -> np.ndarray:
    grey, vivid = random.uniform(lowest, 215), random.uniform(lowest, 215, 3)
    return np.asarray(grey + colourful * (vivid - grey))


def _colour(levels: np.ndarray) -> Colour:
    red, green, blue = np.clip(levels, 0, 250).tolist()
    return (red, green, blue)
