"""A store gives the answers that its recordings give when they are measured."""

from dataclasses import replace
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
from physiocam.datasets.store.store import Store
from physiocam.datasets.store.stored_recording import StoredRecording
from physiocam.errors import PhysiocamError
from physiocam.evaluation.predict import predict_with_bundle, predict_with_method
from physiocam.evaluation.predictions import Predictions, load_predictions
from physiocam.evaluation.set_up import cut_differences
from physiocam.evaluation.stored_inputs import wanted_settings
from physiocam.networks.config import BigSmallConfig
from physiocam.signals.methods import METHODS
from physiocam.signals.quantities import WAVEFORM_TASKS
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.film import Film, Shot
from physiocam.synthetic.recordings import synthetic_entries
from physiocam.video.reader import open_video
from physiocam.video.writer import write_video

SETTING = SceneSettings(duration_s=16.0, fs=30.0, height=144, width=144)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for index, entry in enumerate(synthetic_entries(4, 3, SETTING, trials=1)):
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
        wave, cuts = predicted.waveforms[task], predicted.cuts
        ours = estimate_rate(wave, predicted.fs, quantity, SETTINGS["default"], judge=judge, cuts=cuts)
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
    assert [one.name for one in found] == [str(index) for index in range(4)]
    answers = [agree(one, physiocam.measure(videos / f"{one.name}.mp4", threads=1, neutral="none")) for one in found]
    # Most of them have both rates, so that there is something to compare.
    assert sum(answers) >= 5


