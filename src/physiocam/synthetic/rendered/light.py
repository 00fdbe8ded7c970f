"""Lamps and the light that skin, eyes, hair and cloth give back."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

# How far red, green and blue light reaches round an edge inside the skin: soft shadows with a red seam.
_REACH = np.array([0.34, 0.16, 0.1], dtype=np.float32)


@dataclass(frozen=True)
class Lighting:
    """Lamps.

    Attributes
    ----------
    key, fill : tuple of float
        Directions towards the two lamps, of length 1: right, up, to the camera.
    key_colour, fill_colour, sky, ground : tuple of float
        Linear RGB of the lamps and of the surroundings above and below.
    softness : float
        Radius of the key lamp as seen from the face, in radians.
    """

    key: tuple[float, float, float]
    key_colour: tuple[float, float, float]
    softness: float
    fill: tuple[float, float, float]
    fill_colour: tuple[float, float, float]
    sky: tuple[float, float, float]
    ground: tuple[float, float, float]

    @classmethod
    def invent(cls, random: np.random.Generator) -> Self:
        """Set up lamps: from even light of a room to a hard lamp from the side or below."""
        hard = random.uniform()
        azimuth = random.normal(0, 0.65)
        height = float(random.choice([random.uniform(0.15, 1.1), random.uniform(-0.35, 0.3)], p=(0.85, 0.15)))
        warm = np.exp(random.normal(0, 0.07) * np.array([1.0, 0.0, -1.3]))
        other = np.exp(random.normal(0, 0.08) * np.array([1.0, 0.0, -1.3]))
        key = (0.5 + 1.1 * hard) * warm
        fill = random.uniform(0.0, 0.55) * other
        around = random.uniform(0.2, 0.75) * (1.15 - 0.65 * hard)
        return cls(
            key=_direction(azimuth, height),
            key_colour=_triple(key),
            softness=float(np.exp(random.uniform(np.log(0.03), np.log(0.5)))),
            fill=_direction(-azimuth + random.normal(0, 0.5), random.uniform(-0.2, 0.7)),
            fill_colour=_triple(fill),
            sky=_triple(around * other),
            ground=_triple(around * random.uniform(0.3, 0.8) * warm),
        )

    def diffuse(self, normals: Floats, shadow: Floats, openness: Floats, soft: Floats) -> Floats:
        """Light that arrives and is scattered, linear RGB (n, 3).

        Parameters
        ----------
        normals : float32 array (n, 3)
        shadow : float32 array (n,)
            Share of the key lamp that is seen.
        openness : float32 array (n,)
            Share of the surroundings that is seen.
        soft : float32 array (n,)
            1 where light goes into the material and spreads, as in skin; 0 where it does not.
        """
        reach = soft[:, None] * _REACH
        # Red light bleeds into the shadow.
        seam = shadow[:, None] ** (1 / (1 + 1.5 * reach))
        light = _wrapped(normals, self.key, reach) * seam * np.array(self.key_colour, np.float32)
        light += _wrapped(normals, self.fill, reach) * openness[:, None] * np.array(self.fill_colour, np.float32)
        upward = (0.5 + 0.5 * normals[:, 1])[:, None]
        around = np.array(self.ground, np.float32) + upward * (
            np.array(self.sky, np.float32) - np.array(self.ground, np.float32)
        )
        light += around * openness[:, None] ** (1 / (1 + reach))
        return light

    def shine(self, normals: Floats, seen: Floats, shadow: Floats, hardness: float) -> Floats:
        """Light that is mirrored, linear RGB (n, 3); `seen` (n, 3) points to the camera."""
        light = np.zeros_like(normals)
        edge = 1 - np.clip((normals * seen).sum(axis=1), 0, 1)
        grazing = 0.04 + 0.5 * np.square(np.square(edge)) * edge
        for direction, colour, visible in (
            (self.key, self.key_colour, shadow),
            (self.fill, self.fill_colour, np.float32(1.0)),
        ):
            half = seen + np.array(direction, np.float32)
            half /= np.linalg.norm(half, axis=1, keepdims=True)
            peak = np.clip((normals * half).sum(axis=1), 0, 1) ** np.float32(hardness)
            strength = peak * (hardness + 8) / 25 * grazing * visible
            light += strength[:, None] * np.array(colour, np.float32)
        around = grazing[:, None] * np.clip(0.4 + 0.6 * normals[:, 1:2], 0, 1) * np.array(self.sky, np.float32)
        mirrored: Floats = light + around
        return mirrored


def _wrapped(normals: Floats, direction: tuple[float, float, float], reach: Floats) -> Floats:
    facing = normals @ np.array(direction, np.float32)
    lit: Floats = np.maximum((facing[:, None] + reach) / (1 + reach), 0)
    return lit


def _direction(azimuth: float, height: float) -> tuple[float, float, float]:
    return _triple(np.array([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)]))


def _triple(values: Floats) -> tuple[float, float, float]:
    a, b, c = values.tolist()
    return (a, b, c)
