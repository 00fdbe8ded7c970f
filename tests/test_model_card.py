"""The model card gives the figures that were measured, of the bundle that is there."""

import json
import re
from pathlib import Path

import pytest

from physiocam.weights.bundle import load_bundle

ROOT = Path(__file__).parents[1]
CARD = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for line in CARD.splitlines()
    if line.startswith("|") and len(cells := [cell.strip() for cell in line.strip("|").split("|")]) > 2
}


def test_action_units_of_the_card_are_those_of_the_bundle() -> None:
    evaluation = load_bundle("default").info.evaluation
    for name, auc in evaluation["held_out_stills_auc"].items():
        label, word = name.split()
        assert ROWS[label][0] == f"{auc} ({word})"
    for label, auc in evaluation["held_out_drawn_auc"].items():
        assert ROWS[label][7] == str(auc)
    for label, auc in evaluation["held_out_rendered"]["auc"].items():
        assert ROWS[label][3] == str(auc)
    for label, side in evaluation["held_out_rendered"]["side"].items():
        assert ROWS[label][6] == f"{side['right']:.0%} of {side['faces']}"


@pytest.mark.parametrize("quantity", ["heart_rate", "breathing_rate"])
def test_rates_of_the_card_are_those_of_the_benchmark(quantity: str) -> None:
    results = json.loads((ROOT / "docs" / "accuracy.json").read_text(encoding="utf-8"))["results"]
    scores = results["network, `default`"]["generated"][quantity]
    for level, score in scores.items():
        cell = f"{score['mae']:.2f} ({score['answered']} of {score['recordings']})" if score["answered"] else "none"
        assert re.search(rf"^\| {re.escape(level)} \| {re.escape(cell)} \|", CARD, re.MULTILINE), (level, cell)


def test_the_benchmark_was_run_with_the_bundle_that_is_there() -> None:
    results = json.loads((ROOT / "docs" / "accuracy.json").read_text(encoding="utf-8"))
    assert results["bundles"]["default"] == load_bundle("default").sha256
