"""One steady square per frame: where the face is, and since when it is lost."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiocam.video.face import DETECTOR_HEIGHT, MIN_SCORE, FaceBox, FaceDetector
from physiocam.video.locators import Square
from physiocam.video.people import Change, FacesSeen

# Seconds between detections: while a face is tracked, and while one is searched or has just moved.
_HOLD_S = 1.0
_SEARCH_S = 0.2

# How far back, at most, a face is found to have left: since the detection before the one that missed it.
MEMORY_S = 2 * (_HOLD_S + _SEARCH_S)

# The square stays where it is until the face's centre has moved by this share of its side, or the face has grown or
# shrunk by this share: the detector's own jitter is about a third of that.
_MOVED = 0.12
_RESIZED = 0.15

# A tracked face may turn or blink: at its place a lower score is enough.
_HELD_SCORE = 0.4
_HELD_OVERLAP = 0.2

# Heads are wider than their faces' boxes, so the boxes of two people hardly overlap.
_OWN_HEAD = 0.1


class FaceTracker:
    """Follows one face with a detection about once a second, and holds the square still in between.

    The largest face is chosen first; after that the one that overlaps it best, whoever else enters. It is lost only
    when two detections, a fifth of a second apart, do not see it in its place; then the largest face is chosen again.
    The frames since it was last seen are then set to not found, and `seen.changes` records whether the new face may be
    another person's.

    Parameters
    ----------
    fs : float
        Frames per second.
    crop_factor : float
        Side of the square, as a multiple of the longer side of the face's box.
    detector : FaceDetector, optional
    """

    def __init__(self, fs: float, crop_factor: float = 1.0, detector: FaceDetector | None = None) -> None:
        self.found: list[bool] = []
        self.seen = FacesSeen()
        self._detector = detector or FaceDetector()
        self._crop_factor = crop_factor
        self._hold = max(round(_HOLD_S * fs), 1)
        self._search = max(round(_SEARCH_S * fs), 1)
        self._frames = 0
        self._next_look = 0
        self._box: FaceBox | None = None
        # Place of the lost face, and the other faces when it was last seen.
        self._lost: FaceBox | None = None
        self._others: list[FaceBox] = []
        self._square: Square | None = None
        self._place: _Place | None = None
        self._suspected: _Place | None = None
        self._last_seen = 0
        self._missed = False
        # Frames since the last detection, about five per second, to find out later when a face was lost.
        self._recent: list[tuple[int, _Thumbnail]] = []

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        """Return the square of the face, or None."""
        index = self._frames
        self._frames += 1
        if image is None:
            self.found.append(False)
            return None
        if index >= self._next_look:
            steady = self._look(index, image)
            self._next_look = index + (self._hold if steady else self._search)
        elif self._box is not None and not self._missed and index % self._search == 0:
            self._recent.append((index, _Thumbnail.of(image)))
        self.found.append(self._box is not None)
        return self._square if self._box is not None else None

    def _look(self, index: int, image: NDArray[np.uint8]) -> bool:
        """Detect the face in this frame; return whether nothing has changed."""
        faces = self._detector.detect(image, MIN_SCORE if self._box is None else _HELD_SCORE)
        sure = [face for face in faces if face.score >= MIN_SCORE]
        self.seen.count(_apart(sure))
        if self._box is not None:
            seen = _same_face(self._box, faces)
            if seen is None and not self._missed:
                # The detector may miss a face once, and another person must not take over because of that.
                self._missed = True
                return False
            if seen is None:
                self._lose()
            self._box = seen
        self._missed = False
        self._recent.clear()
        if self._box is None and sure:
            self._box = sure[0]
            self._take_anew(index)
        if self._box is None:
            return False
        self._last_seen = index
        self._others = [face for face in sure if face is not self._box]
        return self._follow(_Place.of(self._box, self._crop_factor), image)

    def _lose(self) -> None:
        """Mark the frames since the face was last seen, and forget its place."""
        assert self._box is not None
        for index, thumbnail in reversed(self._recent):
            if _same_face(self._box, thumbnail.detect(self._detector)) is not None:
                self._last_seen = index
                break
        # There is no entry yet for the frame in which this is noticed.
        gone = min(self._frames - 1 - (self._last_seen + 1), len(self.found))
        self.found[len(self.found) - gone :] = [False] * gone
        self._place = self._suspected = None
        self._lost = self._box

    def _take_anew(self, index: int) -> None:
        """Record whether the face that is chosen now may be another person's than the lost one."""
        assert self._box is not None
        if self._lost is not None:
            other = _same_face(self._box, self._others) is not None
            if other or self._lost.overlap(self._box) < _HELD_OVERLAP:
                self.seen.changes.append(Change(index, other))
        self._lost = None

    def _follow(self, place: "_Place", image: NDArray[np.uint8]) -> bool:
        """Move the square if the face has really moved; return whether it has not."""
        if self._place is not None and place.is_near(self._place):
            self._suspected = None
            return True
        if self._place is not None and self._suspected is None:
            # One detection may be wrong; another one soon decides.
            self._suspected = place
            return False
        self._place = place if self._suspected is None else place.between(self._suspected)
        self._suspected = None
        self._square = self._place.square(image)
        return False


def _apart(faces: list[FaceBox]) -> int:
    """The number of faces; a turned or half hidden face may have several boxes."""
    heads: list[FaceBox] = []
    for face in faces:
        if all(face.covered_by(head) <= _OWN_HEAD for head in heads):
            heads.append(face)
    return len(heads)


def _same_face(held: FaceBox, faces: list[FaceBox]) -> FaceBox | None:
    best = max(faces, key=held.overlap, default=None)
    return best if best is not None and held.overlap(best) >= _HELD_OVERLAP else None


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

    def square(self, image: NDArray[np.uint8]) -> Square:
        """Whole pixels, shrunk and shifted into the frame."""
        height, width = image.shape[:2]
        side = max(min(round(self.size), height, width), 1)
        left = min(max(round(self.x - side / 2), 0), width - side)
        top = min(max(round(self.y - side / 2), 0), height - side)
        return Square(left, top, side)


class _Thumbnail(NamedTuple):
    """A coarse copy of a frame, about the detector's size, which does not keep the whole frame in memory."""

    rows: NDArray[np.uint8]
    step: int

    @classmethod
    def of(cls, image: NDArray[np.uint8]) -> "_Thumbnail":
        step = max(image.shape[0] // DETECTOR_HEIGHT, 1)
        # Whole rows: skipping columns as well takes far longer than copying them.
        return cls(image[::step].copy(), step)

    def detect(self, detector: FaceDetector) -> list[FaceBox]:
        """Faces in pixels of the frame."""
        faces = detector.detect(self.rows[:, :: self.step], _HELD_SCORE)
        return [face.scaled(self.step) for face in faces]
