"""Face squares cut and resized once, and what changes from one frame to the next."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.frame_sizes import FrameSize, height_width
from physiocam.inputs.crop import Preprocessing
from physiocam.video.levels import Image
from physiocam.video.locators import Square
from physiocam.video.parts import part_of, reduced

# Keeps the normalized difference of two black pixels defined, as in the reference.
_EPSILON = np.float32(1e-7)

# Black is lifted to this, so that a change of black is defined.
DARKEST = np.float32(1 / 255)

Located = tuple[Image | None, Square | None]


class FaceChange(NamedTuple):
    """A frame at the Big size, and what changed since the one before.

    Attributes
    ----------
    face : float32 array (height, width, C) or None
        The face square, 0..1; None where there is no face.
    before : float32 array (height, width, C) or None
        The same square in the frame before; None where either has no face, and at the first frame.
    change : float32 array (height, width, C) or None
        Normalized difference between the two; None where there is no frame before.
    """

    face: NDArray[np.float32] | None
    before: NDArray[np.float32] | None
    change: NDArray[np.float32] | None


FacePixels = Callable[[Image, Square, FrameSize], NDArray[np.float32]]


def lifted_pixels(image: Image, square: Square, size: FrameSize) -> NDArray[np.float32]:
    """Cut out and resize a face; black is lifted to 1/255, as by the reference.

    Parameters
    ----------
    image : Image (H, W, C)
        Levels from 0 to 255.
    square : Square
    size : FrameSize

    Returns
    -------
    float32 array (height, width, C), in 1/255..1
    """
    face = reduced(image, part_of(image, square), *height_width(size))
    face *= DARKEST
    return np.clip(face, DARKEST, 1.0, out=face)


def rounded_pixels(image: Image, square: Square, size: FrameSize) -> NDArray[np.float32]:
    """Cut out and resize a face, and round it to 8 bits, as by rPPG-Toolbox: black stays black. Parameters as above."""
    face = np.rint(reduced(image, part_of(image, square), *height_width(size)))
    face /= np.float32(255)
    return face


def pixels_of(preprocessing: Preprocessing) -> FacePixels:
    """Return how a face is resized for a preprocessing."""
    return rounded_pixels if preprocessing == "toolbox" else lifted_pixels


def seen_changes(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether the change from each frame to the next was seen, (T,): both must show a face.

    Parameters
    ----------
    found : bool array (T,)
        Whether a frame shows a face.
    """
    seen = found.copy()
    seen[:-1] &= found[1:]
    return seen


def face_changes(
    located: Iterable[Located], size: FrameSize, pixels: FacePixels = lifted_pixels
) -> Iterator[FaceChange]:
    """Cut and resize each face once, and take the differences; constant memory.

    Parameters
    ----------
    located : iterable of (image, square)
        As in `input_blocks`.
    size : FrameSize
        Of the Big frames, in pixels.
    pixels : callable
        Cuts out a square and resizes it to this size.

    Yields
    ------
    FaceChange
        One a frame.
    """
    changes = FaceChanges(size, pixels)
    for image, square in located:
        yield changes.add(image, square)


class FaceChanges:
    """What `face_changes` does, one frame at a time; parameters as there."""

    def __init__(self, size: FrameSize, pixels: FacePixels = lifted_pixels) -> None:
        self._size = size
        self._pixels = pixels
        self._image: Image | None = None
        self._square: Square | None = None
        self._face: NDArray[np.float32] | None = None

    def add(self, image: Image | None, square: Square | None) -> FaceChange:
        """Take in the next frame."""
        face = None if image is None or square is None else self._pixels(image, square, self._size)
        before = change = None
        if face is not None and self._image is not None and self._square is not None:
            assert square is not None
            before = self._face if square == self._square else None
            if before is None:
                before = self._pixels(self._image, square, self._size)
            change = normalized_difference(before, face)
        self._image, self._square, self._face = image, square, face
        return FaceChange(face, before, change)


def normalized_difference(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (after - before) / (after + before) of faces from `DARKEST` to 1, in any shape."""
    difference = after - before
    total = after + before
    total += _EPSILON
    difference /= total
    return difference
