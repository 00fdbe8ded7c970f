"""How a measurement is written: names, columns, gaps, and nothing half-written."""

import csv
import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiocam.cli.console import in_options, name_options
from physiocam.errors import PhysiocamError
from physiocam.networks.action_units import ACTION_UNIT_NAMES, AU_LABELS
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import ActionUnit, Face, Weights
from physiocam.signals.rate import Rate, RateSeries
from physiocam.signals.settings import SETTINGS
from physiocam.signals.variability import HeartRateVariability, IntervalSpread

FRAMES = 6


def example() -> Measurement:
    found = np.array([True, True, False, True, True, True])
    waveform = np.where(found, np.linspace(-1, 1, FRAMES), np.nan)
    probability = np.where(found[:, None], np.full((FRAMES, 12), 0.25), np.nan).astype(np.float32)
    probability[0, 0] = 0.49999
    probability[1, 0] = 0.7
    series = RateSeries(value=np.array([72.1234, np.nan]), quality=np.array([0.9, 0.0]))
    return Measurement(
        source="clip.mp4",
        duration_s=0.2,
        fs=30.0,
        frames=FRAMES,
        face=Face(5 / 6),
        heart_rate=Rate(72.1234567, "beats/min", 0.9, None),
        breathing_rate=Rate(None, "breaths/min", 0.0, "too short"),
        action_units={label: ActionUnit(ACTION_UNIT_NAMES[label], 0.3, 0.2) for label in AU_LABELS},
        method="network",
        weights=Weights("default", "0" * 64),
        settings=SETTINGS["default"],
        version="0",
        notes=("variable frame rate",),
        timestamps_s=np.arange(FRAMES) / 30,
        face_found=found,
        face_squares=np.where(found[:, None], np.array([8, 4, 32], dtype=np.int32), np.int32(-1)),
        pulse=waveform,
        pulse_band=2.0 * waveform,
        respiration=waveform,
        rates_timestamps_s=np.array([5.0, 6.0]),
        heart_rate_along=series,
        breathing_rate_along=series,
        action_unit_probability=probability,
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_json_has_the_promised_fields() -> None:
    summary = json.loads(example().to_json())
    assert set(summary) >= {
        "source", "duration_s", "fs", "frames", "face", "heart_rate", "breathing_rate", "action_units", "method",
        "weights", "settings", "version",
    }  # fmt: skip
    assert summary["heart_rate"] == {
        "value": 72.123457, "unit": "beats/min", "quality": 0.9, "note": None, "estimate": 72.123457, "interval": None,
    }  # fmt: skip
    assert summary["breathing_rate"]["value"] is None
    assert summary["breathing_rate"]["estimate"] is None
    assert summary["face"] == {"found_fraction": pytest.approx(0.833333), "choice": "auto"}
    assert summary["action_units"]["AU12"]["name"] == "lip corner puller"
    assert list(summary["action_units"]) == [
        "AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU14", "AU15", "AU17", "AU23", "AU24",
    ]  # fmt: skip


def test_files_have_the_promised_columns_and_gaps_are_empty(tmp_path: Path) -> None:
    example().write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "action_units.csv",
        "events.csv",
        "measurement.json",
        "rates.csv",
        "waveforms.csv",
    ]
    waveforms = rows(tmp_path / "waveforms.csv")
    assert list(waveforms[0]) == [
        "timestamp_s", "pulse", "respiration", "face_found", "face_x", "face_y", "face_size", "pulse_band",
    ]  # fmt: skip
    assert len(waveforms) == FRAMES
    assert (waveforms[2]["pulse"], waveforms[2]["face_found"], waveforms[2]["face_x"]) == ("", "0", "")
    assert [waveforms[3][name] for name in ("face_x", "face_y", "face_size")] == ["8", "4", "32"]
    rates = rows(tmp_path / "rates.csv")
    assert list(rates[0]) == [
        "timestamp_s", "heart_rate", "heart_rate_quality", "breathing_rate", "breathing_rate_quality",
    ]  # fmt: skip
    assert (rates[0]["heart_rate"], rates[1]["heart_rate"]) == ("72.123", "")
    units = rows(tmp_path / "action_units.csv")
    assert list(units[0])[:4] == ["frame", "timestamp_s", "AU01_p", "AU01_c"]
    assert len(units[0]) == 2 + 24
    assert (units[2]["AU24_p"], units[2]["AU24_c"]) == ("", "")


def test_class_never_contradicts_the_written_probability(tmp_path: Path) -> None:
    example().write(tmp_path)
    for row in rows(tmp_path / "action_units.csv"):
        if row["AU01_p"]:
            assert row["AU01_c"] == str(int(float(row["AU01_p"]) >= 0.5))


