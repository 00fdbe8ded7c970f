"""How the face is chosen: detected, given as a square, or found by your own locator."""

from collections.abc import Callable

from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import FaceChoice, face_choice
from physiocam.video.locators import (
    FaceLocator,
    FixedSquare,
    LargestSquare,
    OnePerson,
    OwnLocator,
    PeopleLocator,
    SquareKind,
    TrackedLocator,
)
from physiocam.video.people_tracker import PeopleTracker
from physiocam.video.tracker import FaceTracker

# Where the face is: detected, given, or found by your own locator, which a function of the frame rate returns.
FaceSource = FaceChoice | Callable[[float], FaceLocator]


def face_locator(face: FaceSource, fs: float, crop_factor: float) -> TrackedLocator:
    """Return a new locator of the chosen face.

    Parameters
    ----------
    face : "auto", "find", "center", "bottom", (x, y, size) or function
        As in `physiocam.measure`; "auto" finds the face.
    fs : float
        Frames per second.
    crop_factor : float
        Side of a found face's square, as a multiple of the longer side of its box.

    Raises
    ------
    PhysiocamError
        If `face` is none of these, or the function gives no locator.
    """
    if callable(face):
        made = face(fs)
        if not callable(getattr(made, "locate", None)):
            raise PhysiocamError(f"face gives {made!r}; expected an object with the method locate(image)")
        return OwnLocator(made)
    face = face_choice(face)
    if is_found(face):
        return FaceTracker(fs, crop_factor)
    return LargestSquare(face) if face in ("center", "bottom") else FixedSquare(*face)


def people_locator(face: FaceSource, fs: float, crop_factor: float) -> PeopleLocator:
    """Return a new locator of everyone in the picture, or of the one chosen square; parameters as in `face_locator`.

    Raises
    ------
    PhysiocamError
        As there.
    """
    if is_found(face):
        return PeopleTracker(fs, crop_factor)
    return OnePerson(face_locator(face, fs, crop_factor))


def is_found(face: FaceSource) -> bool:
    """Return whether faces are looked for: neither is a square given, nor your own locator."""
    return not callable(face) and face in ("auto", "find")


def as_trained(face: FaceSource, square: SquareKind) -> FaceSource:
    """Return where the face is for networks that were trained on such squares: "auto" leaves it to them."""
    if face != "auto" or square == "face":
        return face
    return square


def face_source(face: object) -> FaceSource:
    """Return where the face is, checked as far as it can be before there are frames.

    Raises
    ------
    PhysiocamError
        If it is not what `face_locator` takes.
    """
    return face if callable(face) else face_choice(face)


def face_source_name(face: FaceSource) -> str:
    """Return how the square is chosen, as text: "auto" (found), a place, "x,y,size", or the name of the locator."""
    if face == "find":
        return "auto"
    if callable(face):
        return str(getattr(face, "__qualname__", type(face).__name__))
    return face if isinstance(face, str) else ",".join(map(str, face))
