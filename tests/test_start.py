"""What `physiocam measure` loads: only what it needs. Modules are counted; times would depend on the machine."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from physiocam.video.writer import write_video

# Each would be loaded by a single careless import, and is used by nothing in a usual measurement.
NEEDLESS = (
    "jinja2",
    "joblib",
    "matplotlib",
    "multiprocessing",
    "pandas",
    "physiocam.report.html",
    "physiocam.synthetic",
    "physiocam.training",
    "rich.progress",
    "scipy",
    "torch",
    "yaml",
)


def loaded_by(*arguments: object) -> list[str]:
    """The needless modules that a command loads."""
    code = (
        "import sys\nfrom physiocam.cli import main\ntry:\n    main()\n"
        f"finally:\n    print('\\nloaded', *(name for name in {NEEDLESS!r} if name in sys.modules))"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return found.stdout.splitlines()[-1].split()[1:]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, 20 frames."""
    path = tmp_path_factory.mktemp("clips") / "noise.mp4"
    random = np.random.default_rng(0)
    write_video(path, (random.integers(0, 256, (96, 96, 3)).astype(np.uint8) for _ in range(20)), 25.0)
    return path


def test_measuring_loads_only_what_it_needs(clip: Path, tmp_path: Path) -> None:
    assert loaded_by("measure", clip, "--face", "center", "-o", tmp_path / "out") == []
    assert (tmp_path / "out" / "summary.csv").is_file()


def test_an_options_file_is_what_needs_yaml(clip: Path, tmp_path: Path) -> None:
    options = tmp_path / "options.yaml"
    options.write_text("face: center\n")
    assert loaded_by("measure", clip, "--options", options, "--json") == ["yaml"]
