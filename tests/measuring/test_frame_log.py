"""Rows keep their numbers while old ones are dropped, in memory that does not grow."""

import numpy as np

from physiocam.measuring.frame_log import FrameLog


def test_rows_are_written_by_their_numbers() -> None:
    log = FrameLog({"pulse": None, "au": 2})
    for index in range(5):
        log.append(0.1 * index)
    log.write("pulse", 2, np.array([7.0, 8.0]))
    log.write("au", 0, np.array([[0.5, 0.25]]))
    assert len(log) == log.end == 5
    assert np.allclose(log.rows["time_s"], [0.0, 0.1, 0.2, 0.3, 0.4])
    assert np.array_equal(log.rows["pulse"], [np.nan, np.nan, 7.0, 8.0, np.nan], equal_nan=True)
    assert log.rows["au"][0].tolist() == [0.5, 0.25]
    assert np.isnan(log.rows["au"][1:]).all()


def test_numbers_stay_when_old_rows_go() -> None:
    log = FrameLog({"pulse": None})
    for index in range(6):
        log.append(float(index))
    log.drop_before(2.5)
    assert (len(log), log.end) == (3, 6)
    # Rows 1 and 2 are gone; what belongs to them goes with them.
    log.write("pulse", 1, np.array([1.0, 2.0, 3.0, 4.0]))
    assert np.array_equal(log.rows["pulse"], [3.0, 4.0, np.nan], equal_nan=True)
    log.write("pulse", 0, np.array([9.0]))
    assert np.array_equal(log.rows["pulse"], [3.0, 4.0, np.nan], equal_nan=True)


def test_a_window_takes_no_more_room_with_time() -> None:
    log = FrameLog({"pulse": None})
    sizes = set()
    for index in range(20_000):
        log.append(float(index))
        log.write("pulse", index, np.array([index % 7]))
        log.drop_before(index - 99.0)
        sizes.add(len(log._table))
    assert len(sizes) == 1
    assert np.array_equal(log.rows["time_s"], np.arange(19_900.0, 20_000.0))
    assert np.array_equal(log.rows["pulse"], np.arange(19_900, 20_000) % 7)


def test_what_is_kept_grows_with_what_comes() -> None:
    log = FrameLog({"pulse": None})
    for index in range(5_000):
        log.append(float(index))
        log.write("pulse", index, np.array([-index]))
    assert np.array_equal(log.rows["time_s"], np.arange(5_000.0))
    assert np.array_equal(log.rows["pulse"], -np.arange(5_000.0))
