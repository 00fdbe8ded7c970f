"""Generated people: how rendered faces differ."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from physiocam.synthetic.drawn.person import EYE_COLOURS, HAIR_COLOURS, SKIN_TONES, Colour, between_rows

Sex = Literal["female", "male"]
Hair = Literal["bald", "shaved", "receding", "short", "swept", "fringe", "tied", "long", "curly", "afro", "scarf"]
Beard = Literal["none", "stubble", "moustache", "goatee", "chin strap", "short", "full"]

_FEMALE_HAIR: tuple[Hair, ...] = ("long", "long", "long", "fringe", "tied", "tied", "swept", "curly", "short", "scarf")
_MALE_HAIR: tuple[Hair, ...] = ("short", "short", "short", "swept", "shaved", "receding", "receding", "bald", "curly")
_BEARDS: tuple[Beard, ...] = ("stubble", "stubble", "moustache", "goatee", "chin strap", "short", "short", "full")


@dataclass(frozen=True)
class RenderedPerson:
    """One generated person.

    Attributes
    ----------
    identity : tuple of float
        Weights of the model's first identity shapes.
    skin_depth : float
        0 (Fitzpatrick type I) .. 1 (type VI).
    age : float
        In years, 18..80: how deep the skin folds and how far it sags.
    sex : str
    skin, lips, hair_colour, iris, clothes : tuple of float
        RGB levels.
    hair, beard : str
    beard_density : float
        0..1.
    make_up : float
        0 (none) .. 1 (strong).
    glasses : str
        "none", "thin" or "thick" frames.
    brow_height, brow_thickness, brow_arch, brow_density : float
        Height over the usual in cm, the rest relative.
    resting : tuple of float
        How far the resting mouth's corners hang, the brows hang over the eyes, the lips are rolled in and the lids
        are lowered, 0..1 each; none of it is an action.
    wrinkles : float
        How deep the skin folds, relative.
    freckles, redness, shine : float
        0..1.
    details : int
        Seed of other details: strands, pores, blotches, moles.
    """

    identity: tuple[float, ...]
    skin_depth: float
    age: float
    sex: Sex
    skin: Colour
    lips: Colour
    hair_colour: Colour
    iris: Colour
    clothes: Colour
    hair: Hair
    beard: Beard
    beard_density: float
    make_up: float
    glasses: Literal["none", "thin", "thick"]
    brow_height: float
    brow_thickness: float
    brow_arch: float
    brow_density: float
    resting: tuple[float, float, float, float]
    wrinkles: float
    freckles: float
    redness: float
    shine: float
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
        RenderedPerson
        """
        random = np.random.default_rng([seed, 0x3DFACE])
        depth = float(random.uniform())
        age = float(18 + 62 * random.beta(1.1, 1.7))
        sex: Sex = "female" if random.uniform() < 0.5 else "male"
        female = sex == "female"
        skin = between_rows(SKIN_TONES, depth) * random.uniform(0.95, 1.05, 3)
        redness = float(random.uniform())
        rosy = random.uniform(0.1, 0.75)
        lips = skin * (0.88, 0.62, 0.62) * rosy + skin * (0.96, 0.84, 0.81) * (1 - rosy)
        make_up = float(random.uniform(0.2, 1.0)) if female and random.uniform() < 0.5 else 0.0
        if make_up and random.uniform() < 0.6:
            lips = lips * (1 - 0.7 * make_up) + 0.7 * make_up * np.array([random.uniform(110, 205), 40, 60])
        beard: Beard = "none"
        if not female and random.uniform() < 0.6:
            beard = _BEARDS[int(random.integers(len(_BEARDS)))]
        styles = _FEMALE_HAIR if female else _MALE_HAIR
        hair = styles[int(random.integers(len(styles)))]
        if depth > 0.75 and hair in {"short", "long", "swept"} and random.uniform() < 0.6:
            hair = "afro"
        colours = len(HAIR_COLOURS) - 1 if depth < 0.45 else 3
        colour = HAIR_COLOURS[random.integers(colours)] * random.uniform(0.8, 1.15)
        grey = float(np.clip((age - random.uniform(38, 70)) / 18, 0, 1))
        colour = colour * (1 - grey) + grey * random.uniform(120, 205) * np.array([1.0, 0.98, 0.95])
        clothes = random.uniform(15, 215) + random.uniform(0, 0.55) * random.uniform(-100, 100, 3)
        iris = EYE_COLOURS[random.integers(len(EYE_COLOURS) if depth < 0.45 else 2)] * random.uniform(0.85, 1.15)
        # Features of neutral faces that resemble actions: hanging corners, heavy brows, thin lips, low lids.
        lowest = np.clip(random.normal((0.2, 0.2, 0.15, 0.15), 0.3), 0, 1)
        aged = np.clip((age - 40) / 40, 0, 1) * random.uniform(0, 1, 4)
        resting = np.clip(lowest + (0.5, 0.25, 0.5, 0.4) * aged, 0, 1)
        return cls(
            identity=tuple((0.85 * random.standard_normal(60)).tolist()),
            skin_depth=depth,
            age=age,
            sex=sex,
            skin=_colour(skin),
            lips=_colour(lips),
            hair_colour=_colour(colour),
            iris=_colour(iris),
            clothes=_colour(clothes),
            hair=hair,
            beard=beard,
            beard_density=float(random.uniform(0.35, 1.0)),
            make_up=make_up,
            glasses=("none", "none", "none", "none", "none", "thin", "thick")[int(random.integers(7))],
            brow_height=float(random.normal(0.15 if female else 0.0, 0.18)),
            brow_thickness=float(random.uniform(0.55, 1.0) if female else random.uniform(0.75, 1.5)),
            brow_arch=float(random.uniform(0.5, 1.6) if female else random.uniform(0.1, 1.1)),
            brow_density=float(random.uniform(0.35, 1.0)),
            resting=(float(resting[0]), float(resting[1]), float(resting[2]), float(resting[3])),
            wrinkles=float(np.interp(age, (18, 40, 80), (0.35, 0.7, 1.4)) * random.uniform(0.7, 1.35)),
            freckles=float(max(random.uniform(-1.5, 1), 0) * (depth < 0.5)),
            redness=redness,
            shine=float(random.uniform()),
            details=int(random.integers(2**31)),
        )


def _colour(levels: np.ndarray) -> Colour:
    red, green, blue = np.clip(levels, 4, 250).tolist()
    return (red, green, blue)
