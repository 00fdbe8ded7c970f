"""The names that are promised: listed, documented, and shown by examples that run."""

import ast
import doctest
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import physiocam

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
EXAMPLE = ">>> "


def modules_with_examples() -> list[str]:
    paths = [path for path in (SOURCE / "physiocam").rglob("*.py") if EXAMPLE in path.read_text(encoding="utf-8")]
    return sorted(".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in paths)


@pytest.mark.parametrize("name", sorted(set(physiocam.__all__) - {"__version__", "SETTINGS"}))
def test_every_public_name_has_an_example(name: str) -> None:
    assert EXAMPLE in (inspect.getdoc(getattr(physiocam, name)) or "")


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_run(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        module = import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} needs {error.name}")
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_the_list_of_public_names_is_the_one_that_type_checkers_see() -> None:
    tree = ast.parse((SOURCE / "physiocam" / "__init__.py").read_text(encoding="utf-8"))
    (seen,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {alias.name for line in seen.body if isinstance(line, ast.ImportFrom) for alias in line.names}
    assert imported | {"__version__"} == set(physiocam.__all__) == set(physiocam._HOMES) | {"__version__"}
    assert dir(physiocam) == sorted(physiocam.__all__)


def test_the_api_page_has_every_public_name() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in physiocam.__all__:
        assert f"physiocam.{name}" in page, name


def test_importing_the_package_imports_nothing_else() -> None:
    heavy = {"numpy", "av", "onnxruntime"}
    loaded = f"import sys, physiocam; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
