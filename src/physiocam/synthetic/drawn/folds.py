"""How each action unit deforms the skin: bulges and creases."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.shapes import Plane, Point, blotches, bump, line


@dataclass(frozen=True, eq=False)
class Place:
    """The person, and the positions of the skin's pixels.

    Attributes
    ----------
    person : Person
    u, v : float arrays (1, W) and (H, 1)
        In units of half a face's height, rightwards and downwards.
    random : numpy Generator
        For irregular details.
    """

    person: Person
    u: Plane
    v: Plane
    random: np.random.Generator

    def hill(self, at: Point, size: Point) -> Plane:
        """Return a hill of height 1 on both sides of the face."""
        return bump(np.abs(self.u), self.v, at, size)

    def lines(self, width: float, *paths: list[Point]) -> Plane:
        """Return lines of height 1 on both sides of the face; where they cross they add up."""
        drawn = line(np.abs(self.u), self.v, paths[0], width)
        for path in paths[1:]:
            drawn = drawn + line(np.abs(self.u), self.v, path, width)
        return drawn


def fold(label: str, place: Place) -> tuple[Plane, Plane]:
    """Return an action unit's effect on the skin at full strength.

    Parameters
    ----------
    label : str
        Such as "AU12".
    place : Place

    Returns
    -------
    relief : float32 array (H, W)
        Height that it adds.
    crease : float32 array (H, W)
        Share of the light that its creases absorb, 0..0.8; more in old skin.
    """
    relief, crease = _FOLDS[label](place)
    deep = np.clip(place.person.wrinkles * crease, 0, 0.8)
    return np.asarray(relief, dtype=np.float32), np.asarray(deep, dtype=np.float32)


def _inner_brow_raiser(at: Place) -> tuple[Plane, Plane]:
    creases = at.lines(0.016, *([(0.0, v), (0.2, v - 0.02)] for v in (-0.55, -0.64, -0.73)))
    return 0.02 * at.hill((0.0, -0.5), (0.15, 0.05)), 0.24 * creases


def _outer_brow_raiser(at: Place) -> tuple[Plane, Plane]:
    creases = at.lines(0.016, *([(0.26, v), (0.42, v - 0.01), (0.54, v + 0.06)] for v in (-0.58, -0.67)))
    return 0.02 * at.hill((0.42, -0.54), (0.1, 0.04)), 0.24 * creases


def _brow_lowerer(at: Place) -> tuple[Plane, Plane]:
    frown = at.lines(0.016, [(0.055, -0.46), (0.045, -0.31)])
    return 0.035 * at.hill((0.13, -0.34), (0.06, 0.04)), 0.5 * frown + 0.25 * at.hill((0.15, -0.27), (0.06, 0.03))


def _cheek_raiser(at: Place) -> tuple[Plane, Plane]:
    eye = at.person.eye_distance
    outer = eye + at.person.eye_width
    crows_feet = at.lines(
        0.012,
        [(outer + 0.03, -0.23), (outer + 0.13, -0.31)],
        [(outer + 0.04, -0.2), (outer + 0.16, -0.22)],
        [(outer + 0.03, -0.17), (outer + 0.13, -0.12)],
    )
    pouch = at.lines(0.014, [(eye - 0.12, -0.08), (eye, -0.045), (eye + 0.13, -0.09)])
    cheek = 0.06 * at.hill((0.4, 0.03), (0.14, 0.07)) - 0.03 * at.hill((0.43, 0.17), (0.13, 0.06))
    return cheek, 0.3 * crows_feet + 0.26 * pouch


def _lid_tightener(at: Place) -> tuple[Plane, Plane]:
    eye = at.person.eye_distance
    pouch = at.lines(0.012, [(eye - 0.11, -0.115), (eye, -0.1), (eye + 0.11, -0.115)])
    return 0.025 * at.hill((eye, -0.12), (0.11, 0.02)), 0.28 * pouch


def _upper_lip_raiser(at: Place) -> tuple[Plane, Plane]:
    wing, nose = at.person.nose_width, at.person.nose_length
    furrow = at.lines(0.016, [(wing - 0.02, nose - 0.16), (wing + 0.07, nose), (0.29, 0.44)])
    cheek = 0.045 * at.hill((0.25, nose - 0.06), (0.07, 0.08))
    return cheek + 0.03 * at.hill((wing * 0.85, nose - 0.06), (0.04, 0.04)), 0.42 * furrow


def _lip_corner_puller(at: Place) -> tuple[Plane, Plane]:
    wing, nose, corner = at.person.nose_width, at.person.nose_length, at.person.mouth_width
    furrow = at.lines(0.018, [(wing + 0.05, nose), (0.34, 0.42), (corner + 0.13, 0.54)])
    cheek = 0.07 * at.hill((0.41, 0.19), (0.13, 0.1)) - 0.02 * at.hill((0.3, 0.42), (0.04, 0.08))
    return cheek, 0.38 * furrow


def _dimpler(at: Place) -> tuple[Plane, Plane]:
    corner, mouth = at.person.mouth_width, at.person.mouth_height
    dimple = at.hill((corner + 0.06, mouth), (0.014, 0.05))
    return 0.04 * at.hill((corner + 0.12, mouth), (0.04, 0.07)) - 0.02 * dimple, 0.55 * dimple


def _lip_corner_depressor(at: Place) -> tuple[Plane, Plane]:
    corner, mouth = at.person.mouth_width, at.person.mouth_height
    furrow = at.lines(0.016, [(corner + 0.01, mouth + 0.09), (corner + 0.05, mouth + 0.24)])
    return 0.03 * at.hill((corner + 0.1, mouth + 0.12), (0.05, 0.07)), 0.4 * furrow


def _chin_raiser(at: Place) -> tuple[Plane, Plane]:
    mouth = at.person.mouth_height
    boss = at.hill((0.0, 0.86), (0.13, 0.085))
    # Dimpled like orange peel.
    pits = 0.02 * boss * blotches(boss.shape, 44, at.random)
    arc = at.lines(0.014, [(0.0, mouth + 0.13), (0.1, mouth + 0.15), (0.17, mouth + 0.2)])
    return 0.05 * boss + pits, 0.35 * arc + np.clip(-6 * pits, 0, 0.4)


def _lip_tightener(at: Place) -> tuple[Plane, Plane]:
    mouth = at.person.mouth_height
    above = at.lines(0.01, *([(u, mouth - 0.13), (u * 0.85, mouth - 0.06)] for u in (0.04, 0.1, 0.16)))
    below = at.lines(0.01, *([(u * 0.85, mouth + 0.07), (u, mouth + 0.12)] for u in (0.05, 0.12)))
    return -0.02 * at.hill((0.0, mouth), (0.2, 0.05)), 0.24 * (above + below)


def _lip_pressor(at: Place) -> tuple[Plane, Plane]:
    corner, mouth = at.person.mouth_width, at.person.mouth_height
    bulges = 0.03 * at.hill((0.0, mouth - 0.085), (0.17, 0.03)) + 0.035 * at.hill((0.0, mouth + 0.095), (0.16, 0.03))
    ends = at.hill((corner + 0.02, mouth), (0.02, 0.03))
    return bulges, 0.3 * ends + 0.2 * at.lines(0.014, [(0.0, mouth + 0.14), (0.14, mouth + 0.13)])


_FOLDS: dict[str, Callable[[Place], tuple[Plane, Plane]]] = {
    "AU01": _inner_brow_raiser,
    "AU02": _outer_brow_raiser,
    "AU04": _brow_lowerer,
    "AU06": _cheek_raiser,
    "AU07": _lid_tightener,
    "AU10": _upper_lip_raiser,
    "AU12": _lip_corner_puller,
    "AU14": _dimpler,
    "AU15": _lip_corner_depressor,
    "AU17": _chin_raiser,
    "AU23": _lip_tightener,
    "AU24": _lip_pressor,
}
