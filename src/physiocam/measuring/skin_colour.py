"""Frames to mean colours: what the classical methods live on, in one streaming pass."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.face_changes import Located, cut_out
from physiocam.video.levels import Image
from physiocam.video.locators import Square


def mean_colours(located: Iterable[Located]) -> Iterator[NDArray[np.float64]]:
    """Average each frame's face square.

    Another square is another piece of skin, whose colour differs by far more than a pulse changes it. So where the
    square moves, the frame before is averaged in both, and all that follows is scaled by their ratio: the colours go
    on without a step.

    Parameters
    ----------
    located : iterable of (image, square)
        In the order of time; image (H, W, 3) uint8 RGB. Either is None where the frame cannot be used.

    Yields
    ------
    float64 array (3,)
        Mean red, green and blue, 0..255 in the first square of a stretch; NaN where the frame cannot be used.
    """
    scale = np.ones(3)
    previous: tuple[Image, Square] | None = None
    for image, square in located:
        if image is None or square is None:
            previous = None
            scale = np.ones(3)
            yield np.full(3, np.nan)
            continue
        if previous is not None and previous[1] != square:
            scale = scale * _ratio(_mean(*previous), _mean(previous[0], square))
        yield _mean(image, square) * scale
        previous = image, square


def _mean(image: Image, square: Square) -> NDArray[np.float64]:
    cut = cut_out(image, square)
    # Rows first: fifty times faster than over both axes at once.
    total = cut.sum(axis=0, dtype=np.uint32 if cut.dtype == np.uint8 else np.float64).sum(axis=0, dtype=np.float64)
    return np.asarray(total / (cut.shape[0] * cut.shape[1]))


def _ratio(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    lit = (before > 0.0) & (after > 0.0)
    return np.divide(before, after, out=np.ones(3), where=lit)
