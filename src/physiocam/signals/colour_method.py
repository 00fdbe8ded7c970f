"""Common parts of the classical pulse methods: their interface, and the handling of gaps and unusable input."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.signals.waveform import check_fs, stretches

_Scalar = TypeVar("_Scalar", np.float64, np.complex128)

# Channels that differ by less than this share of their mean are equal, apart from rounding.
_GREY = 1e-9


class ColourMethod(Protocol):
    """A pulse waveform from the mean colour of the skin."""

    def __call__(self, rgb: NDArray[np.floating], fs: float, /) -> NDArray[np.float64]:
        """Return the waveform.

        Parameters
        ----------
        rgb : float array (T, 3)
            Mean red, green and blue of each frame, in any scale. Rows with NaN or infinity are gaps.
        fs : float
            Frames per second.

        Returns
        -------
        float64 array (T,)
            In arbitrary units. NaN in gaps and in stretches too short for the method; zero in stretches whose colour
            never changes, or changes only in brightness if the method needs differences between colours.

        Raises
        ------
        PhysiocamError
            If the shape is wrong, fs is not a frame rate or too low for the method, or no stretch is long enough.
        """


def by_stretch(
    rgb: NDArray[np.floating],
    fs: float,
    work: Callable[[NDArray[np.float64]], NDArray[_Scalar]],
    *,
    name: str,
    shortest: int = 2,
    above_fs: float = 0.0,
    needs_colours: bool = True,
) -> NDArray[_Scalar]:
    """Run a method on each stretch between gaps separately.

    Parameters
    ----------
    rgb, fs
        See `ColourMethod`.
    work : callable
        Function of the colours (n, 3) of one stretch, finite and not constant, that returns its waveform (n,).
    name : str
        Of the method, for its errors.
    shortest : int
        Smallest number of frames of a stretch.
    above_fs : float
        The frame rate must be higher, for the method's filters.
    needs_colours : bool
        Whether the method uses differences between channels, so that grey input has no signal.

    Returns
    -------
    array (T,) of the values of `work`
        See `ColourMethod`.

    Raises
    ------
    PhysiocamError
        See `ColourMethod`.
    """
    colours = np.asarray(rgb, dtype=np.float64)
    if colours.ndim != 2 or colours.shape[1] != 3:
        raise PhysiocamError(
            f"rgb has shape {colours.shape}; expected (T, 3), the mean red, green and blue of each frame"
        )
    check_fs(fs)
    if fs <= above_fs:
        raise PhysiocamError(f"{fs:g} frames per second are too few; {name} needs more than {above_fs:g}")
    usable = np.asarray(np.isfinite(colours).all(axis=1))
    found = list(stretches(usable, shortest))
    if not found:
        longest = max((part.stop - part.start for part in stretches(usable, 1)), default=0)
        raise PhysiocamError(f"the longest stretch without a gap is {longest} frames; {name} needs {shortest}")
    answers = [
        np.zeros(part.stop - part.start) if _says_nothing(colours[part], needs_colours) else work(colours[part])
        for part in found
    ]
    waveform = np.full(len(colours), np.nan, dtype=np.result_type(*answers))
    for part, answer in zip(found, answers, strict=True):
        waveform[part] = answer
    return waveform


def _says_nothing(colours: NDArray[np.float64], needs_colours: bool) -> bool:
    if (colours == colours[0]).all():
        return True
    if not needs_colours:
        return False
    red, green, blue = np.ascontiguousarray(relative_to_mean(colours).T)
    return bool(np.abs(red - green).max() <= _GREY and np.abs(blue - green).max() <= _GREY)


def relative_to_mean(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide colours (..., n, 3) by their mean over the n frames, which removes the colour of lamp and skin."""
    return divided(colours, colours.mean(axis=-2, keepdims=True))


def divided(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; division by zero gives zero, for a black channel or a constant signal."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    return np.divide(numerator, denominator, out=np.zeros(shape), where=denominator != 0.0)
