"""Figures of benchmarks/accuracy_figures.py."""

import numpy as np
import pytest

pytest.importorskip("scipy")
figures = pytest.importorskip("accuracy_figures")


def test_equal_probabilities_are_half_in_order() -> None:
    present = np.array([True, False, True, False])
    assert figures._area(np.full(4, 0.25), present) == 0.5
    assert figures._area(np.full(4, 0.25), ~present) == 0.5
    # Two of four pairs are in order, one is a tie and one is not in order.
    assert figures._area(np.array([0.9, 0.4, 0.4, 0.6]), present) == 0.625
    assert figures._area(np.array([0.9, np.nan, 0.1, 0.2]), present) == 0.5
    assert figures._area(np.array([0.1, 0.2]), np.array([True, True])) is None
