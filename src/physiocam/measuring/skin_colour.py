"""Frames to mean colours: what the classical methods live on, in one streaming pass."""

import numpy as np
from numpy.typing import NDArray

from physiocam.video.levels import Image
from physiocam.video.locators import Square
from physiocam.video.parts import part_of, reduced

# Fields a side in which a square is averaged first.
_FIELDS = 16


class SkinColour:
    """Averages the square of a face while frames pass by.

    Another square is another piece of skin, whose colour differs by far more than a pulse changes it. So where the
    square moves, the frame before is averaged in both, and all that follows is scaled by their ratio: the colours go
    on without a step.
    """

    def __init__(self) -> None:
        self._scale = np.ones(3)
        self._last: tuple[Image, Square] | None = None

    def add(self, image: Image | None, square: Square | None) -> NDArray[np.float64]:
        """Take in the next frame.

        Parameters
        ----------
        image : uint8 or float32 array (H, W, 3) or None
        square : Square or None
            Either is None where the frame cannot be used.

        Returns
        -------
        float64 array (3,)
            Mean red, green and blue, 0..255 in the first square of a stretch; NaN where the frame cannot be used.
        """
        if image is None or square is None:
            self._last, self._scale = None, np.ones(3)
            return np.full(3, np.nan)
        if self._last is not None and self._last[1] != square:
            self._scale = self._scale * _ratio(_mean(*self._last), _mean(self._last[0], square))
        self._last = image, square
        return _mean(image, square) * self._scale


def _mean(image: Image, square: Square) -> NDArray[np.float64]:
    part = part_of(image, square)
    # Each of these fields is the mean of equally many pixels, of parts of them too.
    fields = reduced(image, part, min(part.height, _FIELDS), min(part.width, _FIELDS))
    return np.asarray(fields.mean(axis=(0, 1), dtype=np.float64))


def _ratio(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    lit = (before > 0.0) & (after > 0.0)
    return np.divide(before, after, out=np.ones(3), where=lit)
