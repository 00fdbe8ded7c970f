"""How the same clip may look elsewhere: other encoders, frame rates, light, places and cameras."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from films import Encoding, grain, h264, h264_at, mjpeg, vp8
from physiocam.synthetic.portrait import noise_pool
from physiocam.video.face import FaceDetector

_Image = NDArray[np.uint8]
_Images = Sequence[_Image]
_Change = Callable[[_Images, float], tuple[_Images, float]]

# Lossy enough to be a file, and without a loss that matters.
_FINE = h264(6)


@dataclass(frozen=True)
class Way:
    """One version.

    Attributes
    ----------
    encoding : Encoding
    change : callable
        From frames and frames per second to those of the version.
    """

    encoding: Encoding
    change: _Change


def _as_it_is(frames: _Images, fs: float) -> tuple[_Images, float]:
    return frames, fs


def _each(function: Callable[[_Image], _Image]) -> _Change:
    return lambda frames, fs: ([function(frame) for frame in frames], fs)


def _levels(gain: float, offset: float = 0.0) -> _Change:
    """Every level times a gain, plus an offset."""
    table = np.clip(gain * np.arange(256) + offset + 0.5, 0, 255).astype(np.uint8)
    return _each(lambda frame: table[frame])


def _cast(red: float, green: float, blue: float) -> _Change:
    """The light's colour."""
    factors = np.array([red, green, blue], dtype=np.float32)
    return _each(lambda frame: np.clip(frame * factors + np.float32(0.5), 0, 255).astype(np.uint8))


def _noisy(deviation: float) -> _Change:
    """A sensor's noise."""

    def change(frames: _Images, fs: float) -> tuple[_Images, float]:
        random = np.random.default_rng(1)
        height, width = frames[0].shape[:2]
        pool = noise_pool(2 * height * width, deviation, random)
        grainy = (frame + grain(pool, height, width, random) for frame in frames)
        return [np.clip(frame, 0, 255).astype(np.uint8) for frame in grainy], fs

    return change


def _at(fs_wanted: float) -> _Change:
    """The frame that is nearest in time, at another rate: frames are left out or repeated."""

    def change(frames: _Images, fs: float) -> tuple[_Images, float]:
        count = int(len(frames) / fs * fs_wanted)
        nearest = np.minimum(np.round(np.arange(count) * fs / fs_wanted).astype(int), len(frames) - 1)
        return [frames[index] for index in nearest], fs_wanted

    return change


def _blended(fs_wanted: float) -> _Change:
    """Mixtures of the two frames around each moment."""

    def change(frames: _Images, fs: float) -> tuple[_Images, float]:
        places = np.arange(int((len(frames) - 1) / fs * fs_wanted)) * fs / fs_wanted
        changed = []
        for place in places.tolist():
            before, share = int(place), place % 1
            mixed = cv2.addWeighted(frames[before], 1 - share, frames[before + 1], share, 0)
            changed.append(np.asarray(mixed, dtype=np.uint8))
        return changed, fs_wanted

    return change


def _swayed(pixels: float, hz: float) -> _Change:
    """A hand that holds the camera."""

    def change(frames: _Images, fs: float) -> tuple[_Images, float]:
        changed = []
        for index, frame in enumerate(frames):
            turn = 2 * np.pi * hz * index / fs
            changed.append(
                _warped(frame, np.array([[1, 0, pixels * np.sin(turn)], [0, 1, 0.5 * pixels * np.cos(turn)]]))
            )
        return changed, fs

    return change


def _rotated(degrees: float) -> _Change:
    def rotate(frame: _Image) -> _Image:
        height, width = frame.shape[:2]
        place = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return _warped(frame, np.asarray(place, dtype=np.float64))

    return _each(rotate)


def _warped(frame: _Image, place: NDArray[np.float64]) -> _Image:
    height, width = frame.shape[:2]
    moved = cv2.warpAffine(frame, place, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.uint8)


def _half(frame: _Image) -> _Image:
    size = (frame.shape[1] // 2, frame.shape[0] // 2)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _cropped(frames: _Images, fs: float) -> tuple[_Images, float]:
    """Only face and shoulders, as they are in the first frame."""
    faces = FaceDetector().detect(frames[0])
    if not faces:
        raise SystemExit("the first frame of a clip shows no face; give a clip that begins with one")
    face = faces[0]
    height, width = frames[0].shape[:2]
    top, bottom = max(int(face.y - 0.5 * face.height), 0), min(int(face.y + 2 * face.height), height)
    left, right = max(int(face.x - face.width), 0), min(int(face.x + 2 * face.width), width)
    return [frame[top:bottom, left:right] for frame in frames], fs


WAYS = {
    **{f"h264-{kbits}k": Way(h264_at(kbits), _as_it_is) for kbits in (150, 200, 300, 400, 500, 600, 700)},
    "mjpeg-q6": Way(mjpeg(6), _as_it_is),
    "vp8-1000k": Way(vp8(1000), _as_it_is),
    "half-size": Way(_FINE, _each(_half)),
    **{f"{fs}-frames": Way(_FINE, _at(fs)) for fs in (10, 15, 20, 24)},
    "60-frames-repeated": Way(_FINE, _at(60)),
    "60-frames-blended": Way(_FINE, _blended(60)),
    "dark-0.35": Way(_FINE, _levels(0.35)),
    "dark-0.5": Way(_FINE, _levels(0.5)),
    "bright": Way(_FINE, _levels(1.25, 10)),
    "low-contrast": Way(_FINE, _levels(0.5, 64)),
    "noisy-3": Way(_FINE, _noisy(3)),
    "noisy-6": Way(_FINE, _noisy(6)),
    "swayed-0.3Hz": Way(_FINE, _swayed(6, 0.3)),
    "swayed-0.7Hz": Way(_FINE, _swayed(2, 0.7)),
    "rotated": Way(_FINE, _rotated(5)),
    "mirrored": Way(_FINE, _each(lambda frame: frame[:, ::-1])),
    "cropped": Way(_FINE, _cropped),
    "warm": Way(_FINE, _cast(1.1, 1.0, 0.75)),
    "cold": Way(_FINE, _cast(0.8, 0.95, 1.1)),
    "dark-0.5-h264-300k": Way(h264_at(300), _levels(0.5)),
    "noisy-3-h264-400k": Way(h264_at(400), _noisy(3)),
}
