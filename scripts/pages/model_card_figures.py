"""Puts the default bundle's figures into MODEL_CARD.md.

    python scripts/pages/model_card_figures.py

From the bundle's own evaluation and docs/accuracy.json, as benchmarks/accuracy.py wrote it.
"""

import json
from pathlib import Path
from statistics import mean
from typing import Any

from physiocam.weights.bundle import load_bundle

ROOT = Path(__file__).parents[2]
CARD, ACCURACY = ROOT / "MODEL_CARD.md", ROOT / "docs" / "accuracy.json"
START, END = "<!-- figures -->\n", "<!-- end of figures -->"


def main() -> None:
    evaluation = load_bundle("default").info.evaluation
    results = json.loads(ACCURACY.read_text(encoding="utf-8"))["results"]
    parts = [
        *_action_units(evaluation, results), *_rates(evaluation, results), *_painted(results), *_lifeless(results)
    ]  # fmt: skip
    before, _, rest = CARD.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    CARD.write_text(f"{before}{START}{chr(10).join(parts).strip()}\n{END}{after}", encoding="utf-8")
    print(f"wrote into {CARD}")


def _action_units(evaluation: dict[str, Any], results: dict[str, Any]) -> list[str]:
    stills = {name.split()[0]: f"{auc} ({name.split()[1]})" for name, auc in evaluation["held_out_stills_auc"].items()}
    decisions, drawn = evaluation["held_out_stills_decisions"], evaluation["held_out_drawn_auc"]
    rendered = evaluation["held_out_rendered"]
    filmed = next(iter(results.values()))["generated"]["action_units"]
    rows = []
    for label, area in rendered["auc"].items():
        decided = decisions.get(label)
        rows.append([
            label, stills.get(label, "-"),
            f"{decided['found']:.0%} of {decided['active']}" if decided else "-",
            f"{decided['false_alarms']:.0%}" if decided else "-",
            area, rendered["intensity_r"][label], rendered["intensity_error"][label],
            f"{side['right']:.0%} of {side['faces']}" if (side := rendered["side"].get(label)) else "-",
            drawn.get(label, "-"), filmed.get(label, "-"),
        ])  # fmt: skip
    means = [mean(row[column] for row in rows if row[column] != "-") for column in (4, 5, 6, 8, 9)]
    average = [f"{value:.3f}" for value in means]
    rows.append(["mean", "", "", "", *average[:3], "", *average[3:]])
    titles = ["unit", "stills, against neutral", "found", "false alarms", "rendered faces", "intensity, r", "error",
              "side", "drawn faces", "benchmark's recordings"]  # fmt: skip
    groups = [
        [f"{name}: {value.lstrip('123 ')}", group["faces"], group.get("auc", "-"), group.get("intensity_error", "-")]
        for name, values in rendered["by"].items()
        for value, group in values.items()
    ]
    return [
        *_table(titles, rows), "",
        *_table(["rendered faces", "faces", "mean AUC", "intensity error"], groups), "",
    ]  # fmt: skip


def _rates(evaluation: dict[str, Any], results: dict[str, Any]) -> list[str]:
    lines = []
    for quantity, title in (("heart_rate", "heart rate, beats/min"), ("breathing_rate", "breathing, breaths/min")):
        methods = [name for name, result in results.items() if quantity in result["generated"]]
        rows = []
        for level in results[methods[0]]["generated"][quantity]:
            scores = [results[name]["generated"][quantity][level] for name in methods]
            rows.append([level, *(_cell(score) for score in scores)])
        lines += [*_table([title, *methods], rows), ""]
        for name in methods:
            whole = results[name]["generated"][quantity]["all"]
            if whole["confident"]:
                near = f"{whole['confident_and_near']} of {whole['confident']}"
                lines += [f"{name}: of the rates with a quality over 0.7, {near} are within 3 per minute.", ""]
    clips = [
        [quantity, f"{figures['clips'] - figures['withheld']} of {figures['clips']}",
         figures.get("mean_absolute_error", "-"), figures.get("median_absolute_error", "-")]
        for quantity, figures in evaluation["held_out_clips"].items()
    ]  # fmt: skip
    return [*lines, *_table(["held-out clips like those for training", "reported", "mean error", "median"], clips), ""]


def _painted(results: dict[str, Any]) -> list[str]:
    """Real people with a pulse painted into their skin."""
    groups = next(iter(results.values()))["injected"]["heart_rate"]
    rows = [
        [
            group,
            _cell(score),
            f"{score['near']} of {score['answered']}",
            f"{score['guesses_near']} of {score['recordings']}",
        ]
        for group, score in groups.items()
    ]
    titles = ["painted pulse of real people, beats/min", "mean error (reported)", "within 3", "best guess within 3"]
    return [*_table(titles, rows), ""]


def _cell(score: dict[str, Any]) -> str:
    return f"{score['mae']:.2f} ({score['answered']} of {score['recordings']})" if score["answered"] else "none"


def _lifeless(results: dict[str, Any]) -> list[str]:
    kinds = next(iter(results.values()))["lifeless"]
    rows = []
    for kind, videos in kinds.items():
        cells = []
        for result in results.values():
            rates = [rate for video in result["lifeless"][kind].values() for rate in video.values()]
            given = sum(rate["value"] is not None for rate in rates)
            cells.append(f"{given} of {len(rates)} ({max(rate['quality'] for rate in rates):.2f})")
        rows.append([f"{len(videos)} {kind}", *cells])
    return _table(["no pulse, no breathing: rates reported (highest quality)", *results], rows)


def _table(titles: list[str], rows: list[list[Any]]) -> list[str]:
    cells = [titles, ["---"] * len(titles), *rows]
    return ["| " + " | ".join(str(cell) for cell in row) + " |" for row in cells]


if __name__ == "__main__":
    main()
