"""A drawn head: skin, brows, eyes, mouth and hair, moved by action units."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.drawn.hair import Hairstyle
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.shapes import Plane, blotches, bump
from physiocam.synthetic.drawn.skin import Skin, head_outline

# Area of the head that is drawn, and area that moves with the expression, in units of half a face's height.
_HEAD = (-1.2, 1.2, -1.65, 1.6)
_FACE = (-0.86, 0.86, -1.36, 1.12)


@dataclass(frozen=True)
class Expression:
    """A face's expression at one moment.

    Attributes
    ----------
    action_units : tuple of 12 floats in 0..1
        In the order of `AU_LABELS`.
    blink : float
        0 (eyes open) .. 1 (closed).
    gaze : tuple of float
        Rightwards and downwards, about -1..1.
    parted : float
        How far the lips are apart, 0..1.
    """

    action_units: tuple[float, ...] = (0.0,) * len(AU_LABELS)
    blink: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    parted: float = 0.0


class DrawnHead:
    """One person's head at one size under one light.

    Parameters
    ----------
    person : Person
    scale : float
        Pixels in half a face's height.
    light : tuple of float
        Direction towards the light, of length 1: right, down, to the viewer.

    Attributes
    ----------
    centre : tuple of float
        Column and row of the face's middle in the arrays of `draw`.
    """

    def __init__(self, person: Person, scale: float, light: tuple[float, float, float]) -> None:
        self._person = person
        self._soft = 1.4 / scale
        left, right, top, bottom = _HEAD
        columns, rows = round((right - left) * scale), round((bottom - top) * scale)
        u = (left + (np.arange(columns, dtype=np.float32) + 0.5) / np.float32(scale))[None]
        v = (top + (np.arange(rows, dtype=np.float32) + 0.5) / np.float32(scale))[:, None]
        self.centre = (-left * scale - 0.5, -top * scale - 0.5)
        self._face = (
            slice(*np.searchsorted(v[:, 0], _FACE[2:])),
            slice(*np.searchsorted(u[0], _FACE[:2])),
        )
        self._u, self._v = u[:, self._face[1]], v[self._face[0]]
        random = np.random.default_rng(person.details + 1)
        self._strands = blotches((len(self._v), self._u.shape[1]), 110, random)
        self._skin = Skin(person, self._u, self._v, light)
        self._still(u, v, light, random)
        self._crop()

    def draw(self, expression: Expression) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw the head.

        Returns
        -------
        levels : float32 array (H, W, 4)
            R, G and B, weighted with the fourth, the opacity of the head, 0..1.
        perfused : float32 array (H, W, 4)
            The same R, G and B, weighted by how much blood shows; the fourth is 0.
        """
        action_units = dict(zip(AU_LABELS, expression.action_units, strict=True))
        skin = self._skin.shaded(expression.action_units)
        blood = self._blood.copy()
        self._eyes(skin, blood, action_units, expression)
        self._brows(skin, blood, action_units)
        self._mouth(skin, blood, action_units, expression.parted)
        levels, perfused = self._levels.copy(), self._perfused.copy()
        skin *= self._visible
        levels[self._face][..., :3] += skin.transpose(1, 2, 0)
        skin *= blood
        perfused[self._face][..., :3] += skin.transpose(1, 2, 0)
        return levels, perfused

    def _cover(self, outside: Plane) -> Plane:
        """Share of each pixel that a shape covers, from the pixel's distance outside it."""
        return np.asarray(np.clip(0.5 - outside / self._soft, 0.0, 1.0))

    def _rows(self, top: float, bottom: float) -> slice:
        return slice(*np.searchsorted(self._v[:, 0], (top, bottom)).tolist())

    def _still(self, u: Plane, v: Plane, light: tuple[float, float, float], random: np.random.Generator) -> None:
        """Draw the parts that no expression changes, and find where the face and its blood are visible."""
        person = self._person
        shape = (v.shape[0], u.shape[1])
        self._levels = np.zeros((*shape, 4), dtype=np.float32)
        self._perfused = np.zeros((*shape, 4), dtype=np.float32)

        def over(cover: Plane, paint: Plane, perfusion: float = 0.0) -> None:
            opaque, paint = cover[..., None], paint * cover[..., None]
            self._levels *= 1 - opaque
            self._levels[..., :3] += paint
            self._levels[..., 3:] += opaque
            self._perfused *= 1 - opaque
            self._perfused[..., :3] += perfusion * paint

        hair = Hairstyle(person, u, v, light, random)
        side = np.abs(u)
        outline = np.hypot((side - person.face_width - 0.01) / 0.09, (v + 0.04 - 0.25 * (side - 0.7)) / 0.21)
        hollow = bump(side, v, (person.face_width + 0.035, -0.05), (0.025, 0.09))
        ears = np.array(person.skin) * (0.86 - 0.3 * hollow + 0.12 * light[0] * np.sign(u))[..., None]
        face = self._cover(head_outline(person, u, v) * 0.36)
        over(self._cover(hair.behind), hair.colour * 0.6)
        over(self._cover((outline - 1.0) * 0.09), ears, 0.6)
        over(face, np.zeros(3))
        fringe = self._cover(hair.front)
        over(fringe, hair.colour)
        # Hair casts shade on the skin next to it.
        shade = 1.0 - 0.4 * np.exp(-np.maximum(hair.front, 0) / 0.07)
        self._visible = (face * (1 - fringe) * shade)[self._face].astype(np.float32)
        place = np.abs(self._u), self._v
        blood = 0.8 + 0.25 * bump(*place, (0.38, 0.2), (0.2, 0.2)) + 0.25 * bump(*place, (0.0, -0.6), (0.4, 0.2))
        blood = (blood - 0.3 * bump(*place, (0.3, -0.2), (0.17, 0.08))) * (1 + 0.12 * blotches(blood.shape, 7, random))
        if person.beard:
            blood = blood * (1 - 0.6 * person.beard / (1 + np.exp((0.45 - self._v) / 0.04)))
        self._blood = np.clip(blood, 0, None).astype(np.float32)

    def _crop(self) -> None:
        """Crop empty parts except a rim, so that less has to be moved."""
        opaque = self._levels[..., 3] > 0
        opaque[self._face] = True
        rows, columns = (np.flatnonzero(opaque.any(axis=axis)) for axis in (1, 0))
        top, left = max(int(rows[0]) - 1, 0), max(int(columns[0]) - 1, 0)
        inside = slice(top, int(rows[-1]) + 2), slice(left, int(columns[-1]) + 2)
        self._levels, self._perfused = self._levels[inside].copy(), self._perfused[inside].copy()
        self._face = (
            slice(self._face[0].start - top, self._face[0].stop - top),
            slice(self._face[1].start - left, self._face[1].stop - left),
        )
        self.centre = (self.centre[0] - left, self.centre[1] - top)

    def _eyes(self, skin: Plane, blood: Plane, units: dict[str, float], expression: Expression) -> None:
        person = self._person
        rows = self._rows(-0.42, 0.0)
        u, v = self._u, self._v[rows]
        across = (np.abs(u) - person.eye_distance) / person.eye_width
        lens = np.clip(1 - across**2, 0, 1)
        wide = 1 + 0.2 * units["AU01"] + 0.25 * units["AU02"]
        upper = wide - 0.42 * units["AU07"] - 0.2 * units["AU04"] - 0.12 * units["AU06"]
        lower = 0.55 - 0.5 * units["AU07"] - 0.4 * units["AU06"]
        axis = -0.2 - person.eye_tilt * across
        lid = axis - person.eye_height * upper * np.sqrt(lens)
        below = axis + person.eye_height * lower * lens
        crease = np.exp(-0.5 * ((v - lid + 0.045) / 0.009) ** 2) * (lens > 0)
        lid = lid + expression.blink * (below - lid)
        near = np.clip((1.04 - np.abs(across)) / 0.08, 0, 1)
        opening = self._cover(lid - v) * self._cover(v - below) * near
        skin[:, rows] *= 1 - 0.3 * crease * np.sqrt(lens)
        white = np.array([232, 224, 217])[:, None, None] * (
            (0.62 + 0.38 * np.clip((v - lid) / 0.045, 0, 1)) * (1 - 0.22 * across**2)
        )
        x = u - np.sign(u) * person.eye_distance - 0.035 * expression.gaze[0]
        y = v + 0.215 - 0.02 * expression.gaze[1]
        radius = np.hypot(x, y)
        fibres = 0.75 + 0.5 * np.clip(radius / 0.07, 0, 1) - 0.7 * np.clip((radius - 0.052) / 0.016, 0, 1)
        iris = np.array(person.iris)[:, None, None] * fibres
        _paint(white, self._cover(radius - 0.068), iris * (0.7 + 0.3 * np.clip((v - lid) / 0.03, 0, 1)))
        _paint(white, self._cover(radius - 0.028), np.full((3, 1, 1), 14.0))
        _paint(white, self._cover(np.hypot(x + 0.018, y + 0.022) - 0.011), np.full((3, 1, 1), 245.0))
        _paint(skin[:, rows], opening, white)
        lashes = np.array([(30, 22, 20)]).reshape(3, 1, 1)
        thickness = 0.008 + 0.005 * np.clip(across, -1, 1)
        _paint(skin[:, rows], 0.85 * near * self._cover(np.abs(v - lid) - thickness), lashes)
        _paint(skin[:, rows], 0.3 * near * self._cover(np.abs(v - below) - 0.004), lashes)
        blood[rows] *= 1 - opening

    def _brows(self, skin: Plane, blood: Plane, units: dict[str, float]) -> None:
        person = self._person
        rows = self._rows(-0.66, -0.24)
        v = self._v[rows]
        inner = 0.115 - 0.04 * units["AU04"]
        along = np.clip((np.abs(self._u) - inner) / (0.54 - inner), -0.2, 1.2)
        inside = np.clip(along, 0, 1)
        height = -0.2 - person.brow_height - 0.045 * np.sin(np.pi * inside**1.3) + 0.03 * inside**2
        height -= 0.115 * units["AU01"] * (1 - inside) ** 1.6
        height -= 0.115 * units["AU02"] * np.sin(0.5 * np.pi * np.clip(1.5 * inside, 0, 1)) ** 2
        height += units["AU04"] * (0.05 + 0.04 * (1 - inside) ** 2) + 0.012 * units["AU06"] * inside
        thickness = person.brow_thickness * (1 - 0.6 * inside**1.5)
        ends = np.clip((along + 0.05) / 0.15, 0, 1) * np.clip((1.06 - along) / 0.2, 0, 1)
        cover = np.clip(0.5 - (np.abs(v - height) - thickness / 2) / 0.03, 0, 1) * ends
        cover = cover * np.clip(0.78 + 0.2 * self._strands[rows], 0, 1)
        _paint(skin[:, rows], cover, np.array(person.hair_colour)[:, None, None] * 0.75)
        blood[rows] *= 1 - 0.8 * cover

    def _mouth(self, skin: Plane, blood: Plane, units: dict[str, float], parted: float) -> None:
        person = self._person
        rows = self._rows(person.mouth_height - 0.25, person.mouth_height + 0.33)
        v = self._v[rows]
        pressed = max(units["AU24"], units["AU17"], 0.8 * units["AU23"])
        parted *= 1 - pressed
        half = person.mouth_width * (
            1 + 0.27 * units["AU12"] + 0.1 * units["AU14"] + 0.07 * units["AU15"] - 0.17 * units["AU23"]
        )
        across = np.abs(self._u) / half
        lens = np.clip(1 - across**2, 0, 1)
        corner = (
            person.mouth_curve
            + 0.085 * units["AU15"]
            - 0.095 * units["AU12"]
            - 0.015 * units["AU14"]
            + 0.02 * units["AU17"]
        )
        middle = person.mouth_height - 0.035 * units["AU17"] + 0.012 * units["AU12"]
        seam = middle + corner * np.minimum(across, 1.1) ** 2
        thin = 1 - 0.42 * units["AU23"] - 0.62 * units["AU24"] - 0.2 * units["AU12"] - 0.2 * units["AU14"]
        thin = max(thin, 0.2)
        gap_above = (0.055 * units["AU10"] * (1 - pressed) + 0.02 * parted) * lens
        gap_below = parted * (0.075 + 0.02 * units["AU12"]) * lens
        bow = 1 + 0.25 * np.exp(-(((across - 0.3) / 0.2) ** 2)) - 0.2 * np.exp(-((across / 0.13) ** 2))
        above = seam - gap_above
        below = seam + gap_below
        top = above - 0.75 * person.lip_thickness * thin * bow * lens**0.7 - 0.02 * units["AU10"] * lens
        bottom = below + person.lip_thickness * thin * (1 + 0.3 * units["AU17"]) * lens**0.75
        ends = np.clip((1.03 - across) / 0.06, 0, 1)
        skin[:, rows] *= 1 - 0.16 * lens * np.exp(-0.5 * ((v - bottom - 0.035) / 0.025) ** 2)
        lips = np.array(person.lips)[:, None, None]
        upper = self._cover(top - v) * self._cover(v - above) * ends
        lower = self._cover(below - v) * self._cover(v - bottom) * ends
        roundness = np.clip((v - below) / np.maximum(bottom - below, 1e-3), 0, 1)
        # The upper lip faces down, the lower one the light.
        _paint(skin[:, rows], upper, lips * 0.84)
        _paint(skin[:, rows], lower, lips * (0.86 + 0.3 * np.exp(-(((roundness - 0.45) / 0.25) ** 2)) * lens))
        mouth = self._cover(above - v) * self._cover(v - below) * ends * (gap_above + gap_below > 0.004)
        dark = np.array([(62, 24, 26)]).reshape(3, 1, 1)
        _paint(skin[:, rows], mouth, dark)
        teeth = mouth * self._cover(v - above - 0.052) * np.clip((0.86 - across) / 0.2, 0, 1)
        _paint(skin[:, rows], teeth, np.array([(226, 218, 204)]).reshape(3, 1, 1) * (1 - 0.35 * across**2))
        strength = 0.6 + 0.3 * units["AU24"]
        for edge in (above, below):
            shadow = np.exp(-0.5 * ((v - edge) / 0.009) ** 2) * np.clip((1.08 - across) / 0.08, 0, 1)
            _paint(skin[:, rows], strength * shadow, dark)
        blood[rows] *= 1 - mouth


def _paint(canvas: Plane, cover: Plane, colour: Plane) -> None:
    """Blend a colour over a part of the canvas (3, H, W), in place."""
    canvas += cover * (colour - canvas)
