"""How the face is chosen: detected, given as a square, found by your own locator, or not looked for at all."""

from collections.abc import Callable
from functools import partial

from physiocam.errors import VideoError
from physiocam.foundation.arguments import FaceChoice, face_choice
from physiocam.video.levels import RGB, Image, whole_levels, with_channels
from physiocam.video.locators import (
    FaceLocator,
    FixedSquare,
    LargestSquare,
    OnePerson,
    OwnLocator,
    PeopleLocator,
    Square,
    SquareKind,
    TrackedLocator,
    WholeFrame,
)
from physiocam.video.people_tracker import PeopleTracker
from physiocam.video.tracker import FaceTracker

# Where the face is: detected, given, or found by your own locator, which a function of the frame rate returns.
FaceSource = FaceChoice | Callable[[float], FaceLocator]


def face_locator(face: FaceSource, fs: float, crop_factor: float) -> TrackedLocator:
    """Return a new locator of the chosen face.

    Parameters
    ----------
    face : "auto", "find", "center", "bottom", "whole", (x, y, size) or function
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
        return OwnLocator(partial(face, fs))
    face = face_choice(face)
    if is_found(face):
        return FaceTracker(fs, crop_factor)
    if face == "whole":
        return WholeFrame()
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


def locate_everyone(
    locator: PeopleLocator, image: Image | None, channels: int, cut: bool
) -> tuple[Image | None, list[Square | None]]:
    """Return a frame as a network takes it, and the square of each person so far.

    Parameters
    ----------
    locator : PeopleLocator
        A face is looked for in whole levels of RGB.
    image : array (H, W, C) or None
    channels : int
        Channels that the network takes.
    cut : bool
        Whether another scene begins with this frame.

    Raises
    ------
    VideoError
        If the frame has other channels.
    PhysiocamError
        If the locator does not know such frames.
    """
    taken = None if image is None else with_channels(image, channels)
    inner = locator.locator if isinstance(locator, OnePerson) else locator
    if cut and isinstance(inner, FaceTracker):
        inner.end_scene()
    return taken, list(locator.locate(_searched(image, inner), cut))


def has_scenes(locator: PeopleLocator) -> bool:
    """Return whether a sudden change is another scene: in the whole frame, it may be what is measured."""
    return not (isinstance(locator, OnePerson) and isinstance(locator.locator, WholeFrame))


def _searched(image: Image | None, locator: TrackedLocator | PeopleLocator) -> Image | None:
    """The frame that a locator looks at."""
    if image is None:
        return None
    if image.shape[2] == RGB:
        return whole_levels(image)
    if isinstance(locator, FaceTracker | PeopleTracker | OwnLocator):
        raise VideoError(
            f"frames have {image.shape[2]} channels, and a face is looked for in RGB; give the place: face='whole', "
            "'center' or x, y and size"
        )
    return image  # the others look at the size alone
