"""Paints a pulse and a breath that are known exactly into frames of a real face."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from films import grain
from physiocam.synthetic.physiology import Physiology, wander
from physiocam.synthetic.portrait import PULSE_RGB, noise_pool
from physiocam.video.locators import Square

# Seconds over which the face's square is averaged, so that the painted skin follows the face without a jump.
_SMOOTH_S = 1.0

# Height of the chin below the middle of the square, and the softness of what moves below it; relative to its side.
_CHIN, _CHIN_SOFT = 0.55, 0.08


@dataclass(frozen=True)
class Injection:
    """What is painted in, and what the camera adds.

    Attributes
    ----------
    heart_rate, breathing_rate : float
        Means per minute.
    strength : float
        Standard deviation of the skin's change with the pulse, relative to its brightness, for a signature of 1.
    delay_s : float
        How much later the pulse arrives at the chin than at the forehead.
    breathing_motion : float
        Standard deviation of the vertical motion below the chin, relative to the face's size.
    drift : float
        Standard deviation of slow changes of the exposure, relative to it.
    noise : float
        Standard deviation of the sensor's noise in levels.
    seed : int
        The same settings and frames give the same frames.
    """

    heart_rate: float
    breathing_rate: float
    strength: float = 0.006
    delay_s: float = 0.03
    breathing_motion: float = 0.012
    drift: float = 0.01
    noise: float = 1.5
    seed: int = 0


class Injected:
    """Frames with a painted pulse and breath.

    Parameters
    ----------
    settings : Injection
    frames : int
        How many there will be.
    fs : float
        Frames per second.

    Attributes
    ----------
    settings : Injection
    physiology : Physiology
        The truth, one value per frame.
    """

    def __init__(self, settings: Injection, frames: int, fs: float) -> None:
        self.settings = settings
        self._fs = fs
        random = np.random.default_rng(settings.seed)
        self.physiology = Physiology(frames, fs, settings.heart_rate, settings.breathing_rate, random)
        self._exposure = 1 + settings.drift * wander(frames, fs, 0.2, random)
        self._random = random

    def paint(
        self, frames: Iterable[NDArray[np.uint8]], squares: Sequence[Square | None]
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield each frame with what is painted in.

        Parameters
        ----------
        frames : iterable of uint8 arrays (H, W, 3), RGB
        squares : sequence of Square or None
            Of the face in each frame, as the tracker says; where there is none, no blood is painted.
        """
        places = smooth_squares(squares, self._fs)
        pulse = self.physiology.pulse
        late = np.interp(np.arange(len(pulse)) - self.settings.delay_s * self._fs, np.arange(len(pulse)), pulse)
        pool: NDArray[np.float32] | None = None
        for t, image in enumerate(frames):
            height, width = image.shape[:2]
            if pool is None:
                pool = noise_pool(2 * height * width, self.settings.noise, self._random)
            lit = image.astype(np.float32)
            if np.isfinite(places[t, 0]) and squares[t] is not None:
                self._fill(lit, places[t], float(pulse[t]), float(late[t]))
            if np.isfinite(places[t, 0]):
                lit = self._breathe(lit, places[t], float(self.physiology.respiration[t]))
            noise = grain(pool, height, width, self._random)
            yield np.clip(lit * np.float32(self._exposure[t]) + noise, 0, 255).astype(np.uint8)

    def _fill(self, image: NDArray[np.float32], place: NDArray[np.float64], early: float, late: float) -> None:
        """Darken the skin in place as it fills with blood."""
        x, y, size = place.tolist()
        height, width = image.shape[:2]
        top, bottom = max(int(y - 0.75 * size), 0), min(int(y + 0.75 * size) + 1, height)
        left, right = max(int(x - 0.6 * size), 0), min(int(x + 0.6 * size) + 1, width)
        part = image[top:bottom, left:right]
        rows = (np.arange(top, bottom) - y) / size
        share = np.clip(rows + 0.5, 0, 1)[:, None]
        # The mask is soft, so half the pixels are enough for it.
        half = cv2.resize(part, ((right - left + 1) // 2, (bottom - top + 1) // 2), interpolation=cv2.INTER_AREA)
        halved = np.asarray(half, dtype=np.float32)
        skin = cv2.resize(skin_mask(halved, ((x - left) / 2, (y - top) / 2, size / 2)), (right - left, bottom - top))
        blood = skin * (share * late + (1 - share) * early)
        part *= 1 - self.settings.strength * blood[..., None].astype(np.float32) * np.array(PULSE_RGB, np.float32)

    def _breathe(self, image: NDArray[np.float32], place: NDArray[np.float64], breath: float) -> NDArray[np.float32]:
        """Move what is below the chin up with each inhalation."""
        _, y, size = place.tolist()
        height, width = image.shape[:2]
        rows = np.arange(height, dtype=np.float32)
        below = 1 / (1 + np.exp(np.clip(-(rows - y - _CHIN * size) / (_CHIN_SOFT * size), -30, 30)))
        source = rows + self.settings.breathing_motion * size * breath * below
        down = np.repeat(source.astype(np.float32)[:, None], width, axis=1)
        across = np.repeat(np.arange(width, dtype=np.float32)[None], height, axis=0)
        return np.asarray(
            cv2.remap(image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32
        )


def smooth_squares(squares: Sequence[Square | None], fs: float) -> NDArray[np.float64]:
    """Centre and side of the square at each frame without jumps, (T, 3); NaN if there is no face at all."""
    known = np.array([square is not None for square in squares])
    if not known.any():
        return np.full((len(squares), 3), np.nan)
    corners = np.array([square for square in squares if square is not None], dtype=np.float64)
    middles = np.stack([corners[:, 0] + corners[:, 2] / 2, corners[:, 1] + corners[:, 2] / 2, corners[:, 2]], axis=1)
    every = np.arange(len(squares))
    held = np.stack([np.interp(every, every[known], column) for column in middles.T], axis=1)
    half = max(round(_SMOOTH_S * fs / 2), 1)
    sums = np.cumsum(np.pad(held, ((half + 1, half), (0, 0)), mode="edge"), axis=0)
    return np.asarray((sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1))


def skin_mask(image: NDArray[np.float32], face: tuple[float, float, float]) -> NDArray[np.float32]:
    """How much of each pixel is skin, (H, W) in 0..1: in an ellipse, what is as bright and as coloured as the face.

    Parameters
    ----------
    image : float32 array (H, W, 3), RGB
    face : tuple of float
        x and y of the face's centre and its size.
    """
    x, y, size = face
    rows = (np.arange(image.shape[0])[:, None] - y) / (0.55 * size)
    columns = (np.arange(image.shape[1])[None] - x) / (0.42 * size)
    inside = 1 / (1 + np.exp(np.clip(12 * (np.hypot(rows, columns) - 0.95), -30, 30)))
    core = image[np.hypot(rows, columns) < 0.6]
    if not len(core):
        return np.zeros(image.shape[:2], dtype=np.float32)
    usual = np.median(core, axis=0)
    bright = image.sum(axis=2)
    relative = bright / max(float(usual.sum()), 3.0)
    lit = np.clip((relative - 0.35) / 0.3, 0, 1) * np.clip((1.9 - relative) / 0.3, 0, 1)
    colour = image / np.maximum(bright, 1)[..., None] - usual / max(float(usual.sum()), 1)
    alike = np.clip((0.12 - np.abs(colour).sum(axis=2)) / 0.05, 0, 1)
    return np.asarray(inside * lit * alike, dtype=np.float32)


def back_and_forth(frames: int, wanted: int) -> NDArray[np.int64]:
    """Which of some frames to show, until so many are shown: to the end, back to the start, and so on."""
    if frames < 2:
        return np.zeros(wanted, dtype=np.int64)
    turn = np.arange(wanted) % (2 * frames - 2)
    return np.where(turn < frames, turn, 2 * frames - 2 - turn)
