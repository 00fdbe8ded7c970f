"""Speed of the classical methods on 10 minutes of mean colours, and of POS against a loop over its windows.

    python benchmarks/classical.py [--json OUT.json]

All jobs run in turn, several times; the fastest run of each counts, so that other work on the machine counts least.
"""

import argparse
import json
import math
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

# One thread; set before NumPy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.files import complete_file
from physiocam.signals.filters import bandpass, detrend
from physiocam.signals.methods import METHODS
from physiocam.signals.pseudo_ppg import pseudo_ppg

FS = 30.0
SECONDS = 600
RUNS = 15
LOOP = "pos, window by window"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    rgb = colours()
    difference = float(np.abs(METHODS["pos"](rgb, FS) - pos_window_by_window(rgb, FS)).max())
    jobs: dict[str, Callable[[], Any]] = {name: partial(method, rgb, FS) for name, method in METHODS.items()}
    jobs["pseudo-PPG"] = partial(pseudo_ppg, rgb, FS, 78.0)
    jobs[LOOP] = partial(pos_window_by_window, rgb, FS)
    fastest = fastest_in_turn(jobs)
    ratio = fastest[LOOP] / fastest["pos"]
    print(f"\n### {SECONDS} s of mean colours at {FS:g} frames/s, 1 thread\n\n| method | ms |\n|---|---|")
    for name, seconds in fastest.items():
        print(f"| {name} | {1000 * seconds:.1f} |")
    print(f"\nPOS takes 1/{ratio:.0f} of the loop's time and differs from it by at most {difference:.1e}.")
    if arguments.json:
        figures = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "frames": len(rgb),
            "seconds": fastest,
            "pos_ratio": ratio,
            "pos_difference": difference,
        }
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n")


def colours() -> NDArray[np.float64]:
    """Skin with a pulse under a light that wanders."""
    random = np.random.default_rng(0)
    frames = round(SECONDS * FS)
    beat = 0.002 * np.sin(2 * np.pi * 1.3 * np.arange(frames) / FS)
    light = 0.0004 * np.cumsum(random.normal(size=frames))
    noise = 2e-4 * random.normal(size=(frames, 3))
    skin = np.array([160.0, 110.0, 90.0])
    return np.asarray(skin * (1.0 + beat[:, None] * np.array([0.33, 0.77, 0.53]) + light[:, None] + noise))


def pos_window_by_window(rgb: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """POS as its definition reads."""
    length = math.ceil(1.6 * fs)
    pulse = np.zeros(len(rgb))
    for stop in range(length, len(rgb)):
        window = rgb[stop - length : stop]
        red, green, blue = (window / window.mean(axis=0)).T
        first, second = green - blue, green + blue - 2 * red
        projected = first + first.std() / second.std() * second
        pulse[stop - length : stop] += projected - projected.mean()
    return bandpass(detrend(pulse, 100.0), 1, (0.75, 3.0), fs)


def fastest_in_turn(jobs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    fastest = dict.fromkeys(jobs, math.inf)
    for _ in range(RUNS):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            fastest[name] = min(fastest[name], time.perf_counter() - start)
    return fastest


if __name__ == "__main__":
    main()
