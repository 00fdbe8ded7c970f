"""A rendered head as a camera sees it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.rendered.covering import Stuff
from physiocam.synthetic.rendered.head import RenderedHead, rotation, turned
from physiocam.synthetic.rendered.light import Lighting
from physiocam.synthetic.rendered.materials import CLOTHES, Material, lay_skin, of_covering, of_head
from physiocam.synthetic.rendered.model import PARTS
from physiocam.synthetic.rendered.planes import averaged, unit
from physiocam.synthetic.rendered.solids import Solid
from physiocam.synthetic.rendered.tracing import Hits, Surface, vertex_normals
from physiocam.synthetic.rendered.units import FacePose
from physiocam.synthetic.rendered.view import View

Floats = NDArray[np.floating[Any]]

# How hard the mirror image of a lamp is on skin and hair, and on what is wet.
_SKIN_HARDNESS, _WET_HARDNESS = 22.0, 350.0

_INSIDE_THE_MOUTH = tuple(PARTS.index(name) for name in ("mouth", "gums", "teeth"))

# What faces away from the camera by more than this is left out.
_AWAY = -0.6


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


@dataclass(frozen=True, eq=False)
class _Seen:
    """Where rays meet a surface: pixels (n,), and of each the point, the normal and the way to the camera (n, 3)."""

    pixels: NDArray[np.intp]
    points: Floats
    normal: Floats
    toward: Floats


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
        self._turn = rotation(*view.pose).astype(np.float32)
        shape = head.shape(face)
        vertices = turned(shape, self._turn)
        opened = any(name.startswith(("jaw", "mouth")) for name in face.shapes())
        hidden = () if opened else ("mouth", "gums", "teeth")
        skin = model.triangles_of(*(part for part in PARTS if part not in {"films", "lashes", *hidden}))
        normals = vertex_normals(vertices, skin)
        skin = skin[normals[skin[:, 0], 2] > _AWAY]
        body = head.body.vertices + np.array([0, view.chest, 0.5 * view.chest], dtype=np.float32)
        self._triangles = np.concatenate([skin, head.body.triangles + np.int32(len(shape))])
        self._normals = np.concatenate([normals, vertex_normals(body, head.body.triangles)])
        self._places = np.concatenate([model.vertices, head.body.vertices])
        self._parts = np.append(model.parts, np.full(len(body), CLOTHES, np.uint8))
        self._surface = Surface(np.concatenate([vertices, body]), self._triangles)
        self._cover = head.covering.at(shape, hand)
        solid = self._cover.solid
        self._cover_points = turned(solid.vertices, self._turn)
        self._cover_surface = self._blocker = Surface(self._cover_points, solid.triangles)
        clear = self._cover.stuff == Stuff.LENS
        if clear.any():
            self._blocker = Surface(self._cover_points, solid.triangles[~clear])
        # The same for every picture, so that the soft shadows of a film do not flicker.
        self._random = np.random.default_rng(7)

    def picture(self) -> Picture:
        origins, directions = self._view.rays()
        shape = (self._view.height, self._view.width)
        light, cover, blood = (np.zeros((len(origins), channels), np.float32) for channels in (3, 1, 1))
        below = self._surface.trace(origins, directions)
        pixels = np.flatnonzero(below.found)
        known = np.concatenate([self._normals, self._places], axis=1)
        seen, mixed = _met(below, pixels, origins, directions, self._triangles, known)
        light[pixels], blood[pixels, 0] = self._head_light(seen, mixed, below.triangle[pixels])
        cover[pixels] = 1
        # Hair, beard, glasses and hands lie over it.
        solid = self._cover.solid
        above = self._cover_surface.trace(origins, directions)
        pixels = np.flatnonzero(above.found & (above.distance < below.distance + 0.02))
        known = np.concatenate([vertex_normals(self._cover_points, solid.triangles), self._cover.places], axis=1)
        seen, mixed = _met(above, pixels, origins, directions, solid.triangles, known)
        made = of_covering(self._head, self._cover.stuff[above.triangle[pixels]], mixed)
        opacity = made.opacity[:, None]
        shadow, openness = self._reached(seen)
        light[pixels] += opacity * (self._given_back(made, seen, shadow, openness) - light[pixels])
        cover[pixels] += opacity * (1 - cover[pixels])
        blood[pixels] *= 1 - opacity
        return Picture(light.reshape(*shape, 3), cover.reshape(shape), blood.reshape(shape))

    def _head_light(self, seen: _Seen, place: Floats, triangle: NDArray[np.int32]) -> tuple[Floats, Floats]:
        part = self._parts[self._triangles[triangle, 0]]
        made = of_head(self._head, part, place)
        unturned = seen.normal @ self._turn
        lay_skin(made, unturned, part <= PARTS.index("head"), self._head, self._face, place)
        seen = _Seen(seen.pixels, seen.points, unturned @ self._turn.T, seen.toward)
        shadow, openness = self._reached(seen)
        inside = np.isin(part, _INSIDE_THE_MOUTH)
        openness = openness * np.where(inside, np.clip((place[:, 2] - 5.0) / 6.5, 0.1, 0.8), 1)
        shadow = shadow * np.where(inside, np.clip((place[:, 2] - 6.0) / 4.5, 0, 0.8), 1)
        return self._given_back(made, seen, shadow.astype(np.float32), openness.astype(np.float32)), made.blood

    def _given_back(self, made: Material, seen: _Seen, shadow: Floats, openness: Floats) -> Floats:
        """Light that goes to the camera, (n, 3)."""
        lamps = self._lighting
        light = made.albedo * lamps.diffuse(seen.normal, shadow, openness, made.soft)
        glow = made.shine * openness
        light += glow[:, None] * lamps.shine(seen.normal, seen.toward, shadow, _SKIN_HARDNESS)
        wet = np.flatnonzero(made.wet)
        mirrored = lamps.shine(seen.normal[wet], seen.toward[wet], shadow[wet], _WET_HARDNESS)
        light[wet] += (made.wet * openness)[wet, None] * mirrored
        return light

    def _reached(self, seen: _Seen) -> tuple[Floats, Floats]:
        """Shares of the key lamp and of the surroundings that each place sees, (n,), by a ray to somewhere in each."""
        count, shape = len(seen.points), (self._view.height, self._view.width)
        jitter = self._random.standard_normal((count, 3), dtype=np.float32)
        toward = unit(np.array(self._lighting.key, np.float32) + np.float32(0.6 * self._lighting.softness) * jitter)
        start = seen.points + np.float32(0.06) * seen.normal + np.float32(0.04) * toward
        dark = self._surface.blocked(start, toward, 60.0)
        dark |= self._blocker.blocked(start + np.float32(0.25) * toward, toward, 60.0)
        shadow = averaged(1 - dark.astype(np.float32), seen.pixels, shape, 2)
        # Surroundings change slowly: a ray from every third place is enough.
        some = np.arange(0, count, 3)
        outward = unit(seen.normal[some] + unit(self._random.standard_normal((len(some), 3), dtype=np.float32)))
        start = seen.points[some] + np.float32(0.06) * seen.normal[some]
        free = 1 - self._surface.blocked(start, outward, 7.0).astype(np.float32)
        free *= 1 - np.float32(0.8) * self._blocker.blocked(start + np.float32(0.3) * outward, outward, 5.0)
        openness = np.float32(0.12) + np.float32(0.88) * averaged(free, seen.pixels[some], shape, 4)
        return shadow, openness[np.arange(count) // 3]


def _met(
    hits: Hits,
    pixels: NDArray[np.intp],
    origins: Floats,
    directions: Floats,
    triangles: NDArray[np.int32],
    known: Floats,
) -> tuple[_Seen, Floats]:
    """What rays meet at pixels, and the place on the mean face; `known` (V, 6) has normals and places of vertices."""
    mixed = np.einsum("nk,nkc->nc", hits.weights[pixels], known[triangles[hits.triangle[pixels]]])
    toward = -directions[pixels]
    normal = mixed[:, :3]
    # Thin things are seen from both sides.
    away = (normal * toward).sum(axis=1, keepdims=True) < -0.1
    points = origins[pixels] + hits.distance[pixels, None] * directions[pixels]
    return _Seen(pixels, points, unit(np.where(away, -normal, normal)), toward), mixed[:, 3:]
