"""A drawn person in front of a wall, seen by a camera: every frame can be drawn separately."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.drawn.expressions import ExpressionTrack
from physiocam.synthetic.drawn.head import DrawnHead, Expression
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.shapes import Plane, blotches, bump
from physiocam.synthetic.physiology import Physiology, wander
from physiocam.synthetic.portrait import PULSE_RGB, ClipSettings, noise_pool

_Quads = NDArray[np.float32]


@dataclass(frozen=True)
class SceneSettings(ClipSettings):
    """Settings of a drawn recording: those of a generated clip, and more.

    Attributes
    ----------
    height, width : int
        Size of the frames in pixels.
    face_size : float
        Hairline to chin, relative to the frame's shorter side.
    head_turn : float
        Standard deviation of the head's sideways lean, in degrees; its size varies by as many percent.
    chest_motion : float
        Motion of the chest with breathing as a multiple of the head's; below 0 they move in opposite directions.
    breathing_light : float
        Standard deviation of the brightness of skin and clothes with breathing, relative to it.
    expressions : float
        Expressions per minute.
    weakest : float
        Strength of the weakest expressions, 0..1 of the strongest; posed ones are all strong.
    """

    height: int = 480
    width: int = 640
    face_size: float = 0.46
    head_turn: float = 0.6
    chest_motion: float = 3.0
    breathing_light: float = 0.002
    expressions: float = 14.0
    weakest: float = 0.35


class Scene:
    """One recording that can be drawn.

    Parameters
    ----------
    person : Person
    settings : SceneSettings
        The same person and settings give the same recording.

    Attributes
    ----------
    person, settings
        As given.
    timestamps_s : float64 array (T,)
    physiology : Physiology
        Its waveforms and rates have one value per frame.
    expressions : ExpressionTrack
    """

    def __init__(self, person: Person, settings: SceneSettings) -> None:
        self.person = person
        self.settings = settings
        fs = settings.fs
        frames = max(round(settings.duration_s * fs), 2)
        random = np.random.default_rng(settings.seed)
        self.timestamps_s = np.arange(frames) / fs
        self.physiology = Physiology(frames, fs, settings.heart_rate, settings.breathing_rate, random)
        self.expressions = ExpressionTrack(frames, fs, settings.expressions, settings.weakest, random)
        self._motion = settings.head_motion * np.stack([wander(frames, fs, 0.5, random) for _ in range(2)])
        self._lean = np.radians(settings.head_turn) * wander(frames, fs, 0.4, random)
        self._nearness = 1 + 0.01 * settings.head_turn * wander(frames, fs, 0.3, random)
        self._light = 1 + settings.light_change * wander(frames, fs, 0.3, random)
        self._light += settings.flicker * random.standard_normal(frames)
        self._slant = settings.light_change * wander(frames, fs, 0.2, random)
        self._places = random.integers(settings.height * settings.width, size=frames)
        self._studio_seed = int(random.integers(2**31))
        self._studio: _Studio | None = None

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Draw all frames (H, W, 3), one by one."""
        for index in range(len(self.timestamps_s)):
            yield self.frame(index)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Draw one frame; consecutive frames are faster to draw in order.

        Parameters
        ----------
        index : int
            From 0.

        Returns
        -------
        uint8 array (H, W, 3), RGB
        """
        return self._open_studio().shoot(self.expressions.at(index), self._instant(index))

    def cutout(self, index: int) -> NDArray[np.float32]:
        """Draw the person of one frame alone, without wall and noise.

        Parameters
        ----------
        index : int

        Returns
        -------
        float32 array (H, W, 4)
            R, G and B in levels, weighted with the fourth, the opacity 0..1.
        """
        return self._open_studio().cut_out(self.expressions.at(index), self._instant(index))

    def face(self, index: int) -> tuple[float, float, float]:
        """Return x and y of the face's middle in one frame, and its height from hairline to chin, in pixels."""
        studio, instant = self._open_studio(), self._instant(index)
        x, y = studio.centre
        return x + instant.right, y + instant.down, 2 * studio.scale * instant.nearness

    def _open_studio(self) -> "_Studio":
        if self._studio is None:
            self._studio = _Studio(self.person, self.settings, self._studio_seed)
        return self._studio

    def _instant(self, index: int) -> "_Instant":
        settings = self.settings
        breath = float(self.physiology.respiration[index])
        size = 2 * self._open_studio().scale
        return _Instant(
            pulse=-settings.pulse_strength * float(self.physiology.pulse[index]),
            right=float(self._motion[0, index]) * size,
            down=(float(self._motion[1, index]) - settings.breathing_motion * breath) * size,
            chest=-settings.chest_motion * settings.breathing_motion * breath * size,
            lean=float(self._lean[index]),
            nearness=float(self._nearness[index]),
            light=float(self._light[index]) * (1 + settings.breathing_light * breath),
            slant=float(self._slant[index]),
            noise_place=int(self._places[index]),
        )


