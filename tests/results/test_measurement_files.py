"""What is written can be read back, and what is not a measurement is refused in one line."""

import json
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam import Measurement, PhysiocamError
from physiocam.networks.action_units import ACTION_UNIT_NAMES, AU_LABELS
from physiocam.results.measurement_data import ActionUnit, Face, Weights
from physiocam.signals.rate import Rate, RateSeries
from physiocam.signals.settings import SETTINGS
from physiocam.signals.variability import HeartRateVariability, IntervalSpread

FRAMES = 5


@pytest.fixture
def measured() -> Measurement:
    """Numbers that the files hold exactly."""
    found = np.array([True, False, True, True, True])
    waveform = np.where(found, np.linspace(-1, 1, FRAMES), np.nan)
    probability = np.where(found[:, None], np.linspace(0, 1, 12, dtype=np.float32).round(4), np.float32(np.nan))
    series = RateSeries(value=np.array([72.125, np.nan]), quality=np.array([0.75, 0.0]))
    return Measurement(
        source="clip.mp4",
        duration_s=0.2,
        fs=25.0,
        frames=FRAMES,
        face=Face(0.8, "center"),
        heart_rate=Rate(72.125, "beats/min", 0.75, None),
        breathing_rate=Rate(None, "breaths/min", 0.0, "0.2 s; needs 15 s"),
        action_units={label: ActionUnit(ACTION_UNIT_NAMES[label], 0.25, 0.5) for label in AU_LABELS},
        method="network",
        weights=Weights("default", "0" * 64),
        settings=SETTINGS["default"],
        version="0",
        notes=("one", "two"),
        timestamps_s=np.arange(FRAMES) / 25,
        face_found=found,
        face_squares=np.where(found[:, None], np.array([-3, 4, 32], dtype=np.int32), np.int32(-1)),
        pulse=waveform,
        pulse_band=2.0 * waveform,
        respiration=np.full(FRAMES, np.nan),
        rates_timestamps_s=np.array([5.0, 6.0]),
        heart_rate_along=series,
        breathing_rate_along=series,
        action_unit_probability=probability.astype(np.float32),
        neutral="auto",
        blinks_per_minute=12.5,
        intensity_labels=("AU12", "AU12_L"),
        intensity=np.where(found[:, None], np.array([0.25, 4.5]), np.nan).astype(np.float32),
        head_pose=np.where(found[:, None], np.array([1.5, -20.0, 3.0]), np.nan).astype(np.float32),
    )


def variability() -> HeartRateVariability:
    return HeartRateVariability(
        sdnn=IntervalSpread(48.5, "ms", 0.5, None),
        rmssd=IntervalSpread(None, "ms", 0.0, "too noisy"),
        timing_noise_ms=9.5,
        beats_s=np.array([0.5, 1.25]),
        beat_quality=np.array([1.0, 0.5]),
        intervals_ms=np.array([np.nan, 750.0]),
    )


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, RateSeries | HeartRateVariability):
        return type(one) is type(other) and all(
            same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one)
        )
    return bool(one == other)


def check_same(one: Measurement, other: Measurement) -> None:
    for field in fields(Measurement):
        assert same(getattr(one, field.name), getattr(other, field.name)), field.name


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"heart_rate_variability": variability()},
        {
            "heart_rate": Rate(72.125, "beats/min", 0.75, None, 72.125, (70.5, 74.25)),
            "breathing_rate": Rate(None, "breaths/min", 0.0625, "a reason", 15.5, (9.0, 18.5)),
        },
        {
            "heart_rate": Rate(None, "beats/min", 0.0, "a reason"),
            "heart_rate_variability": replace(
                variability(), beats_s=np.zeros(0), beat_quality=np.zeros(0), intervals_ms=np.zeros(0)
            ),
        },
        {
            "method": "pos",
            "weights": None,
            "action_units": {},
            "action_unit_probability": np.zeros((FRAMES, 0), np.float32),
            "blinks_per_minute": None,
            "intensity_labels": (),
            "intensity": np.zeros((FRAMES, 0), np.float32),
            "head_pose": np.full((FRAMES, 3), np.nan, np.float32),
        },
        {
            "rates_timestamps_s": np.zeros(0),
            "heart_rate_along": RateSeries(np.zeros(0), np.zeros(0)),
            "breathing_rate_along": RateSeries(np.zeros(0), np.zeros(0)),
        },
        {"cuts_s": (0.25, 0.75), "person": 2},
    ],
    ids=["plain", "variability", "estimates", "no beats", "classical", "short", "scenes"],
)
def test_what_was_written_is_read(measured: Measurement, tmp_path: Path, changes: dict[str, Any]) -> None:
    written = replace(measured, **changes)
    written.write(tmp_path)
    check_same(Measurement.load(tmp_path), written)
    check_same(Measurement.load(os.fsencode(tmp_path)), written)


