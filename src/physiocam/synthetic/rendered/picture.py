"""A rendered head as a camera sees it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.rendered.covering import Cover, Stuff
from physiocam.synthetic.rendered.head import RenderedHead, rotation, turned
from physiocam.synthetic.rendered.light import Lighting
from physiocam.synthetic.rendered.model import PARTS
from physiocam.synthetic.rendered.skin import linear
from physiocam.synthetic.rendered.solids import Solid
from physiocam.synthetic.rendered.tracing import Hits, Surface, vertex_normals
from physiocam.synthetic.rendered.units import FacePose

Floats = NDArray[np.floating[Any]]

# Linear colours of what is not skin.
_PART_COLOURS = {"mouth": (0.2, 0.05, 0.05), "sockets": (0.3, 0.12, 0.1), "gums": (0.42, 0.13, 0.13),
                 "teeth": (0.75, 0.68, 0.56), "eyes": (0.45, 0.42, 0.4)}  # fmt: skip
_IRIS_CM, _PUPIL_CM = 0.66, 0.26


@dataclass(frozen=True)
class View:
    """Where the head is and how a camera sees it.

    Attributes
    ----------
    height, width : int
        Of the picture in pixels.
    scale : float
        Pixels for a cm at the face.
    centre : tuple of float
        Row and column of the mean face's origin, which lies between the eyes and the mouth, on the unturned head.
    pose : tuple of float
        Pitch, yaw and roll in degrees, as in `rotation`.
    distance : float
        From the camera in cm.
    chest : float
        How far breathing has raised the shoulders, in cm.
    """

    height: int
    width: int
    scale: float
    centre: tuple[float, float]
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)
    distance: float = 80.0
    chest: float = 0.0

    def rays(self) -> tuple[Floats, Floats]:
        """Origins and directions of one ray a pixel, float32 (n, 3), row by row."""
        rows, columns = np.arange(self.height) - self.centre[0], np.arange(self.width) - self.centre[1]
        x, y = np.meshgrid(columns / self.scale, -rows / self.scale)
        # The plane in which the scale holds goes through the face.
        plane = np.float32(8.0)
        points = np.stack([x, y, np.full_like(x, plane)], axis=-1).reshape(-1, 3).astype(np.float32)
        eye = np.array([0.0, 0.0, self.distance + plane], dtype=np.float32)
        directions = points - eye
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return np.broadcast_to(eye, directions.shape).copy(), directions


@dataclass(frozen=True, eq=False)
class Picture:
    """What is seen of a head and its body.

    Attributes
    ----------
    light : float32 array (H, W, 3)
        Linear RGB, weighted with `cover`.
    cover : float32 array (H, W)
        Opacity.
    blood : float32 array (H, W)
        How much of the pulse shows in `light`.
    """

    light: Floats
    cover: Floats
    blood: Floats


def render(head: RenderedHead, face: FacePose, view: View, lighting: Lighting, hand: Solid | None = None) -> Picture:
    """Render a head.

    Parameters
    ----------
    head : RenderedHead
    face : FacePose
    view : View
    lighting : Lighting
    hand : Solid, optional
        Before the face, see `hand_over`.

    Returns
    -------
    Picture
    """
    return _Shot(head, face, view, lighting, hand).picture()


class _Shot:
    def __init__(self, head: RenderedHead, face: FacePose, view: View, lighting: Lighting, hand: Solid | None) -> None:
        self._head, self._face, self._view, self._lighting = head, face, view, lighting
        model = head.model
        self._turn = rotation(*view.pose)
        shape = head.shape(face)
        self._vertices = turned(shape, self._turn)
        opened = any(name.startswith(("jaw", "mouth")) for name in face.shapes())
        hidden = () if opened else ("mouth", "gums", "teeth")
        skin = model.triangles_of(*(part for part in PARTS if part not in {"films", "lashes", *hidden}))
        body = head.body.vertices + np.array([0, view.chest, 0.5 * view.chest], dtype=np.float32)
        # What faces away from the camera is not seen.
        normals = vertex_normals(self._vertices, skin)
        skin = skin[normals[skin[:, 0], 2] > -0.6]
        self._triangles = np.concatenate([skin, head.body.triangles + len(shape)])
        self._points = np.concatenate([self._vertices, body]).astype(np.float32)
        self._normals = np.concatenate([normals, vertex_normals(body, head.body.triangles)])
        self._surface = Surface(self._points, self._triangles)
        self._cover = head.covering.at(shape, hand)
        if self._cover is not None:
            self._cover_points = turned(self._cover.solid.vertices, self._turn)
            self._cover_surface = self._blocker = Surface(self._cover_points, self._cover.solid.triangles)
            clear = self._cover.stuff == Stuff.LENS
            if clear.any():
                self._blocker = Surface(self._cover_points, self._cover.solid.triangles[~clear])
        self._random = np.random.default_rng(7)

    def picture(self) -> Picture:
        origins, directions = self._view.rays()
        hits = self._surface.trace(origins, directions)
        seen = np.flatnonzero(hits.found)
        size = len(origins)
        light, cover, blood = np.zeros((size, 3), np.float32), np.zeros(size, np.float32), np.zeros(size, np.float32)
        light[seen], blood[seen] = self._shaded(hits, seen, origins, directions)
        cover[seen] = 1
        if self._cover is not None:
            self._lay_over(self._cover, hits, origins, directions, light, cover, blood)
        shape = (self._view.height, self._view.width)
        return Picture(light.reshape(*shape, 3), cover.reshape(shape), blood.reshape(shape))

    def _shaded(self, hits: Hits, seen: NDArray[np.intp], origins: Floats, directions: Floats) -> tuple[Floats, Floats]:
        model, head = self._head.model, self._head
        triangle, weights = hits.triangle[seen], hits.weights[seen]
        body = len(self._points) - len(model.vertices)
        places = np.concatenate([model.vertices, head.body.vertices])
        charted = np.concatenate([model.chart_places, np.zeros((body, 2), np.float32)])
        known = np.concatenate([self._normals, places, charted], axis=1)
        mixed = np.einsum("nk,nkc->nc", weights, known[self._triangles[triangle]])
        normal, place, chart = mixed[:, :3], mixed[:, 3:6], mixed[:, 6:]
        part = np.append(model.parts, np.full(body, 255, np.uint8))[self._triangles[triangle, 0]]
        points = origins[seen] + hits.distance[seen, None] * directions[seen]
        toward = -directions[seen]
        normal = _facing(normal, toward)
        skin = part <= 1
        albedo = np.empty((len(seen), 3), np.float32)
        shine = np.zeros(len(seen), np.float32)
        blood = np.zeros(len(seen), np.float32)
        self._paint_skin(skin, chart, place, albedo, shine, blood, normal)
        self._paint_parts(part, place, albedo, shine)
        shadow = self._smooth(self._shadow(points, normal), seen, 2)
        openness = self._openness(points, normal, seen)
        inner = np.isin(part, [PARTS.index(name) for name in ("mouth", "gums", "teeth")])
        openness = openness * np.where(inner, np.clip((place[:, 2] - 5.0) / 6.5, 0.1, 0.8), 1)
        shadow = shadow * np.where(inner, np.clip((place[:, 2] - 6) / 4.5, 0, 0.8), 1)
        light = albedo * self._lighting.diffuse(normal, shadow, openness, skin.astype(np.float32))
        eyes = part == PARTS.index("eyes")
        light += shine[:, None] * self._lighting.shine(normal, toward, shadow, 22.0) * openness[:, None]
        wet = eyes | (part == PARTS.index("teeth"))
        light[wet] += 1.6 * self._lighting.shine(normal[wet], toward[wet], shadow[wet], 350.0) * openness[wet, None]
        return light, blood

    def _paint_skin(
        self,
        skin: NDArray[np.bool_],
        chart: Floats,
        place: Floats,
        albedo: Floats,
        shine: Floats,
        blood: Floats,
        normal: Floats,
    ) -> None:
        """Read the chart where skin is seen, in place; the relief tilts the normals."""
        painted = self._head.paint
        along, up, crease = self._head.slopes(self._face)
        layers = np.concatenate(
            [painted.albedo * (1 - crease[..., None]), np.stack([painted.shine, painted.blood, along, up], -1)], axis=-1
        )
        read = _bilinear(layers, chart[skin])
        albedo[skin], shine[skin], blood[skin] = read[:, :3], read[:, 3], read[:, 4]
        angle = np.arctan2(place[skin, 0], place[skin, 2])
        tilt = np.stack([np.cos(angle) * read[:, 5], read[:, 6], -np.sin(angle) * read[:, 5]], axis=1)
        tilted = normal[skin] - tilt @ self._turn.T.astype(np.float32)
        normal[skin] = tilted / np.linalg.norm(tilted, axis=1, keepdims=True)

    def _paint_parts(self, part: NDArray[np.uint8], place: Floats, albedo: Floats, shine: Floats) -> None:
        for name, colour in _PART_COLOURS.items():
            albedo[part == PARTS.index(name)] = colour
        shine[part == PARTS.index("gums")] = 1.5
        cloth = part == 255
        weave = 1 + 0.06 * np.sin(5 * place[cloth, :1]) * np.sin(5 * place[cloth, 1:2])
        albedo[cloth] = linear(np.array(self._head.person.clothes) / 255) * weave
        eyes = part == PARTS.index("eyes")
        seen = place[eyes]
        middle = np.array([3.156, 3.613])
        radius = np.hypot(np.abs(seen[:, 0]) - middle[0], seen[:, 1] - middle[1])
        radius = np.where(seen[:, 2] > 7.5, radius, 9.0)
        angle = np.arctan2(seen[:, 1] - middle[1], np.abs(seen[:, 0]) - middle[0])
        iris = linear(np.array(self._head.person.iris) / 255)
        streaks = 1 + 0.3 * np.sin(23 * angle + 3 * np.sin(7 * angle)) * np.clip(radius / _IRIS_CM, 0, 1)
        streaks *= np.interp(radius, (0.3, 0.5, 0.6, _IRIS_CM), (0.8, 1.35, 0.9, 0.35))
        inside = np.clip((_IRIS_CM - radius) / 0.06 + 0.5, 0, 1)[:, None]
        pupil = np.clip((_PUPIL_CM - radius) / 0.05 + 0.5, 0, 1)[:, None]
        white = np.array(_PART_COLOURS["eyes"]) * (1 - 0.25 * np.clip((radius - 0.9) / 0.6, 0, 1)[:, None] * (0, 1, 1))
        ball = white + inside * (iris * streaks[:, None] * 1.3 - white)
        # The upper lid and its lashes shade what is below them.
        shade = np.interp(seen[:, 1], (2.9, 3.5, 4.0), (0.9, 0.85, 0.45))[:, None]
        albedo[eyes] = ball * (1 - 0.97 * pupil) * shade

    def _shadow(self, points: Floats, normal: Floats) -> Floats:
        """Share of the key lamp that each point sees, by one ray to somewhere on the lamp."""
        key = np.float32(self._lighting.key)
        jitter = self._random.standard_normal(points.shape, dtype=np.float32) * np.float32(
            0.6 * self._lighting.softness
        )
        toward = key + jitter
        toward /= np.linalg.norm(toward, axis=1, keepdims=True)
        start = points + np.float32(0.06) * normal + np.float32(0.04) * toward
        dark = self._surface.blocked(start, toward, 60.0)
        if self._cover is not None:
            dark |= self._blocker.blocked(start + np.float32(0.25) * toward, toward, 60.0)
        return 1 - dark.astype(np.float32)

    def _openness(self, points: Floats, normal: Floats, seen: NDArray[np.intp]) -> Floats:
        """Share of the surroundings that each point sees, by one ray from every fourth."""
        some = np.arange(0, len(points), 3)
        outward = normal[some] + _unit(self._random.standard_normal((len(some), 3), dtype=np.float32))
        outward = _unit(outward)
        start = points[some] + np.float32(0.06) * normal[some]
        free = 1 - self._surface.blocked(start, outward, 7.0).astype(np.float32)
        if self._cover is not None:
            free *= 1 - 0.8 * self._blocker.blocked(start + np.float32(0.3) * outward, outward, 5.0)
        return 0.12 + 0.88 * self._smooth(free, seen[some], 4)[np.arange(len(points)) // 3]

    def _smooth(self, values: Floats, seen: NDArray[np.intp], radius: int) -> Floats:
        """Average over neighbouring rays that are seen."""
        shape = (self._view.height, self._view.width)
        plane = np.zeros((2, *shape), np.float32)
        flat = plane.reshape(2, -1)
        flat[0, seen], flat[1, seen] = values, 1
        summed = _box(plane, radius).reshape(2, -1)[:, seen]
        return summed[0] / np.maximum(summed[1], 1e-6)

    def _lay_over(
        self,
        cover: Cover,
        below: Hits,
        origins: Floats,
        directions: Floats,
        light: Floats,
        opacity: Floats,
        blood: Floats,
    ) -> None:
        """Lay hair, beard, glasses and hands over what is seen, in place."""
        hits = self._cover_surface.trace(origins, directions)
        seen = np.flatnonzero(hits.found & (hits.distance < below.distance + 0.02))
        if not len(seen):
            return
        triangles = cover.solid.triangles[hits.triangle[seen]]
        known = np.concatenate([vertex_normals(self._cover_points, cover.solid.triangles), cover.places], axis=1)
        mixed = np.einsum("nk,nkc->nc", hits.weights[seen], known[triangles])
        toward = -directions[seen]
        normal, place = _facing(mixed[:, :3], toward), mixed[:, 3:]
        stuff = cover.stuff[hits.triangle[seen]]
        points = origins[seen] + hits.distance[seen, None] * directions[seen]
        albedo, alpha, shine = self._materials(stuff, place)
        shadow = self._smooth(self._shadow(points, normal), seen, 2)
        openness = self._openness(points, normal, seen)
        own = albedo * self._lighting.diffuse(normal, shadow, openness, (stuff == Stuff.HAND).astype(np.float32))
        own += shine[:, None] * self._lighting.shine(normal, toward, shadow, 30.0)
        light[seen] += alpha[:, None] * (own - light[seen])
        opacity[seen] += alpha * (1 - opacity[seen])
        blood[seen] *= 1 - alpha

    def _materials(self, stuff: NDArray[np.uint8], place: Floats) -> tuple[Floats, Floats, Floats]:
        """Colour, opacity and shine of coverings at places on the mean face."""
        person, covering = self._head.person, self._head.covering
        angle = np.arctan2(place[:, 0], place[:, 2] + 0.8)
        rows, columns = covering.strands.shape
        row, column = (place[:, 1] * 12).astype(int) % rows, (angle * 80).astype(int) % columns
        strand = covering.strands[row, column]
        hair = linear(np.array(person.hair_colour) / 255)
        albedo = np.maximum(hair * np.clip(0.75 + 0.35 * strand, 0.2, 1.7)[:, None], 0.004).astype(np.float32)
        inside = covering.inside_hair(place)
        alpha = np.clip(inside / 1.3 + 0.45 * strand + 0.15, 0, 1).astype(np.float32)
        shine = np.clip(0.14 + 0.12 * strand, 0, 0.5).astype(np.float32)
        # Hair that hangs down has no hairline; only its ends are ragged.
        hanging = (stuff == Stuff.HAIR) & (np.hypot(place[:, 0], place[:, 2] + 0.8) > 8.2) & (inside < 0.5)
        alpha[hanging] = np.clip(1.0 + 0.3 * strand[hanging], 0.3, 1)
        whiskers = stuff == Stuff.BEARD
        if whiskers.any():
            painted = self._head.covering.beard
            density = _bilinear(painted[..., None], _chart_of(place[whiskers]))[:, 0]
            alpha[whiskers] = np.clip(2.2 * density - 0.35 + 0.45 * strand[whiskers], 0, 0.95)
            shine[whiskers] *= 0.4
        for kind, colour, opaque, gloss in (
            (Stuff.LASH, (0.012, 0.01, 0.009), 0.2 + 0.4 * person.make_up, 0.0),
            (Stuff.FRAME, (0.03, 0.026, 0.024), 1.0, 1.2),
            (Stuff.LENS, (0.5, 0.5, 0.5), 0.05, 2.5),
            (Stuff.HAND, tuple(linear(np.array(person.skin) / 255)), 1.0, 0.5),
            (Stuff.CLOTH, tuple(linear(np.array(person.clothes) / 255)), 1.0, 0.05),
        ):
            chosen = stuff == kind
            albedo[chosen], alpha[chosen], shine[chosen] = colour, opaque, gloss
        return albedo, alpha, shine


def _chart_of(place: Floats) -> Floats:
    from physiocam.synthetic.rendered.model import chart_places

    return chart_places(place)


def _facing(normals: Floats, toward: Floats) -> Floats:
    """Normals of length 1 on the side that is seen."""
    away = (normals * toward).sum(axis=1, keepdims=True) < -0.1
    return _unit(np.where(away, -normals, normals))


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-9))


def _bilinear(layers: Floats, places: Floats) -> Floats:
    """Read layers (H, W, C) between pixels, at rows and columns (n, 2)."""
    rows, columns, channels = layers.shape
    row = np.clip(places[:, 0], 0, rows - 1.001)
    column = np.clip(places[:, 1], 0, columns - 1.001)
    whole_row, whole_column = row.astype(np.intp), column.astype(np.intp)
    down, across = (row - whole_row)[:, None], (column - whole_column)[:, None]
    flat = layers.reshape(-1, channels)
    index = whole_row * columns + whole_column
    upper = flat[index] * (1 - across) + flat[index + 1] * across
    lower = flat[index + columns] * (1 - across) + flat[index + columns + 1] * across
    read: Floats = upper * (1 - down) + lower * down
    return read


def _box(planes: Floats, radius: int) -> Floats:
    """Sum over squares of planes (n, H, W), with zeros around."""
    for axis in (1, 2):
        pad = [(0, 0)] * 3
        pad[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(planes, pad), axis=axis, dtype=np.float32)
        size = planes.shape[axis]
        ends = np.arange(size) + 2 * radius + 1
        planes = total.take(ends, axis=axis) - total.take(ends - 2 * radius - 1, axis=axis)
    return planes
