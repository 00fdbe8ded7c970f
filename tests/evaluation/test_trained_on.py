"""A bundle that was trained on the people it is evaluated on: found by the content of the recordings."""

from types import SimpleNamespace
from typing import Any

import pytest

from physiocam.evaluation.trained_on import trained_on


class _Store:
    """Recordings by name: digest and subject."""

    def __init__(self, recordings: dict[str, tuple[str, str]]) -> None:
        self._recordings = recordings

    def digests(self) -> dict[str, str]:
        return {name: digest for name, (digest, _) in self._recordings.items()}

    def recording(self, name: str) -> Any:
        return SimpleNamespace(info=SimpleNamespace(subject=self._recordings[name][1]))


STORE: Any = _Store({"a1": ("d1", "A"), "a2": ("d2", "A"), "b1": ("d3", "B"), "c1": ("d4", "C")})


@pytest.mark.parametrize(
    ("provenance", "names", "words"),
    [
        ({"recordings": {"a1": "d1"}, "subjects": ["A"]}, ["a1", "b1"], "1 of the 2 people evaluated (A)"),
        # Another recording of the same person.
        ({"recordings": {"a1": "d1"}, "subjects": ["A"]}, ["a2", "c1"], "--exclude-subjects A"),
        ({"initial": {"recordings": {"x": "d3"}, "subjects": ["B"]}}, ["b1", "c1"], "(B)"),
        ({"recordings": {"a1": "d1"}, "subjects": ["A"]}, ["a1", "a2"], "train with exclude_subjects"),
        ({"recordings": {"a1": "d1"}, "subjects": ["A"]}, ["b1", "c1"], None),
        # Other data sets have a subject of this name too.
        ({"recordings": {"a1": "other"}, "subjects": ["A", "B"]}, ["a1", "b1"], None),
        ({"recordings": 3, "subjects": "A"}, ["a1"], None),
        ({}, ["a1"], None),
    ],
)
def test_people_of_the_training_are_named(provenance: dict[str, Any], names: list[str], words: str | None) -> None:
    found = trained_on(provenance, STORE, names)
    if words is None:
        assert found is None
    else:
        assert found is not None
        assert words in found
