"""Face clips with exactly known pulse and breathing, made from one still portrait."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.synthetic.physiology import Physiology, wander
from physiocam.video.resize import area_resize

# Strength of the pulse in the R, G and B of light from skin, as measured for white light on many skins (de Haan and van
# Leest 2014, the blood-volume-pulse signature).
PULSE_RGB = (0.33, 0.77, 0.53)

# Share of the sensor noise's power that R, G and B have in common, as after a camera's processing.
_COMMON_NOISE = 2 / 3

_DEMO_HEIGHT, _DEMO_WIDTH = 360, 480


@dataclass(frozen=True)
class ClipSettings:
    """Settings of a generated clip.

    Attributes
    ----------
    duration_s : float
    fs : float
        Frames per second.
    heart_rate : float
        Mean, in beats/min; single beats vary by a few percent, and with breathing.
    breathing_rate : float
        Mean, in breaths/min.
    pulse_strength : float
        Standard deviation of the skin's change with the pulse, relative to its brightness, for a signature of 1.
    breathing_motion : float
        Standard deviation of the head's vertical motion with breathing, relative to the face's size. The chest moves
        three times as much.
    head_motion : float
        Standard deviation of the head's other motion, relative to the face's size.
    light_change : float
        Standard deviation of slow changes of the light, relative to its strength.
    flicker : float
        Standard deviation of the light's change from frame to frame, relative to its strength.
    tint : tuple of float
        Factors of R, G and B: the colour of skin and light.
    noise : float
        Standard deviation of the sensor's noise, in levels of 255; two thirds of its power is common to R, G and B.
    seed : int
        The same settings and portrait give the same clip.
    """

    duration_s: float = 30.0
    fs: float = 30.0
    heart_rate: float = 72.0
    breathing_rate: float = 15.0
    pulse_strength: float = 0.006
    breathing_motion: float = 0.006
    head_motion: float = 0.004
    light_change: float = 0.01
    flicker: float = 0.0005
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 1.5
    seed: int = 0


class SyntheticClip:
    """An animated portrait.

    Parameters
    ----------
    portrait : uint8 array of shape (H, W, 3), RGB
    face : tuple of float
        x, y of the face's centre and its size (forehead to chin), in pixels of the portrait.
    settings : ClipSettings

    Attributes
    ----------
    portrait, face, settings
        As given.
    timestamps_s : float64 array (T,)
    pulse : float64 array (T,)
        Blood volume in the skin, mean 0 and standard deviation 1, rising at each beat.
    respiration : float64 array (T,)
        Chest expansion, mean 0 and standard deviation 1, rising with each inhalation.
    """

    def __init__(self, portrait: NDArray[np.uint8], face: tuple[float, float, float], settings: ClipSettings) -> None:
        self.settings = settings
        self.fs = settings.fs
        self.portrait = portrait
        self.face = face
        random = np.random.default_rng(settings.seed)
        frames = max(round(settings.duration_s * settings.fs), 2)
        self.timestamps_s = np.arange(frames) / settings.fs
        self.physiology = Physiology(frames, settings.fs, settings.heart_rate, settings.breathing_rate, random)
        self.pulse = self.physiology.pulse
        self.respiration = self.physiology.respiration
        self._motion = settings.head_motion * np.stack(
            [wander(frames, settings.fs, 0.4, random), wander(frames, settings.fs, 0.4, random)]
        )
        self._light = 1.0 + settings.light_change * wander(frames, settings.fs, 0.3, random)
        self._light += settings.flicker * random.standard_normal(frames)
        self._noise_seed = int(random.integers(2**31))

    @property
    def heart_rate(self) -> float:
        """True mean heart rate in beats/min."""
        return self.physiology.heart_rate

    @property
    def breathing_rate(self) -> float:
        """True mean breathing rate in breaths/min."""
        return self.physiology.breathing_rate

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames, each (H, W, 3) uint8 RGB; they are drawn one by one, in constant memory."""
        settings = self.settings
        height, width = self.portrait.shape[:2]
        y_face, size_face = self.face[1], self.face[2]
        # Below the chin the chest moves three times as much as the head.
        chest = 1.0 / (1.0 + np.exp(-(np.arange(height) - y_face - 0.75 * size_face) / (0.08 * size_face)))
        across = self._motion[0] * size_face
        margin = int(np.abs(across).max()) + 2
        layers = np.pad(self._layers(), ((0, 0), (0, 0), (margin, margin)), mode="edge")
        noise = np.random.default_rng(self._noise_seed)
        pool = noise_pool(2 * height * width, settings.noise, noise)
        # All frames share the same memory: new arrays of this size cost more than the arithmetic.
        rows, rows_spare = np.empty_like(layers), np.empty_like(layers)
        moved, moved_spare = np.empty((2, 4, height, width), dtype=np.float32)
        plane = np.empty((height, width), dtype=np.float32)
        for t in range(len(self.timestamps_s)):
            breath = -settings.breathing_motion * self.respiration[t] * (1.0 + 2.0 * chest)
            _shift_rows(layers, (self._motion[1, t] + breath) * size_face, rows, rows_spare)
            _shift_columns(rows, float(across[t]), margin, moved, moved_spare)
            start = int(noise.integers(height * width))
            frame = np.empty((height, width, 3), dtype=np.uint8)
            for channel in range(3):
                # Skin darkens as it fills with blood: brightness x light x (1 - signature x strength x pulse).
                beat = -settings.pulse_strength * self.pulse[t] * PULSE_RGB[channel]
                np.multiply(moved[3], float(beat * self._light[t]), out=plane)
                plane += float(self._light[t])
                plane *= moved[channel]
                plane += pool[channel, start : start + height * width].reshape(height, width)
                np.clip(plane, 0, 255, out=plane)
                np.copyto(frame[..., channel], plane, casting="unsafe")
            yield frame

    def _layers(self) -> NDArray[np.float32]:
        """R, G and B of the portrait and how much each pixel is skin; (4, H, W) float32."""
        colour = self.portrait.astype(np.float32) * np.array(self.settings.tint, dtype=np.float32)
        skin = _skin(self.portrait, self.face)
        return np.concatenate([np.clip(colour, 0, 255).transpose(2, 0, 1), skin[None]])


