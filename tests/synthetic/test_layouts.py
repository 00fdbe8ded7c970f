"""Layouts on disk: every file where the public sets have it, and in it the truth."""

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from physiocam.cli.generate import generate_command
from physiocam.datasets.recording import Recording
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import LAYOUTS, write_layout
from physiocam.video.reader import open_video

SMALL = SceneSettings(duration_s=2.0, height=64, width=80, expressions=120.0)


def drawn(recording: Recording) -> NDArray[np.float64]:
    return np.stack([frame.image for frame in recording.frames.open() if frame.image is not None]).astype(float)


def decoded(path: Path, fs: float | None = None) -> NDArray[np.float64]:
    return np.stack([frame.image for frame in open_video(path, fs) if frame.image is not None]).astype(float)


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def numbers(path: Path) -> NDArray[np.float64]:
    return np.array([float(line) for line in path.read_text().splitlines()[1:]])


def test_bp4d(tmp_path: Path) -> None:
    first, second, third = write_layout("bp4d", tmp_path / "set", 3, settings=replace(SMALL, height=80, width=60))
    root = tmp_path / "set"
    assert [one.name for one in (first, second, third)] == ["F001_T1", "F001_T6", "F002_T1"]
    assert (third.subject, third.trial, third.crop) == ("F002", "T1", "bottom")
    with zipfile.ZipFile(root / "2D+3D" / "F001.zip") as archive:
        expected = [f"F001/{trial}/{number}.jpg" for trial in ("T1", "T6") for number in range(1, 51)]
        assert archive.namelist() == expected
        (tmp_path / "1.jpg").write_bytes(archive.read("F001/T6/7.jpg"))
    assert np.abs(decoded(tmp_path / "1.jpg", fs=25)[0] - drawn(second)[6]).mean() < 3
    folder = root / "Physiology" / "F001" / "T6"
    assert len(list(folder.iterdir())) == 8
    wave = numbers(folder / "BP_mmHg.txt")
    assert len(wave) == 2000
    np.testing.assert_allclose(wave, second.signals["pulse"].values)
    np.testing.assert_allclose(numbers(folder / "Resp_Volts.txt"), second.signals["respiration"].values)
    np.testing.assert_allclose(numbers(folder / "Pulse Rate_BPM.txt"), second.signals["heart_rate"].values, atol=1e-4)
    table = np.array(rows(root / "AUCoding" / "AU_OCC" / "F001_T6.csv"), dtype=int)
    assert table.shape == (41, 35)
    codes = second.action_units
    assert codes is not None
    assert codes.intensity is not None
    assert table[1:, 0].tolist() == list(range(6, 46))
    assert (codes.occurrence[:5] == -1).all()
    assert (codes.occurrence[45:] == -1).all()
    columns = [table[0].tolist().index(int(label[2:])) for label in codes.labels]
    np.testing.assert_array_equal(table[1:, columns], codes.occurrence[5:45])
    assert codes.occurrence.max() == 1
    levels = np.array(rows(root / "AUCoding" / "AU_INT" / "AU12" / "F001_T6_AU12.csv"), dtype=int)
    np.testing.assert_array_equal(levels[:, 1], codes.intensity[5:45, codes.labels.index("AU12")])


def test_ubfc_rppg(tmp_path: Path) -> None:
    (truth,) = write_layout("ubfc-rppg", tmp_path / "set", 1, settings=SMALL)
    folder = tmp_path / "set" / "subject1"
    np.testing.assert_array_equal(decoded(folder / "vid.avi"), drawn(truth))
    wave, rate, time = np.loadtxt(folder / "ground_truth.txt")
    np.testing.assert_allclose(wave, truth.signals["pulse"].values, rtol=1e-6)
    np.testing.assert_allclose(rate, truth.signals["heart_rate"].values, rtol=1e-6)
    np.testing.assert_allclose(time, np.arange(60) / 30, atol=1e-6)


def test_the_first_ubfc_rppg(tmp_path: Path) -> None:
    _, truth = write_layout("ubfc-rppg-1", tmp_path / "set", 2, settings=SMALL)
    folder = tmp_path / "set" / "2-gt"
    assert len(decoded(folder / "vid.avi")) == 60
    table = np.array(rows(folder / "gtdump.xmp"), dtype=float)
    np.testing.assert_allclose(table[:, 0] / 1000, truth.signals["pulse"].timestamps_s)
    np.testing.assert_allclose(table[:, 1], truth.signals["heart_rate"].values, atol=1e-3)
    np.testing.assert_allclose(table[:, 3], truth.signals["pulse"].values, atol=1e-5)


def test_pure(tmp_path: Path) -> None:
    _, truth = write_layout("pure", tmp_path / "set", 2, settings=SMALL)
    assert (truth.name, truth.subject, truth.trial) == ("01-02", "01", "02")
    folder = tmp_path / "set" / "01-02"
    np.testing.assert_array_equal(decoded(folder / "01-02", fs=30.0), drawn(truth))
    content = json.loads((folder / "01-02.json").read_text())
    images = [entry["Timestamp"] for entry in content["/Image"]]
    assert sorted(path.name for path in (folder / "01-02").iterdir()) == [f"Image{stamp}.png" for stamp in images]
    stamps = np.array([entry["Timestamp"] - images[0] for entry in content["/FullPackage"]])
    waves = [entry["Value"]["waveform"] for entry in content["/FullPackage"]]
    np.testing.assert_allclose(stamps / 1e9, truth.signals["pulse"].timestamps_s, atol=1e-8)
    np.testing.assert_allclose(waves, truth.signals["pulse"].values)


