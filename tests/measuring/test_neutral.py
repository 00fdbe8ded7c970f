"""A person's own neutral face."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.measuring.neutral import neutral_choice, neutral_in_scenes, neutral_levels
from physiocam.measuring.options import MeasureOptions

FS = 10.0

Column = NDArray[np.float64]


def levels(seconds: float, rest: float, *, smiles: tuple[tuple[float, float], ...] = (), high: float = 4.0) -> Column:
    column = rest + 0.3 * np.random.default_rng(0).standard_normal(round(seconds * FS))
    for start, stop in smiles:
        column[round(start * FS) : round(stop * FS)] = high
    return column[:, None]


def taken(column: Column, choice: str = "auto") -> tuple[float, str]:
    found, done = neutral_levels(column, FS, neutral_choice(choice), at_rest=-2.0, most=3.0)
    return float(found[0]), done


def test_what_is_always_there_is_taken_off_and_what_comes_and_goes_stays() -> None:
    bearded = levels(30, 0.5, smiles=((10, 15),))
    amount, done = taken(bearded)
    assert done == "auto"
    assert amount == pytest.approx(2.2, abs=0.1)
    assert (bearded - amount)[:90].mean() < -1.0
    assert (bearded - amount)[100:150].min() > 1.0


def test_a_face_at_rest_is_left_as_it_is() -> None:
    assert taken(levels(30, -3.0, smiles=((5, 20),))) == (0.0, "auto")


def test_a_clear_smile_that_lasts_stays_a_smile() -> None:
    lasting = levels(30, 5.0)
    amount, _ = taken(lasting)
    assert amount == 3.0
    assert (lasting - amount).min() > 0


def test_too_little_of_a_face_gives_no_neutral_one() -> None:
    short = levels(30, 0.5)
    short[95:] = np.nan
    assert taken(short) == (0.0, "none")
    assert taken(short[:20], "first-seconds") == (0.0, "none")
    assert taken(levels(30, 0.5), "none") == (0.0, "none")


def test_the_first_seconds_are_those_with_a_face() -> None:
    late = levels(20, 1.0, smiles=((8, 20),))
    late[:40] = np.nan
    amount, done = taken(late, "first-seconds")
    assert done == "first-seconds"
    assert amount == pytest.approx(3.0, abs=0.1)


def test_another_choice_is_refused() -> None:
    with pytest.raises(PhysiocamError, match=r"neutral is 'mean'; expected one of auto, first-seconds, none"):
        MeasureOptions(neutral="mean")  # type: ignore[arg-type]


def test_no_scene_is_compared_with_the_face_of_another() -> None:
    # 15 s of a heavy brow, then 15 s without, then 5 s, which are too short to know.
    heavy, light = np.full((round(15 * FS), 1), 0.5), np.full((round(15 * FS), 1), -3.0)
    levels = np.concatenate([heavy, light, heavy[: round(5 * FS)]])
    edges = [0, len(heavy), 2 * len(heavy), len(levels)]
    scenes = [slice(start, stop) for start, stop in pairwise(edges)]
    taken, done = neutral_in_scenes(levels, FS, "auto", (-2.0, 3.0), scenes)
    assert done == "auto"
    assert (taken[scenes[0]] == 2.5).all()
    assert (taken[scenes[1]] == 0.0).all()
    assert (taken[scenes[2]] == 0.0).all()
    assert neutral_in_scenes(levels[:20], FS, "auto", (-2.0, 3.0), [slice(0, 20)])[1] == "none"
