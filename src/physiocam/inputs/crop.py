"""How large a square is cut around a face, and from one such square to another."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from physiocam.video.locators import WHOLE_FRAME, Square, SquareKind

# How dark pixels and differences at the end are treated; see `datasets.store.prepare_settings`.
Preprocessing = Literal["default", "authors", "toolbox"]

_SQUARES: dict[SquareKind, str] = {
    "face": "squares of {factor:g} times the face",
    "center": "the largest squares in the middle of the frames",
    "bottom": "the largest squares at the bottom of the frames",
    "whole": "whole frames",
}


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


@dataclass(frozen=True)
class Cut:
    """How faces were cut out of the frames that networks were trained on, or that a store holds.

    Attributes
    ----------
    square : SquareKind
    factor : float
        Side of a face's square, as a multiple of the longer side of the face's box.
    preprocessing : "default", "authors" or "toolbox"
    big_factor : float or None
        Of the Big frames, if they are cut otherwise than the Small ones.

    Examples
    --------
    >>> str(Cut("face", 1.3)), str(Cut("center", preprocessing="toolbox"))
    ('squares of 1.3 times the face', 'the largest squares in the middle of the frames, preprocessed as toolbox')
    """

    square: SquareKind = "face"
    factor: float = 1.0
    preprocessing: Preprocessing = "default"
    big_factor: float | None = None

    def __str__(self) -> str:
        """Describe it; two that say the same are the same."""
        said = _SQUARES[self.square].format(factor=self.factor)
        if self.big_factor is not None:
            said += f" (Big frames {self.big_factor:g} times)"
        return said if self.preprocessing == "default" else f"{said}, preprocessed as {self.preprocessing}"


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
        The whole frame stays the whole frame.
    """
    if square == WHOLE_FRAME:
        return square
    box = square.size / crop.factor
    side = max(min(round(box * other.factor), width, height), 1)
    left = square.x + square.size / 2 - side / 2
    top = square.y + square.size / 2 + box * (other.down - crop.down) - side / 2
    return Square(min(max(round(left), 0), width - side), min(max(round(top), 0), height - side), side)
