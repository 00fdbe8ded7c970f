import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiocam.datasets.alignment import onto_frames
from physiocam.datasets.recording import Signal


@given(st.floats(7, 300), st.floats(5, 60), st.floats(-2, 2))
def test_a_line_stays_a_line_at_any_rates(sensor_fs: float, fs: float, start: float) -> None:
    times = start + np.arange(int(5 * sensor_fs)) / sensor_fs
    frames = np.arange(int(8 * fs)) / fs
    onto = onto_frames(Signal(3 * times + 1, times, "V"), frames)
    covered = (frames >= times[0]) & (frames <= times[-1])
    assert onto[covered] == pytest.approx(3 * frames[covered] + 1)
    assert np.isnan(onto[(frames < times[0] - 0.51 / sensor_fs) | (frames > times[-1] + 0.51 / sensor_fs)]).all()


def test_missing_samples_are_gaps_and_no_more() -> None:
    values = np.arange(10.0)
    values[4] = np.nan
    onto = onto_frames(Signal(values, np.arange(10.0), "V"), np.array([2.5, 3.0, 3.5, 4.5, 5.0, 6.5]))
    assert np.isnan(onto).tolist() == [False, False, True, True, False, False]


def test_a_single_number_is_known_at_the_start_only() -> None:
    onto = onto_frames(Signal(np.array([72.0]), np.zeros(1), "beats/min"), np.arange(3.0))
    assert onto[0] == 72
    assert np.isnan(onto[1:]).all()


def test_the_release_stretches_samples_whatever_their_times() -> None:
    signal = Signal(np.arange(100.0), np.linspace(7, 9, 100), "mmHg")
    onto = onto_frames(signal, np.arange(11) / 25, "release")
    # The last frame lies one sample beyond the last, whose value it takes.
    assert onto.tolist() == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99]


def test_what_a_sensor_did_not_record_is_not_bridged() -> None:
    times = np.concatenate([np.arange(0, 4, 1 / 30), np.arange(7, 12, 1 / 30)])
    frames = np.arange(0, 12, 1 / 25)
    onto = onto_frames(Signal(np.sin(times), times, "V"), frames)
    hole = (frames > 3.985) & (frames < 6.98)
    assert np.isnan(onto[hole]).all()
    assert onto[~hole & (frames < 11.9)] == pytest.approx(np.sin(frames[~hole & (frames < 11.9)]), abs=0.03)
