"""Speed of an evaluation: all of 42 recordings of UBFC-rPPG, and its two slow steps against the plain way.

    python benchmarks/evaluate.py PREDICTIONS.npz [--json OUT.json]

Seconds are the processor's, on one thread: other work on the machine does not lengthen them.
PREDICTIONS.npz holds `NAME_pred` and `NAME_label`, differences of pulse waveforms at 30 frames/s. The plain way is the
published formula as it is written: detrending by the inverse of a dense matrix, and one correlation for each lag.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from physiocam.evaluation.evaluate import evaluate
from physiocam.evaluation.metrics import macc
from physiocam.evaluation.predictions import Predictions
from physiocam.signals.filters import detrend
from physiocam.signals.settings import SETTINGS

FS, SMOOTHNESS, SAMPLES = 30.0, 100.0, 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    data = np.load(arguments.predictions)
    names = [name.removesuffix("_pred") for name in data if name.endswith("_pred")]
    predictions = [
        Predictions(
            name, name, FS, {"pulse": data[f"{name}_pred"]}, sensors={"pulse": np.cumsum(data[f"{name}_label"])}
        )
        for name in names
    ]
    seconds, found = timed(lambda: evaluate(predictions, SETTINGS["paper"]))
    assert found.heart is not None
    errors = (found.heart.mae.value, found.heart.rmse.value, found.heart.pearson.value)
    print(f"{len(names)} recordings, settings paper: {seconds:.2f} s, MAE, RMSE and r {errors}")
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, SAMPLES)).cumsum(axis=1)
    figures: dict[str, object] = {"recordings": len(names), "seconds": seconds, "samples": SAMPLES}
    for name, plain, ours in (
        ("detrending", lambda: dense_detrend(a), lambda: detrend(a, SMOOTHNESS)),
        ("MACC", lambda: lag_by_lag(a, b), lambda: macc(a, b)),
    ):
        slow, expected = timed(plain)
        fast, result = min((timed(ours) for _ in range(5)), key=lambda one: one[0])
        error = float(np.abs(np.asarray(result) - np.asarray(expected)).max())
        figures[name] = {"plain_s": slow, "ours_s": fast, "times_plain": slow / fast, "largest_difference": error}
        times = f"{slow:.3f} s, ours {fast * 1e3:.2f} ms, {slow / fast:.0f} times"
        print(f"{name}, {SAMPLES} samples: {times}, largest difference {error:.1e}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor, which other work on the machine does not lengthen, and the result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def dense_detrend(x: NDArray[np.float64]) -> NDArray[np.float64]:
    second = np.diff(np.eye(len(x)), 2, axis=0)
    trend: NDArray[np.float64] = np.linalg.inv(np.eye(len(x)) + SMOOTHNESS**2 * second.T @ second) @ x
    return x - trend


def lag_by_lag(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return max(abs(float(np.corrcoef(a, np.roll(b, lag))[0, 1])) for lag in range(len(a) - 1))


if __name__ == "__main__":
    main()
