"""What happens in a face video beside the pulse: motion of head, mouth and lids, and the light."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.physiology import Physiology, wander

Series = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Disturbances:
    """What happens in each of T frames.

    Attributes
    ----------
    right, down : float64 array (T,)
        Where the head is, relative to its place; in shares of the face's size.
    lean : float64 array (T,)
        In radians.
    nearness : float64 array (T,)
        Its size, 1 as it is.
    mouth, lids : float64 array (T,)
        How far the mouth is open, in shares of the face's size; how far the lids are closed, 0..1.
    light : float64 array (T, 3)
        Factors of R, G and B.
    slant : float64 array (T, 2)
        How much brighter it is at the right and lower edge than in the middle.
    """

    right: Series
    down: Series
    lean: Series
    nearness: Series
    mouth: Series
    lids: Series
    light: NDArray[np.float64]
    slant: NDArray[np.float64]


def draw_disturbances(
    physiology: Physiology, *, moves: bool, recoil: float, random: np.random.Generator
) -> Disturbances:
    """Draw what happens.

    Heads that move by themselves move little beside (`moves` is False). Hearts move them, as far as usual if `recoil`
    is 1, and not if it is 0.
    """
    frames, fs = len(physiology.pulse), physiology.fs
    # Most recordings are calm; a few are not.
    unrest = between(random, 0.1, 1.0)
    own = unrest * (1.0 if moves else 0.25)
    right, down = (own * between(random, 0.0004, 0.03) * wander(frames, fs, 0.5, random) for _ in range(2))
    if random.random() < (0.55 if moves else 0.3):
        swayed = unrest * between(random, 0.0007, 0.02) * rhythm(frames, fs, between(random, 0.5, 2.5), random)
        direction = random.uniform(0, 2 * np.pi)
        right, down = right + np.cos(direction) * swayed, down + np.sin(direction) * swayed
    if moves and random.random() < 0.3:
        turns = _turns(frames, fs, random)
        right, down = right + unrest * turns[0], down + unrest * turns[1]
    # The head moves a little with each heartbeat, and sinks or rises with each breath.
    kick = np.convolve(np.gradient(physiology.pulse), swing(fs, random))[:frames]
    kick = between(random, 0.0001, 0.003) * kick / kick.std() * (random.random() < 0.85) * recoil
    breath = between(random, 0.0003, 0.008) * physiology.respiration * random.choice([-1.0, 1.0])
    moved = np.stack([right, down])
    right, down = right + kick * random.normal(0, 0.5), down + kick + breath
    light, slant = _light(frames, fs, random)
    light, slant = 1.0 + unrest * (light - 1.0), unrest * slant
    # As a head moves, its parts turn into the light and out of it.
    shading, slanting = random.normal(0, 0.35), random.normal(0, 0.5, (2, 2))
    light = light * (1.0 + shading * (moved[1] - moved[1].mean()) + random.normal(0, 0.2) * moved[0])[:, None]
    slant = slant + (slanting @ (moved - moved.mean(axis=1, keepdims=True))).T
    light *= (1.0 + between(random, 0.0002, 0.004) * physiology.respiration)[:, None]
    quiet = np.zeros(frames)
    return Disturbances(
        right=right,
        down=down,
        lean=own * np.radians(between(random, 0.1, 4.0)) * wander(frames, fs, 0.5, random),
        nearness=1.0 + own * between(random, 0.0005, 0.03) * wander(frames, fs, 0.4, random),
        mouth=_talk(frames, fs, random) if moves and random.random() < 0.5 else quiet,
        lids=_blinks(frames, fs, random) if moves else quiet,
        light=light,
        slant=slant,
    )


def calmed(happens: Disturbances, random: np.random.Generator) -> Disturbances:
    """Leave little of all motion, that of hearts and breaths too, and of all changes of the light."""
    motion, light = between(random, 0.05, 0.5), between(random, 0.05, 0.5)
    return replace(
        happens,
        right=motion * happens.right,
        down=motion * happens.down,
        lean=motion * happens.lean,
        nearness=1.0 + motion * (happens.nearness - 1.0),
        light=1.0 + light * (happens.light - 1.0),
        slant=light * happens.slant,
    )


def between(random: np.random.Generator, lowest: float, highest: float) -> float:
    """Draw evenly on a logarithmic scale."""
    return float(np.exp(random.uniform(np.log(lowest), np.log(highest))))


def swing(fs: float, random: np.random.Generator) -> Series:
    """How a head swings after a beat, (T,): one swing that dies away, begun a little late."""
    since = np.arange(max(round(0.9 * fs), 3)) / fs - random.uniform(0, 0.3)
    fades = np.exp(-np.maximum(since, 0) / between(random, 0.06, 0.5))
    wave = np.sin(2 * np.pi * between(random, 1.0, 7.0) * since + random.uniform(0, 2 * np.pi))
    return np.asarray(np.where(since >= 0, fades * wave, 0.0))


def rhythm(frames: int, fs: float, frequency: float, random: np.random.Generator) -> Series:
    """A rhythm of one size and 1 at its largest, nearly even, that may come and go."""
    phase = 2 * np.pi * frequency / fs * np.cumsum(1.0 + between(random, 0.002, 0.08) * wander(frames, fs, 0.3, random))
    wave = np.sin(phase + random.uniform(0, 2 * np.pi)) + 0.3 * random.random() * np.sin(2 * phase)
    if random.random() < 0.4:
        wave = wave * np.clip(0.5 + wander(frames, fs, 0.2, random), 0, 1)
    return np.asarray(wave)


def _turns(frames: int, fs: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Now and then the head goes to another place, (2, T)."""
    times = np.arange(frames) / fs
    moved = np.zeros((2, frames))
    for _ in range(int(random.integers(1, 4))):
        at, lasts = random.uniform(0, times[-1]), random.uniform(0.15, 0.8)
        moved += random.normal(0, 0.05, (2, 1)) / (1 + np.exp(-np.clip((times - at) / (0.2 * lasts), -30, 30)))
    return moved


