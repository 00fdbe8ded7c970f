"""What docs/security.md says never happens, watched from inside the interpreter."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from physiocam.video.writer import write_video

# Python tells of each of these before it happens.
WATCHED = """
import sys

FORBIDDEN = ("socket.", "pickle.find_class", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "urllib.")

def watch(event, arguments):
    if event.startswith(FORBIDDEN):
        print(event, arguments)

import physiocam
sys.addaudithook(watch)
"""


def heard(code: str, *arguments: object) -> list[str]:
    command = [sys.executable, "-c", WATCHED + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_measuring_opens_no_connection_unpickles_nothing_and_runs_no_program(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    write_video(tmp_path / "a.mp4", (random.integers(0, 256, (64, 64, 3)).astype(np.uint8) for _ in range(30)), 25.0)
    measuring = "physiocam.measure(sys.argv[1], face='center').write(sys.argv[2]); physiocam.measure(sys.argv[1])"
    assert heard(measuring, tmp_path / "a.mp4", tmp_path / "out") == []
    assert (tmp_path / "out" / "measurement.json").is_file()


def test_the_watch_would_have_noticed() -> None:
    assert heard("import socket; socket.socket().close()") != []
    assert heard("import collections, pickle; pickle.loads(pickle.dumps(collections.OrderedDict()))") != []
