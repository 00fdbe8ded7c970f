"""What the fuzzer found worth keeping, and the sound inputs that it begins with, are read or refused."""

from pathlib import Path

import pytest

for needed in ("zarr", "yaml"):
    pytest.importorskip(needed)

from fuzz_targets import TARGETS, attempt  # noqa: E402

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*/*.bin"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_was_found_is_read_or_refused(path: Path, tmp_path: Path) -> None:
    attempt(TARGETS[path.parent.name], path.read_bytes(), tmp_path / "scratch")


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_sound_inputs_are_read(name: str, tmp_path: Path) -> None:
    for number, content in enumerate(TARGETS[name].seeds()):
        (tmp_path / str(number)).mkdir()
        TARGETS[name].read(content, tmp_path / str(number))


def test_the_corpus_is_small() -> None:
    assert {path.parent.name for path in CORPUS} <= set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS) < 60_000
