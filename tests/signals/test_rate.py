import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import ArrayLike, NDArray

from physiocam.signals.quantities import Quantity
from physiocam.signals.rate import Rate, estimate_rate, rate_times, rates_along
from physiocam.signals.settings import SETTINGS, SignalSettings

DEFAULT, PAPER = SETTINGS["default"], SETTINGS["paper"]
QUANTITY: dict[str, Quantity] = {"pulse": "heart", "resp": "breathing"}
TRUE_RATES = {"pulse": (60, 82.2, 126, 48, 96, 162), "resp": (12, 18.6, 9, 27, 16.2, 6)}


def changed(base: SignalSettings, quantity: Quantity, **changes: Any) -> SignalSettings:
    one: dict[str, Any] = {quantity: replace(base.of(quantity), **changes)}
    return replace(base, **one)


def wave(rate: float, fs: float = 30.0, seconds: float = 40.0, noise: float = 0.0) -> NDArray[np.float64]:
    """Differences of a wave with an overtone, at `rate` per minute."""
    phase = 2 * np.pi * rate / 60 * np.arange(round(fs * seconds)) / fs
    difference = np.diff(np.sin(phase) + 0.3 * np.sin(2 * phase + 1), prepend=0)
    white = np.random.default_rng(0).normal(size=len(phase))
    return np.asarray(difference + noise * difference.std() * white)


# --- The reference's numbers


@pytest.mark.parametrize("fs", [25, 30])
@pytest.mark.parametrize("signal", range(6))
@pytest.mark.parametrize("kind", QUANTITY)
@pytest.mark.parametrize("differenced", [1, 0])
def test_paper_settings_repeat_the_reference(shared: Path, fs: int, signal: int, kind: str, differenced: int) -> None:
    quantity = QUANTITY[kind]
    golden = np.load(shared / "golden" / "postprocess_synthetic.npz")
    expected = golden[f"fs{fs}_s{signal}_{kind}_diff{differenced}_rates"]
    columns = {0: PAPER, 2: SETTINGS["paper-peaks"], 4: SETTINGS["toolbox"], 8: SETTINGS["toolbox-peaks"]}
    for offset, source in enumerate(("label", "pred")):
        waveform = golden[f"fs{fs}_s{signal}_{kind}_{source}"]
        difference = waveform if differenced else np.diff(waveform, prepend=0)
        for column, chosen in columns.items():
            value = estimate_rate(difference, fs, quantity, chosen).value
            assert value == pytest.approx(expected[column + offset], abs=1e-7)


def test_paper_settings_on_ubfc(shared: Path) -> None:
    data = np.load(shared / "data" / "ubfc_deepphys" / "deepphys_pure_ubfc_30hz.npz")
    names = [name.removesuffix("_pred") for name in data if name.endswith("_pred")]
    signals = [(data[f"{name}_pred"], data[f"{name}_label"]) for name in names]
    rates = np.array([[estimate_rate(s, 30.0, "heart", PAPER).value for s in pair] for pair in signals])
    error = rates[:, 0] - rates[:, 1]
    assert len(names) == 42
    assert round(np.abs(error).mean(), 2) == 0.98
    assert round(np.sqrt((error**2).mean()), 2) == 2.65
    assert round(np.corrcoef(rates.T)[0, 1], 3) == 0.990


# --- What a user gets


def test_default_settings_on_ubfc_withhold_what_is_wrong(shared: Path) -> None:
    data = np.load(shared / "data" / "ubfc_deepphys" / "deepphys_pure_ubfc_30hz.npz")
    names = [name.removesuffix("_pred") for name in data if name.endswith("_pred")]
    told = []
    for name in names:
        predicted = estimate_rate(data[f"{name}_pred"], 30.0, "heart", DEFAULT)
        if predicted.value is not None:
            truth = estimate_rate(data[f"{name}_label"], 30.0, "heart", DEFAULT).value
            assert truth is not None
            told.append(predicted.value - truth)
    assert len(told) >= 40
    assert np.abs(told).max() < 2.0
    assert np.abs(told).mean() < 0.4


