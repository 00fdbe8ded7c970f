"""A head of ICT-FaceKit, shaded and drawn quad by quad: it turns and makes faces, and no blood is in it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.provenance import digest_of
from physiocam.synthetic.physiology import wander

_HEIGHT, _WIDTH = 360, 480
_FINER = 2

# Centimetres from the camera, and the height that it sees there.
_DISTANCE, _SEEN = 70.0, 38.0

# First and last vertices of face, head and neck, of the mouth's inside, and of the eyes and their irises.
_OUTSIDE = (0, 11_247)
_MOUTH = (11_248, 13_293)
_EYES = (21_451, 24_590)
_IRISES = ((22_221, 23_020), (23_791, 24_590))

# Corners are placed in steps of a pixel's 16th.
_SHIFT = 4


class _Mesh(NamedTuple):
    vertices: NDArray[np.float32]
    quads: NDArray[np.int64]
    offsets: dict[str, NDArray[np.float32]]
    identities: NDArray[np.float32]


@dataclass(frozen=True)
class TurningHead:
    """A rendered head; the same settings give the same frames.

    Attributes
    ----------
    folder : Path
        Of the mesh.
    seconds, fs : float
    turn : float
        Standard deviation of its turning and nodding, in degrees.
    nod_hz, nod : float
        Rate and amplitude in degrees of a regular nod.
    noise : float
        Standard deviation of the sensor's noise in levels.
    seed : int
    """

    folder: Path
    seconds: float
    fs: float
    turn: float
    nod_hz: float
    nod: float
    noise: float
    seed: int

    def facts(self) -> dict[str, Any]:
        """Everything that decides the frames."""
        return {**asdict(self), "folder": digest_of(self.folder)}

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Each frame, uint8 (H, W, 3), RGB."""
        mesh = _mesh(self.folder)
        random = np.random.default_rng(self.seed)
        count = round(self.seconds * self.fs)
        vertices = mesh.vertices + np.tensordot(0.7 * random.standard_normal(20), mesh.identities[:20], 1)
        colours = _colours(mesh, random)
        wall = random.uniform(60, 200, 3)
        light = np.array([random.uniform(-0.6, 0.6), random.uniform(0.1, 0.7), 1.0])
        light /= np.linalg.norm(light)
        yaw, pitch = (np.radians(self.turn) * wander(count, self.fs, 0.3, random) for _ in range(2))
        pitch += np.radians(self.nod) * np.sin(2 * np.pi * self.nod_hz * np.arange(count) / self.fs)
        smile, jaw = (np.clip(0.5 * wander(count, self.fs, 0.3, random), 0, 1) for _ in range(2))
        blink = np.clip(1 - np.abs(np.arange(count) / self.fs % random.uniform(2.5, 5) - 1) / 0.12, 0, 1)
        for t in range(count):
            posed = vertices + smile[t] * mesh.offsets["mouthSmile"] + 0.5 * jaw[t] * mesh.offsets["jawOpen"]
            posed += blink[t] * mesh.offsets["eyeBlink"]
            image = _draw(posed @ _rotation(yaw[t], pitch[t]).T, mesh.quads, colours, wall, light)
            grain = self.noise * random.standard_normal(image.shape, dtype=np.float32)
            yield np.clip(image + grain + 0.5, 0, 255).astype(np.uint8)


@cache
def _mesh(folder: Path) -> _Mesh:
    with np.load(folder / "mesh.npz") as mesh:
        vertices, quads = mesh["vertices"].astype(np.float32), mesh["quads"].astype(np.int64)
    with np.load(folder / "expressions.npz") as shapes:
        names, offsets = [str(name) for name in shapes["names"]], shapes["offsets"].astype(np.float32)
    with np.load(folder / "identities.npz") as people:
        identities = people["offsets"].astype(np.float32)
    kept = np.zeros(len(quads), dtype=bool)
    for first, last in (_OUTSIDE, _MOUTH, _EYES):
        kept |= ((quads >= first) & (quads <= last)).all(axis=1)

    def both(name: str) -> NDArray[np.float32]:
        """The shape of both sides."""
        sides = [offsets[index] for index, full in enumerate(names) if full.split("_")[0] == name]
        return np.asarray(np.sum(sides, axis=0), dtype=np.float32)

    wanted = ("mouthSmile", "jawOpen", "eyeBlink", "mouthRollUpper", "mouthRollLower")
    return _Mesh(vertices, quads[kept], {name: both(name) for name in wanted}, identities)


