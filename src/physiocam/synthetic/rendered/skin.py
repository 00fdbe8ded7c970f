"""The skin of a rendered person, painted on the chart: colour, brows, beard, lips, pores."""

from dataclasses import dataclass

import numpy as np

from physiocam.synthetic.drawn.shapes import Plane, blotches, bump
from physiocam.synthetic.rendered.person import RenderedPerson

# Outline of the lips on the left half of the mean face, in cm.
_LIPS_ACROSS = (0.0, 0.45, 1.2, 2.0, 2.62)
_LIPS_TOP = (-2.44, -2.3, -2.6, -3.1, -3.52)
_LIPS_BOTTOM = (-4.62, -4.64, -4.5, -4.0, -3.52)

_LOWEST = 1.0 / 255


@dataclass(frozen=True, eq=False)
class Paint:
    """What is painted on the chart of the skin.

    Attributes
    ----------
    albedo : float32 array (H, W, 3)
        Linear, 0..1.
    relief : float32 array (H, W)
        In cm.
    shine : float32 array (H, W)
        How much the skin reflects like a mirror, about 1.
    blood : float32 array (H, W)
        How much of the pulse shows.
    beard : float32 array (H, W)
        Density of the beard's hair.
    """

    albedo: Plane
    relief: Plane
    shine: Plane
    blood: Plane
    beard: Plane


def paint(person: RenderedPerson, chart: Plane) -> Paint:
    """Paint a person's skin on a chart of places (H, W, 3) on the mean face."""
    random = np.random.default_rng(person.details)
    x, y = chart[..., 0], chart[..., 1]
    side = np.abs(x)
    noise = [blotches(side.shape, cells, random) for cells in (12, 60, 260)]
    skin = linear(np.array(person.skin) / 255)
    albedo = skin * (1 + 0.045 * noise[0] + 0.035 * noise[1] + 0.03 * noise[2])[..., None]
    albedo = albedo * _redness(person, side, y, noise[1])[..., None] ** np.array([-0.25, 1.0, 0.85])
    albedo *= (1 - _shade(person, side, y))[..., None]
    spots = np.clip(noise[2] - 1.2 + 0.4 * noise[1], 0, 1) * bump(side, y, (2.6, 0.8), (2.6, 2.2))
    albedo *= 1 - person.freckles * spots[..., None] * np.array([0.35, 0.5, 0.6])
    lips = lips_of(side, y)
    albedo += lips[..., None] * (linear(np.array(person.lips) / 255) * (1 + 0.06 * noise[2])[..., None] - albedo)
    hair = linear(np.array(person.hair_colour) / 255) * 0.6
    beard = _beard(person, side, y, random) * (1 - lips)
    strands = np.clip(0.75 + 0.35 * blotches(side.shape, 400, random, 1.5), 0, 1)
    # Hair under the skin is bluish; over it its own colour.
    roots = beard * (0.55 if person.beard == "stubble" else 0.85) * strands
    albedo += roots[..., None] * (hair * 0.9 + 0.04 * skin - albedo)
    brows = _brows(person, side, y, random)
    albedo += brows[..., None] * (hair - albedo)
    if person.hair == "shaved":
        scalp = 0.6 * np.clip((y - hairline(chart, 0.0)) / 0.6 + 0.3 * noise[1], 0, 1) * strands
        albedo += scalp[..., None] * (hair - albedo)
    relief = 0.0045 * noise[2] * (1 - 0.6 * person.make_up) + 0.004 * person.wrinkles * noise[1]
    relief += 0.012 * lips * blotches(side.shape, 200, random, 6.0)
    oily = 0.5 + bump(side, y, (0.0, 7.5), (3.0, 1.5)) + bump(side, y, (0.0, 1.0), (0.8, 3.0))
    hairy = np.clip(np.maximum(beard, brows), 0, 1)
    shine = (0.35 + 0.9 * person.shine) * (oily + 0.9 * lips * (1 + person.make_up)) * (1 - 0.8 * hairy)
    blood = 0.75 + 0.25 * bump(side, y, (3.5, 0.3), (2.0, 2.0)) + 0.25 * bump(side, y, (0.0, 7.5), (4.0, 2.0))
    blood = blood * (1 - 0.85 * hairy)
    # The chart ends on the neck, whose skin goes on from its edge.
    low = np.clip((-9.2 - y) / 1.5, 0, 1)[..., None]
    albedo += low * (skin * (1 - 0.3 * np.clip(beard.mean() * 2, 0, 1)) - albedo)
    relief *= 1 - low[..., 0]
    return Paint(
        np.clip(albedo, _LOWEST, 0.95).astype(np.float32),
        relief.astype(np.float32),
        shine.astype(np.float32),
        blood.astype(np.float32),
        beard.astype(np.float32),
    )


def linear(srgb: Plane) -> Plane:
    """Light of sRGB values 0..1."""
    return np.asarray(np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0.04045) + 0.055) / 1.055) ** 2.4))


def hairline(places: Plane, recession: float) -> Plane:
    """Height in cm of the hairline over places (..., 3) on the mean face."""
    angle = np.abs(np.arctan2(places[..., 0], places[..., 2]))
    around = (0.0, 0.35, 0.55, 0.78, 1.0, 1.25, 1.45, 1.6, 1.85, 2.1, np.pi)
    height = (10.6, 10.7, 10.3, 8.3, 5.9, 2.5, 1.2, 4.3, 2.0, -5.5, -7.5)
    back = (2.0, 2.3, 3.6, 4.6, 2.0, 0.6, 0.3, 0.0, 0.0, 0.0, 0.0)
    return np.asarray(np.interp(angle, around, height) + recession * np.interp(angle, around, back))


