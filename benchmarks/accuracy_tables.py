"""The tables that benchmarks/accuracy.py prints, in Markdown."""

from collections.abc import Sequence
from typing import Any

from accuracy_figures import CONFIDENT, NEAR, QUANTITIES
from physiocam.networks.action_units import AU_LABELS

_TITLES = {"heart_rate": "Heart rate (beats/min)", "breathing_rate": "Breathing (breaths/min)"}


def tables(results: dict[str, Any]) -> str:
    """Everything that was found, method beside method."""
    lines = []
    for key, title in (("generated", "drawn recordings"), ("injected", "injected recordings")):
        sets = {name: result[key] for name, result in results.items() if result[key]}
        for quantity in QUANTITIES:
            lines += _rates(quantity, title, {name: figures for name, figures in sets.items() if quantity in figures})
    lines += _lengths(results)
    lines += _action_units(results)
    lines += _clips(results)
    lines += _lifeless(results)
    lines += _misleading(results)
    return "\n".join(lines)


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of a table."""
    cells = [titles, ["---"] * len(titles), *rows]
    return ["| " + " | ".join(str(cell) for cell in row) + " |" for row in cells]


def _rates(quantity: str, title: str, sets: dict[str, Any]) -> list[str]:
    if not sets:
        return []
    heading = f"{_TITLES[quantity]}, {title}"
    whole = {name: figures[quantity]["all"] for name, figures in sets.items()}
    titles = ["method", "answered", f"within {NEAR:g}", "mean error", "Arms", "limits of agreement", "r",
              f"quality over {CONFIDENT:g}", "surer half", f"best guess within {NEAR:g}"]  # fmt: skip
    rows = [
        [
            name, f"{score['answered']} of {score['recordings']}", _share(score["near"], score["answered"]),
            score["mae"], score["arms"], _limits(score["limits"]), score["r"],
            _share(score["confident_and_near"], score["confident"]), score["mae_of_surer_half"],
            _share(score["guesses_near"], score["guessed"]),
        ]
        for name, score in whole.items()
    ]  # fmt: skip
    lines = ["", heading, "", *table(titles, rows)]
    lines += ["", f"{heading}: mean error (answered of all; share within {NEAR:g})", ""]
    levels = next(iter(sets.values()))[quantity]
    lines += table(
        ["recordings", *sets],
        [[level, *(_cell(figures[quantity][level]) for figures in sets.values())] for level in levels],
    )
    return [*lines, *_calibration(quantity, heading, sets)]


def _calibration(quantity: str, heading: str, sets: dict[str, Any]) -> list[str]:
    known = {name: figures["calibration"][quantity] for name, figures in sets.items()}
    bounds = [(group["from"], group["to"]) for group in next(iter(known.values()))["groups"]]
    rows: list[list[object]] = [
        [
            f"{low:g} to {high:g}",
            *(
                _near(found["groups"][index]["share_near"], found["groups"][index]["answers"])
                for found in known.values()
            ),
        ]
        for index, (low, high) in enumerate(bounds)
    ]
    rows.append(["expected error of the quality", *(found["expected_error"] for found in known.values())])
    return ["", f"{heading}: share within {NEAR:g} by quality (answers)", "", *table(["quality", *known], rows)]


def _lengths(results: dict[str, Any]) -> list[str]:
    lines = []
    for quantity in QUANTITIES:
        methods = [name for name, result in results.items() if quantity in result["generated"]]
        if methods:
            lengths = results[methods[0]]["lengths"]
            rows = [
                [length, *(_cell(results[name]["lengths"][length][quantity]) for name in methods)] for length in lengths
            ]
            title = f"{_TITLES[quantity]}, by length: mean error (answered of all; share within {NEAR:g})"
            lines += ["", title, "", *table(["length", *methods], rows)]
    return lines


def _action_units(results: dict[str, Any]) -> list[str]:
    networks = {
        name: result["generated"]["action_units"]
        for name, result in results.items()
        if "action_units" in result["generated"]
    }
    rows = [[label, *(areas[label] for areas in networks.values())] for label in AU_LABELS]
    return ["", "Action units: area under the ROC curve over all frames", "", *table(["unit", *networks], rows)]


def _clips(results: dict[str, Any]) -> list[str]:
    clips = next(iter(results.values()))["clips"]
    rows = [
        [clip, f"{facts['true']:g}", *(_told(result["clips"][clip]) for result in results.values())]
        for clip, facts in clips.items()
    ]
    title = "Real clips: heart rate (quality)"
    return ["", title, "", *table(["clip", "sensor", *results], rows)] if rows else []


def _lifeless(results: dict[str, Any]) -> list[str]:
    kinds = next(iter(results.values()))["lifeless"]
    rows = [
        [f"{len(videos)} of {kind}", *(_given(result["lifeless"][kind]) for result in results.values())]
        for kind, videos in kinds.items()
    ]
    if not rows:
        return []
    whole = [
        _given(
            {f"{kind} {name}": video for kind, of_kind in result["lifeless"].items() for name, video in of_kind.items()}
        )
        for result in results.values()
    ]
    rows.append([f"all {sum(map(len, kinds.values()))}", *whole])
    title = "Where nobody lives: heart and breathing rates given all the same (highest quality)"
    return ["", title, "", *table(["recordings", *results], rows)]


def _misleading(results: dict[str, Any]) -> list[str]:
    rows = [
        [name, *(_told(result["misleading"][name]["heart_rate"]) for result in results.values())]
        for name in next(iter(results.values()))["misleading"]
    ]
    title = "Misleading motion or light: heart rate (quality)"
    return ["", title, "", *table(["recording", *results], rows)] if rows else []


def _cell(score: dict[str, Any]) -> str:
    if not score["answered"]:
        return f"none (0 of {score['recordings']})"
    return f"{score['mae']} ({score['answered']} of {score['recordings']}; {_percent(score['share_near'])})"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "none"


def _near(share: float | None, answers: int) -> str:
    return f"{_percent(share)} ({answers})"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.0%}"


def _limits(limits: list[float] | None) -> str:
    return "none" if limits is None else f"{limits[0]:.1f} to {limits[1]:.1f}"


def _given(videos: dict[str, Any]) -> str:
    """How many heart and breathing rates are given, and the highest quality of any."""
    cells = []
    for quantity in QUANTITIES:
        rates = [video[quantity] for video in videos.values()]
        given = sum(rate["value"] is not None for rate in rates)
        cells.append(f"{given} ({max(rate['quality'] for rate in rates):.2f})")
    return ", ".join(cells)


def _told(rate: dict[str, Any]) -> str:
    return "none" if rate["value"] is None else f"{rate['value']:.1f} ({rate['quality']:.2f})"
