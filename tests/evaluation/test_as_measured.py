"""A store gives the answers that its recordings give when they are measured."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import physiocam

pytest.importorskip("zarr")

from typer.testing import CliRunner

from physiocam.cli import app
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.store.prepare import prepare
from physiocam.datasets.store.prepare_settings import PrepareSettings
from physiocam.datasets.store.slow_frames import SlowSettings
from physiocam.errors import PhysiocamError
from physiocam.evaluation.predict import predict_with_bundle, predict_with_method
from physiocam.evaluation.predictions import Predictions
from physiocam.evaluation.stored_inputs import wanted_settings
from physiocam.signals.methods import METHODS
from physiocam.signals.quantities import WAVEFORM_TASKS
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.recordings import synthetic_entries
from physiocam.video.writer import write_video

SETTING = SceneSettings(duration_s=16.0, fs=30.0, height=144, width=144)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for index, entry in enumerate(synthetic_entries(6, 3, SETTING, trials=1)):
        write_video(folder / f"{index}.mp4", entry.scene().frames(), SETTING.fs)
    return folder


@pytest.fixture(scope="module")
def store(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prepared") / "store"
    prepare(open_dataset("folder", videos).entries(), path)
    return path


def agree(predicted: Predictions, measured: physiocam.Measurement) -> int:
    """Compare the answers, and count those that there are."""
    answers = 0
    for quantity, task in WAVEFORM_TASKS.items():
        judge = predicted.judges.get(task)
        ours = estimate_rate(predicted.waveforms[task], predicted.fs, quantity, SETTINGS["default"], judge=judge)
        theirs = measured.heart_rate if quantity == "heart" else measured.breathing_rate
        assert (ours.value is None) == (theirs.value is None)
        # A store keeps Big frames with 8 bits.
        assert ours.quality == pytest.approx(theirs.quality, abs=1e-3)
        if ours.value is not None:
            assert ours.value == pytest.approx(theirs.value, abs=0.02)
            answers += 1
    for index, unit in enumerate(measured.action_units.values()):
        assert np.nanmean(predicted.probabilities[:, index]) == pytest.approx(unit.mean_probability, abs=5e-3)
    return answers


def test_a_store_gives_the_answers_of_its_recordings(videos: Path, store: Path) -> None:
    found = list(predict_with_bundle("default", store, as_measured=True))
    assert [one.name for one in found] == [str(index) for index in range(6)]
    answers = [agree(one, physiocam.measure(videos / f"{one.name}.mp4", threads=1)) for one in found]
    # Most of them have both rates, so that there is something to compare.
    assert sum(answers) >= 8


def test_a_long_recording_is_standardized_in_the_parts_in_which_it_is_measured(
    videos: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the 16 s were minutes.
    monkeypatch.setattr("physiocam.measuring.network_inputs._BLOCK_S", 6.0)
    monkeypatch.setattr("physiocam.measuring.network_inputs._SLOW_BLOCK_S", 7.0)
    (one,) = predict_with_bundle("default", store, ["0"], as_measured=True)
    assert agree(one, physiocam.measure(videos / "0.mp4", threads=1))


def test_a_store_keeps_what_the_default_bundle_sees() -> None:
    slow = physiocam.load_bundle().info.slow
    assert slow is not None
    assert wanted_settings(slow) == SlowSettings() == PrepareSettings().slow


def test_a_store_without_the_wider_square_says_so_in_one_line(videos: Path, tmp_path: Path) -> None:
    entries = open_dataset("folder", videos).entries()[:1]
    prepare(entries, tmp_path / "store", PrepareSettings(slow=None))
    (one,) = predict_with_bundle("default", tmp_path / "store", as_measured=True)
    assert set(one.waveforms) == {"pulse"}
    said = CliRunner().invoke(app, ["evaluate", str(tmp_path / "store"), "-o", str(tmp_path / "out")]).output
    (line,) = [line for line in said.splitlines() if "respiration" in line]
    assert "is not evaluated: the bundle's slow network sees wider squares" in line
    assert "physiocam prepare NAME ROOT STORE --set slow.fs=5" in line


def test_a_recording_that_a_method_refuses_has_no_pulse(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(rgb: NDArray[np.float64], _fs: float) -> NDArray[np.float64]:
        raise PhysiocamError(f"{len(rgb)} frames are too few")

    monkeypatch.setitem(METHODS, "pos", refuse)
    predictions = list(predict_with_method("pos", store))
    assert len(predictions) == 6
    assert all(np.isnan(one.waveforms["pulse"]).all() for one in predictions)
