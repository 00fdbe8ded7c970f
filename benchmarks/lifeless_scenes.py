"""What is filmed where nothing lives: a picture under a moving hand and a lamp, a print, mannequins and cartoons."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from films import grain
from lifeless_pictures import Picture, cartoon_of, person_facts
from physiocam.synthetic.physiology import wander
from physiocam.synthetic.portrait import ClipSettings, SyntheticClip, noise_pool
from physiocam.synthetic.recordings import SyntheticRecording

# A picture is enlarged by this share, so that its edge stays outside when it moves.
_MARGIN = 0.06


class LifelessScene(Protocol):
    """What can be filmed."""

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Each frame, uint8 (H, W, 3), RGB."""

    def facts(self) -> dict[str, Any]:
        """Everything that decides the frames."""


@dataclass(frozen=True)
class Motion:
    """How a picture moves before the camera.

    Attributes
    ----------
    sway_hz : float
    across, down : float
        Amplitudes of the sway in pixels.
    pan, zoom : float
        How far it slides and grows from the beginning to the middle of the film, and back; relative to the picture.
    unsteady : float
        Standard deviation of a hand's slow wandering in pixels.
    """

    sway_hz: float = 0.0
    across: float = 0.0
    down: float = 0.0
    pan: float = 0.0
    zoom: float = 0.0
    unsteady: float = 0.0


@dataclass(frozen=True)
class Lamp:
    """How the light changes.

    Attributes
    ----------
    hz : float
    strength : float
        Amplitude of its flicker, relative to the light.
    colour : tuple of float
        How much of the flicker is in R, G and B.
    dims_to : float
        What is left of the light in the middle of the film.
    """

    hz: float = 0.0
    strength: float = 0.0
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    dims_to: float = 1.0


@dataclass(frozen=True)
class FilmedPicture:
    """A picture before a camera; the same settings give the same frames."""

    picture: Picture
    seconds: float
    fs: float
    motion: Motion = Motion()
    lamp: Lamp = Lamp()
    noise: float = 0.0
    seed: int = 0

    def facts(self) -> dict[str, Any]:
        """Everything that decides the frames."""
        return {**asdict(self), "picture": self.picture.facts()}

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Each frame, uint8 (H, W, 3), RGB."""
        image = self.picture.pixels().astype(np.float32)
        random = np.random.default_rng(self.seed)
        height, width = image.shape[:2]
        count = round(self.seconds * self.fs)
        places = self._places(count, width, random)
        light = self._light(count, random)
        pool = noise_pool(2 * height * width, self.noise, random)
        still = self.motion == Motion()
        for place, lit in zip(places, light, strict=True):
            moved = image if still else _moved(image, *place)
            noise = grain(pool, height, width, random)
            yield np.clip(moved * lit.astype(np.float32) + noise, 0, 255).astype(np.uint8)

    def _places(self, count: int, width: int, random: np.random.Generator) -> list[tuple[float, float, float]]:
        """Shift to the right and down in pixels, and scale, of each frame."""
        motion = self.motion
        turn = 2 * np.pi * motion.sway_hz * np.arange(count) / self.fs + random.uniform(0, 2 * np.pi)
        gone = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / count)
        across, down = (motion.unsteady * wander(count, self.fs, 0.3, random) for _ in range(2))
        across += motion.across * np.sin(turn) + motion.pan * width * (gone - 0.5)
        down += motion.down * np.sin(turn)
        scale = 1 + _MARGIN + motion.zoom * gone
        return list(zip(across.tolist(), down.tolist(), scale.tolist(), strict=True))

    def _light(self, count: int, random: np.random.Generator) -> NDArray[np.float64]:
        """The light in R, G and B at each frame, (T, 3)."""
        lamp = self.lamp
        turn = 2 * np.pi * lamp.hz * np.arange(count) / self.fs + random.uniform(0, 2 * np.pi)
        slow = 1 - (1 - lamp.dims_to) * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / count))
        flicker = lamp.strength * np.sin(turn)[:, None] * np.array(lamp.colour)
        return np.asarray(slow[:, None] * (1 + flicker))


@dataclass(frozen=True)
class HeldPrint:
    """A picture that somebody holds before a camera: it moves, and so does the light."""

    picture: Picture
    face: tuple[float, float, float]
    settings: ClipSettings

    def facts(self) -> dict[str, Any]:
        """Everything that decides the frames."""
        return {"picture": self.picture.facts(), "face": self.face, "settings": asdict(self.settings)}

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Each frame, uint8 (H, W, 3), RGB."""
        return SyntheticClip(self.picture.pixels(), self.face, self.settings).frames()


@dataclass(frozen=True)
class Mannequin:
    """A drawn person without blood and breath, or a cartoon of one."""

    entry: SyntheticRecording
    cartoon: bool = False

    def facts(self) -> dict[str, Any]:
        """Everything that decides the frames."""
        return {**person_facts(self.entry), "cartoon": self.cartoon}

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Each frame, uint8 (H, W, 3), RGB."""
        for frame in self.entry.scene().frames():
            yield cartoon_of(frame) if self.cartoon else frame


def _moved(image: NDArray[np.float32], across: float, down: float, scale: float) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    x, y = (1 - scale) * width / 2 + across, (1 - scale) * height / 2 + down
    place = np.array([[scale, 0, x], [0, scale, y]])
    return np.asarray(
        cv2.warpAffine(image, place, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT),
        dtype=np.float32,
    )