@pytest.mark.parametrize("fs", [25, 30])
@pytest.mark.parametrize("signal", range(6))
@pytest.mark.parametrize("kind", QUANTITY)
def test_default_settings_find_the_true_rate(shared: Path, fs: int, signal: int, kind: str) -> None:
    golden = np.load(shared / "golden" / "postprocess_synthetic.npz")
    for source in ("label", "pred"):
        rate = estimate_rate(golden[f"fs{fs}_s{signal}_{kind}_{source}"], fs, QUANTITY[kind], DEFAULT)
        if (kind, signal) == ("resp", 4):
            assert rate.value is None
            assert rate.note is not None
            assert rate.note.endswith("breathing needs 15 s")
        else:
            assert rate.value == pytest.approx(TRUE_RATES[kind][signal], abs=0.3)
            assert rate.quality > 0.75


def test_measured_pulse_of_a_real_recording(shared: Path) -> None:
    table = np.genfromtxt(shared / "data" / "vitallens_1" / "vitals.csv", delimiter=",", names=True)
    rate = estimate_rate(np.diff(table["ppg"], prepend=table["ppg"][0]), 30.098, "heart", DEFAULT)
    assert rate.value == pytest.approx(75.4, abs=1.0)
    breathing = estimate_rate(np.diff(table["resp"], prepend=0), 30.098, "breathing", DEFAULT)
    assert breathing == Rate(None, "breaths/min", 0.0, "11.8 s of usable signal; breathing needs 15 s")


@settings(max_examples=40, deadline=None)
@given(
    rate=st.floats(46, 175), fs=st.floats(15, 60), scale=st.sampled_from([1e-30, 1e-3, 1.0, -1.0, -1e30]),
    seconds=st.floats(12, 60), cut=st.integers(0, 60),
)  # fmt: skip
def test_heart_rate_depends_on_neither_scale_nor_sign_nor_start(
    rate: float, fs: float, scale: float, seconds: float, cut: int
) -> None:
    signal = wave(rate, fs, seconds, noise=0.3)
    answer = estimate_rate(signal, fs, "heart", DEFAULT)
    assert answer.value == pytest.approx(rate, abs=1.0)
    scaled = estimate_rate(signal * scale, fs, "heart", DEFAULT)
    assert scaled.value == pytest.approx(answer.value, abs=1e-6)
    assert scaled.quality == pytest.approx(answer.quality, abs=1e-6)
    assert estimate_rate(signal[cut:], fs, "heart", DEFAULT).value == pytest.approx(rate, abs=1.0)


@settings(max_examples=20, deadline=None)
@given(rate=st.floats(6, 28), fs=st.floats(15, 60), seconds=st.floats(25, 90))
def test_breathing_rate_is_found_over_the_band(rate: float, fs: float, seconds: float) -> None:
    answer = estimate_rate(wave(rate, fs, seconds), fs, "breathing", DEFAULT)
    assert answer.value == pytest.approx(rate, abs=1.0)


def test_bursts_of_motion_do_not_outvote_the_rest() -> None:
    signal = wave(72, seconds=40)
    signal[600:690] += 30 * wave(140, seconds=3)
    assert estimate_rate(signal, 30.0, "heart", DEFAULT).value == pytest.approx(72, abs=1.0)


def test_a_gap_with_a_lost_phase_does_not_move_the_rate() -> None:
    signal = wave(72, seconds=60)
    for lost in (0, 3, 7, 12):
        parted = np.concatenate([signal[:900], np.full(300 + lost, np.nan), signal[1200:]])
        rate = estimate_rate(parted, 30.0, "heart", DEFAULT)
        assert rate.value == pytest.approx(72, abs=0.3)
        assert rate.quality > 0.8


@pytest.mark.parametrize(("quantity", "rate", "noise"), [("heart", 72.0, 6.0), ("breathing", 15.0, 5.0)])
def test_a_wave_under_the_floor_has_an_estimate_near_its_rate(quantity: Quantity, rate: float, noise: float) -> None:
    answer = estimate_rate(wave(rate, noise=noise), 30.0, quantity, DEFAULT)
    assert answer.value is None
    assert 0.0 <= answer.quality < DEFAULT.of(quantity).quality_floor
    assert answer.note is not None
    assert answer.estimate == pytest.approx(rate, abs=1.5)
    assert answer.interval is None


