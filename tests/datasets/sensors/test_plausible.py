import numpy as np
import pytest

from physiocam.datasets.sensors.plausible import check_sampling, known_values, recorded_rates
from physiocam.errors import DatasetError


def where(index: int) -> str:
    return f"line {index + 1}"


def known(name: str, values: list[float]) -> tuple[list[bool], list[str]]:
    notes: list[str] = []
    found = known_values(name, np.array(values), np.arange(len(values)) / 10, where, notes)
    return np.isfinite(found).tolist(), notes


@pytest.mark.parametrize("idle", [0, -1, 127, 255, 511, 300, 12])
def test_rates_that_no_heart_has_are_unknown(idle: float) -> None:
    assert known("heart_rate", [72, idle, idle, 73, 74]) == (
        [True, False, False, True, True],
        [f"heart_rate: 2 of 5 samples are unknown, first {idle} in line 2; expected 20 to 250 beats/min"],
    )


def test_a_heart_may_beat_127_times() -> None:
    assert known("heart_rate", [118, 124, 127, 127, 130]) == ([True] * 5, [])
    assert known("heart_rate", [127, 127, 127]) == (
        [False] * 3,
        ["heart_rate: 3 of 3 samples are unknown, first 127 in line 1; expected 20 to 250 beats/min"],
    )


@pytest.mark.parametrize(("name", "value"), [("heart_rate", 1.2), ("breathing_rate", 0.25)])
def test_rates_in_hz_are_refused_by_line(name: str, value: float) -> None:
    with pytest.raises(DatasetError, match=rf"{name} is {value} in line 2; .* if it is in Hz, give {60 * value:g}"):
        known(name, [0, value, value, 0])


@pytest.mark.parametrize("idle", [0, -1, 127, 255, 511])
def test_saturation_that_is_none_is_unknown(idle: float) -> None:
    assert known("oxygen_saturation", [98, idle, 97])[0] == [True, False, True]


def test_a_flat_stretch_of_a_wave_is_unknown_and_a_short_one_is_not() -> None:
    wave = np.sin(np.arange(60)).tolist()
    wave[10:15] = [0.5] * 5
    assert known("pulse", wave) == ([True] * 60, [])
    wave[10:30] = [0.5] * 20
    found, notes = known("pulse", wave)
    assert [i for i, fine in enumerate(found) if not fine] == list(range(10, 30))
    assert "20 of 60 samples are unknown: the same value for 1 s or more, first 0.5 from line 11 to line 30" in notes[0]
    assert known("respiration", wave) == ([True] * 60, [])  # a breath may be held


def test_a_rate_in_a_wave_s_place_is_none() -> None:
    rates = np.repeat([71.0, 72.0, 73.0, 72.0, 74.0], 9).tolist()
    assert known("pulse", rates) == (
        [False] * 45, ["pulse: changes 4 times in 4.4 s, so it is a rate, not a wave; left out"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rate", "hint"),
    [(0.03, "time_ms"), (3e-5, "time_us"), (3e-8, "time_ns"), (3e7, "expected 4 to 20000"), (0, "a single sample")],
)
def test_waves_of_no_sensor_s_pace(rate: float, hint: str) -> None:
    with pytest.raises(DatasetError, match=hint):
        check_sampling("pulse", rate)
    check_sampling("heart_rate", rate)


def test_kept_rates_are_looked_at_again() -> None:
    assert recorded_rates("heart_rate", np.array([0, 72, np.nan, 511, 73])).tolist() == [72, 73]
