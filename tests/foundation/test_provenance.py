"""Facts, records and digests: what makes a result stale, and what does not."""

import os
from pathlib import Path
from typing import Any

import pytest

from physiocam.foundation import provenance
from physiocam.foundation.provenance import (
    code_version,
    difference,
    digest_of,
    mismatch,
    read_record,
    source_digest,
    write_record,
)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"epochs": 1}, {"epochs": 1}, None),
        ({"epochs": 1}, {"epochs": 2}, "with epochs 1, not 2"),
        ({"epochs": 1}, {"epochs": True}, "with epochs 1, not True"),
        ({"face": [1, 2]}, {"face": (1, 2)}, None),
        ({"a": {"b": 1}, "c": 1}, {"a": {"b": 2}, "c": 2}, "with a 'b' 1, not 2"),
        ({"weights": "a" * 64}, {"weights": "b" * 64}, "with weights of other content"),
        ({"weights": None}, {"weights": "b" * 64}, "with weights None, not bbbbbbbb..."),
        ({"recording": {"S1": "a" * 64}}, {"recording": {"S1": "b" * 64}}, "with recording 'S1' of other content"),
        ({"recording": {"S1": 1}}, {"recording": {}}, "with recording 'S1', which is not there now"),
        ({"recording": {}}, {"recording": {"S1": 1}}, "without recording 'S1'"),
        ({}, {"seed": 1}, "without seed"),
    ],
)
def test_the_first_difference_is_said_in_plain_words(before: Any, now: Any, said: str | None) -> None:
    assert difference(before, now) == said


def test_a_result_is_trusted_as_long_as_record_and_files_fit(tmp_path: Path) -> None:
    (tmp_path / "result").write_text("1")
    assert mismatch(tmp_path, {"a": 1}) == "without a record of what they were made with"
    write_record(tmp_path, {"a": 1}, ["result"], about={"title": "x"})
    assert mismatch(tmp_path, {"a": 1}) is None
    assert mismatch(tmp_path, {"a": 2}) == "with a 1, not 2"
    (tmp_path / "result").write_text("2")
    assert mismatch(tmp_path, {"a": 1}) == "with another 'result' than was made"
    (tmp_path / "result").unlink()
    assert mismatch(tmp_path, {"a": 1}) == "without 'result', which was made"
    record = read_record(tmp_path)
    assert record is not None
    assert record.about == {"title": "x"}


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"made_with": 1, "files": {}, "about": {}}'])
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "made_with.json").write_text(content)
    assert read_record(tmp_path) is None


def test_a_source_is_known_by_spots_all_over(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    content = bytearray(os.urandom(20_000_000))
    path.write_bytes(content)
    os.utime(path, (1, 1))
    before = source_digest(path)
    assert source_digest(path) == before
    content[:] = os.urandom(len(content))
    path.write_bytes(content)
    os.utime(path, (1, 1))
    assert source_digest(path) != before
    with pytest.raises(FileNotFoundError):
        source_digest(tmp_path / "nowhere.mp4")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    source_digest(tmp_path / "pipe")


def test_a_folder_is_known_by_names_and_content(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "a").write_text("1")
    before = digest_of(folder)
    (folder / "__pycache__" / "a.pyc").write_text("2")
    (folder / ".hidden").write_text("3")
    assert digest_of(folder) == before
    (folder / "a").rename(folder / "b")
    assert digest_of(folder) != before


def test_the_code_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    script.write_text("1")
    plain, before = code_version(), code_version(script)
    script.write_text("2")
    assert len({plain, before, code_version(script)}) == 3
    monkeypatch.setattr(provenance, "_package_digest", lambda: "another")
    assert code_version() != plain
