"""What augmentation and another backbone bring: networks trained on drawn people, tested on others.

    python benchmarks/augmented_training.py FOLDER [--json docs/augmentation.json] [--page docs/training.md]

Draws and prepares 32 recordings to train on and two sets of 16 others to test on: drawn in the same way, and in harder
conditions (more motion, light that changes, a noisier camera). Then it trains each row with the same settings, but for
what its name says, and compares it with the first one over the same recordings. Everything that is finished is kept in
FOLDER: stopped, the command goes on where it was. A row takes a few minutes of one processor core.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.store.prepare import PrepareSettings, prepare
from physiocam.datasets.store.store import Store
from physiocam.evaluation.evaluate import Evaluation, evaluate
from physiocam.evaluation.paired import ByRecording, PairedDifference, paired_difference, paired_f1_difference
from physiocam.evaluation.predict import store_job
from physiocam.evaluation.predictions import load_all_predictions
from physiocam.evaluation.table_text import table
from physiocam.foundation.files import complete_file
from physiocam.foundation.provenance import difference, read_record
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

# By name, a value and its difference from the first row.
Figures = dict[str, tuple[float | None, PairedDifference | None]]

START, END = "<!-- augmentation -->\n", "<!-- end of augmentation -->"


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
    lines = table(_head(), [[row, *_cells(figures[row], figures[BASE])] for row in ROWS])
    print("\n".join(lines))
    if given.json:
        with complete_file(given.json) as beside:
            plain = {row: {test: _plain(one) for test, one in tests.items()} for row, tests in figures.items()}
            beside.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
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


def _tested(folder: Path, row: str, stores: dict[str, Path], epochs: int) -> dict[str, Evaluation]:
    """Train a row and predict both test sets, unless that was done, and evaluate them."""
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
        found[test] = evaluate(load_all_predictions(place) if kept else job.run(place, None), SETTINGS["paper"])
        print(f"{row}: {test}", flush=True)
    return found


def _figures(found: Evaluation, base: Evaluation) -> Figures:
    """Mean F1 over units and the pulse's signal-to-noise ratio, each with its difference from the base."""
    units = paired_f1_difference(found.unit_comparisons, base.unit_comparisons)
    pulse = paired_difference(_ratios(found), _ratios(base))
    assert found.action_units is not None
    return {"f1": (found.action_units.mean_f1, units), "snr": (found.snr["heart"].value, pulse)}


def _ratios(found: Evaluation) -> ByRecording:
    return {(one.subject, one.recording): one.snr for one in found.comparisons["heart"] if one.snr is not None}


def _head() -> list[str]:
    return ["", *(f"{what}, {test}" for test in TESTS for what in ("F1 (%)", "pulse SNR (dB)"))]


def _cells(figures: dict[str, Figures], base: dict[str, Figures]) -> list[str]:
    cells = []
    for test in TESTS:
        for name, digits in (("f1", 1), ("snr", 2)):
            value, found = figures[test][name]
            difference = f" ({found.text(digits)})" if found and figures is not base else ""
            cells.append(f"{value:.{digits}f}{difference}" if value is not None else "-")
    return cells


def _plain(figures: Figures) -> dict[str, Any]:
    return {
        name: {"value": value, "against": asdict(found) if found else None} for name, (value, found) in figures.items()
    }


if __name__ == "__main__":
    main()
