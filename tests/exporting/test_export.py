"""Every format is read back by its own library: equal numbers, names, units, rates and times."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from physiocam.cli import app
from physiocam.errors import PhysiocamError
from physiocam.exporting.about import RecordingInfo
from physiocam.exporting.channels import Channel, channels_of
from physiocam.exporting.events import events_of
from physiocam.exporting.export import FORMATS, export_measurement
from physiocam.results.measurement import Measurement

START = datetime(2026, 5, 1, 10, 0, 0, tzinfo=UTC)
INFO = RecordingInfo(participant="07", session="2", task="interview", start=START)


@pytest.fixture(scope="module")
def measurement(make_measurement: Callable[..., Measurement]) -> Measurement:
    """26.5 s at 29.97 frames/s, with a gap; the first frame is at 0.5 s, and AU12 is active in two stretches."""
    made = make_measurement(26.5, (12.0, 14.0), fs=30000 / 1001)
    probability = np.where(made.face_found[:, None], np.float32(0.25), np.float32(np.nan)) * np.ones(12, np.float32)
    probability[60:120, 6] = 0.9
    probability[600:630, 6] = 0.75
    return replace(made, timestamps_s=made.timestamps_s + 0.5, action_unit_probability=probability)


@pytest.fixture(scope="module")
def channels(measurement: Measurement) -> dict[str, Channel]:
    return {channel.name: channel for channel in channels_of(measurement)}


def test_all_signals_are_exported(measurement: Measurement, channels: dict[str, Channel]) -> None:
    assert list(channels)[:8] == [
        "pulse", "pulse_band", "respiration", "heart_rate", "heart_rate_quality", "breathing_rate",
        "breathing_rate_quality", "face_found",
    ]  # fmt: skip
    assert list(channels)[8:] == list(measurement.action_units)
    events = events_of(measurement)
    assert [event.label for event in events] == ["AU12", "no_face", "AU12"]
    assert events[0].start_s == pytest.approx(0.5 + 60 * 1.001 / 30)


def test_bids_is_valid_and_equal(measurement: Measurement, channels: dict[str, Channel], tmp_path: Path) -> None:
    export_measurement(measurement, tmp_path, "bids", INFO)
    export_measurement(measurement, tmp_path, "bids", RecordingInfo(participant="08", task="interview"))
    stem = tmp_path / "sub-07" / "ses-2" / "beh" / "sub-07_ses-2_task-interview"
    about = json.loads(Path(f"{stem}_recording-video_physio.json").read_text())
    assert about["SamplingFrequency"] == measurement.fs
    assert about["StartTime"] == 0.5
    assert about["Columns"][:4] == ["cardiac", "pulse_band", "respiratory", "heart_rate"]
    assert about["heart_rate"]["Units"] == "beats/min"
    with gzip.open(f"{stem}_recording-video_physio.tsv.gz", "rt") as file:
        table = np.genfromtxt(file, delimiter="\t", missing_values="n/a", filling_values=np.nan)
    assert table == pytest.approx(np.stack([one.values for one in channels.values()], axis=1), nan_ok=True, rel=1e-8)
    events = Path(f"{stem}_events.tsv").read_text().splitlines()
    assert events[0] == "onset\tduration\ttrial_type"
    assert events[1].split("\t")[::2] == ["2.502000", "AU12"]
    validator = shutil.which("bids-validator-deno")
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    run = subprocess.run([validator, "--format", "json", str(tmp_path)], capture_output=True, text=True, check=False)
    if not run.stdout:
        pytest.skip(f"the validator does not start here: {run.stderr[-200:]}")
    issues = json.loads(run.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []


def test_edf(measurement: Measurement, channels: dict[str, Channel], tmp_path: Path) -> None:
    edfio = pytest.importorskip("edfio")
    (path,) = export_measurement(measurement, tmp_path, "edf", INFO)
    edf = edfio.read_edf(path)
    assert [signal.label for signal in edf.signals] == [name.replace("_quality", "_q") for name in channels]
    assert edf.startdate == START.date()
    assert edf.starttime == START.time()
    assert edf.patient.code == "07"
    for signal, channel in zip(edf.signals, channels.values(), strict=True):
        assert signal.sampling_frequency == pytest.approx(measurement.fs, rel=1e-6)
        assert signal.physical_dimension == {"": "1", "a.u.": "a.u."}.get(channel.unit, "1/min")
        missing = 0.0 if channel.is_waveform else -1.0
        expected = np.where(np.isfinite(channel.values), channel.values, missing)
        step = np.diff(signal.physical_range)[0] / 65535
        assert signal.data[: measurement.frames] == pytest.approx(expected, abs=step)
    noted = [(round(note.onset, 3), note.text) for note in edf.annotations]
    assert (2.002, "AU12") in noted
    assert (round(measurement.duration_s, 3), "end of the recording") in noted


def test_elan(measurement: Measurement, tmp_path: Path) -> None:
    pympi = pytest.importorskip("pympi")
    (path,) = export_measurement(measurement, tmp_path, "elan")
    eaf = pympi.Eaf(str(path))
    assert set(eaf.get_tier_names()) >= {"AU12 lip corner puller", "no face"}
    assert "default" not in eaf.get_tier_names()
    found = eaf.get_annotation_data_for_tier("AU12 lip corner puller")
    expected = [
        (round(1000 * one.start_s), round(1000 * one.end_s)) for one in events_of(measurement) if one.label == "AU12"
    ]
    assert [(start, end) for start, end, *_ in sorted(found)] == expected


def test_fhir(measurement: Measurement, tmp_path: Path) -> None:
    bundle = pytest.importorskip("fhir.resources.bundle")
    (path,) = export_measurement(replace(measurement, breathing_rate=replace(
        measurement.breathing_rate, value=None, note="too short")), tmp_path, "fhir", INFO)  # fmt: skip
    found = bundle.Bundle.model_validate_json(path.read_text())
    heart, breathing, *units = [entry.resource for entry in found.entry]
    assert heart.code.coding[0].code == "8867-4"
    assert float(heart.valueQuantity.value) == pytest.approx(measurement.heart_rate.value)
    assert (heart.valueQuantity.unit, heart.valueQuantity.code) == ("beats/min", "/min")
    assert heart.effectivePeriod.start.timestamp() == START.timestamp() + 0.5
    assert heart.effectivePeriod.end.timestamp() == pytest.approx(START.timestamp() + 27.0, abs=0.1)
    assert breathing.valueQuantity is None
    assert breathing.dataAbsentReason.text == "too short"
    assert len(units) == 12


def test_matlab(measurement: Measurement, channels: dict[str, Channel], tmp_path: Path) -> None:
    io = pytest.importorskip("scipy.io")
    (path,) = export_measurement(measurement, tmp_path, "matlab", INFO)
    found = io.loadmat(path, simplify_cells=True)["physiocam"]
    assert found["fs"] == measurement.fs
    assert found["time_s"] == pytest.approx(measurement.timestamps_s)
    assert found["units"]["heart_rate"] == "beats/min"
    for name, channel in channels.items():
        np.testing.assert_array_equal(found["signals"][name], channel.values)
    assert list(found["events"]["label"]) == ["AU12", "no_face", "AU12"]
    assert json.loads(found["summary"])["frames"] == measurement.frames
    assert found["start"] == START.isoformat()


def test_nwb(measurement: Measurement, channels: dict[str, Channel], tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb")
    with pytest.raises(PhysiocamError, match="start is missing"):
        export_measurement(measurement, tmp_path, "nwb")
    (path,) = export_measurement(measurement, tmp_path, "nwb", INFO)
    with pynwb.NWBHDF5IO(str(path), "r") as opened:
        file = opened.read()
        assert file.session_start_time == START
        assert file.subject.subject_id == "07"
        series = file.processing["behavior"].data_interfaces
        for name in ("pulse", "heart_rate", "face_found"):
            np.testing.assert_array_equal(series[name].data[:], channels[name].values)
            assert (series[name].rate, series[name].starting_time) == (measurement.fs, 0.5)
        assert series["heart_rate"].unit == "beats/min"
        np.testing.assert_array_equal(series["action_units"].data[:], measurement.action_unit_probability)
        events = file.intervals["events"].to_dataframe()
        assert events["label"].tolist() == ["AU12", "no_face", "AU12"]
        assert events["start_time"].tolist() == [event.start_s for event in events_of(measurement)]
    assert pynwb.validate(path=str(path)) in ([], ([], 0))


def test_wfdb(measurement: Measurement, channels: dict[str, Channel], tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    export_measurement(measurement, tmp_path, "wfdb", INFO)
    record = wfdb.rdrecord(str(tmp_path / "me"))
    assert record.fs == pytest.approx(measurement.fs, rel=1e-9)
    assert record.sig_name == list(channels)
    assert record.units[:5] == ["NU", "NU", "NU", "beats/min", "NU"]
    assert record.base_datetime == START.replace(tzinfo=None)
    expected = np.stack([one.values for one in channels.values()], axis=1)
    assert record.p_signal == pytest.approx(expected, abs=1e-6, nan_ok=True)
    marks = wfdb.rdann(str(tmp_path / "me"), "atr")
    assert list(zip(marks.sample.tolist(), marks.aux_note, strict=True))[:2] == [(60, "(AU12"), (120, "AU12)")]


def test_the_command(measurement: Measurement, tmp_path: Path) -> None:
    measurement.write(tmp_path / "result")
    out = str(tmp_path / "out")
    answer = CliRunner().invoke(
        app, ["export", str(tmp_path / "result"), "--to", "bids", "-o", out, "--participant", "9"]
    )
    assert answer.exit_code == 0, answer.output
    assert "sub-9_task-video_events.tsv" in answer.output
    for words, message in (
        (["--to", "xls"], "to is 'xls'; expected one of bids, "),
        (["--to", "bids", "--participant", "a_b"], "participant is 'a_b'"),
        (["--to", "bids", "--start", "noon"], "start is 'noon'; expected a date and time"),
    ):
        refused = CliRunner().invoke(app, ["export", str(tmp_path / "result"), "-o", out, *words])
        assert message in str(refused.exception)


def test_a_missing_library_is_named(measurement: Measurement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "edfio", None)
    measurement.write(tmp_path)
    answer = CliRunner().invoke(app, ["export", str(tmp_path), "--to", "edf", "-o", str(tmp_path / "out")])
    assert "pip install 'physiocam[export]'" in str(answer.exception)


def test_a_recording_without_a_face_can_be_exported(measurement: Measurement, tmp_path: Path) -> None:
    nothing = np.full(measurement.frames, np.nan)
    empty = replace(
        measurement, pulse=nothing, respiration=nothing, face_found=np.zeros(measurement.frames, dtype=bool),
        action_unit_probability=np.full_like(measurement.action_unit_probability, np.nan),
    )  # fmt: skip
    for name, chosen in FORMATS.items():
        for library in chosen.needs:
            pytest.importorskip(library)
        assert export_measurement(empty, tmp_path, name, INFO)


def test_cuts_are_events(measurement: Measurement, tmp_path: Path) -> None:
    pytest.importorskip("pympi")
    cut = replace(measurement, cuts_s=(8.0, 20.5))
    assert [(one.start_s, one.end_s) for one in events_of(cut) if one.label == "cut"] == [(8.0, 8.0), (20.5, 20.5)]
    import pympi

    (path,) = export_measurement(cut, tmp_path, "elan")
    found = pympi.Eaf(str(path)).get_annotation_data_for_tier("cuts")
    assert sorted(start for start, *_ in found) == [8000, 20500]