def _colours(mesh: _Mesh, random: np.random.Generator) -> NDArray[np.float64]:
    """The colour of each quad, (Q, 3): skin, lips, brows, hair, eyes."""
    x, y, z = mesh.vertices[mesh.quads].mean(axis=1).T
    skin = np.array([(238, 205, 184), (205, 156, 120), (128, 84, 57)], dtype=np.float64)[int(random.integers(3))]
    hair = np.array([(44, 32, 25), (112, 74, 44), (150, 146, 142)], dtype=np.float64)[int(random.integers(3))]
    colour = skin * (1 + 0.03 * random.standard_normal((len(x), 1)))

    def paint(cover: NDArray[np.floating], paint_of: NDArray[np.float64]) -> None:
        colour[:] += np.clip(cover, 0, 1)[:, None] * (paint_of - colour)

    rolled = np.linalg.norm(mesh.offsets["mouthRollUpper"] + mesh.offsets["mouthRollLower"], axis=1)
    paint(8 * rolled[mesh.quads].mean(axis=1) / rolled.max() - 4, skin * (0.85, 0.6, 0.62))
    brow = 5.6 + 0.35 * np.sin(np.pi * (np.abs(x) - 1) / 5)
    paint((1.2 - np.abs(y - brow) / 0.3) * ((np.abs(x) > 1) & (np.abs(x) < 5.4) & (z > 3)), hair)
    paint(y - 9.5 + 0.8 * np.maximum(2 - z, 0) * (y > -3), hair)
    paint(-14 - y, random.uniform(30, 200, 3))
    eyes = (mesh.quads >= _EYES[0]).all(axis=1)
    colour[eyes] = (225, 220, 215)
    colour[((mesh.quads >= _MOUTH[0]) & (mesh.quads <= _MOUTH[1])).all(axis=1)] = (70, 30, 30)
    for first, last in _IRISES:
        colour[((mesh.quads >= first) & (mesh.quads <= last)).all(axis=1)] = (60, 45, 35)
    return np.asarray(colour)


def _rotation(yaw: float, pitch: float) -> NDArray[np.float64]:
    across, along = (np.cos(yaw), np.sin(yaw)), (np.cos(pitch), np.sin(pitch))
    turned = np.array([[across[0], 0, across[1]], [0, 1, 0], [-across[1], 0, across[0]]])
    nodded = np.array([[1, 0, 0], [0, along[0], -along[1]], [0, along[1], along[0]]])
    return np.asarray(nodded @ turned)


def _draw(
    vertices: NDArray[np.floating],
    quads: NDArray[np.int64],
    colours: NDArray[np.float64],
    wall: NDArray[np.float64],
    light: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Draw the quads that face the camera, the farthest first."""
    height, width = _FINER * _HEIGHT, _FINER * _WIDTH
    corners = vertices[quads]
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    middle = corners.mean(axis=1)
    toward = np.array([0, 0, _DISTANCE]) - middle
    seen = np.flatnonzero((normal * toward).sum(axis=1) > 0)
    order = seen[np.argsort(-np.linalg.norm(toward[seen], axis=1))]
    shade = 0.35 + 0.7 * np.clip(normal[order] @ light, 0, None)
    levels = np.clip(colours[order] * shade[:, None], 0, 255).tolist()
    scale = height / _SEEN * _DISTANCE / (_DISTANCE - corners[order, :, 2])
    places = np.stack([width / 2 + scale * corners[order, :, 0], height / 2 - scale * (corners[order, :, 1] + 1)], -1)
    points = np.round(places * 2**_SHIFT).astype(np.int32)
    canvas = np.empty((height, width, 3), dtype=np.float32)
    canvas[:] = wall
    for polygon, level in zip(points, levels, strict=True):
        cv2.fillConvexPoly(canvas, polygon, level, shift=_SHIFT)
    return np.asarray(cv2.resize(canvas, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.float32)