def test_disfa(tmp_path: Path) -> None:
    (truth,) = write_layout("disfa", tmp_path / "set", 1, settings=SMALL)
    video = tmp_path / "set" / "Videos_LeftCamera" / "LeftVideoSN001_comp.avi"
    frames = decoded(video)
    assert frames.shape == (40, 64, 80, 3)
    assert open_video(video).fs == pytest.approx(20)
    assert np.abs(frames - drawn(truth)).mean() < 6
    codes = truth.action_units
    assert codes is not None
    assert codes.intensity is not None
    assert "AU25" in codes.labels
    assert codes.intensity.max() > 0
    for column, label in enumerate(codes.labels):
        path = tmp_path / "set" / "ActionUnit_Labels" / "SN001" / f"SN001_au{int(label[2:])}.txt"
        table = np.array(rows(path), dtype=int)
        assert table[:, 0].tolist() == list(range(1, 41))
        np.testing.assert_array_equal(table[:, 1], codes.intensity[:, column])


def test_scamps(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    (truth,) = write_layout("scamps", tmp_path / "set", 1, settings=SMALL)
    with h5py.File(tmp_path / "set" / "P000001.mat") as file:
        frames = np.rint(255 * file["Xsub"][:].transpose(3, 2, 1, 0))
        np.testing.assert_array_equal(frames, drawn(truth))
        np.testing.assert_array_equal(file["d_ppg"][:, 0], truth.signals["pulse"].values)
        np.testing.assert_array_equal(file["d_br"][:, 0], truth.signals["respiration"].values)


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    truths = write_layout("folder", tmp_path / "set", 3, settings=SMALL)
    with (tmp_path / "set" / "recordings.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["subject"] for row in table] == ["S001", "S001", "S002"]
    truth, row = truths[2], table[2]
    assert len(decoded(tmp_path / "set" / row["video"])) == 60
    header, *pulse = rows(tmp_path / "set" / row["pulse_csv"])
    assert header == ["time_s", "pulse"]
    np.testing.assert_allclose(np.array(pulse, dtype=float)[:, 1], truth.signals["pulse"].values, atol=1e-5)
    header, *codes = rows(tmp_path / "set" / row["action_units_csv"])
    assert truth.action_units is not None
    assert header[1:] == list(truth.action_units.labels)
    np.testing.assert_array_equal(np.array(codes, dtype=float)[:, 1:], truth.action_units.occurrence)
    assert float(row["heart_rate"]) == truth.signals["heart_rate"].values[0]


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    settings = replace(SMALL, duration_s=1.0)
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_layout("bp4d", tmp_path / name, 2, seed=seed, settings=settings)
    content = {
        name: [path.read_bytes() for path in sorted((tmp_path / name).rglob("*")) if path.is_file()] for name in "abc"
    }
    assert content["a"] == content["b"]
    assert content["a"] != content["c"]


def test_what_was_begun_and_not_finished_is_not_seen(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        assert total == 120
        if done == 70:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_layout("ubfc-rppg", tmp_path / "set", 2, settings=SMALL, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_and_an_unknown_layout_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(DatasetError, match="is in use"):
        write_layout("pure", tmp_path, 1, settings=SMALL)
    assert (tmp_path / "mine.txt").exists()
    with pytest.raises(DatasetError, match="expected one of bp4d, ubfc-rppg"):
        write_layout("bp5d", tmp_path / "set", 1)


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot write"):
        write_layout("pure", tmp_path / "file" / "set", 1, settings=SMALL)


def test_published_sizes_and_rates() -> None:
    sizes = {
        name: (layout.settings.width, layout.settings.height, layout.settings.fs) for name, layout in LAYOUTS.items()
    }
    assert sizes["bp4d"] == (1040, 1392, 25.0)
    assert sizes["disfa"][2] == 20.0
    assert sizes["pure"] == sizes["ubfc-rppg"] == (640, 480, 30.0)


def test_the_command(tmp_path: Path) -> None:
    import typer

    app = typer.Typer()
    app.command()(generate_command)
    arguments = ["folder", str(tmp_path / "set"), "--recordings", "3", "--seconds", "1", "--size", "64x48"]
    answer = CliRunner().invoke(app, [*arguments, "--difficulty", "hard"])
    assert answer.exit_code == 0, answer.output
    assert "3 recordings of 2 people" in answer.output
    assert len(list((tmp_path / "set").glob("*.mp4"))) == 3
    for wrong, message in (
        (["--size", "big"], "WIDTHxHEIGHT"),
        (["--difficulty", "odd"], "expected one of easy"),
        (["--weakest", "2"], "weakest is 2"),
        (["--expressions", "-1"], "expressions is -1"),
    ):
        answer = CliRunner().invoke(app, ["folder", str(tmp_path / "other"), *wrong])
        assert isinstance(answer.exception, DatasetError)
        assert message in str(answer.exception)
