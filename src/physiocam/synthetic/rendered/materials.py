"""What a rendered head and its coverings are made of, at the places that are seen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.rendered.covering import Stuff
from physiocam.synthetic.rendered.head import RenderedHead
from physiocam.synthetic.rendered.model import PARTS, chart_places
from physiocam.synthetic.rendered.planes import bilinear, unit
from physiocam.synthetic.rendered.skin import linear
from physiocam.synthetic.rendered.units import FacePose

Floats = NDArray[np.floating[Any]]

# In the place of a part: clothes.
CLOTHES = 255

# Linear colours of what is not skin.
_PART_COLOURS = {"mouth": (0.2, 0.05, 0.05), "sockets": (0.3, 0.12, 0.1), "gums": (0.42, 0.13, 0.13),
                 "teeth": (0.75, 0.68, 0.56), "eyes": (0.45, 0.42, 0.4)}  # fmt: skip
_IRIS_CM, _PUPIL_CM = 0.66, 0.26
_EYE_CM = (3.156, 3.613)


@dataclass(frozen=True, eq=False)
class Material:
    """What is seen at n places.

    Attributes
    ----------
    albedo : float32 array (n, 3)
        Linear RGB.
    opacity, shine, soft, wet, blood : float32 arrays (n,)
        How much it hides what is behind it; how much it mirrors; 1 where light goes in and spreads; how much it mirrors
        like water; how much of the pulse it shows.
    """

    albedo: Floats
    opacity: Floats
    shine: Floats
    soft: Floats
    wet: Floats
    blood: Floats

    @classmethod
    def blank(cls, count: int) -> "Material":
        """Return opaque, dull black."""
        zeros = [np.zeros(count, np.float32) for _ in range(4)]
        return cls(np.zeros((count, 3), np.float32), np.ones(count, np.float32), *zeros)


def of_head(head: RenderedHead, part: NDArray[np.uint8], place: Floats) -> Material:
    """Say what is seen of a head but its skin.

    Parameters
    ----------
    head : RenderedHead
    part : uint8 array (n,)
        Index into `PARTS`, or `CLOTHES`.
    place : float32 array (n, 3)
        On the mean face.
    """
    made = Material.blank(len(part))
    for name, colour in _PART_COLOURS.items():
        made.albedo[part == PARTS.index(name)] = colour
    made.shine[part == PARTS.index("gums")] = 1.5
    cloth = part == CLOTHES
    weave = 1 + 0.06 * np.sin(5 * place[cloth, :1]) * np.sin(5 * place[cloth, 1:2])
    made.albedo[cloth] = linear(np.array(head.person.clothes) / 255) * weave
    eyes = part == PARTS.index("eyes")
    made.albedo[eyes] = _eyes(linear(np.array(head.person.iris) / 255), place[eyes])
    made.wet[eyes | (part == PARTS.index("teeth"))] = 1.6
    return made


def lay_skin(
    made: Material, normal: Floats, skin: NDArray[np.bool_], head: RenderedHead, face: FacePose, place: Floats
) -> None:
    """Fill in, in place, what the skin is where it is seen; its relief tilts the normals (n, 3) of the unturned head.

    Parameters
    ----------
    made : Material
    normal : float32 array (n, 3)
    skin : bool array (n,)
    head : RenderedHead
    face : FacePose
    place : float32 array (n, 3)
        On the mean face.
    """
    painted = head.paint
    along, up, crease = head.slopes(face)
    layers = np.concatenate(
        [painted.albedo * (1 - crease[..., None]), np.stack([painted.shine, painted.blood, along, up], axis=-1)],
        axis=-1,
    )
    own = place[skin]
    read = bilinear(layers, chart_places(own))
    made.albedo[skin], made.shine[skin], made.blood[skin], made.soft[skin] = read[:, :3], read[:, 3], read[:, 4], 1
    length = np.maximum(np.hypot(own[:, 0], own[:, 2]), np.float32(1e-6))
    tilt = np.stack([own[:, 2] / length * read[:, 5], read[:, 6], -own[:, 0] / length * read[:, 5]], axis=1)
    normal[skin] = unit(normal[skin] - tilt)


def of_covering(head: RenderedHead, stuff: NDArray[np.uint8], place: Floats) -> Material:
    """Say what is seen of coverings.

    Parameters
    ----------
    head : RenderedHead
    stuff : uint8 array (n,)
        `Stuff`.
    place : float32 array (n, 3)
        On the mean face.
    """
    person, covering = head.person, head.covering
    made = Material.blank(len(stuff))
    angle = np.arctan2(place[:, 0], place[:, 2] + 0.8)
    rows, columns = covering.strands.shape
    row, column = (place[:, 1] * 12).astype(int) % rows, (angle * 80).astype(int) % columns
    strand = covering.strands[row, column]
    hair = linear(np.array(person.hair_colour) / 255)
    made.albedo[:] = np.maximum(hair * np.clip(0.75 + 0.35 * strand, 0.2, 1.7)[:, None], 0.004)
    inside = covering.inside_hair(place)
    made.opacity[:] = np.clip(inside / 1.3 + 0.45 * strand + 0.15, 0, 1)
    made.shine[:] = np.clip(0.14 + 0.12 * strand, 0, 0.5)
    # Hair that hangs down has no hairline; only its ends are ragged.
    hanging = (stuff == Stuff.HAIR) & (np.hypot(place[:, 0], place[:, 2] + 0.8) > 8.2) & (inside < 0.5)
    made.opacity[hanging] = np.clip(1.0 + 0.3 * strand[hanging], 0.3, 1)
    whiskers = stuff == Stuff.BEARD
    density = bilinear(head.paint.beard[..., None], chart_places(place[whiskers]))[:, 0]
    made.opacity[whiskers] = np.clip(2.2 * density - 0.35 + 0.45 * strand[whiskers], 0, 0.95)
    made.shine[whiskers] *= 0.4
    skin, cloth = (linear(np.array(colour) / 255) for colour in (person.skin, person.clothes))
    for kind, colour, opaque, gloss in (
        (Stuff.LASH, np.array([0.012, 0.01, 0.009]), 0.2 + 0.4 * person.make_up, 0.0),
        (Stuff.FRAME, np.array([0.03, 0.026, 0.024]), 1.0, 1.2),
        (Stuff.LENS, np.array([0.5, 0.5, 0.5]), 0.05, 2.5),
        (Stuff.HAND, skin, 1.0, 0.5),
        (Stuff.CLOTH, cloth, 1.0, 0.05),
    ):
        chosen = stuff == kind
        made.albedo[chosen], made.opacity[chosen], made.shine[chosen] = colour, opaque, gloss
    made.soft[stuff == Stuff.HAND] = 1
    return made


def _eyes(iris: Floats, place: Floats) -> Floats:
    """Colour (n, 3) of eyeballs of an iris' colour (3,)."""
    across, up = np.abs(place[:, 0]) - _EYE_CM[0], place[:, 1] - _EYE_CM[1]
    radius = np.where(place[:, 2] > 7.5, np.hypot(across, up), 9.0)
    angle = np.arctan2(up, across)
    streaks = 1 + 0.3 * np.sin(23 * angle + 3 * np.sin(7 * angle)) * np.clip(radius / _IRIS_CM, 0, 1)
    streaks = streaks * np.interp(radius, (0.3, 0.5, 0.6, _IRIS_CM), (0.8, 1.35, 0.9, 0.35))
    inside = np.clip((_IRIS_CM - radius) / 0.06 + 0.5, 0, 1)[:, None]
    pupil = np.clip((_PUPIL_CM - radius) / 0.05 + 0.5, 0, 1)[:, None]
    pink = 0.25 * np.clip((radius - 0.9) / 0.6, 0, 1)[:, None]
    white = np.array(_PART_COLOURS["eyes"]) * (1 - pink * (0, 1, 1))
    ball = white + inside * (iris * streaks[:, None] * 1.3 - white)
    # The upper lid and its lashes shade what is below them.
    shade = np.interp(place[:, 1], (2.9, 3.5, 4.0), (0.9, 0.85, 0.45))[:, None]
    colour: Floats = ball * (1 - 0.97 * pupil) * shade
    return colour
