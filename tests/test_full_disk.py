"""A disk that takes no more: every command says so in one line, leaves nothing half-written, and goes on afterwards."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("zarr")
if sys.platform == "win32":
    pytest.skip("no limit to a file's size there", allow_module_level=True)

from physiocam.errors import PhysiocamError, UnwritableError
from physiocam.foundation.files import complete_file
from physiocam.video.writer import write_video

SIZES = ["--set", "big_size=16", "--set", "small_size=1", "--set", "crop=center"]
# Commands one after the other, each as on a disk so full that no file may grow beyond a limit: what each says, and
# which files there are then. In one process: PyTorch and Lightning take longer to import than what is done with them.
LIMITED = """
import contextlib, io, json, pathlib, resource, sys
from physiocam.cli import main
answers = []
for limit, *arguments in json.loads(sys.argv[1]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    sys.argv, printed, said = ["physiocam", *arguments], io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as ending:
            status = ending.code
    there = [str(path) for path in pathlib.Path().rglob("*") if path.is_file()]
    answers.append([status, printed.getvalue(), said.getvalue(), there])
print(json.dumps(answers))
"""


class Answer(NamedTuple):
    """A command's exit status, what it printed and complained of, and the files that there were after it."""

    status: int
    printed: str
    said: str
    files: set[str]


def physiocam(folder: Path, *commands: tuple[object, ...]) -> list[Answer]:
    """Run commands in a folder; each begins with the size that files may have, or -1."""
    told = json.dumps([[command[0], *map(str, command[1:])] for command in commands])
    # Python would keep its own compiled files cut off at the limit, and stumble over them ever after.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, told], capture_output=True, text=True, check=True, env=environment, cwd=folder
    )
    answers = json.loads(run.stdout.splitlines()[-1])
    return [Answer(status, printed, said, set(there)) for status, printed, said, there in answers]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    rng = np.random.default_rng(0)
    for name in "abc":
        write_video(folder / f"{name}.mp4", rng.integers(0, 256, (40, 48, 48, 3)).astype(np.uint8), 24.0)
    return folder


@pytest.mark.parametrize("jobs", [1, 2])
def test_prepare_stops_in_one_line_and_goes_on(videos: Path, tmp_path: Path, jobs: int) -> None:
    if jobs > 1:
        pytest.importorskip("joblib")
    command = ("prepare", "folder", videos, tmp_path / "store", *SIZES, "--jobs", jobs)
    # Not in one process: workers live on, with the limit that they began with.
    (full,), (free,) = physiocam(tmp_path, (20_000, *command)), physiocam(tmp_path, (-1, *command))
    assert full.status == 1
    assert full.said.count("\n") == 1
    assert f"cannot write to '{tmp_path / 'store'}': File too large" in full.said
    assert full.files == {"store/zarr.json"}
    assert (free.status, free.said) == (0, "")
    assert "3 of 3 recordings" in free.printed


def test_generating_stops_in_one_line(tmp_path: Path) -> None:
    command = ("data", "generate", "folder", "set", "--recordings", 1, "--seconds", 2, "--size", "64x48")
    (full,) = physiocam(tmp_path, (1000, *command))
    assert full.status == 1
    assert full.said.count("\n") == 1
    assert "cannot write to" in full.said
    assert full.files == set()


def test_training_and_export_stop_in_one_line_and_training_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("pytorch_lightning")
    settings = ["store=store", "output=run", "epochs=1", "batch_clips=8", "checkpoint_steps=1"]
    settings += ["network.branches=small", "network.small_size=1"]
    train = ["train", *(part for setting in settings for part in ("--set", setting))]
    export = ("weights", "export", "run/checkpoints/epoch=0.ckpt", "out/bundle")
    drawn, stored, full, trained, unexported, exported = physiocam(
        tmp_path,
        (-1, "data", "generate", "folder", "drawn", "--recordings", 1, "--seconds", 2, "--size", "64x48"),
        (-1, "prepare", "folder", "drawn", "store", *SIZES),
        (10_000, *train),
        (-1, *train),
        (10_000, *export),
        (-1, *export),
    )
    assert (drawn.status, stored.status) == (0, 0)
    assert full.status == 1
    assert full.said.splitlines()[-1].startswith(f"physiocam: cannot write to '{tmp_path / 'run' / 'checkpoints'}")
    assert "Traceback" not in full.said
    assert not [name for name in full.files if name.startswith("run") and ("checkpoints" in name or "physioc" in name)]
    assert trained.status == 0
    assert unexported.status == 1
    assert unexported.said.count("\n") == 1
    assert "cannot write to 'out/bundle'" in unexported.said
    assert not [name for name in unexported.files if name.startswith("out")]
    assert exported.status == 0
    assert "out/bundle/bundle.json" in exported.files


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space of your quota"),
        (errno.EROFS, "not read-only"),
        (errno.EACCES, "may write to"),
        (errno.ENAMETOOLONG, "shorter name"),
        (errno.EIO, "choose another folder"),
    ],
)
def test_each_refusal_has_its_next_step(tmp_path: Path, number: int, step: str) -> None:
    with pytest.raises(PhysiocamError, match=step) as caught, complete_file(tmp_path / "a.txt"):
        raise OSError(number, os.strerror(number))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_full_store_is_told_from_a_broken_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from physiocam.datasets.store.store import RecordingWriter, Store
    from physiocam.datasets.store.store_files import FrameLayout

    store = Store.create(tmp_path / "store", {})
    write: Callable[..., int] = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.parent.name == "big":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    frame = np.zeros((8, 8, 3), np.uint8)
    with RecordingWriter(store.path, "a", FrameLayout(8, 3)) as writer:
        for _ in range(31):
            writer.add_big(frame)
        with pytest.raises(UnwritableError, match="No space left"):
            writer.add_big(frame)
    assert files(store.path) == {"zarr.json"}
