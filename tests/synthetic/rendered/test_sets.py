"""What the scripts make of rendered people: training frames, and recordings to judge networks on."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from physiocam.video.reader import open_video

SCRIPTS = Path(__file__).parents[3] / "scripts" / "default_bundle"


def test_training_frames_go_with_what_they_show(made_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    monkeypatch.syspath_prepend(str(SCRIPTS))
    script = runpy.run_path(str(SCRIPTS / "rendered_faces.py"), run_name="script")
    rows = script["_frames_of"](made_up, 0, 0.0, 10)
    assert len(rows) == script["FRAMES"]
    assert rows[0]["kind"] == "neutral"
    assert len({int(row["subject"]) for row in rows}) == 1
    assert rows[0]["held_out"]
    for row in rows:
        assert row["frames"].shape == (172, 172, 3)
        np.testing.assert_array_equal(row["intensities"], row["sides"].max(axis=1))
        assert 0 <= row["intensities"].min() <= row["intensities"].max() <= 5
        assert row["frames"].std() > 5
    again = script["_frames_of"](made_up, 0, 0.0, 10)
    np.testing.assert_array_equal(rows[3]["frames"], again[3]["frames"])
    other = script["_frames_of"](made_up, 0, 0.0, 11)
    assert other[0]["subject"] != rows[0]["subject"]


def test_judging_recordings_are_made_once(made_up: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = pytest.importorskip("rendered_recordings")
    plan = sets.Plan(made_up, seconds=1.0, fs=2.0)
    sets.make(plan, tmp_path, 2, 1)
    first = [(path.name, path.stat().st_mtime_ns) for path in sorted(tmp_path.iterdir())]
    sets.make(plan, tmp_path, 2, 1)
    assert [(path.name, path.stat().st_mtime_ns) for path in sorted(tmp_path.iterdir())] == first
    assert "recording 2 of 2: done" in capsys.readouterr().out
    neutral, other = sets.load(tmp_path)
    assert neutral.attributes["neutral"] == "yes"
    assert other.attributes["neutral"] == "no"
    assert not neutral.intensities[:, :12].any()
    with open_video(other.video) as video:
        assert len(list(video)) == len(other.sides) == len(other.pose) == 2