class _Instant(NamedTuple):
    """What differs from frame to frame beside the expression; lengths in pixels."""

    pulse: float
    right: float
    down: float
    chest: float
    lean: float
    nearness: float
    light: float
    slant: float
    noise_place: int


class _Studio:
    """Parts that are drawn once per recording, and the memory in which frames are composed."""

    def __init__(self, person: Person, settings: SceneSettings, seed: int) -> None:
        random = np.random.default_rng(seed)
        height, width = settings.height, settings.width
        shorter = min(height, width)
        self.scale = settings.face_size / 2 * shorter
        self.centre = ((width - 1) / 2 + random.uniform(-0.04, 0.04) * shorter, height - 1 - 0.56 * shorter)
        direction = np.array([random.uniform(-0.55, 0.55), random.uniform(-0.6, -0.25), 0.85])
        right, down, ahead = (direction / np.linalg.norm(direction)).tolist()
        self._head = DrawnHead(person, self.scale, (right, down, ahead))
        tint = np.append(settings.tint, 1.0).astype(np.float32)
        self._signature = np.append(PULSE_RGB, 0.0).astype(np.float32)
        u = ((np.arange(width, dtype=np.float32) - self.centre[0]) / self.scale)[None]
        v = ((np.arange(height, dtype=np.float32) - self.centre[1]) / self.scale)[:, None]
        self._tint = tint
        self._wall = _wall(person, u, v, right, random) * tint
        self._top = max(int(np.searchsorted(v[:, 0], 0.45)), 1)
        self._body, neck = (layer * tint for layer in _body(person, u, v[self._top - 1 :], right, random))
        seen = np.flatnonzero(self._body[..., 3].any(axis=0))
        self._shoulders = slice(int(seen[0]), int(seen[-1]) + 1)
        self._throat = slice(*np.searchsorted(u[0], (-0.7, 0.7)).tolist())
        self._neck = neck[:, self._throat] * self._signature
        pixels = 2 * height * width
        pool = np.zeros((pixels, 4), dtype=np.float32)
        pool[:, :3] = noise_pool(pixels, settings.noise, random).T
        self._noise = pool
        self._across = np.repeat(u[0] / 3, 4)
        self._expression: Expression | None = None
        self._canvas = np.empty((height, width, 4), dtype=np.float32)

    def shoot(self, expression: Expression, instant: _Instant) -> NDArray[np.uint8]:
        canvas = self._canvas
        height, width = canvas.shape[:2]
        np.copyto(canvas, self._wall)
        self._lay(expression, instant)
        self._light(instant)
        canvas += self._noise[instant.noise_place : instant.noise_place + height * width].reshape(height, width, 4)
        np.clip(canvas, 0, 255, out=canvas)
        return canvas[..., :3].astype(np.uint8)

    def cut_out(self, expression: Expression, instant: _Instant) -> _Quads:
        self._canvas[:] = 0.0
        self._lay(expression, instant)
        opacity = self._canvas[..., 3].copy()
        self._light(instant)
        self._canvas[..., 3] = opacity
        return self._canvas.copy()

    def _lay(self, expression: Expression, instant: _Instant) -> None:
        self._lay_body(instant.chest, instant.pulse)
        if expression != self._expression:
            self._levels, self._perfused = (layer * self._tint for layer in self._head.draw(expression))
            self._perfused *= self._signature
            self._expression = expression
        head = self._levels + np.float32(instant.pulse) * self._perfused
        x, y = self.centre
        self._lay_head(head, x + instant.right, y + instant.down, instant.lean, instant.nearness)

    def _light(self, instant: _Instant) -> None:
        height, width = self._canvas.shape[:2]
        flat = self._canvas.reshape(height, width * 4)
        flat *= np.float32(instant.light) + np.float32(instant.slant) * self._across

    def _lay_body(self, down: float, pulse: float) -> None:
        body = self._body.copy()
        body[:, self._throat] += np.float32(pulse) * self._neck
        body = body[:, self._shoulders]
        # The layer begins one row above its place, and its last row extends below.
        rows = len(body) - 1
        places = np.clip(np.arange(1, rows + 1) - down, 0, rows)
        whole = np.minimum(places.astype(int), rows - 1)
        part = (places - whole).astype(np.float32)[:, None, None]
        moved = body[whole]
        moved += part * (body[whole + 1] - moved)
        target = self._canvas[self._top :, self._shoulders]
        target *= 1 - moved[..., 3:]
        target += moved

    def _lay_head(self, head: _Quads, x: float, y: float, lean: float, nearness: float) -> None:
        rows, columns = head.shape[:2]
        height, width = self._canvas.shape[:2]
        # Possible area of the head: its box, rotated.
        margin = 0.5 * abs(lean) * max(rows, columns) + abs(nearness - 1) * max(rows, columns) + 2
        left = max(int(x - self._head.centre[0] - margin), 0)
        right = min(int(x - self._head.centre[0] + columns + margin) + 1, width)
        top = max(int(y - self._head.centre[1] - margin), 0)
        bottom = min(int(y - self._head.centre[1] + rows + margin) + 1, height)
        if left >= right or top >= bottom:
            return
        cosine, sine = np.cos(lean) / nearness, np.sin(lean) / nearness
        i = (np.arange(top, bottom) - y)[:, None]
        j = (np.arange(left, right) - x)[None]
        column = (cosine * j + self._head.centre[0]).astype(np.float32) + (sine * i).astype(np.float32)
        row = (cosine * i + self._head.centre[1]).astype(np.float32) - (sine * j).astype(np.float32)
        # The layer's edge is empty, so outside pixels read the edge.
        np.clip(column, 0, columns - 1.001, out=column)
        np.clip(row, 0, rows - 1.001, out=row)
        column_whole, row_whole = column.astype(np.int32), row.astype(np.int32)
        column -= column_whole
        row -= row_whole
        index = row_whole * columns + column_whole
        # Four levels are copied as one number of 16 bytes.
        pixels = np.ascontiguousarray(head).reshape(-1, 4).view(np.complex128)[:, 0]

        def at(step: int) -> _Quads:
            taken: _Quads = pixels.take(index + step if step else index).view(np.float32)
            return taken.reshape(*index.shape, 4)

        upper, lower = at(0), at(columns)
        column, row = column[..., None], row[..., None]
        upper += column * (at(1) - upper)
        lower += column * (at(columns + 1) - lower)
        lower -= upper
        lower *= row
        upper += lower
        target = self._canvas[top:bottom, left:right]
        target *= 1 - upper[..., 3:]
        target += upper


