"""Damaged bundles, tables, settings, stores, predictions and results: read, or refused in one line."""

from pathlib import Path

import pytest

for needed in ("zarr", "torch", "yaml", "matplotlib"):
    pytest.importorskip(needed)

from damage_cases import MEASURED, REFUSED, file_case, judge, write_whole_files  # noqa: E402


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damage") / "files"
    write_whole_files(folder)
    return folder


# Without checkpoints: those that are still read cost seconds each.
@pytest.mark.parametrize("index", [index for index in range(1, 500, 11) if index % 10 != 9])
def test_damaged_files_are_read_or_refused_in_one_line(whole: Path, tmp_path: Path, index: int) -> None:
    case = file_case(whole, tmp_path / "case", 1, index)
    verdict = judge(case)
    assert verdict.outcome in (MEASURED, REFUSED), (case, verdict)
