"""What the tests share: the reference material, where it is present."""

import os
from pathlib import Path

import pytest

_SHARED = Path(os.environ.get("PHYSIOCAM_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference material (golden answers, real clips, checkpoints); skips where it is absent."""
    if not (_SHARED / "golden").is_dir():
        pytest.skip(f"no reference material at {_SHARED}; set PHYSIOCAM_SHARED to its folder")
    return _SHARED
