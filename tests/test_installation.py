"""What is installed, and that CI types what the README tells a reader to type."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = dict(re.findall(r"<!-- (\w+) command -->\n```sh\n(.*?)\n```", README))
SUPPORTED = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))

# All have wheels for every supported Python on Linux and Windows, and on Macs for all but the newest on Intel.
CORE = {"av", "numpy", "onnxruntime", "platformdirs", "pydantic", "pyyaml", "rich", "safetensors", "typer"}

# Stands for every program that .ci/run starts: notes what it is asked for, and makes environments in which it stands
# for Python again. MISSING names Pythons that cannot be started, like a shim of pyenv's without its Python.
STUB = """#!/bin/sh
name=$(basename "$0")
case " $MISSING " in *" $name "*) exit 127;; esac
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin"
  echo "PATH=$3/bin:\\$PATH; ENVIRONMENT=$(basename "$3"); export PATH ENVIRONMENT" > "$3/bin/activate"
  cp "$0" "$3/bin/python"
  echo "$(basename "$3") made by $name" >> "$LOG"
elif [ "$1" != "-c" ]; then
  echo "$ENVIRONMENT: $name $*" >> "$LOG"
fi
[ "$*" != "$FAILING" ]
"""


def ci(folder: Path, readme: str = README, missing: str = "", failing: str = "-") -> tuple[int, str, list[str]]:
    """Run .ci/run where every program is a stub: exit status, standard error, and what was started."""
    programs = folder / "programs"
    programs.mkdir()
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    for name in ("python3", *(f"python{version}" for version in SUPPORTED), "physiocam", "uv", "ruff", "mypy"):
        (programs / name).write_text(STUB)
        (programs / name).chmod(0o755)
    log = folder / "log"
    log.touch()
    environment = {
        "PATH": f"{programs}:{os.defpath}",
        "LOG": str(log),
        "MISSING": missing,
        "FAILING": failing,
        "PYENV_ROOT": str(folder),
        "TMPDIR": str(folder),
    }
    done = subprocess.run(
        ["bash", ".ci/run"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr, log.read_text().splitlines()


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^a-z0-9_-]", requirement.lower(), maxsplit=1)[0] for requirement in requirements}


def test_the_core_depends_on_nothing_that_needs_a_compiler_or_pytorch() -> None:
    assert names(PROJECT["dependencies"]) == CORE


def test_every_dependency_has_a_lower_bound() -> None:
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        for requirement in group:
            assert ">=" in requirement or requirement.startswith("physiocam["), requirement


def test_licences_of_the_detector_and_the_weights_are_among_the_licence_files() -> None:
    assert {f"src/physiocam/{part}/LICENSE" for part in ("video/detector", "weights/default")} < set(
        PROJECT["license-files"]
    )
    for name in PROJECT["license-files"]:
        assert (ROOT / name).is_file()


def test_the_supported_pythons_are_those_that_may_install_it() -> None:
    lowest, beyond = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()  # type: ignore[union-attr]
    assert [f"3.{minor}" for minor in range(int(lowest), int(beyond))] == SUPPORTED


def typed(command: str) -> list[str]:
    """The parts of a command, as the stubs note them: without the quotes."""
    return [part.replace('"', "").replace("'", "") for part in command.split(" && ")]


def test_ci_types_the_commands_of_the_readme_on_every_python(tmp_path: Path) -> None:
    assert set(COMMANDS) == {"demo", "test"}
    status, said, started = ci(tmp_path)
    assert status == 0, said
    for version in SUPPORTED:
        assert f"newest-{version} made by python{version}" in started
        assert f"lowest-{version} made by python{version}" in started
        for part in typed(COMMANDS["demo"]):
            assert f"newest-{version}: {part}" in started
        assert f"lowest-{version}: uv pip install -q --resolution lowest-direct .[demo]" in started
        assert f"lowest-{version}: physiocam demo" in started
    for part in (*typed(COMMANDS["test"]), "ruff check .", "ruff format --check .", "mypy "):
        assert f"tests: {part}" in started


def test_pythons_that_do_not_start_are_passed_over(tmp_path: Path) -> None:
    status, said, started = ci(tmp_path, missing=" ".join(f"python{version}" for version in SUPPORTED[1:]))
    assert status == 0, said
    assert f"Python {SUPPORTED[1]} is not on this machine" in said
    assert f"newest-{SUPPORTED[0]} made by python{SUPPORTED[0]}" in started
    assert not any(SUPPORTED[1] in line for line in started)


@pytest.mark.parametrize("name", ["demo", "test"])
def test_a_readme_without_a_command_fails_before_anything_is_started(tmp_path: Path, name: str) -> None:
    status, said, started = ci(tmp_path, README.replace(f"<!-- {name} command -->", ""))
    assert status != 0
    assert f"README.md shows no command under '<!-- {name} command -->'" in said
    assert started == []


@pytest.mark.parametrize("failing", ["demo", "-m pip install -q uv", "-m pytest -n auto", "check ."])
def test_it_fails_where_a_command_does(tmp_path: Path, failing: str) -> None:
    status, _, started = ci(tmp_path, failing=failing)
    assert status != 0
    assert any(line.endswith(failing) for line in started)


def test_a_linter_that_fails_ends_the_linters(tmp_path: Path) -> None:
    _, _, started = ci(tmp_path, failing="check .")
    linters = [line for line in started if line.startswith("tests: ") and "python" not in line]
    assert linters[-1] == "tests: ruff check ."


def test_nothing_is_tested_where_the_demo_fails(tmp_path: Path) -> None:
    status, _, started = ci(tmp_path, failing="demo")
    assert status != 0
    assert not any("pytest" in line for line in started if line.startswith("tests"))
