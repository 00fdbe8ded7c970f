"""The page's rules are those of Python: what both are tested against is what Python answers now."""

import json
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WEB, SCRIPTS = ROOT / "web", ROOT / "scripts" / "web"


def test_the_page_has_the_numbers_of_python() -> None:
    rules_text = runpy.run_path(str(SCRIPTS / "constants.py"))["rules_text"]
    kept = (WEB / "src" / "rules" / "rules.json").read_text("utf-8")
    assert kept == rules_text(), "run: python scripts/web/constants.py, then npm run build in web/"


def test_the_golden_vectors_are_what_python_answers() -> None:
    found = json.loads(runpy.run_path(str(SCRIPTS / "golden.py"))["golden_text"]())
    kept = json.loads((WEB / "tests" / "golden.json").read_text("utf-8"))
    assert differences(found, kept, "golden") == [], "run: python scripts/web/golden.py, then npm test in web/"


def differences(found: Any, kept: Any, place: str) -> list[str]:
    """Where two answers differ, by more than processors and versions of NumPy do."""
    if isinstance(found, dict) and isinstance(kept, dict) and found.keys() == kept.keys():
        return [one for key in kept for one in differences(found[key], kept[key], f"{place}.{key}")]
    if isinstance(found, list) and isinstance(kept, list) and len(found) == len(kept):
        return [
            one for i, pair in enumerate(zip(found, kept, strict=True)) for one in differences(*pair, f"{place}[{i}]")
        ]
    if isinstance(found, float) and isinstance(kept, float):
        return [] if found == pytest.approx(kept, rel=1e-5, abs=1e-5) else [f"{place}: {found}, kept {kept}"]
    if ".files." in place and isinstance(found, str):
        # Lines of files, in which a last digit may be rounded otherwise.
        return []
    return [] if found == kept else [f"{place}: {found}, kept {kept}"]


def test_differences_would_be_noticed() -> None:
    assert differences({"a": [1.0, None]}, {"a": [1.001, None]}, "x") == ["x.a[0]: 1.0, kept 1.001"]
    assert differences({"a": [1.0]}, {"a": [1.0, 2.0]}, "x") != []


@pytest.mark.parametrize("command", ["check", "test", "verify"])
def test_the_page_passes_its_own(command: str) -> None:
    """Types, the golden vectors, and that the built page is what its source makes."""
    if not (WEB / "node_modules").is_dir() or not shutil.which("npm"):
        pytest.skip("web/node_modules is not there; run: npm ci, in web/")
    run = subprocess.run(["npm", "run", command], cwd=WEB, capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
