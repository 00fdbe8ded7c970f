"""The site builds without a warning and asks nothing of other hosts; its sources' links work on a repository host."""

import functools
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("material")
pytest.importorskip("mkdocstrings")

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

import physiocam

ROOT = Path(__file__).parents[1]


def build_site(folder: Path, config: Path = ROOT / "mkdocs.yml") -> None:
    """Raise where there is a warning, as `mkdocs build --strict` does."""
    loaded = load_config(str(config), site_dir=str(folder), strict=True)
    loaded.plugins.on_startup(command="build", dirty=False)
    build(loaded)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build_site(folder)
    return folder


class _Page(HTMLParser):
    """Addresses that a browser asks for by itself, and identities."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.identities: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.identities.add(str(found.get("id")))
        for name in ("src", "srcset", "data", "poster", *(["href"] if tag in ("link", "image", "use") else [])):
            if found.get(name):
                self.asked.append(str(found[name]))


def test_every_page_is_there_and_asks_nothing_of_other_hosts(site: Path) -> None:
    pages = {path.name for path in site.glob("*.html")}
    assert {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")} <= pages
    for page in pages:
        asked = _Page(site / page).asked
        assert asked
        assert [address for address in asked if re.match(r"(https?:)?//", address)] == [], page
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)]*", sheet.read_text(encoding="utf-8")) == []


def test_the_api_page_has_every_public_name(site: Path) -> None:
    identities = _Page(site / "api.html").identities
    for name in set(physiocam.__all__) - {"__version__"}:
        assert f"physiocam.{name}" in identities


def test_the_model_card_is_the_one_of_the_root(site: Path) -> None:
    card = (site / "model_card.html").read_text(encoding="utf-8")
    for heading in re.findall(r"^##? (.*)$", (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert heading.replace("'", "&#39;") in card or heading in card
    assert 'href="accuracy.json"' in card
    assert "--8&lt;--" not in card
    assert "--8<--" not in re.sub(r"<!--.*?-->", "", card)


@pytest.mark.parametrize(
    "wrong", ["[gone](gone.md)", "[gone](start.md#gone)", "![gone](gone.png)", "::: physiocam.gone"]
)
def test_what_is_broken_would_be_noticed(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(Abort):
        build_site(tmp_path / "site", small_site(tmp_path, wrong))


def test_what_is_right_would_pass(tmp_path: Path) -> None:
    build_site(tmp_path / "site", small_site(tmp_path, "[there](start.md#start)\n\n::: physiocam.measure"))


def small_site(folder: Path, words: str) -> Path:
    """Settings of a site of two pages, else like the real one."""
    docs = folder / "docs"
    docs.mkdir()
    (docs / "index.md").write_text(f"# Index\n\n{words}\n")
    (docs / "start.md").write_text("# Start\n\n[back](index.md)\n")
    written = re.sub(r"^nav:\n(  .*\n)+", "", (ROOT / "mkdocs.yml").read_text(), flags=re.MULTILINE)
    config = folder / "mkdocs.yml"
    config.write_text(written.replace("paths: [src]", f"paths: [{ROOT / 'src'}]"))
    return config


def test_links_of_the_sources_work_on_a_repository_host() -> None:
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        targets = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r"^\[[^]]+\]: (\S+)$", text, re.MULTILINE)
        for target in targets:
            if not re.match(r"https?://", target):
                file, _, anchor = target.partition("#")
                there = page.parent / file if file else page
                assert there.is_file(), f"{page.name}: {target}"
                assert not anchor or anchor in _anchors(there), f"{page.name}: {target}"


@functools.cache
def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_what_the_site_is_made_of_goes_with_the_sources() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {"docs", "mkdocs.yml", "README.md", "MODEL_CARD.md"} <= set(included)
