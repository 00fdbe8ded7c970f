"""The order of images, and the gaps between them, by the numbers in their names."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.readable import readable
from physiocam.video.even_grid import LONGEST_HOLE_S

# Numbers are regular if most are one step apart, and nearly all are whole steps apart, up to the jitter of a clock:
# some cameras name images by the time in nanoseconds.
_JITTER, _NEARLY_ALL, _MOST = 0.35, 0.9, 0.5

# If there are more positions per image than this, the numbers have another meaning.
_SPARSEST = 100

_NUMBER, _NUMBER_OR_NEGATIVE = re.compile(r"(\d+)"), re.compile(r"((?:(?<!\d)-)?\d+)")

_UNKNOWN = "the names of the images do not say whether some are missing"
_UNKNOWN_BETWEEN = "the names of the images do not say whether some are missing where their numbers restart"


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort names so that digits count as numbers: 'frame2' before 'frame10'.

    A dash before a number is a separator, as in 'frame-10', unless otherwise equal names have none: then it is a minus
    sign, and 'frame-10' comes before 'frame2'.
    """
    names = sorted(names)
    keys = [[(1, int(part), "") if place % 2 else (0, 0, part) for place, part in enumerate(parts) if part]
            for parts in _parts(names)]  # fmt: skip
    return [name for _, name in sorted(zip(keys, names, strict=True))]


def places_by_number(names: Sequence[str], fs: float) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Place images in time by the numbers in their names.

    The step is the most frequent difference: if every third image of a recording was kept, none is missing. Names
    unlike most others are placed by their order.

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
    alike, numbers = _numbers(names)
    if len(names) < 3 or len(alike) < 3:
        return np.concatenate([[0.0], np.cumsum(steps)]), (_UNKNOWN,) if len(names) >= 3 else ()
    longest = max(np.floor(LONGEST_HOLE_S * fs), 2.0)
    regular, notes = _regular_steps(numbers, longest)
    if regular is not None:
        missing, holes = int((regular - 1).sum()), np.flatnonzero(regular > 1)
        if len(holes):
            first = f"the first after '{readable(names[alike[int(holes[0])]])}'"
            found = f"{missing} images are missing by the numbers in their names, {first}; they count as gaps"
            notes = (found, *notes)
        if (regular > longest).any():
            notes += (f"numbers jump; each jump counts as a gap of {LONGEST_HOLE_S:.0f} s",)
        steps[np.array(alike[1:]) - 1] = np.minimum(regular, longest)
    if unlike := sorted(set(range(len(names))).difference(alike)):
        many = f"{len(unlike)} images are" if len(unlike) > 1 else "one image is"
        notes += (f"{many} not named like the rest, first '{readable(names[unlike[0]])}'; each counts as a frame",)
    return np.concatenate([[0.0], np.cumsum(steps)]), notes


def _parts(names: Sequence[str]) -> list[list[str]]:
    """Names in lower case, split into text, number, text, number, ..., text."""
    parts = [_NUMBER_OR_NEGATIVE.split(name.lower()) for name in names]
    signs: dict[tuple[str, ...], list[set[bool]]] = {}
    for part in parts:
        places = signs.setdefault(tuple(part[::2]), [set() for _ in part[1::2]])
        for place, number in zip(places, part[1::2], strict=True):
            place.add(number.startswith("-"))
    return [
        part if any(len(place) > 1 for place in signs[tuple(part[::2])]) else _NUMBER.split(name.lower())
        for name, part in zip(names, parts, strict=True)
    ]


def _numbers(names: Sequence[str]) -> tuple[list[int], list[tuple[str, ...]]]:
    """Which names differ only in their numbers, if most do, and these numbers."""
    parts = _parts([Path(name).stem for name in names])
    patterns = Counter(tuple(part[::2]) for part in parts)
    common, count = patterns.most_common(1)[0] if patterns else ((), 0)
    if len(common) < 2 or count <= _MOST * len(names):
        return [], []
    alike = [index for index, part in enumerate(parts) if tuple(part[::2]) == common]
    return alike, [tuple(parts[index][1::2]) for index in alike]


