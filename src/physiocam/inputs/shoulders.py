"""How far the shoulders move from frame to frame: breathing as it is seen without a network.

In the wide square around a face, the body is what lies under the chin. Its shift from one frame to the next follows
from where the picture is brighter below than above: brightness that moves down by d changes by -d times its gradient,
and d is the least-squares solution over all pixels. The part above the chin is read likewise: a picture that moves as a
whole moves there too.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.frame_sizes import FrameSize
from physiocam.inputs.crop import Crop, recrop
from physiocam.inputs.face_changes import FaceChange, FaceChanges, FacePixels, lifted_pixels
from physiocam.video.levels import Image
from physiocam.video.locators import WHOLE_FRAME, Square

# Where the chin is in the face's box, from its top; the box's lowest rows show it already.
_CHIN = 0.95

# What must be in the picture under the chin, and above it, as a share of the wide square's side.
_LEAST = 0.14

# A shift is found in columns of the picture, whose mean it is: beside the shoulders, a still background with strong
# edges would outweigh them.
_COLUMNS = 3

# Keeps the shift of a column without any edges defined, and at zero.
_FAINT = 1e-3

# The parts whose shifts are read: the body, and what is above it.
SHIFTED = 2


class WideChange(NamedTuple):
    """A frame in the wide square, and what changed since the one before.

    Attributes
    ----------
    found : FaceChange
    shift : float32 array (2,)
        How far the body under the chin, and the part above, moved down since the frame before, as a share of the
        square's side; NaN where either frame has no face, or the body is not in the picture.
    """

    found: FaceChange
    shift: NDArray[np.float32]


class WideChanges:
    """Cuts out wide squares around faces, and takes what changes in them.

    Parameters
    ----------
    size : FrameSize
        Of the frames between which changes are taken.
    crops : (Crop, Crop)
        How the squares of the faces are cut, and the wide ones.
    pixels : callable
        As in `face_changes.FaceChanges`.
    """

    def __init__(self, size: FrameSize, crops: tuple[Crop, Crop], pixels: FacePixels = lifted_pixels) -> None:
        self._crops = crops
        self._changes = FaceChanges(size, pixels)

    def add(self, image: Image | None, square: Square | None) -> WideChange:
        """Take in the next frame, with the square of the face in it."""
        wide = square
        if image is not None and square is not None:
            wide = recrop(square, *self._crops, image.shape[1], image.shape[0])
        found = self._changes.add(image, wide)
        return WideChange(found, shifts(found, _chin(square, self._crops[0], wide)))


def shifts(found: FaceChange, chin: float | None) -> NDArray[np.float32]:
    """Return how far the parts under and above the chin moved down since the frame before, (2,).

    Parameters
    ----------
    found : FaceChange
        Two frames in the same square.
    chin : float or None
        Where it is, as a share of the square's side, if that is known.

    Returns
    -------
    float32 array (2,)
        Shares of the square's side; NaN without a frame before or a chin, or where a part is hardly in the picture.

    Examples
    --------
    >>> rows = np.linspace(0, 1, 100, dtype=np.float32)[:, None, None] * np.ones((1, 90, 3), np.float32)
    >>> before, after = rows[1:], rows[:-1]
    >>> shifts(FaceChange(after, before, None), 0.5).astype(float).round(3).tolist()
    [0.01, 0.01]
    """
    down = np.full(SHIFTED, np.nan, np.float32)
    if found.face is None or found.before is None or chin is None:
        return down
    before, after = (_grey(one) for one in (found.before, found.face))
    side = len(after)
    row = min(max(round(chin * side), 0), side)
    for part, rows in enumerate((slice(row, side), slice(0, row))):
        if rows.stop - rows.start >= _LEAST * side:
            down[part] = _shift(before[rows], after[rows]) / side
    return down


def _chin(square: Square | None, crop: Crop, wide: Square | None) -> float | None:
    """Where the chin of a face is in its wide square; None without one, or in the whole frame, whoever is in it."""
    if square is None or wide is None or square == WHOLE_FRAME:
        return None
    box = square.size / crop.factor
    middle = square.y + square.size / 2 - box * crop.down
    return (middle + (_CHIN - 0.5) * box - wide.y) / wide.size


def _grey(face: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the channels, by a product: as fast as can be."""
    channels = face.shape[2]
    return np.asarray(face @ np.full(channels, 1 / channels, np.float32))


def _shift(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """How many rows a picture (H, W) moved down."""
    both = before + after
    gradient = (both[2:] - both[:-2]) / 4
    change = (after - before)[1:-1]
    columns = zip(*(np.array_split(part, _COLUMNS, axis=1) for part in (gradient, change)), strict=True)
    found = [-np.vdot(slope, step) / (np.vdot(slope, slope) + _FAINT) for slope, step in columns]
    return float(np.mean(found))
