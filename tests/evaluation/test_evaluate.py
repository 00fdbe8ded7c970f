"""Predictions kept in files, and what comes out when they are compared with their truth."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import DatasetError, PhysiocamError
from physiocam.evaluation import predictions
from physiocam.evaluation.evaluate import evaluate
from physiocam.evaluation.predictions import Predictions, load_all_predictions, load_predictions
from physiocam.networks.action_units import AU_LABELS
from physiocam.signals.breath_evidence import BREATH_EVIDENCE, BreathConfidence
from physiocam.signals.confidence import EVIDENCE, Confidence, PulseJudge
from physiocam.signals.readings import LIGHT, Readings
from physiocam.signals.settings import SETTINGS
from physiocam.signals.shoulder_judge import ShoulderJudge

FS = 30.0


def recording(name: str, predicted: float, true: float, seconds: float = 30.0, heart_rate: bool = True) -> Predictions:
    time = np.arange(round(FS * seconds)) / FS
    sensors: dict[str, NDArray[np.float64]] = {"pulse": np.sin(2 * np.pi * true / 60 * time)}
    if heart_rate:
        sensors["heart_rate"] = np.full(len(time), true)
    wave = np.sin(2 * np.pi * predicted / 60 * time)
    random = np.random.default_rng(0)
    return Predictions(
        name,
        name[:2],
        FS,
        {"pulse": np.diff(wave, append=np.nan)},
        random.random((len(time), 12), dtype=np.float32),
        AU_LABELS,
        sensors,
        random.random((len(time), 12)) < 0.3,
        np.ones((len(time), 12), np.bool_),
    )


def same(a: Mapping[str, NDArray[np.float64]], b: Mapping[str, NDArray[np.float64]]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key], equal_nan=True) for key in a)


def test_a_file_gives_back_what_was_predicted(tmp_path: Path) -> None:
    one = recording("S1_T1", 70, 72)
    back = load_predictions(one.save(tmp_path))
    assert (back.name, back.subject, back.fs, back.labels) == (one.name, one.subject, one.fs, one.labels)
    assert same(back.waveforms, one.waveforms)
    assert same(back.sensors, one.sensors)
    assert np.array_equal(back.probabilities, one.probabilities)
    assert np.array_equal(back.codes, one.codes)
    assert [path.name for path in tmp_path.iterdir()] == ["S1_T1.npz"]


def judged(one: Predictions, bias: float) -> Predictions:
    """The same, judged by a model that weighs only its bias; the right half of the face sees nothing."""
    wave = one.waveforms["pulse"]
    readings = Readings(wave, wave, 0.0 * wave, wave, np.zeros((len(wave), len(LIGHT))))
    none, ones = (0.0,) * len(EVIDENCE), (1.0,) * len(EVIDENCE)
    model = Confidence(
        evidence=EVIDENCE, centre=none, scale=ones, weight=none, bias=bias, widths=((0.0, 9.0), (1.0, 1.0))
    )
    return replace(one, judges={"pulse": PulseJudge(readings, model)})


def test_the_judge_of_a_breath_is_kept_with_its_model_and_without(tmp_path: Path) -> None:
    one = recording("S1_T1", 70, 72)
    shifts = np.column_stack([0.005 * one.waveforms["pulse"], 0.0 * one.waveforms["pulse"]])
    none, ones = (0.0,) * len(BREATH_EVIDENCE), (1.0,) * len(BREATH_EVIDENCE)
    model = BreathConfidence(
        evidence=BREATH_EVIDENCE, centre=none, scale=ones, weight=none, bias=1.0, widths=((0.0, 9.0), (1.0, 1.0))
    )
    for known in (model, None):
        given = replace(one, judges={"respiration": ShoulderJudge(shifts, known)})
        kept = load_predictions(given.save(tmp_path)).judges["respiration"]
        assert isinstance(kept, ShoulderJudge)
        assert kept.model == known
        assert np.array_equal(kept.shifts, shifts, equal_nan=True)


def test_a_judge_is_kept_in_the_file_and_decides_which_rates_are_compared(tmp_path: Path) -> None:
    one, other = judged(recording("S1_T1", 70, 72), 2.0), judged(recording("S2_T1", 80, 80), -2.0)
    back = [load_predictions(each.save(tmp_path)) for each in (one, other)]
    given, kept = one.judges["pulse"], back[0].judges["pulse"]
    assert isinstance(given, PulseJudge)
    assert isinstance(kept, PulseJudge)
    assert kept.model == given.model
    assert np.array_equal(kept.table(), given.table(), equal_nan=True)
    rows = evaluate(back, SETTINGS["default"]).comparisons["heart"]
    assert rows[0].predicted == pytest.approx(70, abs=0.2)
    assert rows[0].quality == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert rows[1].predicted is None
    # Windows have their own part of the readings.
    assert len(evaluate(back[:1], SETTINGS["default"], window_s=10.0).comparisons["heart"]) == 3


def test_readings_of_another_length_are_refused(tmp_path: Path) -> None:
    one = judged(recording("S1_T1", 70, 72), 2.0)
    short = replace(one, judges={"pulse": one.judges["pulse"].part(slice(0, 100))})
    with pytest.raises(DatasetError, match="its waveforms are not of one length; predict again"):
        load_predictions(short.save(tmp_path))


def test_rates_are_compared_over_recordings() -> None:
    found = evaluate([recording("S1_T1", 70, 72), recording("S2_T1", 90, 89), recording("S3_T1", 60, 60)],
                     SETTINGS["default"])  # fmt: skip
    assert found.heart is not None
    assert found.heart.mae.value == pytest.approx(1.0, abs=0.1)
    assert found.heart.answered == 3
    assert found.breathing is None
    agreements = [row.macc or 0.0 for row in found.comparisons["heart"]]
    assert agreements[2] == pytest.approx(1.0, abs=0.05)
    assert found.macc["heart"].value == pytest.approx(np.mean(agreements))
    assert found.macc["heart"].standard_error == pytest.approx(np.std(agreements) / np.sqrt(3))
    snr = found.comparisons["heart"][2].snr
    assert snr is not None
    assert snr > 10


def test_paper_settings_read_the_truth_from_the_waveform() -> None:
    one = recording("S1_T1", 72, 72)
    lying = Predictions(
        one.name, one.subject, FS, one.waveforms, sensors={**one.sensors, "heart_rate": np.full(900, 50.0)}
    )
    by_wave = evaluate([lying], SETTINGS["paper"]).heart
    by_sensor = evaluate([lying], SETTINGS["default"]).heart
    assert by_wave is not None
    assert by_wave.mae.value == 0.0
    assert by_sensor is not None
    assert by_sensor.mae.value == pytest.approx(22, abs=0.2)


def test_windows_are_compared_one_by_one() -> None:
    found = evaluate([recording("S1_T1", 70, 72, seconds=35)], SETTINGS["default"], window_s=10)
    assert [row.start_s for row in found.comparisons["heart"]] == [0, 10, 20]
    kept = evaluate([recording("S1_T1", 70, 72, seconds=35)], SETTINGS["paper"], window_s=10, keep_short=True)
    assert [row.start_s for row in kept.comparisons["heart"]] == [0, 10, 20, 30]
    # Too few samples for a filter are no window.
    kept = evaluate([recording("S1_T1", 70, 72, seconds=30.2)], SETTINGS["paper"], window_s=10, keep_short=True)
    assert [row.start_s for row in kept.comparisons["heart"]] == [0, 10, 20]
    with pytest.raises(PhysiocamError, match="expected a positive number of seconds"):
        evaluate([recording("S1_T1", 70, 72)], SETTINGS["default"], window_s=0)


def test_units_are_pooled_over_recordings() -> None:
    both = [recording("S1_T1", 70, 70), recording("S2_T1", 70, 70, seconds=20)]
    found = evaluate(both, SETTINGS["default"]).action_units
    assert found is not None
    assert found.units["AU12"].frames == 1500
    none = [Predictions("a", "a", FS, one.waveforms, sensors=one.sensors) for one in both]
    assert evaluate(none, SETTINGS["default"]).action_units is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"text"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"x\.npz"):
        load_predictions(path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("waveforms/pulse", lambda wave: wave[:5], "not of one length"),
        ("sensors/pulse", lambda wave: wave.astype(str), "TypeError"),
        ("coded", lambda coded: coded[:, :3], r"codes of shape \(900, 12\)"),
        ("coded", lambda coded: coded.astype(float), "not probabilities and codes"),
        ("probabilities", lambda units: units[:, :3], "for probabilities of shape"),
        ("about", lambda _: about(name="x", subject=[], fs=25, labels=[]), "not text"),
        ("about", lambda _: about(name="x", subject="x", fs=25, labels=["AU12"]), "12 action units under 1 names"),
        ("about", lambda _: about(name="x", subject="x", fs=0, labels=list(AU_LABELS)), "fs is 0"),
        ("about", lambda _: np.frombuffer(b"[" * 100_000, np.uint8), "ValueError"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, change: Callable[[NDArray[Any]], NDArray[Any]], message: str
) -> None:
    path = recording("S1_T1", 70, 72).save(tmp_path)
    with np.load(path) as file:
        arrays: dict[str, Any] = {key: file[key] for key in file.files}
    arrays[name] = change(arrays[name])
    np.savez(path, **arrays)
    with pytest.raises(DatasetError, match=rf"S1_T1\.npz' holds no predictions.*({message})"):
        load_predictions(path)


def about(**facts: Any) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(facts).encode(), np.uint8)


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = recording("S1_T1", 70, 72).save(tmp_path)
    monkeypatch.setattr(predictions, "_MOST_BYTES", 1000)
    with pytest.raises(DatasetError, match=r"S1_T1\.npz"):
        load_predictions(path)


def test_missing_predictions_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="predict first"):
        load_all_predictions(tmp_path)
    with pytest.raises(DatasetError, match="predict first"):
        load_predictions(tmp_path / "no.npz")


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, about=np.array([{"name": "x"}], dtype=object))
    with pytest.raises(DatasetError):
        load_predictions(path)


def test_a_published_comparison_comes_out_the_same(shared: Path) -> None:
    data = np.load(shared / "data" / "ubfc_deepphys" / "deepphys_pure_ubfc_30hz.npz")
    names = [name.removesuffix("_pred") for name in data if name.endswith("_pred")]
    predictions = [
        # The label is the sensor's wave as differences; their sum is the wave again.
        Predictions(
            name,
            name,
            FS,
            {"pulse": np.append(data[f"{name}_pred"], np.nan).astype(np.float64)},
            sensors={"pulse": np.cumsum(np.append(0.0, data[f"{name}_label"]))},
        )
        for name in names
    ]
    paper = evaluate(predictions, SETTINGS["paper"]).heart
    assert paper is not None
    assert paper.answered == 42
    figures = [estimate.value for estimate in (paper.mae, paper.rmse, paper.pearson)]
    assert figures == pytest.approx([0.98, 2.65, 0.990], abs=0.005)
    # What the toolbox prints, for whole recordings and for its windows of 10 s.
    toolbox = SETTINGS["toolbox"]
    for window_s, rows, mae, its_error, rmse, snr, agreement in (
        (None, 42, 2.65765, 1.67371, 11.16773, 0.32569, 0.81534),
        (10.0, 279, 1.66331, 0.44185, 7.56540, 1.93918, 0.83755),
    ):
        found = evaluate(predictions, toolbox, window_s, keep_short=True)
        scores = found.heart
        assert scores is not None
        assert scores.answered == rows
        figures = [scores.mae.value, scores.mae.standard_error, scores.rmse.value]
        figures += [found.snr["heart"].value, found.macc["heart"].value]
        assert figures == pytest.approx([mae, its_error, rmse, snr, agreement], abs=1e-5)
    assert len(evaluate(predictions, toolbox, 10.0).comparisons["heart"]) < 279


def test_a_searching_oximeter_s_zeros_are_no_true_rate() -> None:
    fs, frames = 30.0, 900
    times = np.arange(frames) / fs
    wave = np.sin(2 * np.pi * 1.2 * times)
    rates = np.where(times < 6, 0.0, 72.0)
    one = Predictions(
        "a", "a", fs, {"pulse": np.append(np.diff(wave), np.nan)}, sensors={"heart_rate": rates, "pulse": wave}
    )
    assert evaluate([one], SETTINGS["default"]).comparisons["heart"][0].true == 72.0
    none = Predictions(
        "a", "a", fs, {"pulse": np.append(np.diff(wave), np.nan)}, sensors={"heart_rate": 0 * rates, "pulse": wave}
    )
    assert evaluate([none], SETTINGS["default"]).comparisons["heart"][0].true == pytest.approx(72.0, abs=0.5)
    only = Predictions("a", "a", fs, {"pulse": np.append(np.diff(wave), np.nan)}, sensors={"heart_rate": 0 * rates})
    assert evaluate([only], SETTINGS["default"]).comparisons["heart"][0].true is None
