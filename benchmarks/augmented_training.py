"""What augmentation and another backbone bring: networks trained on drawn people, tested on others.

    python benchmarks/augmented_training.py FOLDER [--json docs/augmentation.json] [--page docs/training.md]

Draws and prepares 32 recordings to train on and two sets of 16 others to test on: drawn in the same way, and in harder
conditions (more motion, light that changes, a noisier camera). Then it trains each row with the same settings, but for
what its name says, and compares it with the first one over the same recordings. Everything that is finished is kept in
FOLDER: stopped, the command goes on where it was. A row takes about a minute of one processor core.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.store.prepare import PrepareSettings, prepare
from physiocam.datasets.store.store import Store
from physiocam.evaluation.evaluate import evaluate
from physiocam.evaluation.paired import ByRecording, paired_difference
from physiocam.evaluation.predict import store_job
from physiocam.evaluation.predictions import Predictions, load_all_predictions
from physiocam.evaluation.table_text import table
from physiocam.foundation.files import complete_file
from physiocam.foundation.provenance import difference, read_record
from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.networks.config import BigSmallConfig
from physiocam.signals.settings import SETTINGS
from physiocam.synthetic.layouts import layout_named, write_layout
from physiocam.synthetic.recordings import settings_of
from physiocam.training.augmentation import Augmentation
from physiocam.training.fit import fit
from physiocam.training.settings import TrainSettings

# Recordings, seconds of each, seed and difficulty.
SETS: dict[str, tuple[int, float, int, str]] = {
    "drawn": (32, 6.0, 1, "easy"),
    "others": (16, 12.0, 2, "easy"),
    "harder": (16, 12.0, 3, "hard"),
}
TESTS = ("others", "harder")

ROWS: dict[str, dict[str, Any]] = {
    "no augmentation": {},
    "flip, crop, colour": {"augmentation": Augmentation(flip=0.5, crop=0.15, colour=0.2)},
    "noise, codec": {"augmentation": Augmentation(noise=4.0, codec=0.3)},
    "speed": {"augmentation": Augmentation(speed=0.3)},
    "all of these": {"augmentation": Augmentation(flip=0.5, crop=0.15, colour=0.2, noise=4.0, codec=0.3, speed=0.3)},
    "ConvNeXt blocks": {"backbone": "convnext"},
}
BASE = "no augmentation"

START, END = "<!-- augmentation -->\n", "<!-- end of augmentation -->"
_RESAMPLINGS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=4, help="of each run")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--page", type=Path, help="page that gets the table")
    given = parser.parse_args()
    stores = {name: _store(given.folder, name) for name in SETS}
    found = {row: _tested(given.folder, row, stores, given.epochs) for row in ROWS}
    figures = {row: {test: _figures(tests[test], found[BASE][test]) for test in TESTS} for row, tests in found.items()}
    lines = table(_head(), [[row, *_cells(figures[row])] for row in ROWS])
    print("\n".join(lines))
    if given.json:
        with complete_file(given.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if given.page:
        before, _, rest = given.page.read_text(encoding="utf-8").partition(START)
        with complete_file(given.page) as beside:
            beside.write_text(before + START + "\n".join(lines) + f"\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def _store(folder: Path, name: str) -> Path:
    """Draw and prepare a set, unless it is there."""
    recordings, seconds, seed, difficulty = SETS[name]
    root, store = folder / name, folder / "stores" / name
    if not root.is_dir():
        scene = replace(
            settings_of(difficulty),
            duration_s=seconds,
            width=320,
            height=240,
            face_size=layout_named("folder").settings.face_size,
            expressions=30.0,
            weakest=0.8,
        )
        write_layout("folder", root, recordings, seed=seed, settings=scene)
    prepare(open_dataset("folder", root).entries(), store, PrepareSettings(big_size=64, small_size=4))
    return store


def _tested(folder: Path, row: str, stores: dict[str, Path], epochs: int) -> dict[str, list[Predictions]]:
    """Train a row and predict both test sets, unless that was done."""
    changes = dict(ROWS[row])
    network = BigSmallConfig(big_size=64, small_size=4, backbone=changes.pop("backbone", "plain"))
    run = folder / "runs" / row.replace(", ", "-").replace(" ", "-")
    bundle = fit(
        TrainSettings(
            store=stores["drawn"],
            output=run,
            network=network,
            epochs=epochs,
            batch_clips=16,
            schedule="one-cycle",
            initialization="he",
            dropout=0.0,
            task_weights={"au": 20.0},
            pos_weight="none",
            **changes,
        ),
        show_progress=False,
    )
    found = {}
    for test in TESTS:
        place, job = run / test, store_job(Store(stores[test]), str(bundle.folder), None, as_measured=False)
        record = read_record(place)
        kept = record is not None and difference(record.made_with, job.made_with) is None
        found[test] = load_all_predictions(place) if kept else job.run(place, None)
        print(f"{row}: {test}", flush=True)
    return found


def _figures(found: list[Predictions], base: list[Predictions]) -> dict[str, Any]:
    """F1 over units and the pulse's signal-to-noise ratio, each with its difference from the base."""
    score, interval = _f1(found), _f1_difference(found, base)
    ratios, others = _ratios(found), _ratios(base)
    change = paired_difference(ratios, others)
    assert change is not None
    return {
        "f1": score,
        "f1_difference": score - _f1(base),
        "f1_interval": interval,
        "snr": float(np.mean(list(ratios.values()))),
        "snr_difference": change.mean,
        "snr_interval": change.interval,
    }


