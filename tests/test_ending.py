"""Commands that are told to end, or are killed: their workers end with them, and nothing half-written stays."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

psutil = pytest.importorskip("psutil")
if sys.platform == "win32":
    pytest.skip("signals are those of POSIX", allow_module_level=True)

from physiocam.video.writer import write_video  # noqa: E402

WAIT_S = 60.0

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of videos that take longer than any test."""
    folder = tmp_path_factory.mktemp("videos")
    still = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    write_video(folder / "a.mp4", (still for _ in range(20_000)), 25.0)
    shutil.copy(folder / "a.mp4", folder / "b.mp4")
    return folder


def wait(until: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not until():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def end(process: "subprocess.Popen[str]", number: int) -> tuple[str, list[str]]:
    """Send a signal; what was said, and the children that are left."""
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(number)
    said = process.communicate(timeout=WAIT_S)[1]
    _, alive = psutil.wait_procs(children, timeout=WAIT_S / 2)
    for child in alive:
        child.kill()
    return said, [" ".join(child.cmdline()) for child in alive]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts commands; those that a failed test leaves are killed."""
    started = []

    def run(*arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "physiocam", *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        return started[-1]

    # What is ignored here, as under nohup and in the background of a script, commands would ignore too.
    ignored = [number for number in (signal.SIGHUP, signal.SIGINT) if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield run
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_workers_of_prepare_end_with_it(start: Start, videos: Path, tmp_path: Path, number: int, status: int) -> None:
    pytest.importorskip("joblib")
    pytest.importorskip("zarr")
    store = tmp_path / "store"
    process = start("prepare", "folder", videos, store, "--set", "crop=center", "--jobs", "2")
    # Not both workers: on a busy machine one may have done the work before the other is there.
    wait(lambda: process.poll() is not None or any(store.glob(".partial/*")))
    said, alive = end(process, number)
    assert (process.returncode, alive) == (status, [])
    if number != signal.SIGKILL:
        assert said.count("\n") == 1
        assert "nothing half-written was left behind" in said
        assert [path.name for path in store.iterdir()] == ["zarr.json"]


def test_workers_of_measure_end_with_it(start: Start, videos: Path, tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    process = start("measure", videos, "-o", tmp_path / "out", "--jobs", "2", "--face", "center", "--threads", "1")
    wait(lambda: process.poll() is not None or len(psutil.Process(process.pid).children(recursive=True)) > 3)
    _, alive = end(process, signal.SIGKILL)
    assert alive == []


READING = """
import sys, torch
from physiocam.datasets.store.clips import clip_loader

class Slowly(torch.utils.data.Dataset):
    def __len__(self):
        return 1000
    def __getitem__(self, index):
        import time
        time.sleep(0.01 if index < 4 else 60)
        return torch.zeros(1)

if __name__ == "__main__":
    for _ in clip_loader(Slowly(), 1, workers=2):
        print("reading", file=sys.stdout, flush=True)
"""


def test_processes_that_read_clips_end_with_the_training(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("zarr")
    script = tmp_path / "reading.py"
    script.write_text(READING)
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    process.stdout.readline()
    _, alive = end(process, signal.SIGKILL)
    assert alive == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_file_that_is_being_written_leaves_nothing(start: Start, tmp_path: Path, number: int) -> None:
    # A whole layout lies in a hidden folder until it is done.
    process = start("data", "generate", "folder", tmp_path / "set", "--recordings", 2, "--seconds", 600)
    wait(lambda: process.poll() is not None or list(tmp_path.glob(".physiocam-*/set/*")))
    process.send_signal(number)
    said = process.communicate(timeout=WAIT_S)[1]
    assert process.returncode == 128 + number
    assert said == f"physiocam: ended by {signal.Signals(number).name}; nothing half-written was left behind\n"
    assert list(tmp_path.iterdir()) == []
