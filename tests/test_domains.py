"""Another domain than faces, from a folder to a measurement: the bench of docs/domains.md."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

for needed in ("torch", "pytorch_lightning", "zarr", "onnxscript"):
    pytest.importorskip(needed)

from physiocam.datasets.check import check  # noqa: E402
from physiocam.datasets.readers.folder import recordings  # noqa: E402
from physiocam.datasets.store.prepare import PrepareSettings, prepare  # noqa: E402
from physiocam.datasets.store.store import Store  # noqa: E402
from physiocam.errors import DatasetError, PhysiocamError, VideoError  # noqa: E402
from physiocam.evaluation.evaluate import evaluate  # noqa: E402
from physiocam.evaluation.predict import not_predicted, predict_with_bundle  # noqa: E402
from physiocam.evaluation.predict_network import predict_with_network  # noqa: E402
from physiocam.evaluation.predictions import load_predictions  # noqa: E402
from physiocam.evaluation.summary import to_markdown  # noqa: E402
from physiocam.measuring.measure import measure  # noqa: E402
from physiocam.measuring.stream import Stream  # noqa: E402
from physiocam.results.measurement import Measurement  # noqa: E402
from physiocam.signals.settings import SETTINGS  # noqa: E402
from physiocam.training.fit import fit  # noqa: E402
from physiocam.training.settings import read_settings  # noqa: E402
from physiocam.weights.bundle import Bundle, load_bundle  # noqa: E402
from physiocam.weights.pytorch import load_networks  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "domains.md"
SIZES = {"big_size": [32, 48], "small_size": [2, 3], "channels": 1, "bits": 16, "crop": "whole"}
TESTED = ["film4", "film5"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, traced_once: None) -> Path:
    """The folder that the page's Python makes, prepared and trained on."""
    folder = tmp_path_factory.mktemp("bench")
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(code, {})
        report = prepare(recordings(Path("bench")), "bench-store", PrepareSettings.of(SIZES))
        assert [one.error for one in report] == [None] * 6
        fit(read_settings("bench.yaml"), show_progress=False)
    return folder


@pytest.fixture(scope="module")
def bundle(bench: Path) -> Bundle:
    return load_bundle(bench / "bench-run" / "bundle")


def test_a_check_lists_the_tasks(bench: Path) -> None:
    for checked in check(recordings(bench / "bench")):
        assert checked.problems == ()
        assert checked.size == (48, 32)
        assert checked.tasks == {
            "lamp": "binary, 20 samples/s, from column 'lamp'",
            "plate": "waveform, 20 samples/s, from column 'plate'",
        }


def test_a_store_holds_grey_frames_of_16_bits_and_the_truth(bench: Path) -> None:
    stored = Store(bench / "bench-store").recording("film4")
    stored.check()
    big = stored.column("big")
    film = np.load(bench / "bench" / "film4.npy")
    assert big.shape == (200, 32, 48, 1)
    assert np.abs(big[..., 0].astype(int) - film).max() <= 1
    assert len(np.unique(big)) > 5 * 256
    assert stored.column("small").shape == (200, 1, 2, 3)
    assert stored.column("truth/lamp").shape == (200, 1)
    assert [task.kind for task in stored.info.own_tasks] == ["binary", "waveform"]
    # The change after the last frame is unknown; the lamp is not.
    assert stored.column("masks/lamp").all()
    assert stored.column("masks/plate").sum() == 199


@pytest.mark.parametrize("as_measured", [False, True])
def test_people_who_were_not_seen_before_are_none(
    bench: Path, bundle: Bundle, as_measured: bool, tmp_path: Path
) -> None:
    store = Store(bench / "bench-store")
    predictions = list(predict_with_bundle(bundle, store, TESTED, as_measured=as_measured))
    kept = [load_predictions(one.save(tmp_path)) for one in predictions]
    found = evaluate(kept, SETTINGS["default"], None, not_predicted(bundle, store))
    lamp, plate = found.tasks["lamp"].outputs["lamp"], found.tasks["plate"].outputs["plate"]
    assert lamp.accuracy is not None
    assert round(lamp.accuracy / 100, 2) == 1.0
    assert lamp.f1 is not None
    assert lamp.f1 > 99
    assert plate.pearson is not None
    assert plate.pearson > 0.99
    assert plate.rates == 2
    assert plate.rate_mae is not None
    assert plate.rate_mae < 2
    page = to_markdown(found, "bench")
    assert "| lamp | binary |" in page
    assert "Nothing could be compared" not in page
    assert found.left_out == ()


