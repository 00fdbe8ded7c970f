"""How large a square is cut around a face, and from one such square to another."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from physiocam.video.locators import Square


class Crop(BaseModel):
    """How the face is cut out.

    Attributes
    ----------
    factor : float
        Side of the square, as a multiple of the longer side of the face's box.
    down : float
        How far the square's middle lies below the box's, as a multiple of the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    factor: Annotated[float, Field(gt=0, le=10)] = 1.0
    down: Annotated[float, Field(ge=-5, le=5)] = 0.0


def recrop(square: Square, crop: Crop, other: Crop, width: int, height: int) -> Square:
    """Find the square that another crop of the same face gives.

    Parameters
    ----------
    square : Square
        As it was cut by `crop`.
    crop, other : Crop
    width, height : int
        Of the frame in pixels; the other square is shrunk and shifted into it.

    Returns
    -------
    Square
    """
    box = square.size / crop.factor
    side = max(min(round(box * other.factor), width, height), 1)
    left = square.x + square.size / 2 - side / 2
    top = square.y + square.size / 2 + box * (other.down - crop.down) - side / 2
    return Square(min(max(round(left), 0), width - side), min(max(round(top), 0), height - side), side)
