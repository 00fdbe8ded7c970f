"""Every classical method: the reference's numbers, gaps, and input that tells nothing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.signals.methods import METHODS, classical_method
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS

FS = 30.0
SKIN = np.array([160.0, 110.0, 90.0])
PULSE = np.array([0.33, 0.77, 0.53])


def skin(rate: float = 78.0, seconds: float = 20.0, fs: float = FS, light: float = 0.002) -> NDArray[np.float64]:
    """Colours of a skin with a pulse, under a light that wanders."""
    random = np.random.default_rng(0)
    time = np.arange(round(seconds * fs)) / fs
    beat = np.sin(2 * np.pi * rate / 60 * time)
    wander = light * np.cumsum(random.normal(size=len(time))) / np.sqrt(fs)
    noise = 2e-4 * random.normal(size=(len(time), 3))
    return np.asarray(SKIN * (1 + 0.002 * beat[:, None] * PULSE + wander[:, None] + noise))


@pytest.mark.parametrize("fs", [25, 30])
@pytest.mark.parametrize("name", METHODS)
def test_golden(shared: Path, name: str, fs: int) -> None:
    golden = np.load(shared / "golden" / "unsupervised_rppg.npz")
    rgb, expected = golden[f"rgb_fs{fs}"], golden[f"{name.upper()}_fs{fs}"]
    waveform = METHODS[name](rgb, fs)
    assert waveform.shape == (len(rgb),)
    assert waveform.dtype == np.float64
    covered = waveform[: len(expected)]
    if name == "ica":
        expected = expected * np.sign(expected @ covered)
    np.testing.assert_allclose(covered, expected, rtol=0, atol=1e-9 * np.abs(expected).max())
    assert np.isnan(waveform[len(expected) :]).all()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("rate", [54.0, 78.0, 132.0])
def test_finds_the_rate_of_a_known_pulse(name: str, rate: float) -> None:
    # GREEN has nothing to tell the light from the pulse by.
    rgb = skin(rate, light=0.0 if name == "green" else 0.002)
    difference = np.append(np.diff(METHODS[name](rgb, FS)), np.nan)
    assert estimate_rate(difference, FS, "heart", SETTINGS["default"]).value == pytest.approx(rate, abs=1.5)


@pytest.mark.parametrize("name", METHODS)
def test_waveforms_go_with_green_but_for_chrom(name: str) -> None:
    rgb = skin(light=0.0)
    waveform = np.nan_to_num(METHODS[name](rgb, FS))
    beat = np.sin(2 * np.pi * 1.3 * np.arange(len(rgb)) / FS)
    assert (-1 if name == "chrom" else 1) * np.corrcoef(waveform, beat)[0, 1] > 0.8


@pytest.mark.parametrize("name", METHODS)
def test_each_stretch_is_measured_by_itself(name: str) -> None:
    rgb = skin()
    rgb[200] = np.nan
    rgb[430, 2] = np.inf
    # Two frames between gaps are too few for any method but those without a window.
    rgb[[590, 593]] = np.nan
    waveform = METHODS[name](rgb, FS)
    assert np.isnan(waveform[[200, 430, 590, 593]]).all()
    for part in (slice(0, 200), slice(201, 430), slice(431, 590)):
        np.testing.assert_array_equal(waveform[part], METHODS[name](rgb[part], FS))


@pytest.mark.parametrize("name", METHODS)
def test_a_colour_that_never_changes_is_flat(name: str) -> None:
    np.testing.assert_array_equal(METHODS[name](np.tile(SKIN, (300, 1)), FS), 0.0)


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"green"}))
def test_grey_input_has_no_colour_to_tell_a_pulse_by(name: str) -> None:
    grey = 100 + np.random.default_rng(0).normal(size=(300, 1)) * np.ones(3)
    np.testing.assert_array_equal(METHODS[name](grey, FS), 0.0)


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.uint8, (80, 3), elements=st.integers(0, 255)),
    st.sampled_from([(1, 1, 1), (0, 1, 1), (1, 0, 0), (1, 1, 0)]),
    st.sampled_from([15.0, FS]),
)
def test_any_pixels_give_finite_waveforms(pixels: NDArray[np.uint8], lit: tuple[int, int, int], fs: float) -> None:
    rgb = pixels.astype(np.float64) * lit
    for name, method in METHODS.items():
        waveform = method(rgb, fs)
        uncovered = 40 if name == "chrom" else 0
        assert np.isfinite(waveform[: 80 - uncovered]).all(), name


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("scale", [1 / 255, 1.0, 1e6])
def test_scale_does_not_matter(name: str, scale: float) -> None:
    waveform = METHODS[name](skin(), FS)
    covered = np.isfinite(waveform)
    scaled = METHODS[name](scale * skin(), FS)
    assert np.corrcoef(waveform[covered], scaled[covered])[0, 1] > 1 - 1e-9


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("rgb", "fs", "words"),
    [
        (np.zeros((300, 4)), FS, r"\(300, 4\); expected \(T, 3\)"),
        (np.zeros(300), FS, r"\(300,\)"),
        (np.zeros((300, 3)), 0.0, "fs is 0"),
        (np.zeros((300, 3)), np.nan, "fs is nan"),
        (np.ones((1, 3)), FS, "1 frames; "),
        (np.full((300, 3), np.nan), FS, "0 frames; "),
        (np.zeros((0, 3)), FS, "0 frames; "),
    ],
)
def test_wrong_input_says_what_was_expected(name: str, rgb: NDArray[np.float64], fs: float, words: str) -> None:
    with pytest.raises(PhysiocamError, match=words) as caught:
        METHODS[name](rgb, fs)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "enough"), [("pos", 6.1), ("chrom", 12.6), ("ica", 5.1)])
def test_frame_rates_too_low_for_a_filter_are_refused(name: str, enough: float) -> None:
    rgb = skin(54.0, fs=enough)
    assert np.isfinite(METHODS[name](rgb, enough)).any()
    with pytest.raises(PhysiocamError, match="frames per second are too few; " + name):
        METHODS[name](rgb, enough - 0.2)


@pytest.mark.parametrize("name", METHODS)
def test_the_shortest_recording_is_measured_and_one_frame_less_refused(name: str) -> None:
    rgb = skin()
    shortest = next(n for n in range(1, 100) if _runs(name, rgb[:n]))
    assert shortest == {"pos": 49, "chrom": 48, "ica": 22, "pbv": 3}.get(name, 2)
    with pytest.raises(PhysiocamError, match=f"{shortest - 1} frames; {name} needs {shortest}"):
        METHODS[name](rgb[: shortest - 1], FS)


def _runs(name: str, rgb: NDArray[np.float64]) -> bool:
    try:
        return bool(np.isfinite(METHODS[name](rgb, FS)).any())
    except PhysiocamError:
        return False


def test_unknown_names_list_the_known() -> None:
    assert classical_method("pos") is METHODS["pos"]
    with pytest.raises(PhysiocamError, match="'best'; expected network, pos, chrom, green, ica, pbv, lgi, omit"):
        classical_method("best")
