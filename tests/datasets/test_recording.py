import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiocam.datasets.recording import Signal
from physiocam.errors import DatasetError


@given(st.lists(st.floats(-10, 10) | st.just(np.nan), min_size=1, max_size=30, unique=True))
def test_times_that_rise_are_kept(times: list[float]) -> None:
    times = sorted(times, key=lambda time: (np.isnan(time), time))
    if not np.isfinite(times).any():
        with pytest.raises(DatasetError, match="without samples"):
            Signal.of(np.arange(len(times)), times, "V")
        return
    signal = Signal.of(np.arange(len(times)), times, "V")
    assert (np.diff(signal.timestamps_s) > 0).all()
    assert [times[int(sample)] for sample in signal.values] == signal.timestamps_s.tolist()


@pytest.mark.parametrize("times", [[0.0, 0.1, 0.1, 0.2], [0.0, 0.2, 0.1, 0.3]])
def test_samples_are_not_dropped_without_a_word(times: list[float]) -> None:
    with pytest.raises(DatasetError, match=r"time 0\.1 s follows 0\.\d s; expected times that rise"):
        Signal.of([1, 2, 3, 4], times, "a.u.")


def test_each_sample_needs_a_time() -> None:
    with pytest.raises(DatasetError, match="3 samples have 2 times"):
        Signal.of([1, 2, 3], [0, 1], "V")


def test_numbers_that_are_no_measurement_count_as_missing() -> None:
    signal = Signal.of([1.0, 1e300, np.inf, -1e31, 2.0], [0.0, 0.1, 0.2, 0.3, 1e308], "V")
    assert signal.timestamps_s.tolist() == [0.0, 0.1, 0.2, 0.3]
    assert np.isnan(signal.values).tolist() == [False, True, True, True]
