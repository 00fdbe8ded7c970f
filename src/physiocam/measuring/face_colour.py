"""Whether a face's red and blue look exchanged, as in frames of OpenCV, which are BGR."""

import numpy as np

from physiocam.video.levels import RGB, Image
from physiocam.video.locators import WHOLE_FRAME, Square
from physiocam.video.orientation import Rectangle
from physiocam.video.parts import reduced

SWAPPED = (
    "red and blue look exchanged: the face is bluer than skin is. Frames must be RGB; OpenCV gives BGR, which "
    "frame[..., ::-1] turns into RGB"
)

# One frame of so many is looked at, and so many must have been.
_EVERY = 10
_LEAST = 3

# The middle of a face, this share of its height and width, is averaged to so many places a side.
_MIDDLE = 0.58
_PLACES = 7

# Skin is redder than this under light that is not coloured: exchanged, it is bluer.
_BLUER = 1.05

# Skin gives a figure above 1, and exchanged one below. With this, of 37 filmed faces none is noted as it is and 33 are
# when they are exchanged; under light so blue that red is less than blue, four would be.
_UNLIKE_SKIN = 0.8

# Added to pixels, 0 to 255, so that noise in black says little.
_DARK = 4.0


class FaceColour:
    """Gathers the colours of a face while frames pass by.

    The mean colour alone does not tell exchanged channels from blue light. What differs from place to place on a face
    does: blood and melanin take green and blue light away, so that red varies least, whatever the light's colour.

    Parameters
    ----------
    crop_factor : float
        Side of a found face's square, as a multiple of the longer side of its box.
    """

    def __init__(self, crop_factor: float) -> None:
        self._share = min(_MIDDLE / crop_factor, 1.0)
        self._passed = self._seen = 0
        self._mean = np.zeros(3)
        self._spread = np.zeros((3, 3))

    def add(self, image: Image | None, square: Square | None) -> None:
        """Let a frame (H, W, C) pass by, with the square of the face in it; only RGB frames have a colour."""
        if image is None or square is None or square == WHOLE_FRAME or image.shape[2] != RGB:
            return
        self._passed += 1
        if self._passed % _EVERY != 1:
            return
        x, y, side = square
        step = int(self._share * side) // _PLACES
        edge = (side - step * _PLACES) // 2
        top, left = max(y + edge, 0), max(x + edge, 0)
        if step == 0 or top + step * _PLACES > image.shape[0] or left + step * _PLACES > image.shape[1]:
            return
        middle = Rectangle(left, top, step * _PLACES, step * _PLACES)
        places = reduced(image, middle, _PLACES, _PLACES).reshape(-1, 3).astype(np.float64)
        logarithms = np.log(places + _DARK)
        self._seen += 1
        self._mean += places.mean(axis=0)
        self._spread += np.cov(logarithms.T)

    def notes(self) -> tuple[str, ...]:
        """Return the note that red and blue look exchanged, if they do."""
        red, green, blue = self._mean
        if self._seen < _LEAST or blue <= _BLUER * max(red, green):
            return ()
        # Variances of the logarithms of red and blue, and of both relative to green.
        (red, red_with_green, _), (_, green, green_with_blue), (_, _, blue) = self._spread
        red_hue, blue_hue = red + green - 2 * red_with_green, blue + green - 2 * green_with_blue
        # In skin the hue varies more by red than by blue, and red less than blue.
        return (SWAPPED,) if red_hue * blue**2 < _UNLIKE_SKIN * blue_hue * red**2 else ()