def _talk(frames: int, fs: float, random: np.random.Generator) -> Series:
    """Syllables, four or so a second, with pauses."""
    syllables = rhythm(frames, fs, random.uniform(2.0, 5.0), random) * np.clip(
        0.6 + wander(frames, fs, 0.5, random), 0, 1
    )
    return between(random, 0.005, 0.06) * np.clip(syllables + 0.5 * wander(frames, fs, 1.5, random), -0.3, 1.5)


def _blinks(frames: int, fs: float, random: np.random.Generator) -> Series:
    times = np.arange(frames) / fs
    closed = np.zeros(frames)
    for at in random.uniform(0, times[-1], random.poisson(times[-1] * random.uniform(0.1, 0.5))):
        closed = np.maximum(closed, np.exp(-0.5 * ((times - at) / random.uniform(0.05, 0.1)) ** 2))
    return closed


def _light(frames: int, fs: float, random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factors (T, 3) and slant (T, 2) of the light itself and of a camera that follows it."""
    common = 1.0 + between(random, 0.0005, 0.05) * wander(frames, fs, 0.3, random)
    common += between(random, 0.0001, 0.0015) * random.standard_normal(frames)
    if random.random() < 0.3:
        # A lamp, or mains seen at the camera's pace.
        common += between(random, 0.0003, 0.012) * rhythm(frames, fs, between(random, 0.4, 4.0), random)
    if random.random() < 0.25:
        common += _hunting(frames, fs, random)
    tint = between(random, 0.0001, 0.004) * np.stack([wander(frames, fs, 0.3, random) for _ in range(3)], axis=1)
    slant = between(random, 0.0003, 0.03) * np.stack([wander(frames, fs, 0.3, random) for _ in range(2)], axis=1)
    return common[:, None] * (1.0 + tint), slant


def _hunting(frames: int, fs: float, random: np.random.Generator) -> Series:
    """A camera that looks for its exposure: steps, each followed within a second."""
    times = np.arange(frames) / fs
    change = np.zeros(frames)
    for _ in range(int(random.integers(1, 5))):
        at, lasts = random.uniform(0, times[-1]), random.uniform(0.1, 0.6)
        change += random.normal(0, 0.02) * (times > at) * (1.0 - np.exp(-np.maximum(times - at, 0) / lasts))
    return change
