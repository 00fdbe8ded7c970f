"""Pages, docstrings and messages are in plain English and spelled right; CONTRIBUTING.md has the rules."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SOURCES = sorted(
    path for folder in ("src", "examples") for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".jinja")
)
SPELLED = (
    "src",
    "tests",
    "benchmarks",
    "scripts",
    "examples",
    "docs",
    "web/src",
    "web/static",
    "web/build.mjs",
    "web/tests/golden.test.ts",
    "mkdocs.yml",
    "pyproject.toml",
    *ROOT.glob("*.md"),
)

# Phrases that the project does not use, as regular expressions, and what to write instead.
PHRASES = {
    r"(?:is|are|was|were|be|been|none) told": "is reported, is shown",
    r"(?:tells?|told) of": "describes, reports",
    r"(?:tells?|told|telling) (?:\w+ ){0,3}apart": "distinguishes",
    r"(?:says?|said) of": "states about, reports for",
    r"(?:is|are|was|were|be) said": "is reported",
    r"(?:say|says|saying) nothing": "reports no rate, does not show",
    r"(?:is|are|be) had": "is taken from, is available",
    r"(?:go|goes|went|gone|going) on (?:from|where|with)": "continues from, resumes",
    r"let go of": "releases",
    r"counts? (?:for|as) nothing": "does not count",
    r"(?:stands?|stood|lies?|lay) (?:beside|there)": "is next to, is in",
    r"(?:hands?|handed) on": "passes",
    r"at hand": "available",
    r"anew": "again",
    r"mend(?:s|ed|ing)?": "repairs, corrects",
    r"turned round": "reversed, rotated",
    r"(?:passes|passed) over": "skips",
    r"but for": "except for, apart from",
    r"nothing but": "only",
    r"in place of": "instead of",
    r"one's own": "your own, its own",
    r"of which nothing": "without a record of",
    r"(?:a|one) (?:row|line|column|head|file|value|frame|clip|recording) an? \w+": "one row per frame",
    r"(?<!there )(?:is|are) no (?!longer|more|such|\w+er\b)\w+": "is not a",
}


@pytest.mark.parametrize("path", [*PAGES, *SOURCES], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_it_is_plain_english(path: Path) -> None:
    assert [f"line {line}: {one}" for line, text in texts_of(path) for one in phrases_in(text)] == []


@pytest.mark.parametrize("text", ["None is told.", "a row\n    a frame", "it is no video", "Told of it later"])
def test_what_is_not_plain_would_be_noticed(text: str) -> None:
    assert len(phrases_in(text)) == 1


def test_what_is_plain_passes() -> None:
    assert phrases_in("There is no face: it is no longer measured. One row per frame, as told.") == []


def test_code_is_not_read_as_english(tmp_path: Path) -> None:
    page, module = tmp_path / "page.md", tmp_path / "module.py"
    page.write_text("Words.\n\n```sh\nanew\n```\n\n`anew`, and\nanew.\n")
    module.write_text('anew = 1  # anew\n\n\ndef f() -> str:\n    """Do it anew."""\n    return f"{anew} anew"\n')
    assert [line for line, text in texts_of(page) if phrases_in(text)] == [7]
    assert sorted(line for line, text in texts_of(module) if phrases_in(text)) == [5, 6]


def test_it_is_spelled_right() -> None:
    pytest.importorskip("codespell_lib")
    command = [sys.executable, "-m", "codespell_lib", *map(str, SPELLED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def phrases_in(text: str) -> list[str]:
    """Phrases of a text that the project does not use, each with what to write instead."""
    joined = " ".join(text.split())
    return [
        f"'{match[0]}'; write: {instead}"
        for phrase, instead in PHRASES.items()
        for match in re.finditer(rf"\b(?:{phrase})\b", joined, re.IGNORECASE)
    ]


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Lines and texts: the paragraphs of a page without its code, or the strings of a module."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from _strings(ast.parse(content))
        return
    for code in (r"^```.*?^```$", r"<style>.*?</style>", r"`[^`]*`"):
        content = re.sub(code, lambda found: "-" + "\n" * found[0].count("\n"), content, flags=re.DOTALL | re.MULTILINE)
    line = 1
    for text in re.split(r"(\n\s*\n)", content):
        yield line, text
        line += text.count("\n")


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    parts: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts.update(map(id, node.values))
            yield node.lineno, "".join(str(one.value) if isinstance(one, ast.Constant) else "-" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value
