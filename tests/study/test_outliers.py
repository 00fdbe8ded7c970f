"""What is unlike the others is unlike those of its condition."""

from physiocam.study.groups import StudyRow
from physiocam.study.outliers import outliers_of


def rows(condition: str | None, *rates: float) -> list[StudyRow]:
    return [{"condition": condition, "heart_rate": rate, "face_found_fraction": 1.0} for rate in rates]


def test_another_condition_is_no_outlier() -> None:
    calm = rows("calm", 60, 62, 64, 66, 68, 61, 110)
    fast = rows("fast", 100, 104, 108, 112, 64)
    found = outliers_of([*calm, *fast])
    assert [(one.row["condition"], one.row["heart_rate"]) for one in found] == [("calm", 110), ("fast", 64)]
    assert found[0].reasons == ("heart rate 110.0 beats/min, far from the median of its condition, 64.0",)


def test_few_rates_say_nothing_of_each_other() -> None:
    assert not outliers_of(rows("calm", 60, 61, 62, 63, 64, 65, 66, 67, 150))
    assert not outliers_of([*rows("calm", *range(60, 72)), *rows("fast", 100, 140, 101)])


def test_without_conditions_all_are_compared() -> None:
    (found,) = outliers_of(rows(None, *range(60, 72), 150))
    assert found.reasons == ("heart rate 150.0 beats/min, far from the median, 66.0",)


def test_little_signal_is_named() -> None:
    dark: StudyRow = {"heart_rate": 60.0, "heart_rate_coverage": 0.2, "face_found_fraction": 0.4}
    (found,) = outliers_of([dark])
    assert found.reasons == ("a face in 40% of the frames", "heart rate in 20% of its seconds only")
