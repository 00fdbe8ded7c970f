"""A film of scenes with hard cuts between them, and cards without anybody: exactly known where they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.people import PersonScene


@dataclass(frozen=True)
class Shot:
    """A part of a film.

    Attributes
    ----------
    scene : PersonScene or None
        Whom it shows; None for a card with lines of text.
    start_s : float
        Where it begins in the scene.
    duration_s : float
    """

    scene: PersonScene | None
    start_s: float
    duration_s: float


class Film:
    """Shots one after the other.

    Parameters
    ----------
    shots : sequence of Shot
        The first shows somebody; all scenes have its frame rate and size.

    Attributes
    ----------
    fs : float
    cuts : tuple of int
        The first frame of each shot but the first.
    """

    def __init__(self, shots: Sequence[Shot]) -> None:
        first = shots[0].scene
        assert first is not None
        self.fs = first.settings.fs
        self._size = first.settings.height, first.settings.width
        self._shots = shots
        ends = np.cumsum([round(shot.duration_s * self.fs) for shot in shots])
        self.cuts = tuple(ends[:-1].tolist())

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Draw all frames (H, W, 3), one by one."""
        for shot in self._shots:
            start = round(shot.start_s * self.fs)
            for index in range(start, start + round(shot.duration_s * self.fs)):
                yield _card(*self._size) if shot.scene is None else shot.scene.frame(index)


def _card(height: int, width: int) -> NDArray[np.uint8]:
    """White lines on dark blue, (height, width, 3)."""
    picture = np.full((height, width, 3), (20, 24, 60), np.uint8)
    for line, share in enumerate((0.5, 0.3, 0.4)):
        top, half = round((0.36 + 0.12 * line) * height), round(share * width / 2)
        picture[top : top + max(height // 24, 1), width // 2 - half : width // 2 + half] = 235
    return picture
