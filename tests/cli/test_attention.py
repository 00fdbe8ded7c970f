"""`physiocam attention` as a user meets it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from physiocam.cli import app
from physiocam.errors import PhysiocamError
from physiocam.video.writer import write_video

pytest.importorskip("torch")
pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def noise_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "noise.mp4"
    random = np.random.default_rng(0)
    write_video(path, (random.integers(0, 256, (96, 96, 3)).astype(np.uint8) for _ in range(12)), 25.0)
    return path


def attention(*words: object) -> Result:
    return CliRunner().invoke(app, ["attention", *map(str, words)])


def test_it_writes_a_picture_and_its_numbers(noise_clip: Path, tmp_path: Path) -> None:
    result = attention(noise_clip, "--face", "center", "--frames", 2, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "out" / "attention.png") in result.stdout
    arrays = np.load(tmp_path / "out" / "attention.npz", allow_pickle=False)
    assert arrays["times_s"].tolist() == pytest.approx([0.12, 0.36])
    assert arrays["big_au_pulse"].shape == (2, 36, 36)


def test_a_target_needs_captum(noise_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    result = attention(noise_clip, "--face", "center", "--target", "AU12", "-o", tmp_path / "out")
    assert isinstance(result.exception, PhysiocamError)
    assert "pip install 'physiocam[explain]'" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_no_face_is_one_line_and_no_picture(noise_clip: Path, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "physiocam", "attention", str(noise_clip), "-o", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stdout == ""
    (line,) = answer.stderr.strip().splitlines()
    assert "no face was found" in line
    assert not (tmp_path / "out").exists()


def test_help_needs_neither_pytorch_nor_matplotlib() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from physiocam.cli import app;"
        "assert CliRunner().invoke(app, ['attention', '--help']).exit_code == 0;"
        "print([name for name in ('torch', 'matplotlib', 'captum') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
