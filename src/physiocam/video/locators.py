"""Where the face is in each frame: the protocol of locators, those with a given square, and your own."""

import operator
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.video.levels import Image, eight_bits
from physiocam.video.people import FacesSeen

# The square of a face that is found, the largest one in the middle or at the bottom of the frame, or the whole frame,
# which need not be square and need not show a face.
SquareKind = Literal["face", "bottom", "center", "whole"]


class Square(NamedTuple):
    """A square of pixels inside the frame: upper left corner and side.

    Examples
    --------
    >>> x, y, size = Square(x=10, y=20, size=100)
    >>> size
    100
    """

    x: int
    y: int
    size: int


# Stands for the whole frame, whatever its size.
WHOLE_FRAME = Square(0, 0, 0)


class FaceLocator(Protocol):
    """Finds the face: your own locator, given as `face` to `physiocam.measure`, or one of this module.

    Examples
    --------
    >>> class LeftHalf:
    ...     def locate(self, image):
    ...         return None if image is None else Square(0, 0, min(image.shape[0], image.shape[1] // 2))
    >>> LeftHalf().locate(np.zeros((480, 640, 3), np.uint8))
    Square(x=0, y=0, size=320)
    """

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        """Return the square that holds the face; called once for each frame, in order.

        Parameters
        ----------
        image : uint8 array of shape (H, W, 3) or None
            RGB, upright; None where the recording has a gap.

        Returns
        -------
        Square or None
            In pixels, inside the frame. Its side is the longer side of the face's box, from brows to chin, times the
            bundle's `info.crop.factor`. Hold it still while the face hardly moves: jitter looks like motion. None where
            there is no face.
        """


class TrackedLocator(FaceLocator, Protocol):
    """A locator that remembers where it found a face.

    Attributes
    ----------
    found : list of bool
        One a frame seen so far. A locator may turn entries of the last `MEMORY_S` seconds to False when it notices that
        the face had left. Whoever watches a stream may delete what is older.
    seen : FacesSeen
        Who else was in the picture; stays empty where the square is given.
    """

    found: list[bool]
    seen: FacesSeen

    def locate(self, image: Image | None) -> Square | None:
        """Return the square of the face in the next frame, whose pixels may not be made yet."""


@dataclass(eq=False)
class SeenPerson:
    """One person in a recording.

    Attributes
    ----------
    found : list of bool
        As in `TrackedLocator`.
    squares : list of Square or None
        Of each frame seen so far.
    detections : int
        In how many frames the face was detected; 0 where it is not looked for.
    doubts : list of int
        Frames, counted from 0, from which it may be another person.
    """

    found: list[bool] = field(default_factory=list)
    squares: list[Square | None] = field(default_factory=list)
    detections: int = 0
    doubts: list[int] = field(default_factory=list)

    def forget(self, frames: int) -> None:
        """Forget what is older than so many frames."""
        del self.found[:-frames], self.squares[:-frames]


class PeopleLocator(Protocol):
    """Finds everyone who is to be measured.

    Attributes
    ----------
    people : sequence of SeenPerson
        So far, in the order in which they appeared.
    seen : FacesSeen
        Who else was in the picture.
    """

    @property
    def people(self) -> Sequence[SeenPerson]:
        """See above."""

    @property
    def seen(self) -> FacesSeen:
        """See above."""

    def locate(self, image: Image | None, cut: bool = False, /) -> Sequence[Square | None]:
        """Return the square of each person so far; called once for each frame, in order.

        Parameters
        ----------
        image : uint8 array of shape (H, W, 3) or None
            None where the recording has a gap.
        cut : bool
            Whether another scene begins with this frame.
        """

    def forget(self, frames: int, gone: Collection[SeenPerson] = (), /) -> None:
        """Forget what is older than so many frames, and people who have gone: a stream has no end."""


