"""Draws what benchmarks/accuracy.py found: whether qualities and probabilities mean what they say.

    python benchmarks/accuracy_curves.py docs/accuracy.json docs/accuracy.png

Risk over coverage: the mean error of the surest answers, over the share of recordings that they are; where quality
ranks errors well, it rises to the right. Reliability: how often an action unit is there when it is said to be with some
probability; on the dashed line, probabilities are right.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
RATES = {"heart_rate": "heart rate (beats/min)", "breathing_rate": "breathing rate (breaths/min)"}


def main() -> None:
    source, picture = (Path(argument) for argument in sys.argv[1:])
    results = json.loads(source.read_text())["results"]
    curves = {name.replace("`", ""): result["generated"]["curves"] for name, result in results.items()}
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    for panel, (quantity, title) in zip(axes, RATES.items(), strict=False):
        _risk_coverage(panel, curves, quantity, title)
    _reliability(axes[2], curves)
    figure.savefig(picture, dpi=110)
    print(f"wrote {picture}")


def _risk_coverage(axes: Axes, curves: dict[str, Any], quantity: str, title: str) -> None:
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
        if rows := curve.get(quantity):
            _, coverage, risk = np.array(rows).T
            axes.plot(100 * coverage, risk, color=colour, marker=".", ms=3, lw=1, label=name)
    axes.set(xlabel="recordings answered (%)", ylabel="mean error", title=title, xlim=(0, 100), ylim=(0, None))
    axes.legend(frameon=False, fontsize=7)


def _reliability(axes: Axes, curves: dict[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color="0.6", ls="--", lw=0.8)
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
        if "reliability" in curve:
            for rows, style, where in (
                (curve["reliability_at_active_share"], "-", "units there a third of the time"),
                (curve["reliability"], ":", "as they are there"),
            ):
                said, there, _ = np.array(rows).T
                axes.plot(said, there, color=colour, marker=".", lw=1, ls=style, label=f"{name}, {where}")
    axes.set(
        xlabel="probability", ylabel="share of frames with the unit", title="action units", xlim=(0, 1), ylim=(0, 1)
    )
    axes.legend(frameon=False, fontsize=6)


if __name__ == "__main__":
    main()
