"""benchmarks/augmented_training.py runs small, goes on where it was, and writes its table."""

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("pytorch_lightning")
pytest.importorskip("onnxscript")

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_the_benchmark_of_augmentation_runs_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import augmented_training

    small = {"drawn": (2, 2.0, 1, "easy"), "others": (2, 2.0, 2, "easy"), "harder": (2, 2.0, 3, "hard")}
    rows = {name: augmented_training.ROWS[name] for name in ("no augmentation", "all of these")}
    monkeypatch.setattr(augmented_training, "SETS", small)
    monkeypatch.setattr(augmented_training, "ROWS", rows)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{augmented_training.START}{augmented_training.END}\nafter\n")
    work = tmp_path / "work"
    given = [
        "augmented_training.py",
        str(work),
        "--epochs",
        "1",
        "--json",
        str(tmp_path / "found.json"),
        "--page",
        str(page),
    ]
    monkeypatch.setattr(sys, "argv", given)
    augmented_training.main()
    found = json.loads((tmp_path / "found.json").read_text())
    assert list(found) == list(rows)
    assert found["no augmentation"]["others"]["f1"]["against"]["interval"] == [0.0, 0.0]
    ratios = [found[row]["harder"]["snr"] for row in rows]
    assert ratios[1]["value"] - ratios[0]["value"] == pytest.approx(ratios[1]["against"]["difference"])
    assert ratios[1]["value"] != ratios[0]["value"]
    lines = page.read_text().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("before", "after", 8)
    capsys.readouterr()
    # Nothing is drawn, trained or predicted again.
    monkeypatch.setattr(augmented_training, "write_layout", None)
    monkeypatch.setattr("physiocam.evaluation.predict.predict_with_bundle", pytest.fail)
    augmented_training.main()
    assert json.loads((tmp_path / "found.json").read_text()) == found