def noise_pool(pixels: int, noise: float, random: np.random.Generator) -> NDArray[np.float32]:
    """Sensor noise, generated once and read from a different offset for each frame.

    Parameters
    ----------
    pixels : int
    noise : float
        Standard deviation in levels; two thirds of its power is common to R, G and B.
    random : numpy Generator

    Returns
    -------
    float32 array of shape (3, pixels)
        The noise plus 0.5, so that truncating to whole numbers rounds to the nearest level.
    """
    common = random.standard_normal(pixels, dtype=np.float32)
    pool = random.standard_normal((3, pixels), dtype=np.float32)
    pool *= np.float32((1 - _COMMON_NOISE) ** 0.5)
    pool += np.float32(_COMMON_NOISE**0.5) * common
    pool *= np.float32(noise)
    pool += np.float32(0.5)
    return pool


def demo_clip(seed: int = 0) -> SyntheticClip:
    """Return the clip that the demonstration measures: 30 s at 30 frames/s, from a public-domain portrait.

    Raises
    ------
    PhysiocamError
        If scikit-image, which ships the portrait, is not installed.
    """
    try:
        from skimage.data import astronaut
    except ImportError:
        raise PhysiocamError(
            "the demonstration needs the portrait that scikit-image ships; run: pip install 'physiocam[demo]'"
        ) from None
    # The upper part of the portrait of Eileen Collins (NASA): head and shoulders.
    portrait = area_resize(astronaut()[:384], _DEMO_HEIGHT, _DEMO_WIDTH)  # type: ignore[no-untyped-call]
    face = (0.44 * _DEMO_WIDTH, 0.315 * _DEMO_HEIGHT, 0.31 * _DEMO_HEIGHT)
    return SyntheticClip((portrait + 0.5).astype(np.uint8), face, ClipSettings(seed=seed))


def _skin(portrait: NDArray[np.uint8], face: tuple[float, float, float]) -> NDArray[np.float32]:
    """Soft mask of the face's skin, (H, W) float32 in 0..1: an ellipse, without parts much darker than the face."""
    x, y, size = face
    rows = (np.arange(portrait.shape[0])[:, None] - y) / (0.55 * size)
    columns = (np.arange(portrait.shape[1])[None] - x) / (0.42 * size)
    inside = 1.0 / (1.0 + np.exp(12.0 * (np.hypot(rows, columns) - 0.95)))
    brightness = portrait.mean(axis=2)
    usual = np.average(brightness, weights=inside)
    lit = np.clip((brightness / max(usual, 1.0) - 0.35) / 0.3, 0.0, 1.0)
    return np.asarray(inside * lit, dtype=np.float32)


def _shift_rows(
    layers: NDArray[np.float32], shift: NDArray[np.float64], out: NDArray[np.float32], spare: NDArray[np.float32]
) -> None:
    """Move each row of layers (C, H, W) down by its shift in pixels, interpolated between rows."""
    height = layers.shape[1]
    position = np.clip(np.arange(height) - shift, 0, height - 1)
    upper = np.minimum(position.astype(int), max(height - 2, 0))
    np.take(layers, upper, axis=1, out=out, mode="clip")
    np.take(layers, upper + 1, axis=1, out=spare, mode="clip")
    spare -= out
    spare *= (position - upper).astype(np.float32)[:, None]
    out += spare


def _shift_columns(
    layers: NDArray[np.float32], shift: float, margin: int, out: NDArray[np.float32], spare: NDArray[np.float32]
) -> None:
    """Move all columns right by a shift in pixels, interpolated; layers are wider by a margin on both sides."""
    whole = int(np.floor(shift))
    start, width = margin - whole, out.shape[2]
    np.multiply(layers[:, :, start : start + width], 1 - (shift - whole), out=out)
    np.multiply(layers[:, :, start - 1 : start - 1 + width], shift - whole, out=spare)
    out += spare
