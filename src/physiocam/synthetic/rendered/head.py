"""The head of a rendered person: its shape and skin at each moment."""

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.drawn.shapes import Plane, bump
from physiocam.synthetic.rendered.covering import Covering
from physiocam.synthetic.rendered.folds import Folds
from physiocam.synthetic.rendered.model import CHART_ANGLE, CHART_HEIGHTS, PARTS, FaceModel
from physiocam.synthetic.rendered.person import RenderedPerson
from physiocam.synthetic.rendered.skin import paint
from physiocam.synthetic.rendered.solids import Floats, Solid, sheet
from physiocam.synthetic.rendered.units import FacePose

# The head turns on the neck: fully above the first height in cm, not at all below the second.
_TURNING = (-9.5, -17.0)
_PIVOT = np.array([0.0, -8.0, -1.0], dtype=np.float32)

_SUNK_CM = 0.4

_CM_PER_ROW = (CHART_HEIGHTS[1] - CHART_HEIGHTS[0]) / 383


class RenderedHead:
    """A person's head that can be deformed.

    Parameters
    ----------
    model : FaceModel
    folds : Folds
        Drawn on the model's chart.
    person : RenderedPerson

    Attributes
    ----------
    model, person
        As given.
    resting : float32 array (V, 3)
        The face at rest.
    paint : Paint
    covering : Covering
    body : Solid
        Neck opening and shoulders in clothes.
    """

    def __init__(self, model: FaceModel, folds: Folds, person: RenderedPerson) -> None:
        self.model, self.person = model, person
        self._folds = folds
        self.paint = paint(person, model.chart)
        weights = np.array(person.identity[: len(model.identities)], dtype=np.float32)
        shape = model.vertices + np.tensordot(weights, model.identities[: len(weights)], axes=1)
        _, _, rolled, lids = person.resting
        self._lowered = 0.22 * lids
        for name, weight in (("mouthRollLower", 0.35 * rolled), ("mouthRollUpper", 0.35 * rolled),
                             ("eyeBlink_L", self._lowered), ("eyeBlink_R", self._lowered)):  # fmt: skip
            shape += np.float32(weight) * model.expressions[name]
        self.resting = (shape + _hanging(person, model)).astype(np.float32)
        self._lips = _lip_edges(model)
        eyes = model.parts == PARTS.index("eyes")
        self._eyes = {"L": eyes & (model.vertices[:, 0] > 0), "R": eyes & (model.vertices[:, 0] < 0)}
        self.covering = Covering(model, person, self.resting, self.paint.beard)
        self.body = _body(np.random.default_rng([person.details, 2]))

    def shape(self, pose: FacePose) -> Floats:
        """Deform the face: vertices (V, 3) before the head turns."""
        shape: Floats = self.resting.copy()
        for name, weight in pose.shapes().items():
            blink = name.startswith("eyeBlink")
            left = 1 - self._lowered if blink else 1.0
            shape += np.float32(weight * left) * self.model.expressions[name]
            if blink:
                # Thin lids would let the eyeball through.
                eye = self._eyes[name[-1]]
                shape[eye, 2] -= np.float32(_SUNK_CM * weight)
        return shape

    def lip_gap(self, pose: FacePose) -> float:
        """How far apart the lips are in their middle, in cm; 0 where they touch."""
        weights = pose.shapes()

        def edge(lip: NDArray[np.intp]) -> Floats:
            moved: Floats = self.resting[lip, 1].copy()
            for name, weight in weights.items():
                moved += np.float32(weight) * self.model.expressions[name][lip, 1]
            return moved

        upper, lower = self._lips
        closed = self.resting[upper, 1].min() - self.resting[lower, 1].max()
        return float(max(edge(upper).min() - edge(lower).max() - max(closed, 0.0), 0.0))

    def slopes(self, pose: FacePose) -> tuple[Plane, Plane, Plane]:
        """How the skin's relief rises along the chart, to the left and up, and how dark its creases are, (H, W)."""
        person = self.person
        aged = float(np.clip((person.wrinkles - 0.5) * 1.1, 0, 1.3))
        relief, crease = self._folds.at(pose.activations(), 0.55 + 0.6 * person.wrinkles, aged)
        gradients = np.gradient(relief + self.paint.relief)
        down, along = (np.asarray(gradient, np.float32) for gradient in gradients)
        radius = np.hypot(self.model.chart[..., 0], self.model.chart[..., 2])
        step = radius * np.float32(2 * CHART_ANGLE / (relief.shape[1] - 1))
        leftwards: Plane = along / np.maximum(step, np.float32(0.02))
        upwards: Plane = down / np.float32(-_CM_PER_ROW)
        return leftwards, upwards, crease


