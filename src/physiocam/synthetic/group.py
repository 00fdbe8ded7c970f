"""Several drawn people in one picture, who walk, cross and leave: exactly known who is where, and each one's truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings
from physiocam.synthetic.portrait import noise_pool

# A face is seen where it lies inside the picture, and less than this share of its width is behind another one.
_HIDDEN = 0.3

# Faces cross where their middles are closer than this many widths of both.
_CROSSING = 0.9

# Width of a face, as a share of its height.
_WIDTH = 0.75


@dataclass(frozen=True)
class Walker:
    """One person of a group.

    Attributes
    ----------
    person : int
        Seed of the person.
    settings : SceneSettings
        Of the person alone; height and width are those of the part of the picture that the person takes.
    path : tuple of (float, float)
        Times in seconds, and where the person's middle is then, as a share of the picture's width; straight in between.
    """

    person: int
    settings: SceneSettings
    path: tuple[tuple[float, float], ...]


class GroupScene:
    """One recording of several people before a wall.

    Parameters
    ----------
    walkers : sequence of Walker
        Of one frame rate and length; the last is the nearest to the camera.
    height, width : int
        Of the picture. People stand at its lower edge.
    noise : float
        Standard deviation of the sensor's noise, in levels.
    seed : int

    Attributes
    ----------
    scenes : tuple of Scene
        Each one's truth: pulse, breathing and action units.
    timestamps_s : float64 array (T,)
    """

    def __init__(self, walkers: Sequence[Walker], height: int, width: int, noise: float = 1.5, seed: int = 0) -> None:
        self.scenes = tuple(Scene(Person.invent(one.person), one.settings) for one in walkers)
        self.timestamps_s = self.scenes[0].timestamps_s
        self._shape = height, width
        random = np.random.default_rng(seed)
        frames = len(self.timestamps_s)
        self._noise = noise_pool(2 * height * width, noise, random).T
        self._places = random.integers(height * width, size=frames)
        wall = np.linspace(1.0, 0.8, width)[None, :, None] * np.array([150.0, 158.0, 150.0])
        self._wall = np.broadcast_to(wall.astype(np.float32), (height, width, 3))
        middles = np.stack([np.interp(self.timestamps_s, *np.array(one.path).T) for one in walkers], axis=1)
        # Left edges of the parts of the picture, (T, P).
        halves = np.array([one.settings.width / 2 for one in walkers])
        self._left = np.round(middles * width - halves).astype(int)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Draw all frames (H, W, 3), one by one."""
        for index in range(len(self.timestamps_s)):
            yield self.frame(index)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Draw one frame (H, W, 3)."""
        height, width = self._shape
        canvas = self._wall.copy()
        for number, scene in enumerate(self.scenes):
            left, high = int(self._left[index, number]), scene.settings.height
            right = left + scene.settings.width
            if right <= 0 or left >= width:
                continue
            layer = scene.cutout(index)[:, max(-left, 0) : scene.settings.width - max(right - width, 0)]
            target = canvas[height - high :, max(left, 0) : right]
            target *= 1 - layer[..., 3:]
            target += layer[..., :3]
        place = int(self._places[index])
        canvas += self._noise[place : place + height * width].reshape(height, width, 3)
        return np.asarray(np.clip(canvas, 0, 255).astype(np.uint8))

    @cached_property
    def faces(self) -> NDArray[np.float64]:
        """X and y of the middle of each face, and its height, in pixels of the picture, (T, P, 3)."""
        faces = np.array([[scene.face(index) for scene in self.scenes] for index in range(len(self.timestamps_s))])
        faces[..., 0] += self._left
        faces[..., 1] += self._shape[0] - np.array([scene.settings.height for scene in self.scenes])
        return faces

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Whether each face is inside the picture and not hidden by a nearer one, (T, P)."""
        x, half = self.faces[..., 0], 0.5 * _WIDTH * self.faces[..., 2]
        inside = (x > half) & (x < self._shape[1] - half)
        for number in range(len(self.scenes)):
            for nearer in range(number + 1, len(self.scenes)):
                reach = half[:, number] + half[:, nearer]
                shared = reach - np.abs(x[:, number] - x[:, nearer])
                inside[:, number] &= shared < _HIDDEN * 2 * half[:, number]
        return inside

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Whether each face is far from every other one, (T, P): elsewhere people cross."""
        x, half = self.faces[..., 0], 0.5 * _WIDTH * self.faces[..., 2]
        distance = np.abs(x[:, :, None] - x[:, None])
        near = distance < 2 * _CROSSING * (half[:, :, None] + half[:, None])
        near[:, np.arange(len(self.scenes)), np.arange(len(self.scenes))] = False
        return np.asarray(~near.any(axis=2))


def three_people(seconds: float = 50.0, seed: int = 0, fs: float = 25.0, height: int = 360) -> GroupScene:
    """Return a recording of three people: two change places and cross, the third leaves and comes back.

    Parameters
    ----------
    seconds : float
        At least 20; 40 or more leave each of them long enough in one place for the rates.
    seed : int
        Of the people and everything else.
    fs : float
    height : int
        Of the picture, in pixels; it is twice as wide.
    """
    return GroupScene(three_walkers(seconds, seed, fs, height), height, 2 * height, seed=seed)


def three_walkers(seconds: float, seed: int, fs: float, height: int) -> list[Walker]:
    """Return the people of `three_people`, from the furthest to the nearest."""
    random = np.random.default_rng([seed, 3])
    rates = random.permutation([58.0, 74.0, 93.0]) + random.uniform(-4, 4, 3)
    breaths = random.permutation([11.0, 15.0, 19.0]) + random.uniform(-1, 1, 3)
    at = seconds / 50.0
    paths = (
        ((0.0, 0.82), (30 * at, 0.82), (30 * at + 3, 1.25), (36 * at + 1, 1.25), (36 * at + 4, 0.82)),
        ((0.0, 0.5), (15 * at, 0.5), (15 * at + 3, 0.18)),
        ((0.0, 0.18), (15 * at, 0.18), (15 * at + 3, 0.5)),
    )
    walkers = []
    for number, (path, share) in enumerate(zip(paths, (0.84, 0.92, 1.0), strict=True)):
        side = round(share * height)
        settings = replace(
            SceneSettings(duration_s=seconds, fs=fs, height=side, width=side, face_size=0.42, expressions=6.0),
            heart_rate=float(rates[number]),
            breathing_rate=float(breaths[number]),
            seed=int(random.integers(2**31)),
        )
        walkers.append(Walker(int(random.integers(2**31)), settings, path))
    return walkers