def _regular_steps(
    texts: Sequence[tuple[str, ...]], longest: float
) -> tuple[NDArray[np.float64] | None, tuple[str, ...]]:
    """Steps from each image to the next, or None if the numbers do not show them, and a note."""
    numbers = [tuple(map(int, text)) for text in texts]
    columns = [
        np.array(rises, dtype=np.float64)
        for place in range(len(numbers[0]))
        if min(rises := _rises(numbers, place)) > 0
    ]
    if not columns:
        return _restarting_steps(texts, numbers, longest)
    for column in columns:
        if (found := _whole_steps(column, longest)) is not None:
            return found, ()
    if all(column.max() >= 2 * column.min() for column in columns):
        return None, ("the numbers in the images' names are uneven, so missing images cannot be recognized",)
    return None, ()


def _restarting_steps(
    texts: Sequence[tuple[str, ...]], numbers: Sequence[tuple[int, ...]], longest: float
) -> tuple[NDArray[np.float64] | None, tuple[str, ...]]:
    """Steps by a number that restarts whenever one before it rises, such as the frame of a second."""
    for place in range(1, len(numbers[0])):
        if all(earlier[: place + 1] < later[: place + 1] for earlier, later in pairwise(numbers)):
            break
    else:
        return None, (_UNKNOWN,)
    starts = np.array([earlier[:place] != later[:place] for earlier, later in pairwise(numbers)])
    rises = np.array(_rises(numbers, place), dtype=np.float64)
    inner = _whole_steps(rises[~starts], longest) if not starts.all() else None
    if inner is None:
        return None, (_UNKNOWN,)
    # How often the number has restarted: more than once if all images between are missing.
    turns = np.array(
        [
            later[place - 1] - earlier[place - 1] if earlier[: place - 1] == later[: place - 1] else 1
            for earlier, later in pairwise(numbers)
        ],
        dtype=np.float64,
    )
    span = max(number[place] for number in numbers) - min(number[place] for number in numbers)
    for turn in _turns(rises, starts, turns, len(texts[0][place])):
        steps = _whole_steps(rises + np.where(starts, turns * turn, 0.0), longest) if turn > span else None
        if steps is not None and (steps[starts] == 1).mean() >= _MOST:
            return steps, ()
    steps = np.ones(len(rises))
    steps[~starts] = inner
    return steps, (_UNKNOWN_BETWEEN,)


def _turns(
    rises: NDArray[np.float64], starts: NDArray[np.bool_], turns: NDArray[np.float64], digits: int
) -> list[float]:
    """The largest value before the number restarts: a fraction of seconds, seconds, or that of all others."""
    single = starts & (turns == 1)
    step = float(np.quantile(rises[~starts], 0.5, method="lower"))
    counted = Counter((step - rises[single]).tolist()).most_common(1)
    borders = int(single.sum())
    agreed = [turn for turn, count in counted if count >= min(max(borders - 1, 2), borders)]
    return [10.0**digits, 60.0, *agreed]


def _rises(numbers: Sequence[tuple[int, ...]], place: int) -> list[int]:
    return [later[place] - earlier[place] for earlier, later in pairwise(numbers)]


def _whole_steps(differences: NDArray[np.float64], longest: float) -> NDArray[np.float64] | None:
    """Differences in steps, or None if there is no step, or if almost all would be gaps."""
    steps = differences / np.quantile(differences, 0.5, method="lower")
    whole = np.maximum(np.rint(steps), 1.0)
    near = np.abs(steps - whole) <= _JITTER
    filled = np.minimum(whole, longest).sum() <= _SPARSEST * len(whole) + longest
    return whole if near.mean() >= _NEARLY_ALL and (whole == 1).mean() >= _MOST and filled else None
