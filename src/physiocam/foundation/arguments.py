"""Checked arguments: any number of Python or NumPy is accepted; anything else is an error of one line."""

import os
from decimal import Decimal
from numbers import Rational, Real
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError

FaceChoice = Literal["auto", "find", "center", "bottom", "whole"] | tuple[int, int, int]
FACE_CHOICES = ("auto", "find", "center", "bottom", "whole")


def number(value: object, name: str, error: type[PhysiocamError] = PhysiocamError) -> float:
    """Return a number as a float.

    Parameters
    ----------
    value : int, float, Fraction, Decimal or NumPy number
    name : str
        Name of the argument, for the message.
    error : type of PhysiocamError
        Type of the error that is raised.

    Raises
    ------
    PhysiocamError
        If `value` is not a number. Truth values and text are not numbers.
    """
    plain = _scalar(value)
    try:
        if _is_number(plain):
            return float(plain)
    except (OverflowError, ValueError):  # a Fraction too large for a float
        pass
    raise error(f"{name} is {_shown(value)}; expected a number")


def whole_number(value: object, name: str, least: int | None = None) -> int:
    """Return a whole number as an int; 2.0 counts as whole.

    Parameters
    ----------
    value, name
        As in `number`.
    least : int, optional
        Smallest number allowed.

    Raises
    ------
    PhysiocamError
        If `value` is not a whole number, or is too small.
    """
    plain = _scalar(value)
    try:
        if _is_number(plain) and int(plain) == plain and (least is None or plain >= least):
            return int(plain)
    except (OverflowError, ValueError):  # infinite, or not a number
        pass
    bound = "" if least is None else f" of {least} or more"
    raise PhysiocamError(f"{name} is {_shown(value)}; expected a whole number{bound}")


def truth(value: object, name: str) -> bool:
    """Return a truth value, Python's or NumPy's, as a bool.

    Parameters
    ----------
    value, name
        As in `number`.

    Raises
    ------
    PhysiocamError
        If `value` is not a truth value.
    """
    plain = _scalar(value)
    if not isinstance(plain, bool):
        raise PhysiocamError(f"{name} is {_shown(value)}; expected True or False")
    return plain


def folder_path(value: object, name: str) -> Path:
    """Return the name of a folder as a path.

    Parameters
    ----------
    value : str, bytes or os.PathLike
    name : str
        As in `number`.

    Raises
    ------
    PhysiocamError
        If a folder cannot have this name.
    """
    try:
        plain = os.fsdecode(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        plain = ""
    if not plain or "\0" in plain:
        raise PhysiocamError(f"{name} is {_shown(value)}; expected the name of a folder")
    return Path(plain)


def unmasked(array: NDArray[Any], error: type[PhysiocamError] = PhysiocamError) -> NDArray[Any]:
    """Return an array as a plain NumPy array, without a mask.

    Parameters
    ----------
    array : array of any shape and dtype
    error : type of PhysiocamError
        Type of the error that is raised.

    Raises
    ------
    PhysiocamError
        If any value is masked: masked values would otherwise be used.
    """
    if np.ma.is_masked(array):
        raise error("the array has masked values; expected an array without a mask, such as array.data")
    return np.asarray(array)


def face_choice(face: object) -> FaceChoice:
    """Return a checked choice of where to look for the face.

    Parameters
    ----------
    face : "auto", "find", "center", "bottom", "whole" or three whole numbers
        x, y and size of a square, in pixels.

    Raises
    ------
    PhysiocamError
        If `face` is none of these.
    """
    if isinstance(face, str) and face in FACE_CHOICES:
        return face  # type: ignore[return-value]
    try:
        if isinstance(face, str | bytes):
            raise TypeError
        x, y, size = (whole_number(part, "face") for part in face)  # type: ignore[attr-defined]
    except (TypeError, ValueError, PhysiocamError):
        raise PhysiocamError(
            f"face is {_shown(face)}; expected {', '.join(map(repr, FACE_CHOICES))} or (x, y, size) in pixels"
        ) from None
    return x, y, size


def _scalar(value: object) -> Any:
    """The number in a NumPy array without dimensions; any other value unchanged."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def _is_number(value: object) -> bool:
    return isinstance(value, Real | Rational | Decimal) and not isinstance(value, bool)


def _shown(value: object) -> str:
    if _is_number(plain := _scalar(value)) and len(text := str(plain)) <= 30:
        return text
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
