import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.datasets.sensors.moving import moving_values

FS = 64
TIMES = np.arange(1920) / FS
WAVE = np.sin(2 * np.pi * 1.2 * TIMES) + 0.3 * np.sin(4 * np.pi * 1.2 * TIMES)


def moving(
    values: NDArray[np.float64], name: str = "pulse", seconds: NDArray[np.float64] = TIMES
) -> tuple[NDArray[np.bool_], list[str]]:
    notes: list[str] = []
    return np.isfinite(moving_values(name, values, seconds, str, notes)), notes


@pytest.mark.parametrize("idle", [255.0, 127.0, 0.0, -1.0])
@pytest.mark.parametrize("every", [60, 20, 8])
@pytest.mark.parametrize("other", [254.0, 131.0, 30.0])
def test_a_searching_value_that_flickers_is_unknown(idle: float, every: int, other: float) -> None:
    wave = np.rint(120 + 50 * WAVE)
    wave[200:1700] = np.where(np.arange(1500) % every == every - 1, other, idle)
    known, notes = moving(wave)
    assert known[:195].all()
    assert known[1705:].all()
    assert not known[200:1690].any()
    assert len(notes) == 1
    assert "samples are unknown: almost only the same few values for 1 s or more, first" in notes[0]


@pytest.mark.parametrize("few", [(0, 1), (0, 0, 1), (0, 1, 2, 1), (1023, 1022)])
def test_a_flicker_among_few_values_at_an_end_is_unknown(few: tuple[int, ...]) -> None:
    wave = np.rint(500 + 100 * WAVE)
    wave[400:1424] = np.resize(few, 1024)
    known, notes = moving(wave)
    assert np.flatnonzero(~known).tolist() == list(range(400, 1424))
    assert len(notes) == 1


@pytest.mark.parametrize(
    "wave",
    [
        np.clip(WAVE, None, np.quantile(WAVE, 0.9)),
        np.clip(WAVE, np.quantile(WAVE, 0.3), np.quantile(WAVE, 0.7)),
        np.maximum(WAVE, np.quantile(WAVE, 0.6)),
        np.clip(np.rint(128 + 150 * WAVE), 0, 255),
        np.where(np.arange(1920) == 900, 1000.0, WAVE),
        np.where(np.arange(1920) < 20, -1000.0, np.rint(30 * WAVE)),
        np.rint(80 + 8 * WAVE),
        np.round(75 + WAVE, 1),
    ],
)
def test_a_wave_that_is_clipped_coarse_or_has_a_spike_stays(wave: NDArray[np.float64]) -> None:
    known, notes = moving(wave)
    assert known.all()
    assert notes == []


def test_a_breath_may_be_held_and_an_idle_belt_flickers() -> None:
    wave = np.sin(2 * np.pi * 0.25 * TIMES)
    held = np.where((TIMES > 9) & (TIMES < 13), wave[600], wave)
    assert moving(held, "respiration")[0].all()
    idle = np.where((TIMES > 9) & (TIMES < 19), np.where(np.arange(1920) % 60 == 0, 0.0, -1.0), wave)
    known, _ = moving(idle, "respiration")
    assert not known[(TIMES > 9.1) & (TIMES < 18.9)].any()


@pytest.mark.parametrize("changes_hz", [1, 3, 5])
@pytest.mark.parametrize("scale", [1.0, 0.1])
@pytest.mark.parametrize("fs", [30, 64, 1000])
def test_a_rate_that_changes_often_is_no_wave(changes_hz: int, scale: float, fs: int) -> None:
    times = np.arange(30 * fs) / fs
    rates = 73 + scale * np.resize([-3, -1, 0, 2, 3, 1, 0, -2], 400)[(times * changes_hz).astype(int)]
    known, notes = moving(np.round(rates, 1), "pulse", times)
    assert not known.any()
    assert "so it is a rate, not a wave; left out" in notes[0]


def test_a_coarse_wave_of_many_samples_is_no_rate() -> None:
    times = np.arange(30_000) / 1000
    wave = np.rint(90 + 20 * np.sin(2 * np.pi * 1.1 * times))
    assert moving(wave, "pulse", times)[0].all()


def test_of_no_numbers_nothing_is_known() -> None:
    known, notes = moving(np.full(1920, np.nan))
    assert not known.any()
    assert notes == []
