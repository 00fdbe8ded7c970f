"""What continuous integration and a release do agrees with what the project says of itself."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
SUPPORTED = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
README = (ROOT / "README.md").read_text(encoding="utf-8")
SBOM = "sbom/physiocam.cdx.json"

yaml = pytest.importorskip("yaml")


def workflow(name: str) -> dict[Any, Any]:
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    content: dict[Any, Any] = yaml.safe_load(text)
    return content


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in workflow(name)["jobs"].values():
        yield from job["steps"]


def commands(job: dict[str, Any]) -> list[str]:
    return [command for step in job["steps"] for command in step.get("run", "").strip().splitlines()]


# Continuous integration.


@pytest.mark.parametrize("job", ["tests", "newest", "lowest"])
def test_every_supported_python_is_tried(job: str) -> None:
    assert workflow("ci")["jobs"][job]["strategy"]["matrix"]["python"] == SUPPORTED


def test_the_job_that_decides_has_every_supported_python() -> None:
    job = workflow("ci")["jobs"]["decides"]
    assert commands(job) == ["bash .ci/run"]
    (setup,) = [step["with"] for step in job["steps"] if "setup-python" in step.get("uses", "")]
    assert sorted(setup["python-version"].split()) == sorted(SUPPORTED)


def test_other_systems_type_the_command_of_the_readme() -> None:
    job = workflow("ci")["jobs"]["newest"]
    assert {system.partition("-")[0] for system in job["strategy"]["matrix"]["system"]} == {"macos", "windows"}
    demo = re.search(r"<!-- demo command -->\n```sh\n(.*?)\n```", README)
    assert demo is not None
    assert commands(job) == [demo[1]]


def test_the_lowest_dependencies_are_those_of_the_script() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (lowest,) = [command for command in commands(workflow("ci")["jobs"]["lowest"]) if "physiocam demo" in command]
    assert "--resolution lowest-direct" in lowest
    assert "--resolution lowest-direct" in script


# Releases.


@pytest.mark.parametrize("name", ["ci", "release"])
def test_nothing_may_do_more_than_it_must(name: str) -> None:
    content = workflow(name)
    assert content["permissions"] == {"contents": "read"}
    more = {job: one["permissions"] for job, one in content["jobs"].items() if "permissions" in one}
    needed = {"attest": {"id-token": "write", "attestations": "write"}, "publish": {"id-token": "write"}}
    assert more == (needed if name == "release" else {})


@pytest.mark.parametrize("name", ["ci", "release"])
def test_actions_are_pinned_by_their_major_version(name: str) -> None:
    used = [step["uses"] for step in steps(name) if "uses" in step]
    assert used
    assert [one for one in used if not re.fullmatch(r"(actions|pypa)/[\w-]+@(release/)?v\d+", one)] == []


def test_only_what_was_built_checked_and_attested_is_published() -> None:
    content = workflow("release")
    # YAML takes `on` for a truth value.
    assert content[True] == {"push": {"tags": ["v*"]}}
    jobs = content["jobs"]
    assert jobs["attest"]["needs"] == "build"
    assert jobs["publish"]["needs"] == "attest"
    assert all(not commands(jobs[job]) for job in ("attest", "publish"))
    built = "\n".join(commands(jobs["build"]))
    order = (
        "scripts/release/check.py",
        f"--output-file {SBOM}",
        "python -m build",
        "twine check --strict",
        "unzip -l",
        'bin/physiocam" demo',
    )
    places = [built.index(word) for word in order]
    assert places == sorted(places)


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert citation["license"] in PROJECT["license"]
    (paper,) = citation["references"]
    assert "2303.11573" in paper["url"]
    assert paper["url"] in README


@pytest.fixture
def problems() -> Callable[..., list[str]]:
    checked: Callable[..., list[str]] = runpy.run_path(str(ROOT / "scripts" / "release" / "check.py"))["problems"]
    return checked


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The files that name a version, all the same one."""
    (tmp_path / "src" / "physiocam").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nversion = "1.2.3"\nurls = {Repository = "https://host/us/it"}\n'
    )
    (tmp_path / "src/physiocam/version.py").write_text('"""It."""\n\n__version__ = "1.2.3"\n')
    (tmp_path / "CITATION.cff").write_text("title: it\nversion: 1.2.3\nauthors: []\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3 - 2026-11-28\n\n## 1.2.2\n")
    return tmp_path


def test_a_tag_that_is_the_version_may_be_released(problems: Callable[..., list[str]], sources: Path) -> None:
    assert problems("v1.2.3", "https://host/us/it", sources) == []


def test_what_keeps_a_tag_from_being_released(problems: Callable[..., list[str]], sources: Path) -> None:
    assert len(problems("v1.2.4", "https://host/us/it", sources)) == 1
    assert len(problems("v1.2.3", "https://host/others/it", sources)) == 1
    for name in ("src/physiocam/version.py", "CITATION.cff", "CHANGELOG.md"):
        path = sources / name
        right = path.read_text()
        for wrong in (right.replace("1.2.3", "1.2.0"), "nothing\n"):
            path.write_text(wrong)
            (found,) = problems("v1.2.3", "https://host/us/it", sources)
            assert name in found
        path.write_text(right)


@pytest.mark.parametrize("listed", [True, False])
def test_the_list_of_components_goes_into_the_wheel_if_there_is_one(tmp_path: Path, listed: bool) -> None:
    pytest.importorskip("hatchling")
    for name in ("pyproject.toml", "README.md", *PROJECT["license-files"], "scripts/release/sbom_hook.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "src" / "physiocam" / "__init__.py").write_text("")
    if listed:
        (tmp_path / "sbom").mkdir()
        (tmp_path / SBOM).write_text("{}")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    place = f"physiocam-{PROJECT['version']}.dist-info/sboms/physiocam.cdx.json"
    with zipfile.ZipFile(wheel) as archive:
        assert (place in archive.namelist()) == listed


def test_the_list_of_components_is_where_the_hook_looks_for_it() -> None:
    built = "\n".join(commands(workflow("release")["jobs"]["build"]))
    assert f"--output-file {SBOM}" in built
    assert f'SBOM = "{SBOM}"' in (ROOT / "scripts/release/sbom_hook.py").read_text(encoding="utf-8")
    # Else the source distribution, of which the wheel is built, would lack it: it is not committed.
    assert PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["artifacts"] == ["sbom/*.cdx.json"]


# What is asked of whoever reports something.


def test_reports_ask_for_what_is_needed() -> None:
    forms = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")}
    assert set(forms) == {"bug", "wrong_answer", "feature", "config"}
    for name, text in forms.items():
        form = yaml.safe_load(text)
        if name != "config":
            fields = [field for field in form["body"] if field["type"] != "markdown"]
            assert len({field["id"] for field in fields}) == len(fields)
    assert "physiocam --version" in forms["bug"]
    assert "measurement.json" in forms["wrong_answer"]