def test_a_real_measurement_is_read_and_written_as_it_was(beating: NDArray[np.uint8], tmp_path: Path) -> None:
    from physiocam import measure

    measure(beating, fs=30.0).write(tmp_path / "first")
    read = Measurement.load(tmp_path / "first")
    assert read.heart_rate.value is not None
    read.write(tmp_path / "second")
    for file in (tmp_path / "first").iterdir():
        assert (tmp_path / "second" / file.name).read_bytes() == file.read_bytes()


def test_results_of_the_first_version_have_no_squares_and_one_pulse(measured: Measurement, tmp_path: Path) -> None:
    measured.write(tmp_path)
    lines = (tmp_path / "waveforms.csv").read_text().splitlines()
    (tmp_path / "waveforms.csv").write_text("".join(line.rsplit(",", 4)[0] + "\n" for line in lines))
    first = replace(measured, face_squares=np.full((FRAMES, 3), -1, np.int32), pulse_band=measured.pulse)
    check_same(Measurement.load(tmp_path), first)


def test_rates_of_earlier_versions_have_no_estimate(measured: Measurement, tmp_path: Path) -> None:
    guessed = Rate(None, "breaths/min", 0.0625, "a reason", 15.5, (9.0, 18.5))
    replace(measured, breathing_rate=guessed).write(tmp_path)
    summary = json.loads((tmp_path / "measurement.json").read_text())
    for name in ("heart_rate", "breathing_rate"):
        del summary[name]["estimate"], summary[name]["interval"]
    (tmp_path / "measurement.json").write_text(json.dumps(summary))
    read = Measurement.load(tmp_path)
    assert read.heart_rate == measured.heart_rate
    assert read.heart_rate.estimate == 72.125
    assert read.breathing_rate == Rate(None, "breaths/min", 0.0625, "a reason")


def drop_last_line(file: Path) -> None:
    file.write_text("".join(f"{line}\n" for line in file.read_text().splitlines()[:-1]))


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("measurement.json", Path.unlink, "cannot be read: No such file"),
        ("measurement.json", lambda file: file.write_text("{}"), "is not a measurement: source: Field required"),
        ("measurement.json", lambda file: file.write_bytes(b"\xff"), "is not text"),
        (
            "measurement.json",
            lambda file: file.write_text(file.read_text().replace("72.125", "NaN")),
            "is not a measurement",
        ),
        (
            "measurement.json",
            lambda file: file.write_text(file.read_text().replace('"interval": null', '"interval": [70.5]', 1)),
            "is not a measurement: heart_rate.interval",
        ),
        ("waveforms.csv", drop_last_line, "has 4 rows; expected 5"),
        ("waveforms.csv", lambda file: file.write_text(""), "has no column 'timestamp_s'"),
        ("action_units.csv", lambda file: file.write_text(file.read_text().replace("AU12_p", "x")), "column 'AU12_p'"),
        ("rates.csv", lambda file: file.write_text(file.read_text() + "6,a,b,c,d\n"), "a row that is not 5 numbers"),
        ("rates.csv", lambda file: file.write_text(file.read_text() + "6,1\n"), "a row that is not 5 numbers"),
        ("beats.csv", Path.unlink, "cannot be read: No such file"),
    ],
)
def test_what_is_no_measurement_is_refused_in_one_line(
    measured: Measurement, tmp_path: Path, name: str, damage: Any, said: str
) -> None:
    replace(measured, heart_rate_variability=variability()).write(tmp_path)
    damage(tmp_path / name)
    with pytest.raises(PhysiocamError) as caught:
        Measurement.load(tmp_path)
    assert str(caught.value).startswith(f"'{tmp_path / name}' ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_notebook_shows_a_table(measured: Measurement) -> None:
    page = replace(measured, source="<b>.mp4")._repr_html_()
    assert page.startswith("<table>")
    assert "&lt;b&gt;.mp4" in page
    assert page.count("<tr>") == len(repr(measured).splitlines()) == 7
    assert "72.1 beats/min (quality 0.75)" in page
    assert "not measured (0.2 s; needs 15 s)" in page