def lips_of(side: Plane, y: Plane) -> Plane:
    """How much of each place is lip, 0..1."""
    top, bottom = np.interp(side, _LIPS_ACROSS, _LIPS_TOP), np.interp(side, _LIPS_ACROSS, _LIPS_BOTTOM)
    return np.asarray(np.clip((top - y) / 0.16 + 0.5, 0, 1) * np.clip((y - bottom) / 0.2 + 0.5, 0, 1) * (side < 2.75))


def _redness(person: RenderedPerson, side: Plane, y: Plane, noise: Plane) -> Plane:
    """How much green and blue the blood leaves, 1 where there is little."""
    cheeks = bump(side, y, (4.2, 0.2), (1.5, 1.3)) + 0.8 * bump(side, y, (0.0, 0.2), (1.0, 0.9))
    cheeks = cheeks + 0.4 * bump(side, y, (0.0, -6.8), (1.2, 0.8))
    blush = 0.12 * person.make_up * bump(side, y, (5.0, 0.3), (1.3, 0.8))
    return np.asarray(np.clip(1 - (0.03 + 0.13 * person.redness) * cheeks * (1 + 0.25 * noise) - blush, 0.5, 1))


def _shade(person: RenderedPerson, side: Plane, y: Plane) -> Plane:
    """Dark round the eyes, and make-up on the lids."""
    rings = (0.08 + 0.12 * person.wrinkles) * bump(side, y, (2.9, 2.3), (1.3, 0.5))
    lids = 0.4 * person.make_up * bump(side, y, (3.3, 4.35), (1.2, 0.32))
    liner = 0.6 * person.make_up * bump(side, y, (3.4, 4.0), (1.1, 0.09))
    return np.asarray(np.clip(rings + lids + liner, 0, 0.85))


def _brows(person: RenderedPerson, side: Plane, y: Plane, random: np.random.Generator) -> Plane:
    begin, end = random.uniform(0.9, 1.5), random.uniform(5.2, 6.0)
    along = (side - begin) / (end - begin)
    inside = np.clip(along, 0, 1)
    arch = person.brow_arch * (0.55 * np.sin(np.pi * inside**1.4) - 0.25 * inside**3)
    middle = 5.15 + person.brow_height + 0.25 * inside + arch
    half = 0.36 * person.brow_thickness * (1 - 0.68 * inside**1.6)
    strands = np.clip(0.55 + person.brow_density * 0.5 + 0.4 * blotches(side.shape, 260, random, 0.8), 0, 1)
    ends = np.clip(along / 0.12 + 0.2, 0, 1) * np.clip((1.05 - along) / 0.2, 0, 1)
    cover = np.clip(0.6 - (np.abs(y - middle) - half) / 0.2, 0, 1) * ends * strands
    between = 0.35 * max(person.brow_thickness - 1.15, 0) * bump(side, y, (0.0, 5.2), (1.0, 0.4)) * strands
    return np.asarray(np.clip(cover * (0.45 + 0.55 * person.brow_density) + between, 0, 0.97))


def _beard(person: RenderedPerson, side: Plane, y: Plane, random: np.random.Generator) -> Plane:
    """Density 0..1 of the beard's hair."""
    if person.beard == "none":
        return np.zeros_like(side)
    ragged = 0.35 * blotches(side.shape, 50, random)
    shift = random.uniform(-0.6, 0.6)
    cheek = np.interp(side, (1.8, 3.0, 4.5, 6.0, 7.0, 7.8), (-1.9, -2.5, -2.7, -1.4, 0.2, 2.5)) + shift
    full = _soft(cheek - y + ragged, 0.5) * _soft(y + 10.3 + ragged, 0.8) * (side > 1.7)
    moustache = _soft(-1.35 - 0.16 * side - y + 0.3 * ragged, 0.25) * _soft(2.95 - side, 0.3) * _soft(y + 4.2, 0.3)
    chin = _soft(2.6 - side + ragged, 0.4) * _soft(-4.7 - y + 0.3 * ragged, 0.3) * _soft(y + 9.8, 0.6)
    corners = bump(side, y, (2.95, -4.2), (0.45, 1.0)) * 1.4
    strap = full * _soft(np.interp(side, (0, 3, 5, 6.5, 7.5), (-6.4, -6.0, -4.2, -1.2, 2.5)) - y + ragged, 0.4)
    strap = np.maximum(strap, _soft(-7.0 - y, 0.3) * _soft(y + 9.8, 0.6) * (side < 2.5))
    match person.beard:
        case "moustache":
            covered = moustache
        case "goatee":
            covered = np.maximum(np.maximum(moustache, chin), corners)
        case "chin strap":
            covered = strap
        case _:
            covered = np.maximum(np.maximum(full, moustache), np.maximum(chin, corners))
    bare = 1 - 0.6 * bump(side, y, (0.9, -5.0), (0.5, 0.35))
    return np.asarray(np.clip(covered * bare, 0, 1) * person.beard_density)


def _soft(inside: Plane, width: float) -> Plane:
    return np.asarray(np.clip(inside / width + 0.5, 0, 1))
