"""The skin of a drawn face: its relief, its shading, and how each action unit deforms it."""

from collections.abc import Sequence

import numpy as np

from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.drawn.folds import Place, fold
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.shapes import Plane, blotches, bump, line

_AMBIENT = 0.42


class Skin:
    """Skin of one face under one light.

    Relief and folds are linear in the action units, so everything but the last step is drawn once.

    Parameters
    ----------
    person : Person
    u, v : float32 arrays (H, 1) and (1, W) or (H, W)
        Place of every pixel in units of half a face's height, rightwards and downwards.
    light : tuple of float
        Direction towards the light, of length 1: right, down, to the viewer.
    """

    def __init__(self, person: Person, u: Plane, v: Plane, light: tuple[float, float, float]) -> None:
        self._light = light
        random = np.random.default_rng(person.details)
        self._albedo = _albedo(person, u, v, random)
        relief = _relief(person, u, v)
        self._slopes = _slopes(relief, u, v)
        self._shadow = _shadow(person, u, v)
        place = Place(person, u, v, random)
        self._folds = [fold(label, place) for label in AU_LABELS]
        self._fold_slopes = [_slopes(relief, u, v) for relief, _ in self._folds]

    def shaded(self, action_units: Sequence[float]) -> Plane:
        """Light that the skin reflects.

        Parameters
        ----------
        action_units : sequence of 12 floats in 0..1
            In the order of `AU_LABELS`.

        Returns
        -------
        float32 array (3, H, W), RGB levels
        """
        across, down = self._slopes[0].copy(), self._slopes[1].copy()
        shadow = self._shadow.copy()
        for activation, (_, crease), (fold_across, fold_down) in zip(
            action_units, self._folds, self._fold_slopes, strict=True
        ):
            if activation > 0:
                strength = np.float32(activation)
                across += strength * fold_across
                down += strength * fold_down
                shadow *= 1.0 - strength * crease
        right, below, ahead = (np.float32(part) for part in self._light)
        upright = 1.0 / np.sqrt(1.0 + across * across + down * down)
        lit = np.maximum((ahead - across * right - down * below) * upright, 0.0)
        shade = (_AMBIENT + (1.12 - _AMBIENT) * lit) * shadow
        # Specular reflection, by the direction halfway between light and viewer.
        norm = np.float32(1.0 / np.sqrt(2.0 + 2.0 * ahead))
        shine = np.maximum((1.0 + ahead - across * right - down * below) * upright * norm, 0.0)
        for _ in range(4):
            shine = shine * shine
        levels = np.empty_like(self._albedo)
        # Light that passed through the skin is red: shadows are warmer than the lit side.
        for channel, warmth in enumerate((0.22, 0.05, 0.0)):
            np.multiply(self._albedo[channel], shade * (1.0 + np.float32(warmth) * (1.0 - shade)), out=levels[channel])
            levels[channel] += 16.0 * shine * shadow
        return levels


