"""The hair of a drawn head."""

import numpy as np

from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.shapes import Plane, blotches
from physiocam.synthetic.drawn.skin import head_outline


class Hairstyle:
    """Shape and colour of the hair.

    Attributes
    ----------
    behind, front : float32 arrays (H, W)
        Distance of a place outside the hair behind the head, and outside the hair over it; negative inside.
    colour : float32 array (H, W, 3)
        RGB levels.
    """

    def __init__(
        self, person: Person, u: Plane, v: Plane, light: tuple[float, float, float], random: np.random.Generator
    ) -> None:
        shape = (v.shape[0], u.shape[1])
        side = np.abs(u)
        nowhere = np.ones(shape, dtype=np.float32)
        rough = 0.012 * blotches(shape, 60, random)
        cap = head_outline(person, u / 1.05, (v + 0.02) / 1.05) * 0.36
        temples = 3.2 * np.maximum(side - 0.56, 0)
        crown = -0.8 + 0.1 * side**2
        match person.hair:
            case "bald":
                behind, front = nowhere, nowhere
            case "short":
                behind = front = np.maximum(cap, v - np.minimum(crown + temples, -0.12))
            case "parted":
                sweep = -0.9 + 0.3 * np.abs(u + 0.25) + 0.5 * np.maximum(u - 0.2, 0) ** 2
                behind = front = np.maximum(cap - 0.03, v - np.minimum(sweep + temples, 0.05))
            case "long":
                # A cap that falls on both sides of the face down to the shoulders; the neck stays free.
                widest = person.face_width * 1.02 + 0.1 * np.clip((v + 0.5) / 1.2, 0, 1)
                fall = np.maximum(side - widest + 0.06 * np.clip((v - 1.0) / 0.4, 0, 1) ** 2, 0.8 * (v - 1.4))
                fall = np.maximum(fall, np.where(v > 0.8, 0.48 - side, -1.0))
                behind = np.where(v < -0.5, cap - 0.05, fall)
                parting = v + 0.9 - 0.5 * np.abs(u + 0.2) ** 1.2
                strands = 0.68 - 0.05 * np.cos(2.0 * v) - side
                front = np.maximum(np.minimum(parting, strands), behind + 0.015)
            case "curly":
                behind = (np.hypot(u / 1.0, (v + 0.5) / 0.98) - 1.0) * 0.8 + 0.05 * blotches(shape, 22, random)
                front = np.maximum(cap - 0.1, v - np.minimum(crown + 0.06 + temples, -0.05)) + 2 * rough
        self.behind = (behind + rough).astype(np.float32)
        self.front = (front + rough).astype(np.float32)
        streak = 1.0 if person.hair == "curly" else 7.0
        strands = 0.13 * blotches(shape, 150, random, streak) + 0.1 * blotches(shape, 40, random, streak)
        lit = 0.85 + 0.25 * light[0] * u + 0.18 * np.exp(-0.5 * (((v + 1.0 - 0.3 * light[0] * u) / 0.14) ** 2))
        shade = np.clip(lit + strands, 0.3, 1.6) - 0.25 * np.clip(v - 0.3, 0, 1)
        self.colour = (np.array(person.hair_colour) * shade[..., None]).astype(np.float32)
