"""Looking at parts of a frame, whether its pixels are there or are made only where they are looked at."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.video.levels import Image
from physiocam.video.locators import WHOLE_FRAME, Square
from physiocam.video.orientation import Rectangle
from physiocam.video.resize import area_resize


def part_of(image: Image, square: Square) -> Rectangle:
    """Return the rectangle of a square, which may stand for the whole frame."""
    if square == WHOLE_FRAME:
        return Rectangle(0, 0, image.shape[1], image.shape[0])
    return Rectangle(square.x, square.y, square.size, square.size)


def reduced(image: Image, part: Rectangle, height: int, width: int) -> NDArray[np.float32]:
    """Return a part of a frame at another size, by the mean over the area of each new pixel.

    Parameters
    ----------
    image : Image
        (H, W, C).
    part : Rectangle
        Inside of it.
    height, width : int

    Returns
    -------
    float32 array (height, width, C)
        As `physiocam.video.resize.area_resize` gives it, in the levels of the frame.

    Examples
    --------
    >>> reduced(np.arange(16, dtype=np.uint8).reshape(4, 4, 1), Rectangle(0, 0, 2, 4), 2, 1)[..., 0]
    array([[ 2.5],
           [10.5]], dtype=float32)
    """
    if isinstance(image, np.ndarray):
        return area_resize(image[part.y : part.y + part.height, part.x : part.x + part.width], height, width)
    return image.reduced(part, height, width)


def thinned(image: Image, step: int) -> NDArray[Any]:
    """Return the middle pixel of every `step` rows and columns of a frame, for a coarse look at all of it."""
    if isinstance(image, np.ndarray):
        height, width = image.shape[0] // step * step, image.shape[1] // step * step
        return image[step // 2 : height : step, step // 2 : width : step]
    return image.thinned(step)
