"""Files that somebody hands in: ordinary ones of a sane size are read, others are refused before they are opened."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from physiocam.errors import PhysiocamError
from physiocam.foundation.regular_files import read_file


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10_000_000_000)


KINDS = [
    (pipe, "it is a named pipe"),
    (device, "it is a device"),
    (Path.mkdir, "it is a folder"),
    (sparse, "it has 10,000"),
]


@pytest.mark.parametrize(("make", "says"), KINDS)
def test_only_ordinary_files_up_to_a_limit_are_read(tmp_path: Path, make: Callable[[Path], None], says: str) -> None:
    make(tmp_path / "a")
    with pytest.raises(OSError, match=says):
        read_file(tmp_path / "a")


def test_an_ordinary_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\0content")
    assert read_file(tmp_path / "a") == b"\0content"
    assert read_file(tmp_path / "a", 8) == b"\0content"
    with pytest.raises(OSError, match="expected at most"):
        read_file(tmp_path / "a", 7)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "b")
    with pytest.raises(FileNotFoundError):
        read_file("a\0b")


def _bundle(path: Path) -> None:
    from physiocam.weights.bundle import load_bundle

    load_bundle(path)


def _store(path: Path) -> None:
    pytest.importorskip("zarr")
    from physiocam.datasets.store.store import Store

    Store(path.parent)


def _settings(path: Path) -> None:
    pytest.importorskip("yaml")
    from physiocam.training.settings import read_settings

    read_settings(path, ())


def _predictions(path: Path) -> None:
    from physiocam.evaluation.predictions import load_predictions

    load_predictions(path)


def _checkpoint(path: Path) -> None:
    pytest.importorskip("pytorch_lightning")
    from physiocam.training.fit import export_checkpoint

    export_checkpoint(path, path.parent / "new")


def _pure(path: Path) -> None:
    from physiocam.datasets.readers.pure import TaskEntry

    (path.parent / path.parent.name).mkdir()
    for stamp in (1, 2):
        (path.parent / path.parent.name / f"Image{stamp}.png").touch()
    TaskEntry(path.parent).load()


def _scamps(path: Path) -> None:
    pytest.importorskip("h5py")
    from physiocam.datasets.readers.scamps import AvatarEntry

    AvatarEntry(path).load()


def _bp4d(path: Path) -> None:
    from physiocam.datasets.readers.bp4d import listing

    listing(path)


READERS = {
    "bundle.json": _bundle, "zarr.json": _store, "run.yaml": _settings, "a.npz": _predictions, "a.ckpt": _checkpoint,
    "01-01.json": _pure, "P000001.mat": _scamps, "F001.zip": _bp4d,
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(("make", "says"), KINDS)
def test_every_reader_refuses_at_once(tmp_path: Path, name: str, make: Callable[[Path], None], says: str) -> None:
    folder = tmp_path / "01-01"
    folder.mkdir()
    make(folder / name)
    with pytest.raises(PhysiocamError) as caught:
        READERS[name](folder / name)
    assert "\n" not in str(caught.value), json.dumps(str(caught.value))
