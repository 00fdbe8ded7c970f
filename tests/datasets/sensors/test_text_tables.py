from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.sensors.text_tables import read_numbers, read_table
from physiocam.errors import DatasetError


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_by_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"\ufeffTime{delimiter} Pulse\n0{delimiter}1.5\n\n1{delimiter}\n", encoding="utf-8")
    table = read_table(path)
    assert table.header == ("time", "pulse")
    assert table.values[0].tolist() == [0, 1.5]
    assert table.values[1, 0] == 1
    assert np.isnan(table.values[1, 1])


def test_numbers_in_columns(tmp_path: Path) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text("BP (mmHg)\n1.5\n2.5\n\n")
    assert read_numbers(path, header_lines=1).tolist() == [[1.5], [2.5]]
    path.write_text("1,0\n2,5\n")
    assert read_numbers(path).tolist() == [[1, 0], [2, 5]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"head\n", "holds no number"),
        (b"head\n1\nx\n", "not a table of numbers"),
        (b"\xff\xfe\x00", "cannot be read as text"),
    ],
)
def test_damaged_numbers_name_the_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "BP_mmHg.txt"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=f"'BP_mmHg.txt' .*{message}|{message}"):
        read_numbers(path, header_lines=1)


def test_missing_and_empty_tables(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no 'pulse.csv' under "):
        read_table(tmp_path / "pulse.csv")
    (tmp_path / "pulse.csv").write_text("time,pulse\n")
    with pytest.raises(DatasetError, match="no row of numbers"):
        read_table(tmp_path / "pulse.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1," + "2" * 140_000, "cannot be read as a table"),
        ("1" * 100_000 + ",b\n1,2\n", "a column name of 100000 characters"),
        ("time,pulse\n\0,\0\n".replace("\n", "\r"), None),
    ],
)
def test_what_no_table_holds_is_refused_at_once(tmp_path: Path, content: str, message: str | None) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content, newline="")
    if message is None:
        assert np.isnan(read_table(path).values).all()
        return
    with pytest.raises(DatasetError, match=message):
        read_table(path)
