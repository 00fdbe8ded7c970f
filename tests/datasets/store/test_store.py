"""The store: what damage is found, and what must never appear in it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("zarr")

import zarr

from physiocam.datasets.store.store import RecordingInfo, RecordingWriter, Store
from physiocam.datasets.store.store_files import FrameLayout
from physiocam.errors import DatasetError


def info(frames: int, name: str = "F001_T1") -> RecordingInfo:
    return RecordingInfo(
        name=name,
        subject="F001",
        trial="T1",
        fs=25.0,
        frames=frames,
        frames_without_face=0,
        crop="center",
        big_mean=0.5,
        big_std=0.2,
        small_std=0.01,
        tasks={},
        signals={},
        action_units=(),
        notes=(),
        sources=(),
        version="0",
    )


def write(store: Store, frames: int = 300, name: str = "F001_T1") -> None:
    with RecordingWriter(store.path, name, FrameLayout(8, 3)) as writer:
        add_frames(writer, frames)
        writer.finish(info(frames, name), {"face_found": np.ones(frames, bool)})


def add_frames(writer: RecordingWriter, frames: int) -> None:
    for frame in range(frames):
        writer.add_big(np.full((8, 8, 3), frame % 256, np.uint8))
        writer.add_small(np.full((3, 3, 3), frame, np.float32))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "store", {"a": 1})
    write(store)
    return store


@pytest.mark.parametrize("frames", [1, 31, 32, 33, 256, 300])
@pytest.mark.parametrize("dropped", [0, 1])
def test_any_length_comes_back(tmp_path: Path, frames: int, dropped: int) -> None:
    store = Store.create(tmp_path / "store", {})
    with RecordingWriter(store.path, "F001_T1", FrameLayout(8, 3)) as writer:
        add_frames(writer, frames + dropped)
        writer.finish(info(frames), {})
    recording = store.recording("F001_T1")
    big, small = recording.column("big"), recording.column("small")
    assert big.shape == (frames, 8, 8, 3)
    assert (big[:, 0, 0, 0] == np.arange(frames) % 256).all()
    assert (small[:, 0, 0, 0] == np.arange(frames)).all()
    assert recording.problems() == []
    # Any zarr reader finds the same.
    array = zarr.open_array(str(store.path / "F001_T1" / "big"), mode="r")
    np.testing.assert_array_equal(array[...], big)


@pytest.mark.parametrize(("start", "frames"), [(0, 1), (31, 2), (250, 50), (0, 300)])
def test_frames_are_read_by_themselves(store: Store, start: int, frames: int) -> None:
    recording = store.recording("F001_T1")
    big, small = np.empty((frames, 8, 8, 3), np.uint8), np.empty((frames, 3, 3, 3), np.float32)
    recording.read_frames("big", start, big)
    recording.read_frames("small", start, small)
    np.testing.assert_array_equal(big, recording.column("big")[start : start + frames])
    np.testing.assert_array_equal(small, recording.column("small")[start : start + frames])


def _truncate(folder: Path) -> None:
    path = folder / "big" / "c.1.0.0.0"
    path.write_bytes(path.read_bytes()[:-5])


def _flip(folder: Path) -> None:
    path = folder / "small" / "c.0.0.0.0"
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(content)


def _edit(folder: Path) -> None:
    text = (folder / "zarr.json").read_text()
    (folder / "zarr.json").write_text(text.replace('"subject": "F001"', '"subject": "F002"'))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (_truncate, "big/c.1.0.0.0: altered"),
        (_flip, "small/c.0.0.0.0: altered"),
        (_edit, "zarr.json: altered"),
        (lambda folder: (folder / "face_found" / "c" / "0").unlink(), "face_found/c/0: missing"),
        (lambda folder: shutil.rmtree(folder / "big"), "big/zarr.json: missing"),
        (lambda folder: (folder / "notes.txt").write_text("mine"), "notes.txt: unknown file"),
    ],
)
def test_damage_is_found_by_name(store: Store, damage: Callable[[Path], None], problem: str) -> None:
    damage(store.path / "F001_T1")
    assert problem in store.recording("F001_T1").problems()


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"attributes": {"physiocam_store": {"format": 1}}}',
        b'{"attributes": {"physiocam_store": {"format": 1, "settings": []}}}',
        b'{"attributes": {"physiocam_store": {"format": 1, "settings": {"\\ud800": 1}}}}',
    ],
)
def test_a_damaged_description_is_no_store(store: Store, content: bytes) -> None:
    (store.path / "zarr.json").write_bytes(content)
    with pytest.raises(DatasetError, match="is not a store"):
        Store(store.path)


@pytest.mark.parametrize("change", [{"fs": 0.0}, {"fs": float("nan")}, {"frames": 0}, {"frames_without_face": -1}])
def test_a_recording_of_impossible_numbers_is_damaged(store: Store, change: dict[str, float]) -> None:
    path = store.path / "F001_T1" / "zarr.json"
    content = json.loads(path.read_text())
    content["attributes"]["recording"].update(change)
    path.write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="damaged"):
        store.recording("F001_T1")


def test_reading_what_is_not_there_is_an_error_of_one_line(store: Store) -> None:
    recording = store.recording("F001_T1")
    with pytest.raises(DatasetError, match="no readable 'targets/pulse'"):
        recording.column("targets/pulse")
    _truncate(recording.folder)
    with pytest.raises(DatasetError, match="short"):
        recording.read_frames("big", 63, np.empty((1, 8, 8, 3), np.uint8))
    with pytest.raises(DatasetError, match="cannot be read"):
        recording.read_frames("big", 5000, np.empty((1, 8, 8, 3), np.uint8))
    with pytest.raises(DatasetError, match="F009"):
        store.recording("F009_T1")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"attributes": []}', '{"attributes": {"recording": {}}}'])
def test_a_damaged_description_is_an_error_of_one_line(store: Store, content: str) -> None:
    (store.path / "F001_T1" / "zarr.json").write_text(content)
    with pytest.raises(DatasetError, match="damaged"):
        store.recording("F001_T1")
    (store.path / "zarr.json").write_text(content)
    with pytest.raises(DatasetError, match="not a store"):
        Store(store.path)


def test_nothing_appears_of_a_recording_that_was_not_finished(store: Store) -> None:
    def break_off() -> None:
        with RecordingWriter(store.path, "F002_T1", FrameLayout(8, 3)) as writer:
            add_frames(writer, 40)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert store.names() == ["F001_T1"]
    assert not any((store.path / ".partial").iterdir())


def test_a_writer_that_outlives_its_run_puts_nothing_into_the_next(store: Store) -> None:
    with RecordingWriter(store.path, "F002_T1", FrameLayout(8, 3)) as writer:
        add_frames(writer, 40)
        with store.writing():
            pass  # the next run clears its folder away
        add_frames(writer, 40)
        with pytest.raises((DatasetError, OSError)):
            writer.finish(info(80, "F002_T1"), {})
    assert store.names() == ["F001_T1"]


def test_the_second_writer_of_a_recording_gives_way(store: Store) -> None:
    before = (store.path / "F001_T1" / "zarr.json").read_bytes()
    write(store, frames=40)
    assert (store.path / "F001_T1" / "zarr.json").read_bytes() == before
    assert store.recording("F001_T1").problems() == []


def test_two_runs_at_once_are_refused(store: Store) -> None:
    with (
        store.writing(),
        pytest.raises(DatasetError, match="another process is preparing"),
        Store(store.path).writing(),
    ):
        pass
    with store.writing():
        pass


@pytest.mark.parametrize("name", ["", "../F1", "a/b", ".hidden", "a b", "c" + chr(0)])
def test_names_stay_inside_the_store(store: Store, name: str) -> None:
    with pytest.raises(DatasetError, match="plain file name"):
        RecordingWriter(store.path, name, FrameLayout(8, 3))