def test_an_estimate_is_what_would_have_been_given_without_a_floor() -> None:
    without = changed(DEFAULT, "heart", quality_floor=0.0)
    for seed in range(10):
        noise = np.random.default_rng(seed).normal(size=900)
        withheld, given = (estimate_rate(noise, 30.0, "heart", chosen) for chosen in (DEFAULT, without))
        assert withheld.value is None
        assert withheld.estimate == given.value == given.estimate


@pytest.mark.parametrize("noise", [0.0, 3.0, 30.0])
@pytest.mark.parametrize("chosen", [PAPER, changed(PAPER, "heart", method="peaks")], ids=["periodogram", "peaks"])
def test_settings_that_withhold_nothing_have_the_value_as_their_estimate(noise: float, chosen: SignalSettings) -> None:
    answer = estimate_rate(wave(72, noise=noise), 30.0, "heart", chosen)
    assert answer.value is not None
    assert answer.estimate == answer.value


def test_a_rate_below_the_band_is_no_estimate_of_one_above() -> None:
    slow = estimate_rate(wave(36, seconds=60), 30.0, "heart", DEFAULT)
    assert slow.note is not None
    assert "is below the range" in slow.note
    assert slow.estimate is None


def test_the_estimate_follows_the_value() -> None:
    withheld = Rate(None, "beats/min", 0.05, "a reason", 70.0, (60.0, 80.0))
    assert replace(withheld, quality=0.01) == Rate(None, "beats/min", 0.01, "a reason", 70.0, (60.0, 80.0))
    assert replace(Rate(72.0, "beats/min", 0.5, None), value=80.0).estimate == 80.0
    assert replace(Rate(72.0, "beats/min", 0.5, None), value=None, note="a reason").estimate == 72.0


def test_notes_say_why_there_is_no_rate() -> None:
    def note(
        signal: ArrayLike, fs: float = 30.0, quantity: Quantity = "heart", chosen: SignalSettings = DEFAULT
    ) -> str | None:
        rate = estimate_rate(np.asarray(signal, dtype=float), fs, quantity, chosen)
        assert rate.value is None
        # There is a guess only where there is a rhythm that does not stand out.
        assert (rate.estimate is not None) == ("stands out" in (rate.note or ""))
        return rate.note

    assert note(wave(72, seconds=6)[:-1]) == "5.96 s of usable signal; heart rate needs 6 s"
    assert note(wave(72, seconds=3), quantity="breathing") == "3.0 s of usable signal; breathing needs 15 s"
    assert note(wave(72, seconds=5)) == "5.0 s of usable signal; heart rate needs 6 s"
    assert note(np.full(900, np.nan)) == "0.0 s of usable signal; heart rate needs 6 s"
    assert note([]) == "0.0 s of usable signal; heart rate needs 6 s"
    assert note([1.0, 2.0], chosen=PAPER) == "0.1 s of usable signal; heart rate needs 0.73 s"
    assert note(np.zeros(900)) == "the signal is flat"
    assert note(np.full(900, 0.3)) == "the signal is flat"
    assert note(wave(72, fs=5), fs=5.0) == "5 frames per second are too few; heart rate needs more than 6"
    noise = np.random.default_rng(0).normal(size=900)
    assert note(noise) == "no steady pulse stands out from the noise"
    assert note(noise, quantity="breathing") == "no steady breathing stands out from the noise"
    pieces = wave(72, seconds=60)
    pieces[np.arange(len(pieces)) % 300 < 150] = np.nan
    assert note(pieces) == "the usable signal is in pieces; heart rate needs 6 s within 10 s"