def test_a_network_in_pytorch_predicts_the_same(bench: Path, bundle: Bundle) -> None:
    (network,) = load_networks(bundle).values()
    (by_network,) = predict_with_network(network, bench / "bench-store", ["film4"])
    (by_bundle,) = predict_with_bundle(bundle, bench / "bench-store", ["film4"])
    for task in ("lamp", "plate"):
        one, other = by_network.tasks[task].predicted, by_bundle.tasks[task].predicted
        assert np.array_equal(np.isnan(one), np.isnan(other))
        assert np.allclose(one, other, atol=2e-3, equal_nan=True)


def test_a_measurement_has_the_tasks(bench: Path, bundle: Bundle, tmp_path: Path) -> None:
    film = bench / "bench" / "film5.npy"
    with (bench / "bench" / "labels5.csv").open() as file:
        rows = list(csv.DictReader(file))
    lamp, plate = (np.array([float(row[name]) for row in rows]) for name in ("lamp", "plate"))
    found = measure(film, fs=20, weights=bundle)
    assert found.face.choice == "whole"
    assert found.heart_rate.value is None
    assert found.action_units == {}
    assert (found.face_squares == -1).all()
    on = found.tasks["lamp"].values[:, 0]
    assert np.mean((on >= 0.5) == lamp) >= 0.99
    wave = found.tasks["plate"].values[:, 0]
    # A sum of changes is that of the next frame.
    wave, plate_after = wave[:-1], plate[1:]
    known = np.isfinite(wave)
    assert np.corrcoef(wave[known], plate_after[known])[0, 1] > 0.98
    rate = found.tasks["plate"].outputs["plate"].rate
    assert rate is not None
    assert rate.value is not None
    crossings = np.count_nonzero(np.diff(np.signbit(plate))) / 2
    assert rate.value == pytest.approx(6 * crossings, abs=6)
    assert "the whole frame in 100% of them" in str(found)
    assert "\nlamp: active in " in str(found)

    found.write(tmp_path)
    summary = json.loads((tmp_path / "measurement.json").read_text())
    assert summary["tasks"]["plate"]["outputs"]["plate"]["rate"]["unit"] == "per minute"
    assert summary["tasks"]["lamp"]["outputs"]["lamp"]["active_fraction"] == pytest.approx(float((on >= 0.5).mean()))
    header, *lines = (tmp_path / "tasks.csv").read_text().splitlines()
    assert header == "frame,timestamp_s,lamp_p,lamp_c,plate"
    assert len(lines) == 200
    loaded = Measurement.load(tmp_path)
    assert loaded.to_dict() == found.to_dict()
    assert np.allclose(loaded.tasks["plate"].values, found.tasks["plate"].values, atol=1e-4, equal_nan=True)

    # The same frames as numbers from 0 to 1, and pushed one by one.
    array = np.load(film)
    again = measure(array.astype(np.float32) / 65535, fs=20, weights=bundle)
    assert np.allclose(again.tasks["lamp"].values, found.tasks["lamp"].values, atol=1e-3)
    stream = Stream(fs=20, weights=bundle)
    for image in array:
        stream.push(image[..., None])
    pushed = stream.measurement().tasks["lamp"].values[:, 0]
    assert np.mean((pushed >= 0.5) == lamp) > 0.95


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (np.zeros((20, 32, 48, 2), np.uint8), VideoError, r"\(20, 32, 48, 2\), expected \(T, H, W, 1\)"),
        (np.full((20, 32, 48), 7.0), VideoError, "from 7 to 7; expected uint8, or numbers from 0 to 1"),
    ],
)
def test_frames_of_another_kind_are_refused(
    bundle: Bundle, source: np.ndarray[Any, Any], error: type[PhysiocamError], words: str
) -> None:
    with pytest.raises(error, match=words):
        measure(source, fs=20, weights=bundle)


