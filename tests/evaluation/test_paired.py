"""Differences between methods over the same recordings, against cases that were computed by hand."""

import pytest

from physiocam.evaluation.paired import paired_difference, paired_f1_difference
from physiocam.evaluation.unit_scores import UnitComparison, UnitCounts, unit_scores

UNKNOWN = UnitCounts(0, 0, 0, 0)


def units(subject: str, recording: str, first: UnitCounts, second: UnitCounts = UNKNOWN) -> UnitComparison:
    return UnitComparison(recording, subject, {"AU01": first, "AU02": second})


# Frames, present, predicted, hits. AU02 is coded for the second person only.
OURS = [
    units("A", "1", UnitCounts(10, 4, 4, 4)),
    units("A", "2", UnitCounts(10, 2, 4, 1)),
    units("B", "1", UnitCounts(20, 10, 8, 6), UnitCounts(20, 5, 5, 4)),
]
BASE = [
    units("A", "1", UnitCounts(10, 4, 4, 2)),
    units("A", "2", UnitCounts(10, 2, 0, 0)),
    units("B", "1", UnitCounts(20, 10, 10, 9), UnitCounts(20, 5, 3, 2)),
]


def test_f1_is_compared_over_resampled_people() -> None:
    found = paired_f1_difference(OURS, BASE)
    assert found is not None
    # AU01: 2 * 11 hits of 16 present and 16 or 14 predicted; AU02: 2 * 4 of 10, 2 * 2 of 8.
    both = (100 * 22 / 32 + 100 * 8 / 10) / 2 - (100 * 22 / 30 + 100 * 4 / 8) / 2
    # The first person twice has no AU02: 2 * 5 of 6 + 8, 2 * 2 of 6 + 4.
    first = 100 * 10 / 14 - 100 * 4 / 10
    second = (100 * 12 / 18 + 100 * 8 / 10) / 2 - (100 * 18 / 20 + 100 * 4 / 8) / 2
    assert found.difference == pytest.approx(both)
    # Both people are drawn in half of the resamples, each of them twice in a quarter: the extremes are the limits.
    assert found.interval == pytest.approx((second, first))
    assert (found.recordings, found.subjects) == (3, 2)
    assert found.text(1) == "+12.7 [+3.3, +31.4]"


def test_f1_differs_as_the_scores_do() -> None:
    found = paired_f1_difference(OURS, BASE)
    ours, base = (unit_scores([row.units for row in rows]).mean_f1 for rows in (OURS, BASE))
    assert found is not None
    assert ours is not None
    assert base is not None
    assert found.difference == pytest.approx(ours - base)


def test_f1_is_compared_on_recordings_that_both_have() -> None:
    other = units("C", "1", UnitCounts(10, 5, 5, 0))
    assert paired_f1_difference([*OURS, other], BASE) == paired_f1_difference(OURS, BASE)
    assert paired_f1_difference(OURS, [*BASE, units("C", "1", UNKNOWN)]) == paired_f1_difference(OURS, BASE)
    assert paired_f1_difference(OURS, [other]) is None
    assert paired_f1_difference([other], [units("C", "1", UNKNOWN)]) is None
    # A second seed with the same answers changes nothing.
    assert paired_f1_difference(OURS * 2, BASE * 2) == paired_f1_difference(OURS, BASE)


def test_a_unit_that_nobody_sees_and_that_is_not_there_counts_as_in_the_scores() -> None:
    nothing = UnitCounts(10, 0, 0, 0)
    found = paired_f1_difference(
        [units("A", "1", UnitCounts(10, 5, 5, 5), nothing)], [units("A", "1", UnitCounts(10, 5, 5, 4), nothing)]
    )
    assert found is not None
    assert found.difference == pytest.approx((100.0 + 0.0) / 2 - (80.0 + 0.0) / 2)


def test_means_are_compared_over_resampled_people() -> None:
    values = {("A", "1"): 5.0, ("A", "2"): 2.0, ("B", "1"): 1.0, ("C", "1"): 100.0}
    base = {("A", "1"): 1.0, ("A", "2"): 0.0, ("B", "1"): 1.0}
    found = paired_difference(values, base)
    assert found is not None
    # Differences of 4 and 2 for one person, 0 for the other.
    assert (found.difference, found.interval) == (2.0, (0.0, 3.0))
    assert (found.recordings, found.subjects) == (3, 2)
    assert paired_difference(values, {("D", "1"): 1.0}) is None
