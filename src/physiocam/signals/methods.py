"""The classical pulse methods by name, and those that plug-ins add."""

from functools import wraps
from importlib.metadata import entry_points

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.signals.chrom import chrom
from physiocam.signals.colour_method import ColourMethod
from physiocam.signals.green import green
from physiocam.signals.ica import ica
from physiocam.signals.lgi import lgi
from physiocam.signals.omit import omit
from physiocam.signals.pbv import pbv
from physiocam.signals.pos import pos

METHODS: dict[str, ColourMethod] = {
    "pos": pos,
    "chrom": chrom,
    "green": green,
    "ica": ica,
    "pbv": pbv,
    "lgi": lgi,
    "omit": omit,
}

# The method that needs no colours: a bundle's networks.
NETWORK = "network"

# Packages that have a method of their own name it under this group of entry points.
PLUG_IN_GROUP = "physiocam.methods"


def method_names() -> list[str]:
    """Return the names of all classical methods: those of physiocam, then those of plug-ins."""
    return [*METHODS, *sorted({point.name for point in entry_points(group=PLUG_IN_GROUP)} - {*METHODS, NETWORK})]


def classical_method(name: str) -> ColourMethod:
    """Return a classical method by its name.

    Parameters
    ----------
    name : str
        One of `method_names`.

    Returns
    -------
    ColourMethod

    Raises
    ------
    PhysiocamError
        If there is none of this name, or the plug-in that has it cannot be loaded; the message lists those that exist.

    Examples
    --------
    >>> import numpy as np
    >>> colours = 100.0 + np.random.default_rng(0).normal(size=(300, 3))
    >>> classical_method("pos")(colours, 30.0).shape
    (300,)
    """
    if isinstance(name, str) and name in METHODS:
        return METHODS[name]
    if not isinstance(name, str) or name not in method_names():
        raise PhysiocamError(f"method is {name!r}; expected {NETWORK}, {', '.join(method_names())}")
    (point, *_) = entry_points(group=PLUG_IN_GROUP, name=name)
    try:
        method = point.load()
    except Exception as error:  # whatever is wrong with a plug-in, the others still work
        raise PhysiocamError(f"the method '{name}', {point.value}, cannot be loaded: {error!r}") from None
    if not callable(method):
        raise PhysiocamError(f"the method '{name}', {point.value}, is {method!r}; expected a function of (rgb, fs)")
    return _guarded(method, name)


def pulse_differences(rgb: NDArray[np.floating], fs: float, method: ColourMethod) -> NDArray[np.float64] | str:
    """Apply a method to a recording's colours.

    Parameters
    ----------
    rgb : float array (T, 3)
        Mean colours of the skin, NaN in gaps.
    fs : float
        Frames per second.
    method : ColourMethod

    Returns
    -------
    float64 array (T,) or str
        Differences of the pulse, NaN at the last frame; or why the method gives none.

    Examples
    --------
    >>> pulse_differences(np.full((30, 3), 100.0), 30.0, classical_method("green")).shape
    (30,)
    """
    try:
        return np.append(np.diff(method(rgb, fs)), np.nan)
    except PhysiocamError as error:
        return str(error)


def _guarded(method: ColourMethod, name: str) -> ColourMethod:
    """Turn whatever goes wrong in somebody else's method into one line."""

    @wraps(method)
    def guarded(rgb: NDArray[np.floating], fs: float, /) -> NDArray[np.float64]:
        try:
            waveform = np.asarray(method(rgb, fs), dtype=np.float64)
        except PhysiocamError:
            raise
        except Exception as error:
            raise PhysiocamError(f"the method '{name}' failed: {error!r}") from error
        if waveform.shape != (len(rgb),):
            raise PhysiocamError(
                f"the method '{name}' gives shape {waveform.shape}; expected ({len(rgb)},), one a frame"
            )
        return waveform

    return guarded
