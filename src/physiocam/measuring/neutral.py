"""A person's neutral face, estimated along the recording."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError

NeutralChoice = Literal["auto", "first-seconds", "none"]
NEUTRAL_CHOICES: tuple[NeutralChoice, ...] = ("auto", "first-seconds", "none")

# A face must be seen this long for its neutral state to be known; then the neutral level of a unit is this quantile.
LEAST_S = 10.0
_QUANTILE = 0.15

# The first seconds are so long.
FIRST_S = 3.0


def neutral_choice(choice: object) -> NeutralChoice:
    """Check how the neutral face is found.

    Raises
    ------
    PhysiocamError
        If it is none of `NEUTRAL_CHOICES`.
    """
    for known in NEUTRAL_CHOICES:
        if choice == known:
            return known
    raise PhysiocamError(f"neutral is {choice!r}; expected one of {', '.join(NEUTRAL_CHOICES)}")


def neutral_levels(
    levels: NDArray[np.float64], fs: float, choice: NeutralChoice, at_rest: float, most: float
) -> tuple[NDArray[np.float64], NeutralChoice]:
    """Return by how much a person's neutral face lies above a face at rest, for each unit.

    A heavy brow, a beard or a turned-down mouth looks like an action unit that is always there. As coders of faces do,
    each person is compared with his or her own neutral face: a low quantile of the recording, or its first seconds.

    Parameters
    ----------
    levels : float64 array (T, A)
        Log odds or intensities; NaN where nothing is known.
    fs : float
    choice : "auto", "first-seconds" or "none"
        "auto" needs 10 s with a face, "first-seconds" 3.
    at_rest : float
        The level of a face at rest: nothing is taken off below it.
    most : float
        The most that is taken off. A unit that is clearly there throughout stays.

    Returns
    -------
    float64 array (A,), str
        What is to be taken off, 0 or more; and what was done: "none" where too little is known.

    Examples
    --------
    >>> levels = np.full((300, 1), -0.5)
    >>> levels[100:200] = 4.0
    >>> neutral_levels(levels, 25.0, "auto", at_rest=-2.0, most=3.0)
    (array([1.5]), 'auto')
    """
    known = levels[np.isfinite(levels).all(axis=1)]
    nothing = np.zeros(levels.shape[1])
    if choice == "none" or len(known) < (LEAST_S if choice == "auto" else FIRST_S) * fs:
        return nothing, "none"
    if choice == "auto":
        neutral = np.quantile(known, _QUANTILE, axis=0)
    else:
        neutral = np.median(known[: round(FIRST_S * fs)], axis=0)
    return np.clip(neutral - at_rest, 0.0, most), choice


def neutral_in_scenes(
    levels: NDArray[np.float64],
    fs: float,
    choice: NeutralChoice,
    bounds: tuple[float, float],
    scenes: Sequence[slice],
) -> tuple[NDArray[np.float64], NeutralChoice]:
    """Return what `neutral_levels` takes off in each scene, for its frames.

    Behind a cut it may be another light, or another person: no scene is compared with the face of another one.

    Parameters
    ----------
    levels, fs, choice
        As in `neutral_levels`.
    bounds : (float, float)
        Its `at_rest` and `most`.
    scenes : sequence of slice
        Of the T frames, in order.

    Returns
    -------
    float64 array (T, A), str
        And what was done in one scene at least.
    """
    taken, done = np.zeros_like(levels), {"none"}
    for scene in scenes:
        taken[scene], chosen = neutral_levels(levels[scene], fs, choice, *bounds)
        done.add(chosen)
    return taken, choice if choice in done else "none"
