"""A disk that takes no more: every command says so in one line, leaves nothing half-written, and goes on afterwards."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("zarr")
if sys.platform == "win32":
    pytest.skip("no limit to a file's size there", allow_module_level=True)

from physiocam.cli import app
from physiocam.errors import PhysiocamError, UnwritableError
from physiocam.foundation.files import complete_file
from physiocam.video.writer import write_video

SIZES = ["--set", "big_size=16", "--set", "small_size=1", "--set", "crop=center"]
# As a full disk, for one process: no file may grow beyond this.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
from physiocam.cli import main
main()
"""


def physiocam(limit: int, *arguments: object) -> tuple[int, str, str]:
    command = [sys.executable, "-c", LIMITED, str(limit), *map(str, arguments)]
    # Python would keep its own compiled files cut off at the limit, and stumble over them ever after.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return answer.returncode, answer.stdout, answer.stderr


def unlimited(*arguments: object) -> int:
    """Run a command here: PyTorch and Lightning take longer to import than all that is done with them."""
    return CliRunner().invoke(app, [*map(str, arguments)]).exit_code


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
    arguments = ("prepare", "folder", videos, tmp_path / "store", *SIZES, "--jobs", jobs)
    status, _, said = physiocam(20_000, *arguments)
    assert status == 1
    assert said.count("\n") == 1
    assert f"cannot write to '{tmp_path / 'store'}': File too large" in said
    assert files(tmp_path) == {"store/zarr.json"}
    status, printed, said = physiocam(-1, *arguments)
    assert (status, said) == (0, "")
    assert "3 of 3 recordings" in printed


def test_generating_stops_in_one_line(tmp_path: Path) -> None:
    command = ("data", "generate", "folder", tmp_path / "set", "--recordings", 1, "--seconds", 2, "--size", "64x48")
    status, _, said = physiocam(1000, *command)
    assert status == 1
    assert said.count("\n") == 1
    assert "cannot write to" in said
    assert files(tmp_path) == set()


@pytest.mark.usefixtures("traced_once")
def test_training_and_export_stop_in_one_line_and_training_goes_on(videos: Path, tmp_path: Path) -> None:
    pytest.importorskip("pytorch_lightning")
    drawn, store, run = tmp_path / "drawn", tmp_path / "store", tmp_path / "run"
    drawing = ("data", "generate", "folder", drawn, "--recordings", 1, "--seconds", 2, "--size", "64x48")
    assert unlimited(*drawing) == 0
    assert unlimited("prepare", "folder", drawn, store, *SIZES) == 0
    settings = [f"store={store}", f"output={run}", "epochs=1", "batch_clips=8", "checkpoint_steps=1"]
    settings += ["network.big_size=16", "network.small_size=1"]
    arguments = ["train", *(part for setting in settings for part in ("--set", setting))]
    status, _, said = physiocam(1_000_000, *arguments)
    assert status == 1
    assert said.splitlines()[-1].startswith(f"physiocam: cannot write to '{run / 'checkpoints'}")
    assert "Traceback" not in said
    assert not [name for name in files(run) if "checkpoints" in name or "physiocam" in name]
    assert unlimited(*arguments) == 0
    export = ("weights", "export", run / "checkpoints" / "epoch=0.ckpt", tmp_path / "out" / "bundle")
    status, _, said = physiocam(300_000, *export)
    assert status == 1
    assert said.count("\n") == 1
    assert f"cannot write to '{tmp_path / 'out' / 'bundle'}'" in said
    assert files(tmp_path / "out") == set() if (tmp_path / "out").exists() else True
    assert unlimited(*export) == 0


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
