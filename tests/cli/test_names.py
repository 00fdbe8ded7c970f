"""Files whose names are no text, on terminals that know little: measured, listed and told of like others."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from physiocam.video.writer import write_video

PLAIN = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
QUICK = ("--method", "pos", "--face", "center")
ODD = b"caf\xe9"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A folder with two videos, of which one has a name in an old encoding, and a damaged one of such a name."""
    folder = tmp_path_factory.mktemp("videos")
    random = np.random.default_rng(0)
    write_video(folder / "plain.mp4", (random.integers(0, 256, (48, 64, 3)).astype(np.uint8) for _ in range(10)), 25.0)
    where = os.fsencode(folder)
    try:
        for name in (ODD, "né".encode()):
            with open(where + b"/" + name + b".mp4", "wb") as file:
                file.write((folder / "plain.mp4").read_bytes())
        with open(where + b"/bad\xff.mp4", "wb") as file:
            file.write(b"no video")
    except OSError:
        pytest.skip("this file system takes no such names")
    return where


@pytest.fixture(params=[{}, PLAIN], ids=["utf-8", "posix"])
def terminal(request: pytest.FixtureRequest) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    plain.update(request.param)
    return plain


def physiocam(terminal: dict[str, str], folder: Path, *arguments: str | bytes) -> tuple[int, bytes, list[bytes]]:
    """Exit status, output, and lines of complaint."""
    command = [os.fsencode(sys.executable), b"-m", b"physiocam", *map(os.fsencode, arguments)]
    answer = subprocess.run(command, capture_output=True, timeout=300, env=terminal, cwd=folder, check=False)
    assert b"Traceback" not in answer.stderr, answer.stderr.decode(errors="replace")
    return answer.returncode, answer.stdout, answer.stderr.splitlines()


def test_results_name_the_recording(videos: bytes, terminal: dict[str, str], tmp_path: Path) -> None:
    clip = videos + b"/" + ODD + b".mp4"
    code, _, complaints = physiocam(
        terminal, tmp_path, "measure", clip, *QUICK, "-o", b"out\xff", "--report", "--overlay"
    )
    assert (code, complaints) == (0, [])
    results = tmp_path / os.fsdecode(b"out\xff")
    measured = json.loads((results / "measurement.json").read_text(encoding="utf-8"))
    assert measured["source"].endswith(r"/caf\xe9.mp4")
    assert r"caf\xe9.mp4" in (results / "report.html").read_text(encoding="utf-8")
    assert (results / "overlay.mp4").stat().st_size > 1000
    code, told, _ = physiocam(terminal, tmp_path, "measure", clip, *QUICK, "--json")
    assert code == 0
    assert json.loads(told)["source"].endswith(r"/caf\xe9.mp4")


def test_one_odd_name_loses_no_table(videos: bytes, terminal: dict[str, str], tmp_path: Path) -> None:
    code, told, complaints = physiocam(terminal, tmp_path, "measure", videos, *QUICK, "-o", b"out\xff")
    assert code == 1
    assert b"3 of 4 videos are measured" in told
    assert any(rb"bad\xff.mp4" in line for line in complaints)
    results = tmp_path / os.fsdecode(b"out\xff")
    with (results / "summary.csv").open(encoding="utf-8", newline="") as file:
        rows = {Path(row["video"]).name: row for row in csv.DictReader(file)}
    assert len(rows) == 4
    assert rows[r"caf\xe9.mp4"]["duration_s"] == "0.4"
    assert "cannot be opened" in rows[r"bad\xff.mp4"]["error"]
    assert os.path.exists(os.fsencode(results) + b"/" + ODD + b"/measurement.json")
    # What is there is not measured again, whatever its name.
    stamp = os.stat(os.fsencode(results) + b"/" + ODD + b"/measurement.json").st_mtime_ns
    physiocam(terminal, tmp_path, "measure", videos, *QUICK, "-o", b"out\xff", "--json")
    assert os.stat(os.fsencode(results) + b"/" + ODD + b"/measurement.json").st_mtime_ns == stamp


def test_folders_of_images(terminal: dict[str, str], tmp_path: Path) -> None:
    from physiocam.synthetic.encoding import encoded

    folder = os.fsencode(tmp_path) + b"/im\xff"
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this file system takes no such names")
    for number, content in enumerate(encoded([np.full((48, 64, 3), 99, np.uint8)] * 4, "png", "rgb24")):
        with open(folder + b"/%d\xfe.png" % number, "wb") as file:
            file.write(content if number else b"")
    code, told, complaints = physiocam(terminal, tmp_path, "measure", b"im\xff", "--fs", "25", *QUICK, "--json")
    assert (code, complaints) == (0, [])
    measured = json.loads(told)
    assert measured["source"] == r"im\xff"
    assert measured["notes"] == [r"'0\xfe.png' cannot be read as an image; its frame is a gap"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("measure", b"missing\xff.mp4"),
        ("measure", b"clip.mp4", "--weights", b"w\xff"),
        ("attention", b"missing\xff.mp4", "-o", b"out\xff"),
        ("live", "--source", b"missing\xff.mp4"),
        ("weights", "show", b"w\xff"),
        ("weights", "import", b"w\xff.pth"),
        ("store", "info", b"w\xff"),
        ("store", "verify", b"w\xff"),
        ("evaluate", b"w\xff"),
        ("data", "check", "folder", b"w\xff"),
        ("prepare", "folder", b"w\xff", b"s\xff"),
        ("train", b"w\xff.yaml"),
        ("train", "--set", b"store=w\xff", "--set", b"output=o\xff"),
        ("reproduce", "2", b"w\xff"),
    ],
    ids=lambda arguments: " ".join(part for part in arguments[:2] if isinstance(part, str)),
)
def test_complaints_are_one_line(arguments: tuple[str | bytes, ...], tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    code, _, complaints = physiocam(dict(os.environ) | PLAIN, tmp_path, *arguments)
    assert code in (1, 2)
    if code == 1:
        assert len(complaints) == 1 + (arguments[0] == "live")


def test_stores_and_evaluations(videos: bytes, terminal: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    code, told, _ = physiocam(terminal, tmp_path, "prepare", "folder", videos, b"store\xff")
    assert b"3 of 4 recordings" in told
    code, told, complaints = physiocam(terminal, tmp_path, "store", "verify", b"store\xff")
    assert (code, complaints) == (0, [])
    assert physiocam(terminal, tmp_path, "store", "info", b"store\xff")[0] == 0
    assert physiocam(terminal, tmp_path, "data", "check", "folder", videos)[0] in (0, 1)
    assert physiocam(terminal, tmp_path, "data", "check", "folder", videos, "--json")[0] in (0, 1)
