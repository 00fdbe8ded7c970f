"""One steady square a frame: where the face is, and since when it is not."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.video.face import DETECTOR_HEIGHT, DETECTOR_WIDTH, MIN_SCORE, FaceBox, FaceDetector

# Seconds between looks: while a face is held, and while one is searched or has just moved.
_HOLD_S = 1.0
_SEARCH_S = 0.2

# The square stays where it is until the face's centre has moved by this share of its side, or the face has grown or
# shrunk by this share: the detector's own jitter is about a third of that.
_MOVED = 0.12
_RESIZED = 0.15

# A face this far from its place has jumped (a cut, or it is another face): it is followed at once.
_FAR = 0.5

# A face that is held may turn or blink: near the held place less certainty is asked for.
_HELD_SCORE = 0.4
_HELD_OVERLAP = 0.2


class Square(NamedTuple):
    """A square of pixels inside the frame: upper left corner and side."""

    x: int
    y: int
    size: int


class FaceLocator(Protocol):
    """Says for each frame, in order, which square holds the face.

    Attributes
    ----------
    found : list of bool
        One a frame seen so far. A locator may turn recent entries to False when it notices that the face had left.
    """

    found: list[bool]

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        """Return the square in this frame (H, W, 3), or None where there is no face or no frame."""


class FixedSquare:
    """The same square in every frame.

    Parameters
    ----------
    x, y, size : int
        Upper left corner and side, in pixels.
    """

    def __init__(self, x: int, y: int, size: int) -> None:
        self.found: list[bool] = []
        self._square = Square(x, y, size)

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        """Return the square.

        Raises
        ------
        PhysiocamError
            If it does not lie inside the frame.
        """
        self.found.append(image is not None)
        if image is None:
            return None
        x, y, size = self._square
        height, width = image.shape[:2]
        if size < 1 or x < 0 or y < 0 or x + size > width or y + size > height:
            raise PhysiocamError(
                f"the face square {x},{y},{size} does not lie inside the {width}x{height} frame; give pixels"
            )
        return self._square


class CentreSquare:
    """The largest square in the middle of the frame."""

    def __init__(self) -> None:
        self.found: list[bool] = []

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        """Return the square."""
        self.found.append(image is not None)
        if image is None:
            return None
        height, width = image.shape[:2]
        size = min(height, width)
        return Square((width - size) // 2, (height - size) // 2, size)


class FaceTracker:
    """Follows one face with a look about once a second, and holds the square still in between.

    The largest face is taken first; after that the one that stays closest to it, until it is lost.

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
        self._detector = detector or FaceDetector()
        self._crop_factor = crop_factor
        self._hold = max(round(_HOLD_S * fs), 1)
        self._search = max(round(_SEARCH_S * fs), 1)
        self._next_look = 0
        self._box: FaceBox | None = None
        self._square: Square | None = None
        self._place: _Place | None = None
        self._suspected: _Place | None = None
        # Frames since the last look, about five a second, to find out afterwards when a face was lost.
        self._recent: list[tuple[int, NDArray[np.uint8]]] = []

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        """Return the square that holds the face, or None."""
        index = len(self.found)
        if image is None:
            self.found.append(False)
            return None
        if index >= self._next_look:
            self._look(index, image)
        elif self._box is not None and index % self._search == 0:
            self._recent.append((index, _thumbnail(image)))
        self.found.append(self._box is not None)
        return self._square if self._box is not None else None

    def _look(self, index: int, image: NDArray[np.uint8]) -> None:
        held = self._box
        self._box = self._find(image, held)
        steady = False
        if self._box is not None:
            steady = self._follow(_Place.of(self._box, self._crop_factor), image)
        elif held is not None:
            self._lose()
        self._recent.clear()
        self._next_look = index + (self._hold if steady else self._search)

    def _find(self, image: NDArray[np.uint8], held: FaceBox | None) -> FaceBox | None:
        if held is None:
            return next(iter(self._detector.detect(image)), None)
        faces = self._detector.detect(image, _HELD_SCORE)
        nearest = max(faces, key=held.overlap, default=None)
        if nearest is not None and nearest.overlap(held) >= _HELD_OVERLAP:
            return nearest
        # It moved right out of its place, or it is gone and another one is here.
        return next((face for face in faces if face.score >= MIN_SCORE), None)

    def _lose(self) -> None:
        """Mark the frames since the face was last seen."""
        for index, thumbnail in self._recent:
            if not self._detector.detect(thumbnail, _HELD_SCORE):
                self.found[index:] = [False] * (len(self.found) - index)
                return

    def _follow(self, place: "_Place", image: NDArray[np.uint8]) -> bool:
        """Move the square if the face has really moved; whether all is steady."""
        if self._place is not None and place.is_near(self._place):
            self._suspected = None
            return True
        if self._place is None or place.is_far(self._place):
            self._place = place
        elif self._suspected is None:
            # One look may be off by itself; another one soon tells.
            self._suspected = place
            return False
        else:
            self._place = place.between(self._suspected)
        self._suspected = None
        self._square = self._place.square(image)
        return False


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
        return self._shift(other) < _MOVED and abs(self.size / other.size - 1.0) < _RESIZED

    def is_far(self, other: "_Place") -> bool:
        return self._shift(other) > _FAR

    def between(self, other: "_Place") -> "_Place":
        return _Place(*((a + b) / 2 for a, b in zip(self, other, strict=True)))

    def square(self, image: NDArray[np.uint8]) -> Square:
        """Whole pixels, shrunk and shifted into the frame."""
        height, width = image.shape[:2]
        side = max(min(round(self.size), height, width), 1)
        left = min(max(round(self.x - side / 2), 0), width - side)
        top = min(max(round(self.y - side / 2), 0), height - side)
        return Square(left, top, side)

    def _shift(self, other: "_Place") -> float:
        return max(abs(self.x - other.x), abs(self.y - other.y)) / other.size


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A coarse copy: a view would keep the whole frame alive."""
    step = max(min(image.shape[0] // DETECTOR_HEIGHT, image.shape[1] // DETECTOR_WIDTH), 1)
    return image[::step, ::step].copy()
