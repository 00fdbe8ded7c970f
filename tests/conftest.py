"""What the tests share: the reference material, where it is present."""

import os
from pathlib import Path

import pytest

# Tests run side by side, one process a core: more threads each would only stand in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_SHARED = Path(os.environ.get("PHYSIOCAM_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference material (golden answers, real clips, checkpoints); skips where it is absent."""
    if not (_SHARED / "golden").is_dir():
        pytest.skip(f"no reference material at {_SHARED}; set PHYSIOCAM_SHARED to its folder")
    return _SHARED
