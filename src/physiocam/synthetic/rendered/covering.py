"""What covers a rendered head: hair, beard, glasses, a hand before the face."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.drawn.shapes import Plane, blotches
from physiocam.synthetic.rendered.model import FaceModel, chart_places
from physiocam.synthetic.rendered.person import RenderedPerson
from physiocam.synthetic.rendered.skin import hairline
from physiocam.synthetic.rendered.solids import Floats, Solid, ball, joined, sheet, tube
from physiocam.synthetic.rendered.tracing import vertex_normals


class Stuff(IntEnum):
    """What a covering is made of."""

    HAIR = 0
    BEARD = 1
    FRAME = 2
    LENS = 3
    HAND = 4
    CLOTH = 5
    LASH = 6


# Thickness of the hair in cm at the sides and on top, how uneven it is, and how far it falls (height of its ends).
_STYLES = {
    "receding": (0.3, 0.3, 0.0, None),
    "short": (0.3, 0.9, 0.15, None),
    "swept": (0.5, 1.9, 0.25, None),
    "fringe": (0.9, 1.2, 0.15, -12.0),
    "tied": (0.35, 0.6, 0.08, None),
    "long": (0.8, 1.3, 0.2, -17.0),
    "curly": (1.3, 2.2, 0.6, None),
    "afro": (3.0, 4.0, 0.35, None),
    "scarf": (0.6, 0.9, 0.05, -18.0),
}

_STRANDS = (512, 512)


@dataclass(frozen=True, eq=False)
class Cover:
    """Coverings of one moment, before the head turns.

    Attributes
    ----------
    solid : Solid
    stuff : uint8 array (T,)
        `Stuff` of each triangle.
    places : float32 array (V, 3)
        Place of each vertex on the mean face, for its texture.
    """

    solid: Solid
    stuff: NDArray[np.uint8]
    places: Floats


class Covering:
    """Hair, beard and glasses of a person.

    Parameters
    ----------
    model : FaceModel
    person : RenderedPerson
    resting : float32 array (V, 3)
        The person's face at rest.
    beard : float32 array (H, W)
        Density of the beard on the skin's chart.

    Attributes
    ----------
    strands : float32 array
        Noise along strands of hair, of mean 0 and standard deviation about 1.
    """

    def __init__(self, model: FaceModel, person: RenderedPerson, resting: Floats, beard: Plane) -> None:
        self._model, self._person = model, person
        random = np.random.default_rng([person.details, 1])
        self._skin = model.triangles_of("face", "head")
        # Noise along the strands: many across, few along.
        self.strands = blotches(_STRANDS, 250, random, 9.0 if person.hair not in {"curly", "afro"} else 1.2)
        self._recession = random.uniform(0.5, 1.0) if person.hair == "receding" else random.uniform(-0.35, 0.35)
        self._fringe = random.uniform(5.3, 6.8)
        self._parts: list[tuple[Solid, Stuff, Floats]] = []
        self._shell, self._thickness = np.zeros((0, 3), np.int32), np.zeros(len(model.vertices), np.float32)
        if person.hair in _STYLES:
            self._grow(random)
        self._lashes = model.triangles_of("lashes")
        self._whiskers, self._length = self._whisker_roots(beard, random)
        if person.glasses != "none":
            self._parts += _glasses(model, person, resting, random)

    def inside_hair(self, places: Floats) -> Floats:
        """How far in cm places (..., 3) on the mean face lie inside the hair; negative outside."""
        line = hairline(places, self._recession)
        if self._person.hair in {"fringe", "scarf"}:
            angle = np.abs(np.arctan2(places[..., 0], places[..., 2]))
            low = self._fringe if self._person.hair == "fringe" else 7.6
            line = np.minimum(line, np.interp(angle, (0.7, 1.0), (low, 4.5)))
        inside: Floats = places[..., 1] - line
        return inside

    def at(self, vertices: Floats, hand: Solid | None = None) -> Cover:
        """Cover a face of a moment.

        Parameters
        ----------
        vertices : float32 array (V, 3)
            The face as it is deformed.
        hand : Solid, optional
        """
        parts = list(self._parts)
        for triangles, thickness, stuff in (
            (self._shell, self._thickness, Stuff.CLOTH if self._person.hair == "scarf" else Stuff.HAIR),
            (self._whiskers, self._length, Stuff.BEARD),
            (self._lashes, np.zeros_like(self._length), Stuff.LASH),
        ):
            if len(triangles):
                parts.append(self._raised(vertices, triangles, thickness, stuff))
        if hand is not None:
            parts.append((hand, Stuff.HAND, hand.vertices))
        counts = [len(solid.triangles) for solid, _, _ in parts]
        return Cover(
            joined([solid for solid, _, _ in parts]),
            np.repeat(np.array([stuff for _, stuff, _ in parts], np.uint8), counts),
            np.concatenate([places for _, _, places in parts]),
        )

    def _raised(
        self, vertices: Floats, triangles: NDArray[np.int32], thickness: Floats, stuff: Stuff
    ) -> tuple[Solid, Stuff, Floats]:
        used, own = np.unique(triangles, return_inverse=True)
        normals = vertex_normals(vertices[used], own.reshape(-1, 3).astype(np.int32))
        raised = vertices[used] + thickness[used, None] * normals
        return Solid(raised, own.reshape(-1, 3).astype(np.int32)), stuff, self._model.vertices[used]

    def _grow(self, random: np.random.Generator) -> None:
        sides, top, uneven, ends = _STYLES[self._person.hair]
        scale = random.uniform(0.7, 1.35)
        places = self._model.vertices
        inside = self.inside_hair(places)
        across, up, ahead = places.T
        ear = (np.abs(across) > 7.75) & (up > -0.6) & (up < 4.0) & (ahead > -2.2) & (ahead < 1.2)
        growing = (inside > -0.7) & ~ear & (self._model.parts <= 1)
        self._shell = self._skin[growing[self._skin].all(axis=1)]
        shape = np.interp(up, (3.0, 11.0), (sides, top)) * scale
        rough = uneven * np.sin(1.9 * across + 1.3 * np.sin(1.7 * up + 0.4)) * np.sin(1.6 * ahead + 1.1 * up)
        self._thickness = (np.clip((inside + 0.7) / 2.2, 0.08, 1) * (shape + rough)).astype(np.float32)
        if ends is not None:
            scarf = self._person.hair == "scarf"
            begin = 0.98 if scarf else random.uniform(1.02, 1.3)
            low = ends if scarf else float(ends * random.uniform(0.55, 1.0))
            falling = _falling(begin, low, sides * scale, random)
            self._parts.append((falling, Stuff.CLOTH if scarf else Stuff.HAIR, falling.vertices))

    def _whisker_roots(self, beard: Plane, random: np.random.Generator) -> tuple[NDArray[np.int32], Floats]:
        places = chart_places(self._model.vertices)
        rows, columns = (np.clip(places[:, axis].round().astype(int), 0, beard.shape[axis] - 1) for axis in (0, 1))
        density = beard[rows, columns] * (self._model.parts == 0)
        longest = {"moustache": 0.45, "goatee": 0.6, "chin strap": 0.35, "short": 0.45, "full": 1.5}
        length = longest.get(self._person.beard, 0.0) * random.uniform(0.6, 1.3)
        if not length:
            return np.zeros((0, 3), np.int32), density
        roots = self._skin[(density > 0.12)[self._skin].all(axis=1)]
        low = np.clip((-self._model.vertices[:, 1] - 1.0) / 6, 0.35, 1)
        return roots, (length * density * low).astype(np.float32)


def hand_over(where: str, random: np.random.Generator) -> Solid:
    """Return fingers before the mouth, a cheek, or an eye ("mouth", "cheek", "eye")."""
    side = random.choice((-1.0, 1.0))
    x, y, z = {"mouth": (0.6, -4.2, 13.3), "cheek": (5.4, -2.6, 10.6), "eye": (4.6, 4.4, 11.6)}[where]
    lean = random.uniform(-0.5, 0.5)
    along = np.array([np.sin(lean), np.cos(lean), 0.0])
    across = np.array([np.cos(lean), -np.sin(lean), 0.25])
    deep = np.cross(across, along)
    start = np.array([side * x, y, z]) + random.uniform(-0.5, 0.5, 3)
    fingers = []
    for index, length in enumerate((3.2, 3.8, 3.6, 2.9)):
        centre = start + side * (index - 1.5) * 1.65 * across + (length - 3.4) * along
        fingers.append(ball(centre, np.stack([0.85 * across, 0.8 * deep, length * along])))
    palm = ball(start - 4.6 * along, np.stack([3.5 * across, 1.3 * deep, 3.0 * along]))
    return joined([*fingers, palm])


def _falling(begin: float, low: float, volume: float, random: np.random.Generator) -> Solid:
    """Hair that hangs round the back and the sides, from an angle (rad from the front) on."""
    angle = np.linspace(begin, 2 * np.pi - begin, 72)[None]
    height = np.linspace(6.5, low, 26)[:, None]
    wave = 0.25 * np.sin(9 * angle + 0.6 * height + random.uniform(0, 6)) * np.clip((4 - height) / 10, 0, 1)
    wide = np.interp(height, (-18, -8, 2, 6.5), (11.0, 9.6, 9.0, 7.9)) + 0.8 * volume + wave
    deep = np.interp(height, (-18, -8, 2, 6.5), (8.5, 8.0, 8.8, 8.6)) + 0.8 * volume + wave
    points = np.stack([wide * np.sin(angle), height + 0 * angle, -0.8 + deep * np.cos(angle)], axis=-1)
    return sheet(points)


def _glasses(
    model: FaceModel, person: RenderedPerson, resting: Floats, random: np.random.Generator
) -> list[tuple[Solid, Stuff, Floats]]:
    near = (np.abs(model.vertices[:, 0]) < 1.2) & (model.vertices[:, 1] > 2.0) & (model.vertices[:, 1] < 4.0)
    near &= model.parts == 0
    shift = (resting - model.vertices)[near].mean(axis=0)
    radius = 0.09 if person.glasses == "thin" else 0.2
    wide, high, square = random.uniform(2.2, 2.6), random.uniform(1.5, 2.2), random.uniform(1.0, 1.8)
    turn = np.linspace(0, 2 * np.pi, 41)
    frames, lenses = [], []
    for side in (-1, 1):
        x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (1 / square) * wide
        y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (1 / square) * high
        across = 3.25 + x
        rim = np.stack([side * across, 3.2 + y, 11.8 - 0.035 * across**2], axis=1)
        frames.append(tube(rim, radius))
        lenses.append(sheet(np.stack([rim, np.repeat(rim.mean(axis=0)[None], len(rim), 0)])))
        outer = 3.25 + wide
        temple = [(side * outer, 3.9, 11.8 - 0.035 * outer**2), (side * 7.8, 3.7, 7.0), (side * 8.4, 3.4, -0.5)]
        places = np.linspace(0, 2, 12)
        frames.append(tube(np.stack([np.interp(places, (0, 1, 2), c) for c in zip(*temple, strict=True)], 1), radius))
    gap = 3.25 - wide
    bridge = np.stack([np.linspace(-gap, gap, 7), 3.6 + 0.3 * np.cos(np.linspace(-1.5, 1.5, 7)), np.full(7, 11.75)], 1)
    frames.append(tube(bridge, radius))
    parts = []
    for solid, stuff in ((joined(frames), Stuff.FRAME), (joined(lenses), Stuff.LENS)):
        placed = Solid((solid.vertices + shift).astype(np.float32), solid.triangles)
        parts.append((placed, stuff, placed.vertices))
    return parts
