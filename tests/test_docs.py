"""What the pages state is what the code says."""

import re
import runpy
from pathlib import Path

import pytest

from physiocam.signals.methods import METHODS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_the_table_of_networks_is_up_to_date() -> None:
    pytest.importorskip("torch")
    from physiocam.networks.complexity import cost
    from physiocam.networks.registry import preset, preset_names

    page = (DOCS / "networks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|.*\| ([\d,]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert [name for name, _, _ in rows] == preset_names()
    for name, parameters, macs in rows:
        counted = cost(preset(name))
        assert (parameters, macs) == (f"{counted.parameters:,}", f"{counted.macs_per_frame / 1e6:.2f}")


def test_the_page_of_methods_tells_of_each() -> None:
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(METHODS)


def test_the_two_commands_of_a_fresh_machine_are_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    demo = re.search(r"<!-- demo command -->\n```sh\n(.*?)\n```", readme)
    test = re.search(r"<!-- test command -->\n```sh\n(.*?)\n```", readme)
    assert demo is not None
    assert "physiocam demo" in demo[1]
    assert test is not None
    assert test[1].endswith("python -m pytest -n auto")
    assert "README.md" in (ROOT / ".ci" / "run").read_text()


def test_the_gallery_is_made_of_the_examples() -> None:
    pytest.importorskip("PIL")
    script = runpy.run_path(str(ROOT / "scripts" / "pages" / "gallery.py"))
    assert set(script["TITLES"]) == {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == script["page"](), "run scripts/pages/gallery.py --page"
    for path in (ROOT / "examples" / "notebooks").glob("*.py"):
        assert path.name in script["page"]()


def test_the_questions_page_quotes_the_model_card() -> None:
    card = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    page = " ".join((DOCS / "faq.md").read_text(encoding="utf-8").split())
    heart, breathing, painted = re.findall(r"^\| all \| ([\d.]+) \((\d+ of \d+)\)", card, re.MULTILINE)
    heart_count, total = heart[1].split(" of ")
    assert f"On {total} generated recordings" in page
    assert f"the heart rate is reported in {heart_count}, with a mean error of {heart[0]} beats/min" in page
    assert f"{painted[1].split()[0]} heart rates are reported, and all are within 3" in " ".join(card.split())
    assert f"breathing in {breathing[1].split()[0]}, with a mean error of {breathing[0]} breaths/min" in page