def _ratios(found: list[Predictions]) -> ByRecording:
    comparisons = evaluate(found, SETTINGS["paper"]).comparisons["heart"]
    return {(one.subject, one.recording): one.snr for one in comparisons if one.snr is not None}


def _counts(found: list[Predictions]) -> dict[str, NDArray[np.int64]]:
    """By subject and unit: frames found rightly, and twice those plus the wrong ones (units, 2)."""
    counts: dict[str, NDArray[np.int64]] = {}
    for one in found:
        said = (one.probabilities >= ACTIVE_THRESHOLD) & one.coded
        there = one.codes & one.coded
        of_one = np.stack([(said & there).sum(axis=0), said.sum(axis=0) + there.sum(axis=0)], axis=1)
        counts[one.subject] = counts.get(one.subject, 0) + of_one
    return counts


def _f1_of(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean F1 in percent over units that are there, of counts (..., units, 2)."""
    hits, total = counts[..., 0], counts[..., 1]
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = 200 * np.nanmean(np.where(total > 0, hits / total, np.nan), axis=-1)
    return mean


def _f1(found: list[Predictions]) -> float:
    return float(_f1_of(np.sum(list(_counts(found).values()), axis=0)))


def _f1_difference(found: list[Predictions], base: list[Predictions]) -> tuple[float, float]:
    """95 % bootstrap interval of the difference in F1, resampling subjects."""
    one, other = _counts(found), _counts(base)
    subjects = sorted(one)
    drawn = np.random.default_rng(0).integers(len(subjects), size=(_RESAMPLINGS, len(subjects)))
    scores = [_f1_of(np.stack([counts[name] for name in subjects])[drawn].sum(axis=1)) for counts in (one, other)]
    low, high = np.percentile(scores[0] - scores[1], [2.5, 97.5])
    return float(low), float(high)


def _head() -> list[str]:
    return ["", *(f"{what}, {test}" for test in TESTS for what in ("F1 (%)", "pulse SNR (dB)"))]


def _cells(figures: dict[str, dict[str, Any]]) -> list[str]:
    return [_cell(figures[test], name, digits) for test in TESTS for name, digits in (("f1", 1), ("snr", 2))]


def _cell(figures: dict[str, Any], name: str, digits: int) -> str:
    value = f"{figures[name]:.{digits}f}"
    low, high = figures[f"{name}_interval"]
    if low == high == 0:
        return value
    return f"{value} ({figures[f'{name}_difference']:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}])"


if __name__ == "__main__":
    main()
