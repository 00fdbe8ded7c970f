"""Preparing that is killed, on one process, on several, and on a cluster: it costs time and nothing else."""

import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("zarr")

from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.store.prepare import Prepared, PrepareSettings, prepare
from physiocam.datasets.store.store import Store
from physiocam.video.writer import write_video

SETTINGS = PrepareSettings(crop="center")
RECORDINGS = 8
FRAMES = 50


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of short videos."""
    folder = tmp_path_factory.mktemp("videos")
    rng = np.random.default_rng(0)
    for index in range(RECORDINGS):
        frames = rng.integers(0, 256, (FRAMES + index, 32, 32, 3)).astype(np.uint8)
        write_video(folder / f"person{index}.mp4", frames, 25.0)
    return folder


@pytest.fixture(scope="module")
def undisturbed(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a store looks like that nothing has happened to."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    report = prepare(open_dataset("folder", videos).entries(), store, SETTINGS)
    assert [item.error for item in report] == [None] * RECORDINGS
    return contents(store)


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def whole(store: Path) -> int:
    """How many recordings are in a store; -1 before there is one."""
    return len(Store(store).names()) if (store / "zarr.json").exists() else -1


def test_killed_at_twenty_moments_it_ends_as_if_undisturbed(
    videos: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    # A server that has imported everything forks a process a run: only the work itself is killed.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["physiocam.datasets.store.prepare", "physiocam.datasets.readers.folder"])
    entries = open_dataset("folder", videos).entries()
    moments = random.Random(7)
    kills, round_, seen = 0, 0, set()
    while kills < 20:
        store = tmp_path / f"store{round_}"
        round_ += 1
        for attempt in count(1):
            process = context.Process(target=prepare, args=(entries, store, SETTINGS))
            process.start()
            # Each attempt gets one recording further than the one before, also on a busy machine, and into the next.
            while whole(store) < attempt - 2 and process.exitcode is None:
                process.join(0.005)
            process.join(moments.uniform(0.0, 0.15))
            if process.exitcode is not None:
                assert process.exitcode == 0
                break
            process.kill()
            process.join()
            kills += 1
            seen.add(whole(store))
        assert contents(store) == undisturbed
        assert [Store(store).recording(name).problems() for name in Store(store).names()] == [[]] * RECORDINGS
    assert len(seen) > 3, "the kills did not meet different states"


def test_what_was_left_beside_a_whole_store_is_removed(
    videos: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    # As if killed after the description had its place, while the folder beside was being removed.
    entries, store = open_dataset("folder", videos).entries(), tmp_path / "store"
    prepare(entries, store, SETTINGS)
    for name in ("a", "b"):
        (store / f".physiocam-{name}.lock").write_text("process 1")
    (store / ".physiocam-a").mkdir()
    prepare(entries, store, SETTINGS)
    assert contents(store) == undisturbed
    assert not (store / ".physiocam-a").exists()


def test_processes_whose_parent_is_killed_leave_nothing_wrong(
    videos: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    pytest.importorskip("joblib")
    store = tmp_path / "store"
    command = [sys.executable, "-m", "physiocam", "prepare", "folder", str(videos), str(store)]
    command += ["--set", "crop=center", "--jobs", "2"]
    for recordings in (1, 3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and (not (store / "zarr.json").exists() or len(Store(store).names()) < recordings):
            time.sleep(0.02)
        process.kill()
        process.wait()
    # Workers may live a little longer than who started them; the next run does not wait for them.
    run_again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run_again.returncode == 0, run_again.stderr
    assert {path: digest for path, digest in contents(store).items() if ".partial" not in path} == undisturbed


def start(*command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """A real dask scheduler and two real workers on this machine: the address, and the workers."""
    pytest.importorskip("joblib")
    distributed = pytest.importorskip("dask.distributed", reason="dask is missing; install physiocam[cluster]")
    about = tmp_path / "scheduler.json"
    file = ("--scheduler-file", str(about))
    processes = [start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show", *file)]
    try:
        worker = ("dask_worker", *file, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        processes += [start(*worker) for _ in range(2)]
        with distributed.Client(scheduler_file=str(about), timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        yield address, processes[1:]
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_a_cluster_gives_the_same_store(
    videos: Path, tmp_path: Path, undisturbed: dict[str, str], cluster: tuple[str, list["subprocess.Popen[bytes]"]]
) -> None:
    store = tmp_path / "store"
    entries = open_dataset("folder", videos).entries()
    report = prepare(entries, store, SETTINGS, scheduler=cluster[0])
    assert [item.error for item in report] == [None] * RECORDINGS
    assert contents(store) == undisturbed


def test_a_worker_killed_midway_costs_only_time(
    videos: Path, tmp_path: Path, undisturbed: dict[str, str], cluster: tuple[str, list["subprocess.Popen[bytes]"]]
) -> None:
    address, workers = cluster
    store = tmp_path / "store"

    def kill_one(_: Prepared) -> None:
        workers[0].kill()

    report = prepare(open_dataset("folder", videos).entries(), store, SETTINGS, scheduler=address, progress=kill_one)
    assert [item.error for item in report] == [None] * RECORDINGS
    assert workers[0].wait() == -signal.SIGKILL
    assert contents(store) == undisturbed


def test_processes_whose_parent_is_killed_say_nothing() -> None:
    pytest.importorskip("joblib")
    code = """
import time
from physiocam.foundation.parallel import run_jobs
outcomes = run_jobs(time.sleep, [0, 0, 60, 60], 2)
print(next(outcomes), flush=True)
list(outcomes)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    assert process.communicate(timeout=60)[1] == b""
