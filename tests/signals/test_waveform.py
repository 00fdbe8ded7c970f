import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.signals.settings import SETTINGS
from physiocam.signals.waveform import clean_waveform

DEFAULT = SETTINGS["default"]
FS = 30.0


def _pulse(seconds: float) -> NDArray[np.float64]:
    return np.asarray(np.sin(2 * np.pi * 1.2 * np.arange(round(seconds * FS)) / FS))


def test_gives_back_the_waveform_under_drift() -> None:
    pulse = _pulse(20)
    drift = 3 * np.cumsum(np.full(len(pulse), 0.01))
    clean = clean_waveform(np.diff(pulse + drift, prepend=0).astype(np.float32), FS, "heart", DEFAULT)
    inner = slice(60, -60)
    assert np.corrcoef(clean[inner], pulse[inner])[0, 1] > 0.999
    assert np.isclose(clean.std(), 1.0, atol=0.01)


def test_stretches_are_filtered_by_themselves() -> None:
    difference = np.diff(_pulse(20), prepend=0)
    difference[200:260] = np.nan
    difference[400] = np.inf
    clean = clean_waveform(difference, FS, "heart", DEFAULT)
    np.testing.assert_array_equal(np.isnan(clean), ~np.isfinite(difference))
    # What happens behind a gap leaves the shape before it as it was.
    other = difference.copy()
    other[260:] *= -1
    again = clean_waveform(other, FS, "heart", DEFAULT)
    np.testing.assert_allclose(clean[:200] / clean[100], again[:200] / again[100], atol=1e-9)


def test_stretches_without_a_cycle_are_dropped() -> None:
    difference = np.diff(_pulse(20), prepend=0)
    difference[100] = difference[115] = np.nan
    clean = clean_waveform(difference, FS, "heart", DEFAULT)
    assert np.isnan(clean[100:116]).all()
    assert np.isfinite(clean[116:]).all()


@pytest.mark.parametrize("value", [0.0, 1.0, -3e-7, 1e300])
def test_constant_output_is_flat(value: float) -> None:
    clean = clean_waveform(np.full(600, value), FS, "breathing", DEFAULT)
    np.testing.assert_array_equal(clean, 0.0)


@pytest.mark.parametrize("fs", [0.0, -30.0, np.nan, np.inf, 1e9])
def test_refuses_what_is_no_frame_rate(fs: float) -> None:
    with pytest.raises(PhysiocamError, match="expected frames per second"):
        clean_waveform(np.zeros(100), fs, "heart", DEFAULT)
