"""Figures of merit against the reference's, against their definitions, and at their edges."""

from pathlib import Path

import numpy as np
import pytest

from physiocam.errors import PhysiocamError
from physiocam.evaluation.metrics import macc, rate_scores, signal_to_noise
from physiocam.evaluation.unit_scores import action_unit_scores
from physiocam.networks.action_units import AU_LABELS
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS
from physiocam.signals.waveform import clean_waveform

TOOLBOX = SETTINGS["toolbox"]


@pytest.mark.parametrize("fs", [25, 30])
@pytest.mark.parametrize("signal", range(6))
@pytest.mark.parametrize("differenced", [1, 0])
def test_snr_and_macc_are_the_toolbox_ones(shared: Path, fs: int, signal: int, differenced: int) -> None:
    golden = np.load(shared / "golden" / "postprocess_synthetic.npz")
    expected = golden[f"fs{fs}_s{signal}_pulse_diff{differenced}_rates"]
    waveforms, rates = [], []
    for source in ("pred", "label"):
        difference = golden[f"fs{fs}_s{signal}_pulse_{source}"]
        if not differenced:
            difference = np.diff(difference, prepend=0)
        waveforms.append(clean_waveform(difference, fs, "heart", TOOLBOX))
        rates.append(estimate_rate(difference, fs, "heart", TOOLBOX).value)
    assert rates[1] is not None
    assert signal_to_noise(waveforms[0], fs, rates[1]) == pytest.approx(expected[6], abs=1e-6)
    assert macc(*waveforms) == pytest.approx(expected[7], abs=1e-7)


def test_action_units_as_the_reference_scores_them(shared: Path) -> None:
    golden = np.load(shared / "golden" / "au_metrics_loss.npz")
    predicted, true = golden["preds"] >= 0.5, golden["labels"] > 0
    scores = action_unit_scores(predicted, true, np.ones_like(true), AU_LABELS)
    assert [unit.f1 for unit in scores.units.values()] == pytest.approx(golden["f1_percent"].tolist())
    assert [unit.accuracy for unit in scores.units.values()] == pytest.approx((100 * golden["acc_fraction"]).tolist())
    assert scores.mean_f1 == pytest.approx(golden["f1_percent"].mean())


def test_unknown_codes_enter_no_figure() -> None:
    true = np.array([[1], [0], [1], [0]], dtype=bool)
    predicted = np.array([[1], [1], [0], [0]], dtype=bool)
    known = np.array([[1], [0], [0], [1]], dtype=bool)
    score = action_unit_scores(predicted, true, known, ["AU12"]).units["AU12"]
    assert (score.f1, score.accuracy, score.frames, score.present) == (100.0, 100.0, 2, 1)
    nothing = action_unit_scores(predicted, true, np.zeros_like(known), ["AU12"])
    assert nothing.units["AU12"].f1 is None
    assert nothing.mean_f1 is None


def test_rate_scores_by_their_definitions() -> None:
    random = np.random.default_rng(0)
    true = random.uniform(50, 120, 40)
    predicted = true + random.normal(0, 3, 40)
    error = predicted - true
    scores = rate_scores(predicted, true)
    assert scores.mae.value == pytest.approx(np.abs(error).mean())
    assert scores.rmse.value == pytest.approx(np.sqrt((error**2).mean()))
    assert scores.mape.value == pytest.approx(100 * np.abs(error / true).mean())
    assert scores.pearson.value == pytest.approx(np.corrcoef(predicted, true)[0, 1])
    assert scores.mae.standard_error == pytest.approx(np.abs(error).std() / np.sqrt(40))
    for estimate in (scores.mae, scores.rmse, scores.mape, scores.pearson):
        assert estimate.value is not None
        assert estimate.interval is not None
        assert estimate.interval[0] < estimate.value < estimate.interval[1]
    assert rate_scores(predicted, true) == scores


def test_bootstrap_intervals_cover_the_truth() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for seed in range(60):
        error = random.normal(0, 2, 50)
        interval = rate_scores(70 + error, np.full(50, 70.0), seed).rmse.interval
        assert interval is not None
        covered += interval[0] <= 2.0 <= interval[1]
    assert covered >= 50


def test_recordings_without_an_answer_are_counted_not_scored() -> None:
    scores = rate_scores(np.array([60.0, np.nan, 71.0]), np.array([61.0, 80.0, np.nan]))
    assert (scores.recordings, scores.answered) == (2, 1)
    assert scores.mae.value == 1.0
    assert scores.mae.interval is None
    assert scores.pearson.value is None
    assert rate_scores(np.full(3, np.nan), np.full(3, 60.0)).mae.value is None
    with pytest.raises(PhysiocamError, match="one of each per recording"):
        rate_scores(np.zeros(2), np.zeros(3))


def test_snr_falls_with_noise_and_macc_ignores_a_lag() -> None:
    time = np.arange(900) / 30
    pulse = np.sin(2 * np.pi * 1.2 * time)
    noise = np.random.default_rng(0).normal(size=900)
    ratios = [signal_to_noise(pulse + level * noise, 30.0, 72.0) for level in (0.1, 1.0, 10.0)]
    assert ratios == sorted(ratios, key=lambda value: -(value or 0.0))
    assert macc(np.roll(pulse, 17), pulse) == pytest.approx(1.0)
    assert macc(np.zeros(900), pulse) is None
    assert signal_to_noise(np.zeros(900), 30.0, 72.0) is None
    with pytest.raises(PhysiocamError, match="same times"):
        macc(pulse, pulse[1:])
