"""Sizes of network inputs: the side of a square, or height and width."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

# Pixels along a side.
LARGEST = 4096

FrameSize = int | tuple[int, int]


def height_width(size: FrameSize) -> tuple[int, int]:
    """Return height and width in pixels.

    Examples
    --------
    >>> height_width(144), height_width((96, 160))
    ((144, 144), (96, 160))
    """
    return (size, size) if isinstance(size, int) else size


def frame_size(value: object) -> FrameSize:
    """Return a size as it is kept: a number if height and width are equal.

    Raises
    ------
    ValueError
        If it is neither one whole number of pixels nor two.

    Examples
    --------
    >>> frame_size([64, 64]), frame_size([96, 160])
    (64, (96, 160))
    """
    sides: list[Any] = list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    if len(sides) > 2 or not all(_is_side(side) for side in sides) or not sides:
        raise ValueError(f"expected whole pixels, 1 to {LARGEST}, of a square's side, or [height, width]")
    height, width = int(sides[0]), int(sides[-1])
    return height if height == width else (height, width)


def size_text(size: FrameSize) -> str:
    """Return a size for a message, such as "144" or "[96, 160]"."""
    return str(size) if isinstance(size, int) else str(list(size))


def _is_side(side: Any) -> bool:
    if isinstance(side, bool) or not isinstance(side, int | float):
        return False
    return side == side // 1 and 1 <= side <= LARGEST


# A size as a field of a pydantic model.
SizeField = Annotated[
    FrameSize,
    BeforeValidator(frame_size),
    PlainSerializer(lambda size: size if isinstance(size, int) else list(size)),
]
