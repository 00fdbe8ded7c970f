"""No more threads and processes than there are cores."""

import os
import sys
from pathlib import Path
from threading import active_count
from typing import Any

import pytest
from typer.testing import CliRunner

from physiocam.cli import app
from physiocam.errors import PhysiocamError
from physiocam.foundation import cores
from physiocam.foundation import parallel as jobs
from physiocam.foundation.cores import usable_cores, within_cores


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: 4, raising=False)
    monkeypatch.setattr(cores, "_CGROUP", tmp_path)


@pytest.mark.usefixtures("four_cores")
def test_as_many_as_are_wanted_and_no_more_than_there_are() -> None:
    assert [within_cores(wanted, "threads") for wanted in (None, 1, 4, 5, 1000, 10**30)] == [4, 1, 4, 4, 4, 4]
    for wanted in (0, -3, 1.5, True, "2"):
        with pytest.raises(PhysiocamError, match=r"^threads is"):
            within_cores(wanted, "threads")


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "max 100000\n"}, 4),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu.max": "nonsense"}, 4),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "0\n"}, 4),
        ({}, 4),
    ],
)
def test_a_container_has_its_share(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert usable_cores() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds processes so")
def test_a_process_has_the_cores_that_it_is_bound_to() -> None:
    bound = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(bound)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, bound)


@pytest.mark.parametrize(
    "arguments",
    [
        ("measure", "missing.mp4", "--threads"),
        ("measure", "missing.mp4", "--jobs"),
        ("live", "--source", "missing.mp4", "--threads"),
        ("prepare", "folder", "missing", "store", "--jobs"),
        ("data", "check", "folder", "missing", "--jobs"),
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments[-1]}",
)
def test_commands_say_what_is_used(arguments: tuple[str, ...]) -> None:
    pytest.importorskip("zarr")
    option, many = arguments[-1], usable_cores()
    answer = CliRunner().invoke(app, [*arguments, "1000"])
    assert f"{option} is 1000; {many} are used, one for each core that there is" in answer.output
    for wrong in ("0", "-5"):
        answer = CliRunner().invoke(app, [*arguments, wrong])
        assert isinstance(answer.exception, PhysiocamError)
        assert str(answer.exception) == f"{option} is {wrong}; expected a whole number of 1 or more"


def test_a_thousand_threads_are_not_started() -> None:
    from physiocam.weights.bundle import load_bundle
    from physiocam.weights.runtime import Runtime

    def threads() -> int:
        return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else active_count()

    before = threads()
    runtime = Runtime(load_bundle("default"), threads=1000)
    assert threads() - before <= 8 * usable_cores()
    del runtime


def test_no_more_processes_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def recorded(_function: Any, _items: Any, count: int) -> Any:
        asked.append(count)
        return iter(())

    monkeypatch.setattr(jobs, "_on_processes", recorded)
    list(jobs.run_jobs(str, range(5000), 1000))
    assert asked == [max(usable_cores(), 2)]
