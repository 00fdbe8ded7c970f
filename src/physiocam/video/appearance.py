"""How a person looks, coarsely: colours of face, hair and clothes, by which a face is known again."""

import numpy as np
from numpy.typing import NDArray

from physiocam.video.face import FaceBox

Look = NDArray[np.float64]

# Places around a face: left, right, top and bottom, in widths and heights of its box from the middle of its upper edge.
# The skin's is the first.
_PLACES = (
    (-0.30, 0.30, 0.25, 0.85),  # skin
    (-0.35, 0.35, -0.25, 0.05),  # hair above
    (-0.75, -0.45, 0.00, 0.60),  # beside the face
    (0.45, 0.75, 0.00, 0.60),
    (-0.60, 0.60, 1.30, 1.80),  # throat and clothes
    (-1.00, -0.50, 1.20, 1.80),  # shoulders
    (0.50, 1.00, 1.20, 1.80),
)

# A place is averaged over about so many rows and columns; added to levels, so that noise in black says little.
_ROWS = 12
_DARK = 10.0

# Of filmed people, nine in ten looks at the same person a few seconds apart differ by less than the first figure, and
# one in a hundred at two people; the second is for 99 and 20 in a hundred.
SAME, UNLIKE = 0.10, 0.22


def look_of(image: NDArray[np.uint8], face: FaceBox) -> Look:
    """Return how the person of a face looks.

    Parameters
    ----------
    image : uint8 array (H, W, 3), RGB
    face : FaceBox

    Returns
    -------
    float64 array (21,)
        For each place its brightness relative to the skin's, and its colour: logarithms of red and blue over green. A
        place outside of the frame has the colour at its edge.
    """
    colours = np.array([_mean(image, face, *place) for place in _PLACES]) + _DARK
    red, green, blue = np.log(colours).T
    bright = np.log(colours).mean(axis=1) - np.log(colours[0].mean())
    return np.concatenate([bright, red - green, blue - green])


def difference(one: Look, other: Look) -> float:
    """Return how different two people look: 0 for the same picture; see `SAME` and `UNLIKE`."""
    return float(np.abs(one - other).mean())


def _mean(
    image: NDArray[np.uint8], face: FaceBox, left: float, right: float, top: float, bottom: float
) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    middle = face.x + face.width / 2
    x0, x1 = _inside(middle + left * face.width, middle + right * face.width, width)
    y0, y1 = _inside(face.y + top * face.height, face.y + bottom * face.height, height)
    step = max((y1 - y0) // _ROWS, 1)
    return np.asarray(image[y0:y1:step, x0:x1:step].mean(axis=(0, 1)))


def _inside(low: float, high: float, length: int) -> tuple[int, int]:
    """Whole pixels inside the frame, at least one."""
    first = int(min(max(low, 0), length - 1))
    return first, max(int(min(max(high, 0), length)), first + 1)