def _wall(person: Person, u: Plane, v: Plane, light: float, random: np.random.Generator) -> _Quads:
    shape = (v.shape[0], u.shape[1])
    bright = 0.9 + 0.06 * light * u - 0.05 * v + 0.012 * blotches(shape, 14, random)
    colour = np.array(person.wall, dtype=np.float32) * bright[..., None]
    # Pictures, shelves, a window: soft rectangles out of focus.
    for _ in range(int(random.integers(0, 5))):
        at, size = random.uniform((-2.8, -2.0), (2.8, 1.2)), random.uniform(0.2, 0.9, 2)
        edge = np.maximum(np.abs(u - at[0]) - size[0], np.abs(v - at[1]) - size[1])
        cover = (0.8 / (1 + np.exp(np.clip(edge / 0.035, -30, 30))))[..., None]
        colour = (
            colour * (1 - cover) + (random.uniform(30, 225) + random.uniform(-25, 25, 3)) * bright[..., None] * cover
        )
    return np.concatenate([colour, np.ones((*shape, 1))], axis=-1).astype(np.float32)


def _body(person: Person, u: Plane, v: Plane, light: float, random: np.random.Generator) -> tuple[_Quads, _Quads]:
    """Neck and shoulders, weighted with their opacity; and only their skin, weighted by how much blood shows."""
    shape = (v.shape[0], u.shape[1])
    side = np.abs(u)
    soft = float(u[0, 1] - u[0, 0]) * 1.5
    neck_half = 0.41 + 0.12 * np.clip(v - 1.0, 0, 1) ** 2
    neck = np.clip(0.5 - (side - neck_half) / soft, 0, 1) * (v < 1.75)
    roundness = np.sqrt(np.clip(1 - (side / 0.62) ** 2, 0.1, 1))
    chin_shadow = 1 - 0.45 * np.exp(-0.5 * ((v - 0.95) / 0.22) ** 2)
    tendons = 1 - 0.06 * bump(side, v, (0.11, 1.35), (0.03, 0.3))
    skin = (0.78 * roundness * chin_shadow * tendons * (1 + 0.15 * light * u))[..., None] * np.array(person.skin)
    slope = 1.28 + 0.42 * np.clip((side - 0.4) / 1.1, 0, None) ** 1.5 + 1.5 * np.clip(side - 1.45, 0, None) ** 2
    collar = 1.72 - 1.1 * side
    clothes = np.clip(0.5 + (v - np.maximum(slope, np.where(side < 0.6, collar, -9))) / soft, 0, 1)
    folds = 1 + 0.07 * blotches(shape, 16, random, 3.0) + 0.03 * blotches(shape, 120, random)
    lit = (0.95 + 0.12 * light * u - 0.18 * np.exp(-np.maximum(v - collar, 0) / 0.12)) * folds
    cloth = lit[..., None] * np.array(person.clothes)
    below = (clothes[..., None] * cloth + (1 - clothes)[..., None] * neck[..., None] * skin).astype(np.float32)
    cover = clothes + neck - clothes * neck
    body = np.concatenate([below, cover[..., None].astype(np.float32)], axis=-1)
    blood = np.zeros_like(body)
    blood[..., :3] = 0.5 * ((1 - clothes) * neck)[..., None] * skin
    return body, blood
