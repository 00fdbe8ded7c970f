"""Says whether a tag may become a release: it must be the version everywhere, in the repository that the package names.

python scripts/release/check.py v0.2.0 https://github.com/OWNER/NAME
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def problems(tag: str, repository: str, root: Path = ROOT) -> list[str]:
    """What is wrong, a line each: of the tag, the files that name a version, and the address of the repository."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version, address = project["version"], project["urls"]["Repository"]
    stated = {
        "src/physiocam/version.py": _found(root / "src/physiocam/version.py", r'^__version__ = "(.*)"$'),
        "CITATION.cff": _found(root / "CITATION.cff", r"^version: (.*)$"),
        "the newest heading of CHANGELOG.md": _found(root / "CHANGELOG.md", r"^## \[?v?(\d[^\] ]*)"),
    }
    wrong = [
        f"{place} says {other}; pyproject.toml says {version}" for place, other in stated.items() if other != version
    ]
    if tag != f"v{version}":
        wrong.append(f"the tag is {tag}; expected v{version}, the version of pyproject.toml")
    if repository != address:
        wrong.append(f"the repository is {repository}; [project.urls] of pyproject.toml says {address}")
    return wrong


def _found(path: Path, pattern: str) -> str:
    match = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    return match[1].strip('"') if match else "no version"


def main() -> None:
    tag, repository = sys.argv[1:]
    wrong = problems(tag, repository)
    print("\n".join(wrong) or f"{tag} may be released")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