def test_a_long_recording_is_standardized_in_the_parts_in_which_it_is_measured(
    videos: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the 16 s were minutes.
    monkeypatch.setattr("physiocam.measuring.network_inputs._BLOCK_S", 6.0)
    monkeypatch.setattr("physiocam.measuring.network_inputs._SLOW_BLOCK_S", 7.0)
    (one,) = predict_with_bundle("default", store, ["0"], as_measured=True)
    assert agree(one, physiocam.measure(videos / "0.mp4", threads=1, neutral="none"))


def test_scenes_are_predicted_as_they_are_measured(tmp_path: Path) -> None:
    scene = next(iter(synthetic_entries(1, 3, replace(SETTING, duration_s=15.0), trials=1))).scene()
    # Lengths that are no multiple of a clip, nor of the step of slow networks.
    film = Film([Shot(scene, 0.0, 4.3), Shot(None, 0.0, 1.1), Shot(scene, 5.0, 9.9)])
    (tmp_path / "videos").mkdir()
    write_video(tmp_path / "videos" / "film.mp4", film.frames(), film.fs)
    (report,) = prepare(open_dataset("folder", tmp_path / "videos").entries(), tmp_path / "store")
    stored = Store(tmp_path / "store").recording("film")
    assert stored.info.cuts == film.cuts == (129, 162)
    assert any("2 hard cuts (at 4.3, 5.4 s)" in note for note in report.notes)
    measured = physiocam.measure(tmp_path / "videos" / "film.mp4", threads=1, neutral="none")
    assert measured.cuts == film.cuts
    np.testing.assert_array_equal(stored.column("face_found"), measured.face_found)
    (predicted,) = predict_with_bundle("default", tmp_path / "store", as_measured=True)
    assert np.isnan(predicted.waveforms["pulse"][[128, 161]]).all()
    # Somebody is in the last scene, right up to the cut.
    assert np.isfinite(predicted.waveforms["pulse"][[127, 162]]).all()
    assert agree(predicted, measured)
    predicted.save(tmp_path)
    loaded = load_predictions(tmp_path / "film.npz")
    assert loaded.cuts == film.cuts
    assert loaded.judges.keys() == {"pulse", "respiration"}
    for task, judge in predicted.judges.items():
        np.testing.assert_array_equal(loaded.judges[task].table(), judge.table())
    # As in the paper there are no scenes, but no difference reaches across a cut either.
    (whole,) = predict_with_bundle("default", tmp_path / "store")
    assert np.isnan(whole.waveforms["pulse"][[128, 161]]).all()


def test_a_store_without_shifts_is_judged_as_if_shoulders_were_not_visible(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = predict_with_bundle("default", store, ["0"], as_measured=True)
    assert one.judges["respiration"].can_judge
    has = StoredRecording.has
    monkeypatch.setattr(StoredRecording, "has", lambda self, name: name != "slow/shifts" and has(self, name))
    (earlier,) = predict_with_bundle("default", store, ["0"], as_measured=True)
    assert not earlier.judges["respiration"].can_judge
    np.testing.assert_array_equal(earlier.waveforms["respiration"], one.waveforms["respiration"])


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
    assert len(predictions) == 4
    assert all(np.isnan(one.waveforms["pulse"]).all() for one in predictions)


@pytest.mark.usefixtures("traced_once")
def test_a_bundle_measures_what_it_was_trained_on(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from physiocam.networks.bigsmall import BigSmall
    from physiocam.weights.export import BundleAbout, export_bundle

    (tmp_path / "videos").mkdir()
    random = np.random.default_rng(0)
    # Dark, so that rounding to 8 bits and lifting black differ.
    write_video(tmp_path / "videos" / "0.mp4", random.integers(0, 12, (90, 64, 48, 3)).astype(np.uint8), 30.0)
    chosen = PrepareSettings(crop="bottom", preprocessing="toolbox", big_size=32, small_size=2, slow=None)
    prepare(open_dataset("folder", tmp_path / "videos").entries(), tmp_path / "store", chosen)
    store = Store(tmp_path / "store")
    torch.manual_seed(0)
    bundle = export_bundle(
        {"one": BigSmall(BigSmallConfig(big_size=32, small_size=2))},
        tmp_path / "bundle",
        name="own",
        about=BundleAbout("a test", "none"),
        fs=30.0,
        cut=store.cut(),
    )
    assert (bundle.info.square, bundle.info.preprocessing) == ("bottom", "toolbox")
    (predicted,) = predict_with_bundle(bundle, store, as_measured=True)
    measured = physiocam.measure(tmp_path / "videos" / "0.mp4", weights=bundle)
    assert measured.face.choice == "bottom"
    assert np.array_equal(measured.face_squares[0], [0, 16, 48])
    np.testing.assert_allclose(measured.action_unit_probability, predicted.probabilities, atol=2e-4)
    stream = physiocam.Stream(weights=bundle)
    with open_video(tmp_path / "videos" / "0.mp4") as video:
        for frame in video:
            assert frame.image is not None
            stream.push(frame.image, frame.timestamp_s)
    assert np.array_equal(stream.measurement().face_squares[-1], [0, 16, 48])
    # What the user says comes first.
    assert physiocam.measure(tmp_path / "videos" / "0.mp4", weights=bundle, face="find").face.choice == "auto"
    centred = physiocam.measure(tmp_path / "videos" / "0.mp4", weights=bundle, face="center")
    assert np.array_equal(centred.face_squares[0], [0, 8, 48])
    assert cut_differences(bundle.info.cut, store) == ()


def test_an_evaluation_says_that_faces_were_cut_out_differently(videos: Path, tmp_path: Path) -> None:
    entries = open_dataset("folder", videos).entries()[:1]
    prepare(entries, tmp_path / "store", PrepareSettings(crop="center", slow=None))
    said = CliRunner().invoke(app, ["evaluate", str(tmp_path / "store"), "-o", str(tmp_path / "out")]).output
    line = (
        "- the networks were trained on squares of 1 times the face, and 'store' holds the largest squares in the "
        "middle of the frames"
    )
    assert line in said.splitlines()
    # The predictions still know.
    again = ["evaluate", str(tmp_path / "out" / "predictions"), "-o", str(tmp_path / "again")]
    assert line in CliRunner().invoke(app, again).output.splitlines()