def turned(points: Floats, rotation: Floats) -> Floats:
    """Turn points (n, 3) of the head on the neck by a rotation matrix."""
    share = np.clip((points[:, 1:2] - _TURNING[1]) / (_TURNING[0] - _TURNING[1]), 0, 1)
    rotated = (points - _PIVOT) @ rotation.T.astype(np.float32) + _PIVOT
    return np.asarray(points + share * (rotated - points), dtype=np.float32)


def rotation(pitch: float, yaw: float, roll: float) -> Floats:
    """Rotation matrix of a head pose.

    Parameters
    ----------
    pitch : float
        Degrees; positive looks up.
    yaw : float
        Degrees; positive turns to the person's left, which is the right of the picture.
    roll : float
        Degrees; positive leans the top of the head to the right of the picture.
    """
    a, b, c = np.radians((pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, np.cos(a), np.sin(a)], [0, -np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), np.sin(c), 0], [-np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turn: Floats = about_z @ about_y @ about_x
    return turn


def _lip_edges(model: FaceModel) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Vertices of the middle of the upper and of the lower lip: the jaw moves the lower one."""
    across, up, ahead = model.vertices.T
    middle = (model.parts == 0) & (np.abs(across) < 0.7) & (ahead > 11.1) & (up < -2.6) & (up > -4.6)
    moved = model.expressions["jawOpen"][:, 1] < -0.8
    return np.flatnonzero(middle & ~moved), np.flatnonzero(middle & moved)


def _hanging(person: RenderedPerson, model: FaceModel) -> Floats:
    """What age and habit do to a resting face: offsets (V, 3)."""
    corners, brows, _, _ = person.resting
    across, up, ahead = model.vertices.T
    side = np.abs(across)
    face = (model.parts == 0) & (ahead > 4)
    old = float(np.clip((person.age - 35) / 40, 0, 1)) * person.wrinkles
    offsets = np.zeros_like(model.vertices)
    offsets[:, 1] -= 0.42 * corners * bump(side, up, (2.6, -3.6), (0.8, 0.6))
    offsets[:, 1] -= 0.55 * brows * bump(side, up, (3.0, 5.1), (2.4, 0.75))
    offsets[:, 2] += 0.25 * brows * bump(side, up, (2.4, 5.2), (2.2, 0.5))
    offsets[:, 1] -= 0.55 * old * bump(side, up, (5.0, -4.0), (1.6, 1.6))
    offsets[:, 2] += 0.3 * old * bump(side, up, (4.4, -5.0), (0.9, 1.1))
    offsets[:, 2] -= 0.3 * old * bump(side, up, (4.3, -0.8), (1.1, 1.3))
    offsets[:, 2] += 0.15 * old * bump(side, up, (3.1, 2.3), (1.1, 0.4))
    moved: Floats = offsets * face[:, None]
    return moved


def _body(random: np.random.Generator) -> Solid:
    """Clothes round the neck and over the shoulders; they do not turn with the head."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)[None]
    collar = random.uniform(-12.3, -11.2)
    broad = random.uniform(0.88, 1.1)
    heights = np.array([collar, collar - 0.6, collar - 1.9, collar - 4.3, collar - 9, -40.0])[:, None]
    wide = broad * np.array([6.9, 9.5, 14.0, 19.5, 22.5, 23.5])[:, None]
    deep = np.array([6.7, 8.4, 9.5, 10.0, 11.0, 12.0])[:, None]
    # The collar is lower in front.
    dip = random.uniform(0.0, 0.8) * np.clip(np.cos(angle), 0, 1) ** 2 * (heights > collar - 1)
    points = np.stack([wide * np.sin(angle), heights - dip, -2.0 + deep * np.cos(angle)], axis=-1)
    return sheet(points, closed=True)
