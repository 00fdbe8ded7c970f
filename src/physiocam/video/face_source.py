"""How the face is chosen: detected, given as a square, found by your own locator, or not looked for at all."""

from collections.abc import Callable

from physiocam.errors import PhysiocamError, VideoError
from physiocam.foundation.arguments import FaceChoice, face_choice
from physiocam.video.levels import RGB, Image, eight_bits, with_channels
from physiocam.video.locators import (
    FaceLocator,
    FixedSquare,
    LargestSquare,
    OwnLocator,
    Square,
    SquareKind,
    TrackedLocator,
    WholeFrame,
)
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
        made = face(fs)
        if not callable(getattr(made, "locate", None)):
            raise PhysiocamError(f"face gives {made!r}; expected an object with the method locate(image)")
        return OwnLocator(made)
    face = face_choice(face)
    if face in ("auto", "find"):
        return FaceTracker(fs, crop_factor)
    if face == "whole":
        return WholeFrame()
    return LargestSquare(face) if face in ("center", "bottom") else FixedSquare(*face)


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


def locate_in(locator: TrackedLocator, image: Image | None, channels: int) -> tuple[Image | None, Square | None]:
    """Return a frame as a network takes it, and the square in it.

    Parameters
    ----------
    locator : TrackedLocator
        A face is looked for in whole levels of RGB.
    image : array (H, W, C) or None
    channels : int
        Channels that the network takes.

    Raises
    ------
    VideoError
        If the frame has other channels.
    PhysiocamError
        If the locator does not know such frames.
    """
    if image is None:
        return None, locator.locate(None)
    taken = with_channels(image, channels)
    if image.shape[2] == RGB:
        return taken, locator.locate(eight_bits(image))
    if isinstance(locator, FaceTracker | OwnLocator):
        raise VideoError(
            f"frames have {image.shape[2]} channels, and a face is looked for in RGB; give the place: face='whole', "
            "'center' or x, y and size"
        )
    return taken, locator.locate(image)  # these look at the size alone
