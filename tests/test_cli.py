"""The command line as a user meets it: real processes, their output, exit status and files."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from physiocam.video.writer import write_video


def physiocam(*arguments: object, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    if home is not None:
        environment["PHYSIOCAM_HOME"] = str(home)
    return subprocess.run(
        [sys.executable, "-m", "physiocam", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )


def one_line(stderr: str) -> str:
    lines = stderr.strip().splitlines()
    assert len(lines) == 1, stderr
    assert "Traceback" not in stderr
    return lines[0]


@pytest.fixture(scope="module")
def noise_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "noise.mp4"
    random = np.random.default_rng(0)
    write_video(path, (random.integers(0, 256, (96, 96, 3)).astype(np.uint8) for _ in range(20)), 25.0)
    return path


def test_help_lists_the_commands() -> None:
    answer = physiocam("--help")
    assert answer.returncode == 0
    for command in ("measure", "demo", "weights"):
        assert command in answer.stdout


def test_import_is_light() -> None:
    heavy = ["numpy", "scipy", "av", "onnxruntime", "pydantic", "rich", "typer", "torch"]
    code = f"import sys, physiocam; print([m for m in {heavy!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_measuring_never_imports_pytorch(noise_clip: Path) -> None:
    code = (
        "import sys, physiocam; physiocam.measure(sys.argv[1], face='center');"
        "physiocam.measure(sys.argv[1], face='center', method='pos');"
        "print([m for m in ('torch', 'cv2', 'vitallens', 'scipy') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(noise_clip)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_classical_method_needs_no_weights(noise_clip: Path) -> None:
    answer = physiocam("measure", noise_clip, "--method", "pos", "--face", "center", "--json")
    assert answer.returncode == 0, answer.stderr
    summary = json.loads(answer.stdout)
    assert (summary["method"], summary["weights"], summary["action_units"]) == ("pos", None, {})


def test_json_is_the_only_thing_on_standard_output(noise_clip: Path, tmp_path: Path) -> None:
    answer = physiocam("measure", noise_clip, "--json", "-o", tmp_path / "out")
    assert answer.returncode == 0, answer.stderr
    summary = json.loads(answer.stdout)
    assert summary["source"] == str(noise_clip)
    assert json.loads((tmp_path / "out" / "measurement.json").read_text()) == summary
    assert summary["heart_rate"]["value"] is None
    assert summary["heart_rate"]["note"]


def test_one_bad_file_among_several_loses_nothing(noise_clip: Path, tmp_path: Path) -> None:
    bad = tmp_path / "text.mp4"
    bad.write_text("this is no video\n")
    answer = physiocam("measure", noise_clip, bad, noise_clip, "--json", "-o", tmp_path / "out")
    assert answer.returncode == 1
    first, failed, last = json.loads(answer.stdout)
    assert first["source"] == last["source"] == str(noise_clip)
    assert failed["source"] == str(bad)
    assert "text.mp4" in failed["error"]
    assert "text.mp4" in answer.stderr
    assert "Traceback" not in answer.stderr
    made = {p.name for p in (tmp_path / "out").iterdir()} - {"summary.parquet"}
    assert made == {"noise", "noise-2", "summary.csv"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.mp4"], "nowhere.mp4"),
        (["nowhere.mp4", "--weights", "nothing"], "nothing"),
        (["nowhere.mp4", "--face", "somewhere"], "X,Y,SIZE"),
        (["nowhere.mp4", "--face", "1,2"], "X,Y,SIZE"),
        (["nowhere.mp4", "--method", "best"], "network, pos, chrom, green, ica, pbv, lgi, omit"),
        (["nowhere.mp4", "--method", "pos", "--weights", "mine"], "uses no weights"),
        (["nowhere.mp4", "--fs", "-3"], "-3"),
        (["nowhere.mp4", "--fs", "nan"], "nan"),
    ],
)
def test_bad_arguments_give_one_line(arguments: list[str], words: str) -> None:
    answer = physiocam("measure", *arguments)
    assert answer.returncode == 1
    assert words in one_line(answer.stderr)
    assert answer.stdout == ""


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "text", "garbage"])
def test_bad_sources_give_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.mp4"
    if kind == "directory":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("hello " * 100)
    elif kind == "garbage":
        path.write_bytes(np.random.default_rng(0).bytes(20_000))
    answer = physiocam("measure", path, "-o", tmp_path / "out")
    assert answer.returncode == 1
    assert "bad.mp4" in one_line(answer.stderr)
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_gives_one_line(noise_clip: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = physiocam("measure", noise_clip, "-o", tmp_path / "file" / "out")
    assert answer.returncode == 1
    assert "cannot write to" in answer.stderr
    assert "Traceback" not in answer.stderr


def reads(pid: int, path: Path) -> bool:
    """Whether a process has a file open."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if link.readlink() == path:
                return True
        except OSError:  # closed meanwhile
            continue
    return False


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to see when the work has begun")
def test_an_interrupt_leaves_one_line_and_no_files(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    write_video(path, (np.roll(frame, i, axis=1) for i in range(600)), 25.0)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "physiocam",
            "measure",
            str(path),
            "--face",
            "center",
            "-o",
            str(tmp_path / "out"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not reads(process.pid, path):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    if process.returncode == 0:
        pytest.skip("the machine finished before the interrupt came")
    assert process.returncode == 130, (stdout, stderr)
    assert "Traceback" not in stderr
    assert not (tmp_path / "out").exists()


def test_weights_show_and_list_name_the_default(tmp_path: Path) -> None:
    shown = json.loads(physiocam("weights", "show").stdout)
    assert shown["name"] == "default"
    assert "generated clips" in shown["description"]
    assert shown["evaluation"]
    assert "default" in physiocam("weights", "list", home=tmp_path).stdout


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    marker = tmp_path / "ran"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {marker}",)

    import torch

    torch.save({"out_fc1.weight": Bomb()}, tmp_path / "bad.pth")
    answer = physiocam("weights", "import", tmp_path / "bad.pth", "--name", "bad", home=tmp_path / "home")
    assert answer.returncode == 1
    assert "bad.pth" in one_line(answer.stderr)
    assert not marker.exists()
