"""Hard cuts: where another scene begins, from one frame to the next."""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physiocam.video.levels import Image
from physiocam.video.parts import thinned
from physiocam.video.resize import area_resize

# Frames are compared as pictures of this size: motion of a few pixels hardly shows, another scene does.
_ROWS, _COLUMNS = 24, 32

# Rows and columns of pixels, at least, whose mean is a field of these pictures.
_EACH = 4

# Another scene: the two pictures have little of their light and dark in common, and far less than those before had.
_UNLIKE, _MORE_THAN_MOTION = 0.3, 2.0

# The same scene, taken up again later: the picture changes this much, in levels of 255, and many times more than usual.
_JUMP, _MORE_THAN_JERK = 5.0, 4.5

# A picture that changed less than this was frozen, as in a bad connection, and then catches up.
_FROZEN = 0.02

# Light that is switched makes a picture so many times brighter, or darker.
_BRIGHTER = 3.0

# Changes of this much time tell what is motion; so many of them are needed, and smaller ones are noise. Scenes are not
# shorter: a picture that goes on changing that much is moving.
_BEFORE_S, _LEAST, _NOISE = 0.5, 3, 0.5


class CutFinder:
    """Finds hard cuts while frames pass by, in constant time and memory.

    A moving camera and moving people change many frames in a row; a cut changes one, by far more than those before it.
    Brighter and darker light does not count. Fades are not found.

    Parameters
    ----------
    fs : float
        Frames per second.
    """

    def __init__(self, fs: float) -> None:
        self._shortest = max(round(_BEFORE_S * fs), _LEAST)
        self._changes: deque[float] = deque(maxlen=self._shortest)
        # Frames since the last cut.
        self._since = self._shortest
        self._last: NDArray[np.float32] | None = None

    def add(self, image: Image | None) -> bool:
        """Take in the next frame (H, W, C), None in a gap; return whether a new scene begins with it."""
        if image is None:
            return False
        before, now = self._last, _small_picture(image)
        self._last = now
        if before is None or before.shape != now.shape:
            return False
        unlike, change = _unlikeness(before, now), _change(before, now)
        most = max(self._changes) if len(self._changes) >= _LEAST else np.inf
        usual = max(most, _NOISE)
        self._since += 1
        scene = unlike > _UNLIKE and change >= _MORE_THAN_MOTION * usual
        jump = most > _FROZEN and change >= max(_JUMP, _MORE_THAN_JERK * usual)
        if self._since >= self._shortest and (scene or jump):
            self._since = 0
            return True
        self._changes.append(change)
        return False


def cuts_notes(cuts_s: Sequence[float]) -> list[str]:
    """Say at which times there are hard cuts; empty without one."""
    if not cuts_s:
        return []
    times = ", ".join(f"{time_s:.1f}" for time_s in cuts_s[:5]) + (", ..." if len(cuts_s) > 5 else "")
    return [f"{len(cuts_s)} hard cut{'s' if len(cuts_s) > 1 else ''} (at {times} s); no rate reaches across"]


def _small_picture(image: Image) -> NDArray[np.float32]:
    """Means of `_ROWS` by `_COLUMNS` fields, each of a few of its pixels."""
    step = max(min(image.shape[0] // _ROWS, image.shape[1] // _COLUMNS) // _EACH, 1)
    return area_resize(thinned(image, step), _ROWS, _COLUMNS)


def _unlikeness(before: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """One minus the correlation of two pictures, 0..2."""
    one, other = (picture.ravel() - picture.mean() for picture in (before, now))
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return 1.0 - float(one @ other) / max(size, 1e-6)


def _change(before: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """Mean difference in levels, as if both pictures were equally bright, unless one is far brighter."""
    gain = min(max(float(before.mean()) / max(float(now.mean()), 1.0), 1 / _BRIGHTER), _BRIGHTER)
    return float(np.abs(gain * now - before).mean())