class OnePerson:
    """A locator of one square, as of one person.

    Parameters
    ----------
    locator : TrackedLocator
    """

    def __init__(self, locator: TrackedLocator) -> None:
        self.people = (SeenPerson(locator.found),)
        self.locator = locator

    @property
    def seen(self) -> FacesSeen:
        """Who else was in the picture, as the locator knows it."""
        return self.locator.seen

    def locate(self, image: Image | None, _cut: bool = False, /) -> list[Square | None]:
        """Return the square."""
        square = self.locator.locate(image)
        self.people[0].squares.append(square)
        return [square]

    def forget(self, frames: int, _gone: Collection[SeenPerson] = (), /) -> None:
        """Forget what is older; the one person stays."""
        self.people[0].forget(frames)


class OwnLocator:
    """A locator of somebody else's, checked and remembered; frames of another size get a new one.

    Parameters
    ----------
    make : callable
        Returns a new locator.

    Raises
    ------
    PhysiocamError
        If what it returns is none.
    """

    def __init__(self, make: Callable[[], FaceLocator]) -> None:
        self.found: list[bool] = []
        self.seen = FacesSeen()
        self._make = make
        self._locator = self._made()
        self._shape: tuple[int, ...] | None = None

    def _made(self) -> FaceLocator:
        made = self._make()
        if not callable(getattr(made, "locate", None)):
            raise PhysiocamError(f"face gives {made!r}; expected an object with the method locate(image)")
        return made

    def locate(self, image: Image | None) -> Square | None:
        """Return its square.

        Raises
        ------
        PhysiocamError
            If it is not a square inside the frame.
        """
        if image is not None and image.shape != self._shape:
            if self._shape is not None:
                self._locator = self._made()
            self._shape = image.shape
        answer = self._locator.locate(None if image is None else eight_bits(image))
        square = None
        if answer is not None and image is not None:
            try:
                square = Square(*(operator.index(part) for part in answer))
            except TypeError:
                name = type(self._locator).__name__
                raise PhysiocamError(
                    f"the face locator {name} gives {answer!r}; expected Square(x, y, size) of whole pixels, or None"
                ) from None
            _check_inside(square, image)
        self.found.append(square is not None)
        return square


def _check_inside(square: Square, image: Image) -> None:
    x, y, size = square
    height, width = image.shape[:2]
    if size < 1 or x < 0 or y < 0 or x + size > width or y + size > height:
        raise PhysiocamError(
            f"the face square {x},{y},{size} does not lie inside the {width}x{height} frame; give pixels"
        )


class FixedSquare:
    """The same square in every frame.

    Parameters
    ----------
    x, y, size : int
        Upper left corner and side, in pixels.
    """

    def __init__(self, x: int, y: int, size: int) -> None:
        self.found: list[bool] = []
        self.seen = FacesSeen()
        self._square = Square(x, y, size)

    def locate(self, image: Image | None) -> Square | None:
        """Return the square.

        Raises
        ------
        PhysiocamError
            If it does not lie inside the frame.
        """
        self.found.append(image is not None)
        if image is None:
            return None
        _check_inside(self._square, image)
        return self._square


class WholeFrame:
    """All of every frame; no face is looked for."""

    def __init__(self) -> None:
        self.found: list[bool] = []
        self.seen = FacesSeen()

    def locate(self, image: Image | None) -> Square | None:
        """Return `WHOLE_FRAME`; None in a gap."""
        self.found.append(image is not None)
        return None if image is None else WHOLE_FRAME


class LargestSquare:
    """The largest square in the middle or, as in the code of the paper, at the bottom of the frame.

    Parameters
    ----------
    place : "center" or "bottom"
    """

    def __init__(self, place: Literal["center", "bottom"]) -> None:
        self.found: list[bool] = []
        self.seen = FacesSeen()
        self._place = place

    def locate(self, image: Image | None) -> Square | None:
        """Return the square.

        Raises
        ------
        PhysiocamError
            If it is at the bottom and the frame is wider than high.
        """
        self.found.append(image is not None)
        if image is None:
            return None
        height, width = image.shape[:2]
        size = min(height, width)
        if self._place == "center":
            return Square((width - size) // 2, (height - size) // 2, size)
        if height < width:
            raise PhysiocamError(
                f"frames are {width}x{height}, and the bottom square needs portrait; take the one in the middle: "
                "--face center, or --set crop=center in a store"
            )
        return Square(0, height - width, width)
