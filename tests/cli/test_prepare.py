"""`physiocam prepare` and `physiocam store`, as a user types them."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("zarr")

from physiocam.cli import app
from physiocam.video.writer import write_video


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in "ab":
        write_video(folder / f"{name}.mp4", rng.integers(0, 256, (12, 48, 48, 3)).astype(np.uint8), 24.0)
    return folder


def physiocam(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return answer.exit_code, answer.output + str(answer.exception or "")


def test_from_videos_to_a_verified_store(videos: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    status, said = physiocam("prepare", "folder", videos, store, "--set", "crop=center")
    assert status == 0
    assert "2 of 2 recordings" in said
    status, said = physiocam("store", "info", store)
    assert status == 0
    assert "2 recordings of 2 subjects, 24 frames" in said
    assert "crop=center" in said
    status, said = physiocam("store", "verify", store)
    assert status == 0
    assert "2 of 2 recordings are whole" in said


def test_a_broken_video_costs_the_others_nothing(videos: Path, tmp_path: Path) -> None:
    (videos / "c.mp4").write_text("no video")
    status, said = physiocam("prepare", "folder", videos, tmp_path / "store", "--set", "crop=center")
    assert status == 1
    assert "2 of 3 recordings" in said
    assert "1 of 3 recordings could not be prepared: c" in said
    assert "c.mp4' cannot be opened" in said


def test_what_is_odd_is_named_with_where_to_look(videos: Path, tmp_path: Path) -> None:
    (videos / "recordings.csv").write_text("video,puls_csv\na.mp4,a.csv\n")
    for _ in range(2):  # kept as well as new
        status, said = physiocam("prepare", "folder", videos, tmp_path / "store", "--set", "crop=center")
        assert status == 0
        assert f"1 have notes: a; read them with: physiocam store info {tmp_path / 'store'}" in said


def test_damage_is_named_and_a_next_step_with_it(videos: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    physiocam("prepare", "folder", videos, store, "--set", "crop=center")
    (store / "a" / "big" / "c.0.0.0.0").write_bytes(b"")
    status, said = physiocam("store", "verify", store)
    assert status == 1
    assert "a/big/c.0.0.0.0: altered" in said
    assert "prepare again" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "crop"], "expected KEY=VALUE"),
        (["--set", "crop=left"], "setting crop='left'"),
        (["--set", "labels.pulse=none"], "setting labels.pulse='none'"),
        (["--set", "crop=center", "--set", "crop.x=1"], "which has a value; drop one"),
    ],
)
def test_wrong_settings_give_one_line(videos: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    status, said = physiocam("prepare", "folder", videos, tmp_path / "store", *arguments)
    assert status == 1
    assert words in said
    assert not (tmp_path / "store").exists()
