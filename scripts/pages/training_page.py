"""Puts a run's curves and its evaluation into docs/training.md.

    python scripts/pages/training_page.py RUN EVALUATION

RUN is the output of `physiocam train`, EVALUATION that of `physiocam evaluate` (needs the extra `report`).
"""

import csv
import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from physiocam.weights.bundle import load_bundle

DOCS = Path(__file__).parents[2] / "docs"
FIGURE, PAGE = DOCS / "training.png", DOCS / "training.md"
START, END = "<!-- run -->\n", "<!-- end of run -->"

COLOURS = {"au": "#0072B2", "pulse": "#D55E00", "respiration": "#009E73"}

# Steps that a curve is averaged over.
_SMOOTHED = 5


def main() -> None:
    run, evaluation = (Path(argument) for argument in sys.argv[1:])
    _check(run, evaluation)
    _draw(run)
    lines = (evaluation / "evaluation.md").read_text(encoding="utf-8").splitlines()
    tables = "\n".join(lines[2:]).strip()
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{START}![Losses]({FIGURE.name})\n\n{tables}\n{END}{after}", encoding="utf-8")
    print(f"wrote {FIGURE} and into {PAGE}")


def _check(run: Path, evaluation: Path) -> None:
    """Curves and tables must be of the same weights."""
    made_with = json.loads((evaluation / "evaluation.json").read_text(encoding="utf-8")).get("made_with", {})
    if made_with.get("weights") != load_bundle(run / "bundle").sha256:
        raise SystemExit(f"'{evaluation}' is not of the weights of '{run}'; evaluate them into a new folder")


def _draw(run: Path) -> None:
    rows = [row for path in sorted((run / "logs" / "csv").glob("*/metrics.csv")) for row in csv.DictReader(path.open())]
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    for task, colour in COLOURS.items():
        points = [(int(row["step"]), float(row[f"loss_{task}"])) for row in rows if row.get(f"loss_{task}")]
        steps, losses = np.array(points).T
        kernel = np.ones(_SMOOTHED) / _SMOOTHED
        axes.plot(steps, losses, color=colour, lw=0.5, alpha=0.4)
        axes.plot(
            steps[_SMOOTHED // 2 : -(_SMOOTHED // 2)], np.convolve(losses, kernel, "valid"), color=colour, label=task
        )
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(FIGURE, dpi=110)


if __name__ == "__main__":
    main()
