from pathlib import Path

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.signals.pseudo_ppg import pseudo_ppg

FS = 25.0


def colours(frames: int = 500) -> NDArray[np.float64]:
    random = np.random.default_rng(0)
    beat = np.sin(2 * np.pi * 1.3 * np.arange(frames) / FS)
    return np.asarray(100 + 0.3 * beat[:, None] * [0.3, 0.8, 0.5] + 0.02 * random.normal(size=(frames, 3)))


@pytest.mark.parametrize(("fs", "heart_rate"), [(25, 78), (25, 50), (30, 78)])
def test_golden(shared: Path, fs: int, heart_rate: int) -> None:
    golden = np.load(shared / "golden" / "pseudo_ppg.npz")
    waveform, normalized = pseudo_ppg(golden["rgb"], fs, heart_rate)
    np.testing.assert_allclose(waveform, golden[f"fs{fs}_hr{heart_rate}_pos"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(normalized, golden[f"fs{fs}_hr{heart_rate}_env"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("frames", [300, 301])
def test_the_envelope_is_that_of_the_analytic_signal(frames: int) -> None:
    waveform, normalized = pseudo_ppg(colours(frames), FS, band="paper")
    expected = waveform / np.abs(scipy.signal.hilbert(waveform))
    np.testing.assert_allclose(normalized, expected, rtol=0, atol=1e-12)
    assert np.abs(normalized).max() <= 1.0 + 1e-12


def test_the_release_band_follows_the_heart_rate() -> None:
    rgb = colours()
    # 20/fs Hz to either side, within 0.70-3.0 Hz: far rates leave the pulse at 1.3 Hz out.
    near, far = (pseudo_ppg(rgb, FS, rate)[0].std() for rate in (78.0, 170.0))
    assert far < 0.2 * near
    paper = pseudo_ppg(rgb, FS, band="paper")[0]
    np.testing.assert_array_equal(paper, pseudo_ppg(rgb, FS, 170.0, band="paper")[0])


def test_gaps_stay_gaps_and_flat_stays_flat() -> None:
    rgb = colours()
    rgb[250] = np.nan
    waveform, normalized = pseudo_ppg(rgb, FS, 78.0)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(waveform)), [250])
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(normalized)), [250])
    np.testing.assert_array_equal(waveform[:250], pseudo_ppg(rgb[:250], FS, 78.0)[0])
    for answer in pseudo_ppg(np.full((100, 3), 80.0), FS, 78.0):
        np.testing.assert_array_equal(answer, 0.0)


def test_wrong_arguments_say_what_was_expected() -> None:
    with pytest.raises(PhysiocamError, match="needs the recording's mean heart rate"):
        pseudo_ppg(colours(), FS)
    with pytest.raises(PhysiocamError, match="heart_rate is 400"):
        pseudo_ppg(colours(), FS, 400.0)
    with pytest.raises(PhysiocamError, match="heart_rate is nan"):
        pseudo_ppg(colours(), FS, float("nan"))
    with pytest.raises(PhysiocamError, match="'narrow'; expected 'release' or 'paper'"):
        pseudo_ppg(colours(), FS, 78.0, band="narrow")  # type: ignore[arg-type]
    with pytest.raises(PhysiocamError, match="fs is 0"):
        pseudo_ppg(colours(), 0.0, 78.0)
    with pytest.raises(PhysiocamError, match="pseudo-PPG needs 41"):
        pseudo_ppg(colours(40), FS, 78.0)