def test_writing_twice_gives_the_same_bytes_and_leaves_nothing_beside(tmp_path: Path) -> None:
    example().write(tmp_path)
    first = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    example().write(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == first


def beats() -> HeartRateVariability:
    spread = IntervalSpread(20.0, "ms", 0.9, None)
    return HeartRateVariability(spread, spread, 3.0, np.array([0.05, 0.15]), np.ones(2), np.array([np.nan, 100.0]))


def test_beats_are_written_where_there_is_a_heart_rate_only(tmp_path: Path) -> None:
    measured = replace(example(), heart_rate_variability=beats())
    measured.write(tmp_path)
    assert (tmp_path / "beats.csv").read_text().splitlines()[0] == "timestamp_s,quality,interval_ms"
    withheld = replace(measured, heart_rate=Rate(None, "beats/min", 0.05, "a reason"))
    withheld.write(tmp_path)
    # Nor may the one of the measurement before stay.
    assert not (tmp_path / "beats.csv").exists()


def test_a_printed_measurement_is_a_few_lines() -> None:
    lines = repr(example()).splitlines()
    assert lines == [
        "clip.mp4: 0.2 s, 6 frames at 30.00 frames/s, a face in 83% of them",
        "Heart rate: 72.1 beats/min (quality 0.90)",
        "Breathing rate: not measured (too short)",
        lines[3],
        "Note: variable frame rate",
    ]
    assert lines[3].startswith("Action units: AU24 lip pressor active 20%, ")
    assert str(example()) == repr(example())
    assert "SDNN: 20.0 ms (quality 0.90)" in repr(replace(example(), heart_rate_variability=beats()))
    turned = replace(example(), action_units={"AU12": ActionUnit("lip corner puller", None, None)}, notes=())
    assert repr(turned).splitlines()[-1] == "Action units: not measured (the face is turned away)"
    faceless = replace(turned, face_found=np.zeros(turned.frames, bool))
    assert repr(faceless).splitlines()[-1] == "Action units: not measured (no face was found)"
    assert "array" not in repr(beats())


def test_a_guess_is_marked_and_an_interval_is_printed() -> None:
    withheld = Rate(None, "breaths/min", 0.05, "a reason", 15.25)
    told = replace(example(), heart_rate=replace(example().heart_rate, interval=(70.94, 73.8)), breathing_rate=withheld)
    assert repr(told).splitlines()[1:3] == [
        "Heart rate: 72.1 beats/min (80 %: 70.9 to 73.8; quality 0.90)",
        "Breathing rate: not measured (a reason); best guess 15.2 breaths/min, not to be relied on",
    ]
    assert told.to_dict()["heart_rate"]["interval"] == [70.94, 73.8]
    both = replace(told, breathing_rate=replace(withheld, interval=(9.0, 18.0)))
    assert "; best guess 15.2 breaths/min (80 %: 9.0 to 18.0), not to be relied on" in repr(both)


def test_a_full_disk_leaves_the_old_files_and_no_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example().write(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    opened = Path.open

    def full(self: Path, *arguments: Any, **options: Any) -> Any:
        file = opened(self, *arguments, **options)
        if self.name == "action_units.csv" and "w" in arguments:
            file.write("frame,time")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return file

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(PhysiocamError, match="No space left"):
        example().write(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_an_interrupt_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Path, *_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        example().write(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(PhysiocamError, match="cannot write to"):
        example().write(tmp_path / "taken")


@pytest.mark.parametrize("folder", [None, 3, True, "a\0b", b"a\0b", "", b"", ["out"]])
def test_what_names_no_folder_is_refused(folder: Any) -> None:
    with pytest.raises(PhysiocamError, match=r"^folder is .*; expected the name of a folder$"):
        example().write(folder)


def test_a_folder_may_be_named_in_bytes(tmp_path: Path) -> None:
    example().write(os.fsencode(tmp_path / "out"))
    assert (tmp_path / "out" / "measurement.json").is_file()


@pytest.mark.parametrize("below", ["", "x", "x/y"])
def test_a_file_is_no_folder_to_write_to(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PhysiocamError) as caught:
        example().write(tmp_path / "file" / below)
    assert str(caught.value).endswith(f"'{tmp_path / 'file'}' is not a folder; choose another folder with folder=")
    name_options({"folder": "--output"})
    try:
        assert in_options(str(caught.value)).endswith("choose another folder with --output")
    finally:
        name_options({})
