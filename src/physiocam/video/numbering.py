"""Holes in a row of images, by the numbers in their names."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.readable import readable
from physiocam.video.even_grid import LONGEST_HOLE_S

# Numbers are regular if most are one step apart, and nearly all are whole steps apart, up to the jitter of a clock:
# some cameras name images by the time in nanoseconds.
_JITTER, _NEARLY_ALL, _MOST = 0.35, 0.9, 0.5

# With more places than that for an image, numbers mean something else.
_SPARSEST = 100


def places_by_number(names: Sequence[str], fs: float) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Place images in time by the numbers in their names.

    The step is what most numbers differ by: where every third image of a recording was kept, none is missing.

    Parameters
    ----------
    names : sequence of str
        Names of the images, in natural order.
    fs : float
        Images per second.

    Returns
    -------
    places : float64 array of shape (n,)
        In images from the first one: 0, 1, 2, ... unless some are missing.
    notes : tuple of str
        For the user.
    """
    steps = np.ones(max(len(names) - 1, 0))
    notes: tuple[str, ...] = ()
    columns = _rising_numbers(names)
    longest = max(np.floor(LONGEST_HOLE_S * fs), 2.0)
    regular = next((found for column in columns if (found := _whole_steps(column, longest)) is not None), None)
    if regular is not None:
        missing, holes = int((regular - 1).sum()), np.flatnonzero(regular > 1)
        if len(holes):
            first = f"the first after '{readable(names[int(holes[0])])}'"
            notes = (f"{missing} images are missing by the numbers in their names, {first}; they count as gaps",)
        if (regular > longest).any():
            notes += (f"numbers jump; each jump counts as a gap of {LONGEST_HOLE_S:.0f} s",)
        steps = np.minimum(regular, longest)
    elif columns and all(column.max() >= 2 * column.min() for column in columns):
        notes = ("the numbers in the images' names are uneven, so they say of none that it is missing",)
    return np.concatenate([[0.0], np.cumsum(steps)]), notes


def _rising_numbers(names: Sequence[str]) -> list[NDArray[np.float64]]:
    """Differences of each number that all names have in the same place, and that rises from each to the next."""
    parts = [re.split(r"(\d+)", Path(name).stem.lower()) for name in names]
    if len(names) < 3 or len({tuple(part[::2]) for part in parts}) > 1:
        return []
    found = []
    for place in range(1, len(parts[0]), 2):
        numbers = [int(part[place]) for part in parts]
        differences = [later - earlier for earlier, later in pairwise(numbers)]
        if min(differences) > 0:
            found.append(np.array(differences, dtype=np.float64))
    return found


def _whole_steps(differences: NDArray[np.float64], longest: float) -> NDArray[np.float64] | None:
    """Differences in steps, or None where there is no step, or nearly all would be holes."""
    steps = differences / np.quantile(differences, 0.5, method="lower")
    whole = np.maximum(np.rint(steps), 1.0)
    near = np.abs(steps - whole) <= _JITTER
    filled = np.minimum(whole, longest).sum() <= _SPARSEST * len(whole) + longest
    return whole if near.mean() >= _NEARLY_ALL and (whole == 1).mean() >= _MOST and filled else None
