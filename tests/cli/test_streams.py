"""Standard output and error that are full, closed or not read: no traceback, and a status that says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")

COMMANDS = ["--version", "--help", "models", "data list", "weights list", "weights show", "prepare --help"]


def shell(command: str, redirected: str) -> tuple[int, str, str]:
    line = f"set -o pipefail; {sys.executable} -m physiocam {command} {redirected}"
    answer = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    return answer.returncode, answer.stdout, answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("redirected", [">/dev/full", ">&-"])
def test_output_that_cannot_be_written_is_an_error_of_one_line(command: str, redirected: str) -> None:
    status, _, said = shell(command, redirected)
    assert status == 1
    assert said.startswith("physiocam: cannot write to standard output: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-"])
def test_messages_that_cannot_be_written_change_nothing(redirected: str) -> None:
    status, printed, _ = shell("weights show", redirected)
    assert status == 0
    assert printed.endswith("}\n")
    assert shell("weights show nowhere", redirected)[:2] == (1, "")


def test_nothing_can_be_written_at_all() -> None:
    assert shell("weights show", ">&- 2>&-")[0] == 1


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    # Python prints for as long as the pipe takes it: a reader that reads nothing is sure to be noticed.
    status, _, said = shell("weights show", "| true")
    assert status in {0, 1}
    assert said == ""


def test_no_file_takes_the_place_of_a_closed_output(tmp_path: Path) -> None:
    status, _, said = shell(
        f"data generate folder {tmp_path / 'set'} --recordings 1 --seconds 1 --size 64x48", ">&- 2>&-"
    )
    assert status == 1
    assert said == ""
    assert (tmp_path / "set" / "recordings.csv").read_text().startswith("video,")