def _slopes(relief: Plane, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    step_u, step_v = float(u[0, 1] - u[0, 0]), float(v[1, 0] - v[0, 0])
    down, across = np.gradient(relief)
    return np.asarray(across / step_u, np.float32), np.asarray(down / step_v, np.float32)


def head_outline(person: Person, u: Plane, v: Plane) -> Plane:
    """A smooth measure of being outside the head, 0 on its outline and -1 in the middle; not a distance."""
    side = np.abs(u) / person.face_width
    upper = side**2.4 + (np.abs(np.minimum(v, 0)) / 1.3) ** 2.6
    down = np.clip(v, 0, 1.2)
    # From the cheekbones to the chin the outline changes to the jaw's.
    corner = 2.4 + (person.jaw - 2.4) * np.clip(2 * down, 0, 1)
    lower = (side / (1.0 - 0.2 * down**1.5)) ** corner + (down / 1.03) ** 3.0
    return np.asarray(np.where(v < 0, upper, lower) - 1.0, dtype=np.float32)


def _relief(person: Person, u: Plane, v: Plane) -> Plane:
    side = np.abs(u)
    eye, nose = person.eye_distance, person.nose_length
    relief = 0.62 * np.sqrt(np.maximum(0.05 - head_outline(person, u, v), 0.002))
    # The ridge of the nose widens and rises down to its tip.
    along = np.clip((v + 0.3) / (nose + 0.3), 0, 1)
    end = 1.0 / (1.0 + np.exp((v - nose - 0.04) / 0.022))
    start = 1.0 / (1.0 + np.exp(-(v + 0.34) / 0.06))
    ridge = np.exp(-0.5 * (u / (0.05 + 0.045 * along)) ** 2) * (0.045 + 0.17 * along**1.6)
    relief = relief + ridge * end * start
    relief += 0.055 * bump(side, v, (person.nose_width * 0.8, nose - 0.03), (0.045, 0.05))
    relief += 0.05 * bump(u, v, (0, nose - 0.02), (0.07, 0.06))
    relief -= 0.1 * bump(side, v, (eye - 0.02, -0.21), (0.15, 0.09))
    relief += 0.05 * bump(side, v, (eye, -0.2), (0.1, 0.06))
    relief += 0.045 * bump(side, v, (eye - 0.03, -0.38), (0.19, 0.06))
    relief += 0.06 * bump(side, v, (0.43, 0.1), (0.16, 0.13))
    relief += 0.05 * bump(u, v, (0, person.mouth_height), (0.24, 0.13))
    relief += 0.07 * bump(u, v, (0, 0.87), (0.15, 0.1))
    relief -= 0.035 * bump(u, v, (0, person.mouth_height + 0.16), (0.12, 0.035))
    relief -= 0.014 * line(side, v, [(person.nose_width, nose - 0.05), (0.3, 0.47)], 0.03)
    relief -= 0.012 * bump(u, v, (0, nose + 0.12), (0.022, 0.05))
    return np.asarray(relief, dtype=np.float32)


def _albedo(person: Person, u: Plane, v: Plane, random: np.random.Generator) -> Plane:
    shape = np.broadcast_shapes(u.shape, v.shape)
    side = np.abs(u)
    red = 0.5 * bump(side, v, (0.38, 0.18), (0.16, 0.14)) + 0.55 * bump(u, v, (0, person.nose_length), (0.1, 0.08))
    red = red + 0.25 * bump(u, v, (0, 0.85), (0.15, 0.1)) + 0.2 * blotches(shape, 12, random)
    uneven = 0.018 * blotches(shape, 24, random) + 0.012 * blotches(shape, 90, random)
    under_eyes = bump(side, v, (person.eye_distance - 0.02, -0.1), (0.11, 0.035))
    freckles = np.clip(blotches(shape, 110, random) - 2.4, 0, 1) * (0.12 * (1 - person.skin_depth))
    brightness = 1.0 + uneven - 0.07 * under_eyes - freckles
    redness = 0.07 * red
    albedo = np.stack([brightness + 0.25 * redness, brightness - 0.9 * redness, brightness - 0.7 * redness])
    albedo *= np.array(person.skin)[:, None, None] * 1.03
    if person.beard > 0:
        cheek = 1.0 / (1.0 + np.exp((0.36 + 0.5 * np.maximum(0.55 - side, 0) - v) / 0.035))
        mouth = bump(u, v, (0, person.mouth_height + 0.01), (person.mouth_width * 0.8, 0.08))
        strands = 1.0 + 0.12 * blotches(shape, 140, random)
        cover = person.beard * np.clip(cheek, 0, 1) * (1.0 - np.clip(1.5 * mouth, 0, 1))
        hair = np.array(person.hair_colour)[:, None, None] * strands
        albedo = albedo * (1 - cover) + hair * cover
    return albedo.astype(np.float32)


def _shadow(person: Person, u: Plane, v: Plane) -> Plane:
    """Ambient light where the relief hides the sky, 0..1."""
    side = np.abs(u)
    nose = person.nose_length
    dark = 0.75 * bump(side, v, (person.nose_width * 0.45, nose + 0.045), (0.032, 0.016))
    dark = dark + 0.22 * bump(u, v, (0, nose + 0.07), (0.11, 0.025))
    dark += 0.2 * line(
        side, v, [(person.nose_width + 0.01, nose - 0.09), (person.nose_width + 0.015, nose + 0.01)], 0.014
    )
    dark += 0.07 * line(side, v, [(person.nose_width + 0.03, nose - 0.02), (0.29, 0.45)], 0.018) * person.wrinkles
    dark += 0.16 * bump(side, v, (0.13, -0.21), (0.045, 0.06))
    dark += 0.12 * bump(u, v, (0, person.mouth_height + 0.15), (0.13, 0.03))
    dark += 0.35 * np.clip((v - 0.9) / 0.3, 0, 1)
    return np.asarray(1.0 - np.clip(dark, 0, 0.85), dtype=np.float32)
