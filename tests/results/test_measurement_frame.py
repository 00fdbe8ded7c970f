"""A measurement as a table: the columns that NeuroKit2's and OpenFace's users look for, with the right content."""

from dataclasses import replace

import numpy as np
import pytest

from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import ActionUnit, Face
from physiocam.signals.rate import Rate, RateSeries
from physiocam.signals.settings import SETTINGS
from physiocam.signals.variability import HeartRateVariability, IntervalSpread

pytest.importorskip("pandas")


def example() -> Measurement:
    """2.4 s at 10 frames/s, without a face in the third second."""
    found = np.arange(24) < 20
    probability = np.where(found[:, None], np.array([[0.2, 0.5]]), np.nan).astype(np.float32)
    return Measurement(
        source="clip.mp4",
        duration_s=2.4,
        fs=10.0,
        frames=24,
        face=Face(20 / 24),
        heart_rate=Rate(72.0, "beats/min", 0.9, None),
        breathing_rate=Rate(None, "breaths/min", 0.0, "too short"),
        action_units={"AU06": ActionUnit("cheek raiser", 0.2, 0.0), "AU12": ActionUnit("lip corner puller", 0.5, 1.0)},
        method="network",
        weights=None,
        settings=SETTINGS["default"],
        version="0",
        notes=(),
        timestamps_s=np.arange(24) / 10,
        face_found=found,
        face_squares=np.zeros((24, 3), dtype=np.int32),
        pulse=np.where(found, np.arange(24.0) ** 2, np.nan),
        pulse_band=np.where(found, np.arange(24.0), np.nan),
        respiration=np.full(24, np.nan),
        rates_timestamps_s=np.array([0.5, 1.5]),
        heart_rate_along=RateSeries(np.array([70.0, np.nan]), np.array([0.8, 0.1])),
        breathing_rate_along=RateSeries(np.array([np.nan, np.nan]), np.array([0.0, 0.0])),
        action_unit_probability=probability,
    )


def test_a_row_a_frame_with_known_names() -> None:
    table = example().to_frame()
    assert list(table.columns) == [
        "timestamp", "success", "PPG_Clean", "PPG_Rate", "PPG_Quality", "RSP_Clean", "RSP_Rate", "RSP_Quality",
        "AU06_p", "AU06_c", "AU12_p", "AU12_c",
    ]  # fmt: skip
    assert table.index.name == "frame"
    assert len(table) == 24
    assert table.attrs["sampling_rate"] == 10.0
    assert table["success"].tolist() == [1] * 20 + [0] * 4


def test_each_frame_has_the_rate_of_its_second() -> None:
    rates = example().to_frame()["PPG_Rate"].to_numpy()
    assert rates[:10].tolist() == [70.0] * 10
    assert np.isnan(rates[10:]).all()
    assert example().to_frame()["PPG_Quality"].tolist()[10:20] == [0.1] * 10


def test_units_are_called_at_one_half_and_unknown_in_gaps() -> None:
    table = example().to_frame()
    assert (table["AU06_c"][:20] == 0).all()
    assert (table["AU12_c"][:20] == 1).all()
    assert table["AU12_c"][20:].isna().all()
    assert str(table["AU12_c"].dtype) == "Int64"


def test_beats_are_marked_where_they_were_found() -> None:
    spread = IntervalSpread(None, "ms", 0.0, "too short")
    beats = np.array([0.31, 1.27])
    variability = HeartRateVariability(spread, spread, None, beats, np.ones(2), np.array([np.nan, 960.0]))
    table = replace(example(), heart_rate_variability=variability).to_frame()
    assert np.flatnonzero(table["PPG_Peaks"]).tolist() == [3, 13]
    assert "PPG_Peaks" not in example().to_frame()


def test_a_recording_under_a_second_has_no_rates() -> None:
    nothing = RateSeries(np.empty(0), np.empty(0))
    short = replace(example(), heart_rate_along=nothing, breathing_rate_along=nothing, rates_timestamps_s=np.empty(0))
    assert short.to_frame()["PPG_Rate"].isna().all()


def test_without_a_heart_rate_no_beat_is_marked() -> None:
    spread = IntervalSpread(None, "ms", 0.0, "too short")
    beats = HeartRateVariability(spread, spread, None, np.array([0.1]), np.ones(1), np.array([np.nan]))
    withheld = replace(example(), heart_rate=Rate(None, "beats/min", 0.0, "a reason"), heart_rate_variability=beats)
    assert "PPG_Peaks" not in withheld.to_frame()
