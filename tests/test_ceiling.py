"""The oracle that is given the true pulse: it sees a pulse that is there, and none in noise."""

from pathlib import Path

import numpy as np

from accuracy import Drawn
from ceiling import figures, oracle, table

FS, FRAMES = 25.0, 500
PULSE = np.diff(np.sin(2 * np.pi * 1.2 * np.arange(FRAMES + 1) / FS + 0.3 * np.sin(np.arange(FRAMES + 1) / 60)))
NOISE = np.random.default_rng(0).standard_normal((FRAMES, 27))


def test_a_pulse_in_some_cells_is_seen() -> None:
    shown = np.zeros_like(NOISE)
    for cell, strength in ((3, 1.0), (4, 0.5), (11, -0.3)):
        shown[:, cell] = strength * PULSE
    assert oracle(shown + 0.01 * NOISE, PULSE, FS) > 0.95
    assert oracle(shown + 0.2 * NOISE, PULSE, FS) > 0.5


def test_nothing_is_seen_in_noise_or_stillness() -> None:
    assert abs(oracle(NOISE, PULSE, FS)) < 0.2
    assert oracle(0 * NOISE, PULSE, FS) == 0


def test_another_heart_is_not_seen() -> None:
    other = np.diff(np.sin(2 * np.pi * 1.9 * np.arange(FRAMES + 1) / FS))
    shown = np.outer(PULSE, np.ones(27)) + 0.2 * NOISE
    assert abs(oracle(shown, other, FS)) < 0.2


def test_figures_say_what_is_answered_of_what_is_seen() -> None:
    rates = [70.0, 80.0, 90.0]
    drawn = [Drawn(Path("v"), {"light": light}, rate, 15.0) for light, rate in zip("aab", rates, strict=True)]
    measured = [{"heart_rate": {"value": value}} for value in (71.0, None, 95.0)]
    found = figures(drawn, [0.5, 0.5, 0.1], 0.2, measured)
    assert found["all"] == {"recordings": 3, "seen": 2, "answered": 1, "answered_unseen": 0}
    assert found["light: b"] == {"recordings": 1, "seen": 0, "answered": 0, "answered_unseen": 0}
    assert table(found).splitlines()[2] == "| all | 3 | 2 | 1 | 0 |"
