"""The face that was measured, as a face locator: a second pass sees the same squares."""

import numpy as np
from numpy.typing import NDArray

from physiocam.results.measurement import Measurement
from physiocam.video.locators import Square


class MeasuredFace:
    """Gives the squares of a measurement again; a `physiocam.FaceLocator` for the same recording.

    Parameters
    ----------
    measurement : Measurement
    """

    def __init__(self, measurement: Measurement) -> None:
        self._squares = iter(measurement.face_squares.tolist())

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        """Return the square of the next frame."""
        square = Square(*next(self._squares, (-1, -1, -1)))
        return None if image is None or square.size < 1 else square
