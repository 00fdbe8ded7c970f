"""What the pages show as Python runs, and what they print is what the code says."""

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_examples_of_networks_run() -> None:
    torch = pytest.importorskip("torch")
    names: dict[str, Any] = {}
    for block in blocks("networks.md"):
        exec(block, names)
    assert names["two_big_frames"].big_frames == 2
    config = names["hands"]
    big = torch.randn(2, 1, 3, config.big_size, config.big_size)
    small = torch.randn(2, 5, 3, config.small_size, config.small_size)
    outputs = names["network"](big, small)
    assert {task: tuple(output.shape) for task, output in outputs.items()} == {"tremor": (2, 5, 2), "grip": (2, 5, 3)}
