"""A store after a power failure: every loss is found by name, and preparing again mends just that."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("zarr")

from physiocam.cli import app
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.store.prepare import Prepared, PrepareSettings, prepare
from physiocam.datasets.store.store import Store
from physiocam.errors import DatasetError
from physiocam.video.writer import write_video

SETTINGS = PrepareSettings(crop="center", big_size=16, small_size=4)
ARGUMENTS = ["--set", "crop=center", "--set", "big_size=16", "--set", "small_size=4"]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    rng = np.random.default_rng(0)
    for name in "abc":
        write_video(folder / f"{name}.mp4", rng.integers(0, 256, (40, 48, 48, 3)).astype(np.uint8), 24.0)
    return folder


@pytest.fixture(scope="module")
def prepared(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("whole") / "store"
    again(videos, store)
    return store


@pytest.fixture
def store(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "store"))


def again(videos: Path, store: Path, settings: PrepareSettings = SETTINGS) -> list[Prepared]:
    return prepare(open_dataset("folder", videos).entries(), store, settings)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def physiocam(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return answer.exit_code, answer.output + str(answer.exception or "")


def changed(key: str, value: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = json.loads(path.read_text())
        content[key] = value
        path.write_text(json.dumps(content))

    return change


def empty(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize(
    ("file", "damage", "words"),
    [
        ("zarr.json", Path.unlink, "zarr.json is missing"),
        ("zarr.json", empty, "zarr.json is empty"),
        ("zarr.json", zeros, "zarr.json is empty"),
        ("zarr.json", half, "zarr.json is truncated"),
        ("zarr.json", changed("zarr_format", 2), "does not describe a group of zarr format 3"),
        ("zarr.json", changed("attributes", {}), "does not describe a recording of this version"),
        ("big/zarr.json", Path.unlink, "big/zarr.json"),
        ("big/zarr.json", empty, "big/zarr.json"),
        ("big/c.1.0.0.0", Path.unlink, "big/c.1.0.0.0: missing"),
        ("big/c.0.0.0.0", half, "big/c.0.0.0.0"),
        ("small/c.0.0.0.0", empty, "small/c.0.0.0.0"),
        ("timestamps_s/c/0", Path.unlink, "timestamps_s/c/0: missing"),
        ("face_found/zarr.json", half, "face_found/zarr.json"),
    ],
)
def test_what_a_recording_has_lost_is_found_by_name_and_it_alone_is_made_anew(
    videos: Path, prepared: Path, store: Path, file: str, damage: Callable[[Path], None], words: str
) -> None:
    damage(store / "b" / file)
    others = {name: (store / name / "zarr.json").stat().st_mtime_ns for name in "ac"}
    assert Store(store).names() == ["a", "b", "c"]
    status, said = physiocam("store", "verify", store)
    assert (status, "2 of 3 recordings are whole" in said, words in said) == (1, True, True), said
    status, said = physiocam("store", "info", store)
    assert (status, "1 of 3 recordings are damaged" in said) == (1, True), said
    report = again(videos, store)
    assert [(item.error, item.kept) for item in report] == [(None, True), (None, False), (None, True)]
    assert report[1].damage is not None
    assert contents(store) == contents(prepared)
    assert {name: (store / name / "zarr.json").stat().st_mtime_ns for name in "ac"} == others


def test_a_folder_that_lost_everything_is_made_anew(videos: Path, prepared: Path, store: Path) -> None:
    shutil.rmtree(store / "b")
    (store / "b").mkdir()
    assert "zarr.json is missing" in physiocam("store", "verify", store)[1]
    again(videos, store)
    assert contents(store) == contents(prepared)


@pytest.mark.parametrize("damage", [Path.unlink, empty, zeros, half, changed("attributes", {"physiocam_store": 1})])
def test_a_store_that_lost_its_own_description_is_described_again(
    videos: Path, prepared: Path, store: Path, damage: Callable[[Path], None]
) -> None:
    damage(store / "zarr.json")
    for command in ("info", "verify"):
        status, said = physiocam("store", command, store)
        assert status == 1
        assert "run `physiocam prepare` again with the same settings" in said
    assert "3 of 3 recordings are whole" in said
    status, said = physiocam("prepare", "folder", videos, store, *ARGUMENTS)
    assert (status, "3 kept" in said) == (0, True), said
    assert contents(store) == contents(prepared)


def test_other_settings_do_not_describe_it(videos: Path, store: Path) -> None:
    empty(store / "zarr.json")
    with pytest.raises(DatasetError, match="was prepared with crop=center, asked for is crop=face"):
        again(videos, store, PrepareSettings(crop="face", big_size=16, small_size=4))
    assert (store / "zarr.json").read_bytes() == b""


@pytest.mark.parametrize("root", [None, b""])
def test_what_may_be_no_store_is_left_alone_and_another_folder_asked_for(
    videos: Path, tmp_path: Path, root: bytes | None
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    if root is not None:
        (tmp_path / "mine" / "zarr.json").write_bytes(root)
    before = contents(tmp_path)
    with pytest.raises(DatasetError, match="name a new or an empty folder"):
        again(videos, tmp_path / "mine")
    assert contents(tmp_path) == before


def test_a_store_of_another_version_is_left_alone(videos: Path, store: Path) -> None:
    changed("attributes", {"physiocam_store": {"format": 2, "settings": {}}})(store / "zarr.json")
    before = contents(store)
    with pytest.raises(DatasetError, match="another version of physiocam; name a new"):
        again(videos, store)
    assert contents(store) == before


def test_a_damaged_recording_whose_source_is_gone_is_reported_and_stays(
    videos: Path, store: Path, tmp_path: Path
) -> None:
    source = Path(shutil.copytree(videos, tmp_path / "moved"))
    (source / "b.mp4").write_text("no video")
    empty(store / "b" / "zarr.json")
    report = again(source, store)
    assert report[1].error is not None
    assert (store / "b" / "big").is_dir()


def declared(store: Path, frames: int) -> None:
    """Let a recording declare frames that it does not hold, under a checksum that fits."""
    from physiocam.datasets.store.stored_recording import RecordingInfo, attributes_digest

    path = store / "b" / "zarr.json"
    content = json.loads(path.read_text())
    about = content["attributes"]
    about["recording"]["frames"] = frames
    info = RecordingInfo.model_validate(about["recording"])
    about["sha256"] = attributes_digest(info, about["files"], about["settings"])
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("frames", [1_000_000, 10**9, 10**12])
def test_frames_that_are_not_there_are_refused_before_room_is_made(store: Path, frames: int) -> None:
    declared(store, frames)
    with pytest.raises(DatasetError, match=f"declares {frames} frames and lists files for 64"):
        Store(store).recording("b")


@pytest.mark.parametrize(
    ("array", "change"),
    [
        ("face_found", {"shape": [10**12]}),
        ("face_found", {"shape": [40], "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1]}}}),
        ("mean_rgb", {"shape": [40, 10**9]}),
        ("big", {"shape": [40, 10**6, 10**6, 3]}),
        ("big", {"shape": [10**12, 16, 16, 3]}),
        ("timestamps_s", {"shape": [True]}),
        ("timestamps_s", {"codecs": [{"name": "bytes"}, {"name": "gzip"}]}),
    ],
)
def test_arrays_that_declare_more_than_they_hold_are_refused(
    store: Path, array: str, change: dict[str, object]
) -> None:
    for key, value in change.items():
        changed(key, value)(store / "b" / array / "zarr.json")
    recording = Store(store).recording("b")
    with pytest.raises(DatasetError, match=f"no readable '{array}'.* declares"):
        recording.column(array)
    with pytest.raises(DatasetError, match="damaged"):
        recording.check()


@pytest.mark.parametrize("value", ["16", 0, -4, 10**9, True, None])
def test_a_frame_size_that_makes_no_sense_is_one_line(store: Path, value: object) -> None:
    content = json.loads((store / "zarr.json").read_text())
    content["attributes"]["physiocam_store"]["settings"]["big_size"] = value
    (store / "zarr.json").write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="big_size="):
        Store(store).frame_size("big_size")