@settings(max_examples=150, deadline=None)
@given(
    signal=arrays(np.float32, st.integers(0, 400), elements=st.floats(width=32)),
    fs=st.sampled_from([0.5, 7.0, 15.0, 30.0]), quantity=st.sampled_from([*QUANTITY.values()]),
    chosen=st.sampled_from([DEFAULT, PAPER, changed(PAPER, "heart", method="peaks")]),
)  # fmt: skip
def test_any_signal_gives_an_honest_answer(
    signal: NDArray[np.float32], fs: float, quantity: Quantity, chosen: SignalSettings
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rate = estimate_rate(signal, fs, quantity, chosen)
        along = rates_along(signal, fs, quantity, chosen)
    assert (rate.value is None) == (rate.note is not None)
    assert rate.value is None or rate.estimate == rate.value
    assert rate.estimate is None or np.isfinite(rate.estimate)
    assert 0.0 <= rate.quality <= 1.0
    low, high = (60 * edge for edge in chosen.of(quantity).band_hz)
    if rate.value is not None and chosen.of(quantity).method != "peaks":
        assert low - 1e-6 <= rate.value <= high + 1e-6
    assert len(along.value) == len(along.quality) == len(rate_times(len(signal), fs))
    assert ((along.quality >= 0) & (along.quality <= 1)).all()
    told = along.value[~np.isnan(along.value)]
    assert ((told >= low - 1e-6) & (told <= high + 1e-6)).all()


# --- Along the recording


def test_rates_along_follow_a_change() -> None:
    fs = 30.0
    rate = np.linspace(60, 100, 60 * 30)
    difference = np.diff(np.sin(2 * np.pi * np.cumsum(rate / 60) / fs), prepend=0)
    along = rates_along(difference, fs, "heart", DEFAULT)
    times = rate_times(len(difference), fs)
    np.testing.assert_allclose(times[:3], [0.5, 1.5, 2.5])
    inner = (times > 5) & (times < 55)
    np.testing.assert_allclose(along.value[inner], np.interp(times, np.arange(1800) / fs, rate)[inner], atol=1.0)
    assert (along.quality[inner] > 0.7).all()


def test_rates_along_have_holes_where_the_signal_has() -> None:
    signal = wave(72, seconds=60)
    signal[600:1200] = np.nan
    along = rates_along(signal, 30.0, "heart", DEFAULT)
    times = rate_times(len(signal), 30.0)
    gone = np.abs(times - 30) < 8
    assert np.isnan(along.value[gone]).all()
    assert (along.quality[gone] == 0).all()
    np.testing.assert_allclose(along.value[(times > 5) & (times < 15)], 72, atol=0.5)


def test_an_hour_has_its_rate_all_along() -> None:
    signal = np.tile(wave(72, seconds=60), 60)
    along = rates_along(signal, 30.0, "heart", DEFAULT)
    assert len(along.value) == 3600
    assert along.value[1:-1] == pytest.approx(72, abs=3)
    assert estimate_rate(signal, 30.0, "heart", DEFAULT).value == pytest.approx(72, abs=0.3)


def two_scenes() -> tuple[NDArray[np.float64], int]:
    """30 s at 60 beats/min and, behind a cut, 20 s at 96, with another phase."""
    first, second = wave(60, seconds=30), wave(96, seconds=20)
    signal = np.concatenate([first, -second])
    signal[len(first) - 1] = np.nan
    return signal, len(first)


@pytest.mark.parametrize("settings", ["default", "paper"])
def test_no_rate_reaches_across_a_cut(settings: str) -> None:
    signal, cut = two_scenes()
    along = rates_along(signal, 30.0, "heart", SETTINGS[settings], cuts=[cut])
    times = rate_times(len(signal), 30.0)
    # Windows of 10 s that hold 6 s of a scene: 1 s from its ends on.
    before, after = (times > 1) & (times < 29), (times > 31) & (times < 49)
    np.testing.assert_allclose(along.value[before], 60, atol=1.0)
    np.testing.assert_allclose(along.value[after], 96, atol=1.0)


def test_scenes_of_one_person_have_one_rate_whatever_their_phases() -> None:
    parts = [wave(72, seconds=8.3) * sign for sign in (1, -1, 1, -1)]
    cuts = np.cumsum([len(part) for part in parts])[:-1]
    signal = np.concatenate(parts)
    signal[cuts - 1] = np.nan
    assert estimate_rate(signal, 30.0, "heart", DEFAULT, cuts=cuts.tolist()).value == pytest.approx(72, abs=1.0)
    # Windows of 30 s do not fit into scenes of 8 s, and none is put together of several.
    breath = np.concatenate([wave(15, seconds=8.3) for _ in range(4)])
    breath[cuts - 1] = np.nan
    told = estimate_rate(breath, 30.0, "breathing", DEFAULT, cuts=cuts.tolist())
    assert told.value is None
    assert told.note == "the usable signal is in pieces; breathing needs 15 s within 30 s"


def test_without_cuts_nothing_changes() -> None:
    signal = wave(72, noise=1.0)
    assert estimate_rate(signal, 30.0, "heart", DEFAULT, cuts=[]) == estimate_rate(signal, 30.0, "heart", DEFAULT)
