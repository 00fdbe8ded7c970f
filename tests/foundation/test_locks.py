"""One process at a time, and what killed ones leave behind: locks and hidden files, with real processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from physiocam.errors import PhysiocamError
from physiocam.foundation.files import complete_file, complete_files
from physiocam.foundation.locks import alone_in

HOLDING = """
import sys, time
from physiocam.foundation.locks import alone_in
with alone_in(sys.argv[1], "training into"):
    print("held", flush=True)
    time.sleep(60)
"""
WRITING = """
import sys, time
from physiocam.foundation.files import complete_file
with complete_file(sys.argv[1] + "/overlay.mp4") as beside:
    beside.write_text("half of it")
    print("writing", flush=True)
    time.sleep(60)
"""


def started(code: str, folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def test_the_second_is_refused_and_told_who_is_at_it(tmp_path: Path) -> None:
    process = started(HOLDING, tmp_path)
    try:
        with (
            pytest.raises(
                PhysiocamError, match=rf"another process is training into .* \(process {process.pid} on \S+, "
            ),
            alone_in(tmp_path, "training into"),
        ):
            pass
    finally:
        process.kill()
        process.wait()
    # The dead do not block.
    with alone_in(tmp_path, "training into"):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert list(tmp_path.iterdir()) == []


def test_a_copy_of_the_process_does_not_hold_the_lock_on(tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system copies no process")
    with alone_in(tmp_path, "training into"):
        child = os.fork()
        if not child:
            time.sleep(2)
            os._exit(0)
    with alone_in(tmp_path, "training into"):
        pass
    os.waitpid(child, 0)


def test_a_folder_that_was_made_for_nothing_is_gone_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), alone_in(tmp_path / "out", "training into"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_lives_is_not(tmp_path: Path) -> None:
    killed, living = started(WRITING, tmp_path), started(WRITING, tmp_path)
    try:
        killed.kill()
        killed.wait()
        assert len(list(tmp_path.iterdir())) == 4
        with complete_files(tmp_path, ("a.txt",)) as beside:
            (beside / "a.txt").write_text("whole")
        hidden = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
        assert len(hidden) == 2
        assert [path.read_text() for path in tmp_path.glob(".*/overlay.mp4")] == ["half of it"]
    finally:
        living.kill()
        living.wait()
    with complete_file(tmp_path / "b.txt") as beside:
        beside.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("name", ["x" * 300 + ".txt", "file/out.txt"])
def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PhysiocamError, match="cannot write to"), complete_file(tmp_path / name) as beside:
        beside.write_text("")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
