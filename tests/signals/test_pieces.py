"""Amplitude and phase of readings, piece after piece."""

import tracemalloc

import numpy as np

from physiocam.signals.pieces import amplitudes

FS = 30.0


def test_each_piece_has_its_amplitude_and_phase() -> None:
    times = np.arange(600) / FS
    columns = np.column_stack([np.sin(2 * np.pi * 1.25 * times), np.full(600, np.nan)])
    columns[:, 0] *= np.where(times < 10, 1.0, 3.0)
    columns[400:410, 0] = np.nan
    found = amplitudes(columns, FS, 1.25, length_s=4.0, step_s=1.0)
    assert found.shape == (17, 2)
    # Half of the taper's area, 60 samples.
    np.testing.assert_allclose(np.abs(found[:6, 0]), 30.0, rtol=0.01)
    np.testing.assert_allclose(np.abs(found[14:, 0]), 90.0, rtol=0.01)
    # A sine is a quarter turn behind; a piece that begins one second later sees it a quarter turn further.
    np.testing.assert_allclose(np.angle(found[:2, 0]), [-np.pi / 2, 0.0], atol=0.02)
    assert np.isnan(found[:, 1]).all()


def test_an_hour_takes_no_more_than_its_columns() -> None:
    columns = np.zeros((60 * 60 * 30, 20))
    tracemalloc.start()
    try:
        amplitudes(columns, FS, 1.25, length_s=4.0, step_s=1.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < columns.nbytes
