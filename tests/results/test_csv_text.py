"""Columns of numbers as lines of text."""

import tracemalloc

import numpy as np

from physiocam.results.csv_text import classes, csv_lines, fixed, general


def test_numbers_are_text_and_what_is_missing_is_empty() -> None:
    values = np.array([0.49996, np.nan, 0.49994], np.float32)
    rows = zip(fixed(values, 4), general(values), classes(values), strict=True)
    assert list(csv_lines(("a", "b", "c"), rows)) == ["a,b,c\n", "0.5000,0.49996,1\n", ",,\n", "0.4999,0.49994,0\n"]


def test_all_rows_are_there_and_only_some_at_a_time() -> None:
    columns = np.random.default_rng(0).random((30, 20_500))
    lines, last = 0, ""
    tracemalloc.start()
    try:
        for line in csv_lines(["x"] * 30, zip(*(fixed(column, 4) for column in columns), strict=True)):
            lines, last = lines + 1, line
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines == 20_501
    assert last == ",".join(f"{value:.4f}" for value in columns[:, -1]) + "\n"
    # All of them as Python's numbers would take 20 MB.
    assert peak < 3_000_000
