"""What is behind a rendered head, and how a camera turns light into levels."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.drawn.shapes import blotches
from physiocam.synthetic.rendered.picture import Picture

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Camera:
    """How a camera renders light.

    Attributes
    ----------
    exposure : float
        Mean linear level of skin of middle brightness.
    white : tuple of float
        Gains of red, green and blue.
    contrast, colour : float
        1 leaves them as they are.
    noise : float
        Standard deviation of a middle level's noise, in levels of 0..255.
    """

    exposure: float = 0.2
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    colour: float = 1.0
    noise: float = 1.0

    @classmethod
    def invent(cls, random: np.random.Generator) -> Self:
        """Invent a camera: dim or bright, warm or cold, pale or vivid, more or less noisy."""
        warmth = float(random.normal(0, 0.07))
        return cls(
            exposure=float(np.exp(random.normal(np.log(0.21), 0.33))),
            white=(1 + warmth, 1.0, 1 - warmth),
            contrast=float(random.uniform(0.8, 1.12)),
            colour=float(random.uniform(0.65, 1.15)),
            noise=float(np.exp(random.uniform(np.log(0.4), np.log(5.0)))),
        )

    def gain(self, picture: Picture) -> float:
        """Find the gain that exposes the skin of a picture; dark skin stays darker, though less than it is."""
        skin = picture.blood > 0.3
        level = max(float(picture.light[skin].mean()) if skin.any() else float(picture.light.mean()), 1e-3)
        return float(self.exposure * (level / 0.2) ** 0.4 / level)

    def develop(self, light: Floats, random: np.random.Generator) -> Floats:
        """Turn linear light (H, W, 3), exposed already, into levels 0..255, not yet rounded."""
        exposed = light * np.array(self.white, np.float32)
        grey = exposed @ np.array((0.25, 0.65, 0.1), np.float32)
        exposed = np.maximum(grey[..., None] + np.float32(self.colour) * (exposed - grey[..., None]), 0)
        # Highlights roll off instead of clipping.
        exposed = np.where(exposed < 0.6, exposed, 0.6 + 0.4 * np.tanh((exposed - 0.6) / 0.4))
        levels = np.where(
            exposed <= 0.0031308, exposed * 12.92, 1.055 * np.maximum(exposed, 0.003) ** (1 / 2.4) - 0.055
        )
        levels = 0.45 + self.contrast * (levels - 0.45)
        levels = 255 * levels + self.noise * random.standard_normal(levels.shape, dtype=np.float32)
        clipped: Floats = np.clip(levels, 0, 255)
        return clipped


def backdrop(height: int, width: int, random: np.random.Generator) -> Floats:
    """Draw what is behind the person, out of focus: linear light (H, W, 3) in a room of middle brightness."""
    base = np.exp(random.uniform(np.log(0.02), np.log(0.7))) * np.exp(random.normal(0, 0.15, 3))
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = base
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    picture *= (1 + random.uniform(-0.5, 0.5) * (x - 0.5) + random.uniform(-0.5, 0.5) * (y - 0.5))[..., None]
    picture *= (1 + random.uniform(0, 0.2) * blotches((height, width), 8, random))[..., None].clip(0.2)
    for _ in range(int(random.integers(0, 6))):
        at, size, soft = random.uniform(0, 1, 2), random.uniform(0.04, 0.4, 2), random.uniform(0.004, 0.08)
        edge = np.maximum(np.abs(x - at[0]) - size[0], np.abs(y - at[1]) - size[1])
        cover = (1 / (1 + np.exp(np.clip(edge / soft, -30, 30))))[..., None]
        colour = np.exp(random.uniform(np.log(0.01), np.log(0.9))) * np.exp(random.normal(0, 0.2, 3))
        picture += cover * (colour.astype(np.float32) - picture)
    return picture
