"""One face that is followed: its box, and the square held still around it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiocam.video.face import DETECTOR_HEIGHT, FaceBox, FaceDetector
from physiocam.video.levels import Image
from physiocam.video.locators import Square
from physiocam.video.parts import thinned

# Seconds between detections: while faces are tracked, and while one is searched or has just moved.
HOLD_S = 1.0
SEARCH_S = 0.2

# How far back, at most, a face is found to have left: since the detection before the one that missed it.
MEMORY_S = 2 * (HOLD_S + SEARCH_S)

# The square stays where it is until the face's centre has moved by this share of its side, or the face has grown or
# shrunk by this share: the detector's own jitter is about a third of that.
_MOVED = 0.12
_RESIZED = 0.15

# A tracked face may turn or blink: at its place a lower score is enough.
HELD_SCORE = 0.4
HELD_OVERLAP = 0.2

# Heads are wider than their faces' boxes, so the boxes of two people hardly overlap.
OWN_HEAD = 0.1


class FollowedFace:
    """The square of a face that is detected now and then, held still in between.

    Parameters
    ----------
    crop_factor : float
        Side of the square, as a multiple of the longer side of the face's box.

    Attributes
    ----------
    square : Square or None
        None before the first detection.
    """

    def __init__(self, crop_factor: float) -> None:
        self.square: Square | None = None
        self._crop_factor = crop_factor
        self._place: _Place | None = None
        self._suspected: _Place | None = None

    def forget(self) -> None:
        """Forget the place: wherever the face is detected next, the square is there at once."""
        self._place = self._suspected = None

    def follow(self, box: FaceBox, image: Image) -> bool:
        """Move the square if the face has really moved; return whether it has not."""
        place = _Place.of(box, self._crop_factor)
        if self._place is not None and place.is_near(self._place):
            self._suspected = None
            return True
        if self._place is not None and self._suspected is None:
            # One detection may be wrong; another one soon decides.
            self._suspected = place
            return False
        self._place = place if self._suspected is None else place.between(self._suspected)
        self._suspected = None
        self.square = self._place.square(image)
        return False


def apart(faces: list[FaceBox]) -> list[FaceBox]:
    """One face a head, the larger ones first; a turned or half hidden face may have several boxes."""
    heads: list[FaceBox] = []
    for face in faces:
        if all(face.covered_by(head) <= OWN_HEAD for head in heads):
            heads.append(face)
    return heads


def same_face(held: FaceBox, faces: list[FaceBox]) -> FaceBox | None:
    """The detected face that is most likely the one that was in a box, if any is."""
    best = max(faces, key=held.overlap, default=None)
    return best if best is not None and held.overlap(best) >= HELD_OVERLAP else None


class _Place(NamedTuple):
    """Centre and side of a square, in fractions of pixels."""

    x: float
    y: float
    size: float

    @classmethod
    def of(cls, box: FaceBox, crop_factor: float) -> "_Place":
        size = crop_factor * max(box.width, box.height)
        return cls(box.x + box.width / 2, box.y + box.height / 2, size)

    def is_near(self, other: "_Place") -> bool:
        shift = max(abs(self.x - other.x), abs(self.y - other.y)) / other.size
        return shift < _MOVED and abs(self.size / other.size - 1.0) < _RESIZED

    def between(self, other: "_Place") -> "_Place":
        return _Place(*((a + b) / 2 for a, b in zip(self, other, strict=True)))

    def square(self, image: Image) -> Square:
        """Whole pixels, shrunk and shifted into the frame."""
        height, width = image.shape[:2]
        side = max(min(round(self.size), height, width), 1)
        left = min(max(round(self.x - side / 2), 0), width - side)
        top = min(max(round(self.y - side / 2), 0), height - side)
        return Square(left, top, side)


class Thumbnail(NamedTuple):
    """A coarse copy of a frame, about the detector's size, which does not keep the whole frame in memory."""

    picture: NDArray[np.uint8]
    step: int

    @classmethod
    def of(cls, image: Image) -> "Thumbnail":
        """Copy a frame."""
        step = max(image.shape[0] // DETECTOR_HEIGHT, 1)
        return cls(thinned(image, step).copy(), step)

    def detect(self, detector: FaceDetector) -> list[FaceBox]:
        """Faces in pixels of the frame."""
        faces = detector.detect(self.picture, HELD_SCORE)
        return [face.scaled(self.step) for face in faces]