def test_a_face_is_not_looked_for_in_grey_frames(bundle: Bundle) -> None:
    with pytest.raises(VideoError, match="a face is looked for in RGB"):
        measure(np.zeros((20, 32, 48), np.uint8), fs=20, weights=bundle, face="find")


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ("lamp: binary", "expected fields, such as kind: binary"),
        ("lamp: {kind: colour}", "task 'lamp': .*kind"),
        ("lamp: {kind: binary, file: nowhere}", "no column 'nowhere' for the task 'lamp'"),
        ("lamp: {kind: binary, band_hz: [1, 2]}", "only a waveform has a rate"),
        ("lamp: {kind: waveform, band_hz: [2, 1]}", "two rising frequencies"),
        ("pulse: {kind: waveform, file: labels_csv}", "a task is called 'pulse'"),
        ("light: {kind: binary, file: labels_csv}", "has no column 'light' for the task 'light'; it has time_s, lamp"),
        ("plate: {kind: binary, file: labels_csv}", r"the binary task 'plate' has the value"),
    ],
)
def test_tasks_that_make_no_sense_are_one_line(tasks: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "recordings.csv").write_text("video,fs,labels_csv\nfilm.npy,20,labels.csv\n")
    (tmp_path / "labels.csv").write_text("time_s,lamp,plate\n0,1,0.5\n0.1,0,0.7\n0.2,1,0.9\n")
    np.save(tmp_path / "film.npy", np.zeros((5, 32, 48), np.uint8))
    (tmp_path / "tasks.yaml").write_text(tasks)
    with pytest.raises(DatasetError, match=words) as caught:
        recordings(tmp_path)[0].load()
    assert len(str(caught.value).splitlines()) == 1


def test_columns_of_recordings_csv_words_frames_and_gaps(tmp_path: Path) -> None:
    (tmp_path / "recordings.csv").write_text("video,fs,codes,grade,side\na.npy,10,a.csv,3,yes\nb.npy,10,,,\n")
    (tmp_path / "a.csv").write_text("frame,x,y,on\n1,0.5,1,true\n2,,2,false\n3,1.5,3,\n4,2,4,false\n")
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3)).astype(np.uint8))
    (tmp_path / "tasks.yaml").write_text(
        "place: {kind: level, labels: [x, y], file: codes, unit: mm}\n"
        "lit: {kind: binary, labels: ['on'], file: codes}\n"
        "grade: {kind: level}\nside: {kind: binary}\n"
    )
    first, second = recordings(tmp_path)
    assert second.load().tasks == {}
    tasks = first.load().tasks
    assert np.array_equal(tasks["place"].values, [[0.5, 1.0], [np.nan, 2.0], [1.5, 3.0], [2.0, 4.0]], equal_nan=True)
    assert np.array_equal(tasks["lit"].values[:, 0], [1.0, 0.0, np.nan, 0.0], equal_nan=True)
    assert tasks["grade"].values.tolist() == [[3.0]]
    assert tasks["side"].values.tolist() == [[1.0]]
    settings = PrepareSettings.of({"big_size": 16, "small_size": 1, "crop": "whole"})
    assert [one.error for one in prepare([first, second], tmp_path / "store", settings)] == [None, None]
    stored = Store(tmp_path / "store").recording("a")
    assert stored.column("targets/grade")[:, 0].tolist() == [3.0] * 4
    assert stored.column("masks/place")[:, 0].tolist() == [True, False, True, True]
    assert stored.column("masks/lit")[:, 0].tolist() == [True, True, False, True]
    assert "lit" not in Store(tmp_path / "store").recording("b").info.tasks
    # What tasks.yaml says is part of what a recording was made of.
    (tmp_path / "tasks.yaml").write_text("grade: {kind: level, unit: points}\n")
    (again, _) = prepare(recordings(tmp_path), tmp_path / "store", settings)
    assert again.error is not None
    assert "delete" in again.error


@pytest.mark.parametrize(("tasks", "words"), [("[lamp, fan]", "names 'fan'; .* describes lamp, plate"), ("[lamp]", "")])
def test_settings_name_the_tasks_of_a_store(bench: Path, tasks: str, words: str) -> None:
    changes = [f"store={bench / 'bench-store'}", "output=run", f"network.tasks={tasks}"]
    if words:
        with pytest.raises(PhysiocamError, match=words):
            read_settings(None, changes)
    else:
        (task,) = read_settings(None, changes).network.tasks
        assert (task.name, task.kind, task.labels) == ("lamp", "binary", ("lamp",))
