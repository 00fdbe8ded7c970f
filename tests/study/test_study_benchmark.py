"""The benchmark's study: its events are read as they were meant, and its judge sees what is wrong."""

from pathlib import Path
from typing import Any

import pytest

from physiocam.study.design import read_design

pytest.importorskip("pympi")
recordings: Any = pytest.importorskip("study_recordings")
benchmark: Any = pytest.importorskip("study")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(recordings, "write_film", lambda path, *_: path.write_bytes(b"a video"))
    found: list[Any] = recordings.write_study(tmp_path, 12.0, 0)
    return found


def test_its_design_is_what_was_made(made: list[Any], tmp_path: Path) -> None:
    design = read_design(tmp_path / "study.csv")
    assert [one.name for one in design.recordings] == [one.name for one in made]
    assert len(made) == 40
    assert len({one.participant for one in made}) == 14
    assert {one.condition for one in made} == {"rest", "paced", "raised"}
    assert sorted(one.damage for one in made if one.damage) == [
        "audio only", "empty", "missing", "no face", "truncated",
    ]  # fmt: skip
    for number, one in enumerate(design.recordings):
        spans = [(segment.label, segment.start_s, segment.end_s) for segment in one.segments]
        if number == recordings.WRONG_SPAN:
            assert [segment.problem is None for segment in one.segments] == [True, False]
        else:
            assert spans == [("baseline", 0.0, 6.0), ("task", 6.0, 12.0)], one.name
    assert (tmp_path / "p004-raised.mp4").stat().st_size == 0
    assert (tmp_path / "p002-paced.mp4").read_bytes() == b"a v"
    assert not (tmp_path / "p012-rest.mp4").exists()
    rest, raised = ([one.whole.heart_rate for one in made if one.condition == name] for name in ("rest", "raised"))
    assert max(rest) < min(raised)


def test_a_wrong_rate_and_a_lost_row_are_seen(made: list[Any]) -> None:
    rows = [
        {
            "recording": one.name, "condition": one.condition, "heart_rate": str(one.whole.heart_rate + 5.0 * (not at)),
            "heart_rate_quality": "0.5", "breathing_rate": "",
        }
        for at, one in enumerate(made)
    ]  # fmt: skip
    found = benchmark.rates_of(benchmark.recording_pairs(rows, made))
    assert (found["heart_rate"]["given"], found["heart_rate"]["right"]) == (35, 34)
    assert found["heart_rate"]["wrong"] == ["p001-rest : +5.0, quality 0.5"]
    assert found["breathing_rate"]["given"] == 0
    with pytest.raises(AssertionError, match="a recording has no row"):
        benchmark.damage_told({"recordings": rows[1:], "segments": []}, made)
