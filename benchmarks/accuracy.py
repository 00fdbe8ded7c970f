"""How right the measurements are: bundles and classical methods, on generated recordings and on real clips.

    python benchmarks/accuracy.py WORK_DIR [--recordings 200] [--weights NAME ...] [--clip VIDEO BEATS_PER_MIN ...]
        [--still PHOTOGRAPH ...]

Writes videos of drawn people, on whom no weight was ever trained, into WORK_DIR: three difficulties (how much a person
moves, how good light and camera are), two kinds of light, two strengths of compression, and skin of all tones, all
mixed evenly. Measures each by each method, prints tables and writes them as JSON. An interrupted run goes on where it
was; recordings are always the same, and more of them begin with the same. Photographs become videos, in which nothing
moves or a hand moves them, and drawn mannequins move without blood or breath: none of these has a rate.
"""

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifeless import FS, HEIGHT, SECONDS, WIDTH, mannequins, photographs, prints
from physiocam.batch.measure_many import measure_many
from physiocam.evaluation.metrics import rate_scores
from physiocam.foundation.cores import within_cores
from physiocam.foundation.provenance import code_version, keep_file
from physiocam.measuring.options import MeasureOptions
from physiocam.networks.action_units import AU_LABELS
from physiocam.signals.methods import NETWORK
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.recordings import DIFFICULTIES, SyntheticRecording, synthetic_entries
from physiocam.video.writer import write_video
from physiocam.weights.bundle import load_bundle

SEED = 70_001

# Constant rate factors of H.264: a good camera's, and a messenger's.
COMPRESSION = {"weak": 20, "strong": 32}
# Factors of the light's R, G and B.
LIGHT = {"bright": (1.0, 1.0, 1.0), "dim": (0.45, 0.4, 0.35)}

CLASSICAL = ("pos", "chrom", "green")
CONFIDENT, NEAR = 0.7, 3.0
MANNEQUINS = 12

# The default bundle's probabilities are made for units that are there in a third of the moments.
ACTIVE_SHARE = 1 / 3


@dataclass(frozen=True)
class Drawn:
    """One recording of the benchmark, what it is like, and its truth."""

    video: Path
    factors: dict[str, str]
    heart_rate: float
    breathing_rate: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--weights", nargs="*", default=[], help="further bundles, by name or folder")
    parser.add_argument("--clip", nargs=2, action="append", default=[], metavar=("VIDEO", "BEATS_PER_MIN"))
    parser.add_argument("--still", nargs="*", default=[], type=Path, metavar="PHOTOGRAPH")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    recordings = drawn(arguments.work / "videos", arguments.recordings, within_cores(arguments.jobs, "--jobs"))
    options = {
        f"network, `{name}`": MeasureOptions(weights=name, threads=1) for name in ("default", *arguments.weights)
    }
    options |= {name.upper(): MeasureOptions(method=name) for name in CLASSICAL}
    videos = [recording.video for recording in recordings]
    folder = arguments.work / "lifeless"
    lifeless = {
        "photographs": photographs(folder, arguments.still),
        "prints": prints(folder, arguments.still),
        "mannequins": mannequins(folder, MANNEQUINS),
    }
    results = {}
    for title, option in options.items():
        way = option.to_dict()["weights"] if option.method == NETWORK else option.method
        folder = arguments.work / "measured" / Path(way).name
        results[title] = {
            "generated": generated_figures(recordings, summaries(videos, folder, option, arguments)),
            "clips": clip_figures(arguments.clip, folder.with_name(f"{folder.name}-clips"), option, arguments),
            "lifeless": {
                kind: lifeless_figures(films, folder.with_name(f"{folder.name}-{kind}"), option, arguments)
                for kind, films in lifeless.items()
            },
        }
    print(tables(results))
    if arguments.json:
        settings = {"recordings": len(recordings), "seconds": SECONDS, "fs": FS, "size": [WIDTH, HEIGHT], "seed": SEED}
        bundles = {Path(name).name: load_bundle(name).sha256 for name in ("default", *arguments.weights)}
        whole = {"settings": settings, "bundles": bundles, "results": results}
        arguments.json.write_text(json.dumps(whole, indent=1) + "\n")


def drawn(folder: Path, count: int, jobs: int) -> list[Drawn]:
    """Write the recordings that are not there yet, as they would be drawn now."""
    folder.mkdir(parents=True, exist_ok=True)
    items = [(folder / f"{index:03d}.mp4", *recording(index)) for index in range(count)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        list(pool.map(film, *zip(*items, strict=True)))
    found = []
    for video, entry, factors in items:
        physiology = entry.scene().physiology
        found.append(Drawn(video, factors, physiology.heart_rate, physiology.breathing_rate))
    return found


def recording(index: int) -> tuple[SyntheticRecording, dict[str, str]]:
    """Say what a recording is: factors change fast to slow, so that any number of them is mixed."""
    rest, difficulty = divmod(index, len(DIFFICULTIES))
    rest, light = divmod(rest, len(LIGHT))
    compression = rest % len(COMPRESSION)
    factors = {
        "difficulty": list(DIFFICULTIES)[difficulty],
        "light": list(LIGHT)[light],
        "compression": list(COMPRESSION)[compression],
    }
    settings = replace(
        DIFFICULTIES[factors["difficulty"]],
        duration_s=SECONDS,
        fs=FS,
        height=HEIGHT,
        width=WIDTH,
        tint=LIGHT[factors["light"]],
    )
    (entry,) = synthetic_entries(1, SEED + index, settings, trials=1)
    skin = Person.invent(entry.person_seed).skin_depth
    factors["skin"] = ("light", "middle", "dark")[min(int(3 * skin), 2)]
    return entry, factors


def film(video: Path, entry: SyntheticRecording, factors: dict[str, str]) -> None:
    crf = COMPRESSION[factors["compression"]]
    made_with = {"entry": asdict(entry), "fs": FS, "crf": crf, "physiocam": code_version(__file__)}
    keep_file(video, made_with, lambda path: write_video(path, entry.scene().frames(), FS, crf))
    codes = video.with_suffix(".npy")
    keep_file(codes, made_with, lambda path: np.save(path, entry.scene().expressions.codes.occurrence))


def summaries(
    videos: Sequence[Path | str], folder: Path, options: MeasureOptions, arguments: argparse.Namespace
) -> list[tuple[Path, dict[str, Any]]]:
    """Folder and summary of each video, in order; one that failed ends the benchmark."""
    names = [str(video) for video in videos]
    outcomes = measure_many(names, folder, options, jobs=arguments.jobs)
    for outcome in outcomes:
        if outcome.summary is None:
            raise SystemExit(f"{outcome.video}: {outcome.error}")
    return [(outcome.folder or folder, dict(outcome.summary or {})) for outcome in outcomes]


def generated_figures(recordings: list[Drawn], measured: list[tuple[Path, dict[str, Any]]]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    curves: dict[str, Any] = {}
    for quantity in ("heart_rate", "breathing_rate"):
        true = np.array([getattr(recording, quantity) for recording in recordings])
        value = np.array([np.nan if s[quantity]["value"] is None else s[quantity]["value"] for _, s in measured])
        quality = np.array([summary[quantity]["quality"] for _, summary in measured])
        if not np.isfinite(value).any():
            continue
        figures[quantity] = {"all": scores(true, value, quality)}
        curves[quantity] = risk_coverage(true, value, quality)
        for factor in recordings[0].factors:
            for level in dict.fromkeys(recording.factors[factor] for recording in recordings):
                of_level = np.array([recording.factors[factor] == level for recording in recordings])
                figures[quantity][f"{factor}: {level}"] = scores(true[of_level], value[of_level], quality[of_level])
    if measured[0][1]["action_units"]:
        probability, present = unit_frames(recordings, [folder for folder, _ in measured])
        figures["action_units"] = {
            label: _auc(probability[:, column], present[:, column]) for column, label in enumerate(AU_LABELS)
        }
        curves["reliability"] = reliability(probability, present)
        curves["reliability_at_active_share"] = reliability(probability, present, ACTIVE_SHARE)
    return {**figures, "curves": curves}


def scores(
    true: NDArray[np.float64], value: NDArray[np.float64], quality: NDArray[np.float64]
) -> dict[str, float | int | None]:
    """Errors where there is an answer, and whether the quality knows: errors of the surer half, and of sure answers."""
    given = np.isfinite(value)
    error = np.abs(value - true)
    surer = given & (quality >= np.median(quality[given])) if given.any() else given
    confident = given & (quality > CONFIDENT)
    figures = rate_scores(value, true)
    return {
        "recordings": len(true),
        "answered": int(given.sum()),
        "mae": _rounded(figures.mae.value),
        "median": _rounded(np.median(error[given])) if given.any() else None,
        "r": _rounded(figures.pearson.value),
        "mae_of_surer_half": _rounded(error[surer].mean()) if surer.any() else None,
        "confident": int(confident.sum()),
        "confident_and_near": int((error[confident] < NEAR).sum()),
    }


def risk_coverage(
    true: NDArray[np.float64], value: NDArray[np.float64], quality: NDArray[np.float64]
) -> list[list[float]]:
    """How many recordings are answered at least that surely, and how wrong these answers are in the mean.

    A row for each answer, the surest first: its quality, the share of all recordings until it, their mean error.
    """
    given = np.isfinite(value)
    order = np.argsort(-quality[given], kind="stable")
    error = np.abs(value - true)[given][order]
    count = np.arange(1, len(error) + 1)
    rows = np.stack([quality[given][order], count / len(true), np.cumsum(error) / count], axis=1)
    return [[round(number, 4) for number in row] for row in rows.tolist()]


def reliability(
    probability: NDArray[np.float64], present: NDArray[np.int8], active_share: float | None = None
) -> list[list[float]]:
    """How often a unit is there when it is said to be with some probability, over all units and frames.

    Frames count alike; or, with a share, as if each unit were there in this share of them. A row for each tenth of the
    probabilities that occurs: their mean, the share that is there, the number of frames.
    """
    there = present == 1
    weight = np.ones(probability.shape)
    if active_share is not None:
        shown = there.mean(axis=0)
        weight = np.where(there, active_share / shown, (1 - active_share) / (1 - shown))
    known = np.isfinite(probability)
    p, there, weight = probability[known], there[known], weight[known]
    tenth = np.minimum((10 * p).astype(int), 9)
    rows = []
    for number, count in enumerate(np.bincount(tenth, minlength=10)):
        if count:
            chosen = tenth == number
            mean, share = (np.average(of[chosen], weights=weight[chosen]) for of in (p, there))
            rows.append([round(float(mean), 4), round(float(share), 4), int(count)])
    return rows


def unit_frames(recordings: list[Drawn], folders: list[Path]) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Probabilities and truth of all frames of all recordings, (frames, 12)."""
    probability, present = [], []
    for recording, folder in zip(recordings, folders, strict=True):
        table = np.genfromtxt(folder / "action_units.csv", delimiter=",", names=True)
        probability.append(np.stack([table[f"{label}_p"] for label in AU_LABELS], axis=1))
        present.append(np.load(recording.video.with_suffix(".npy"))[: len(table)])
    return np.concatenate(probability), np.concatenate(present)


def _auc(score: NDArray[np.float64], truth: NDArray[np.int8]) -> float | None:
    score, truth = score[np.isfinite(score)], truth[np.isfinite(score)]
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1)
    positives = int((truth == 1).sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return None
    return _rounded((ranks[truth == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def clip_figures(
    clips: list[tuple[str, str]], folder: Path, options: MeasureOptions, arguments: argparse.Namespace
) -> dict[str, Any]:
    measured = summaries([video for video, _ in clips], folder, options, arguments) if clips else []
    return {
        Path(video).name: {"true": float(rate), **summary["heart_rate"]}
        for (video, rate), (_, summary) in zip(clips, measured, strict=True)
    }


def lifeless_figures(
    videos: list[Path], folder: Path, options: MeasureOptions, arguments: argparse.Namespace
) -> dict[str, Any]:
    measured = summaries(videos, folder, options, arguments) if videos else []
    return {
        video.stem: {
            quantity: {key: summary[quantity][key] for key in ("value", "quality")}
            for quantity in ("heart_rate", "breathing_rate")
        }
        for video, (_, summary) in zip(videos, measured, strict=True)
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)


def tables(results: dict[str, Any]) -> str:
    lines = []
    for quantity, title in (("heart_rate", "Heart rate (beats/min)"), ("breathing_rate", "Breathing (breaths/min)")):
        lines += ["", f"{title}: mean absolute error where there is an answer (answered of all; r)", ""]
        methods = [name for name, result in results.items() if quantity in result["generated"]]
        lines += [row(["recordings", *methods]), row(["---"] * (len(methods) + 1))]
        for level in results[methods[0]]["generated"][quantity] if methods else []:
            cells = [results[name]["generated"][quantity][level] for name in methods]
            lines.append(row([level, *(cell_of(scores_) for scores_ in cells)]))
        lines += ["", f"Quality over {CONFIDENT:g}: answers, and share of them with an error under {NEAR:g}", ""]
        for name in methods:
            whole = results[name]["generated"][quantity]["all"]
            share = f"{whole['confident_and_near'] / whole['confident']:.0%}" if whole["confident"] else "none"
            lines.append(f"- {name}: {whole['confident']}, {share}; surer half {whole['mae_of_surer_half']}")
    networks = [name for name, result in results.items() if "action_units" in result["generated"]]
    lines += ["", "Action units: area under the ROC curve over all frames", "", row(["unit", *networks])]
    lines.append(row(["---"] * (len(networks) + 1)))
    for label in AU_LABELS:
        lines.append(row([label, *(str(results[name]["generated"]["action_units"][label]) for name in networks)]))
    clips = next(iter(results.values()))["clips"]
    if clips:
        lines += ["", "Real clips: heart rate (quality)", "", row(["clip", "sensor", *results])]
        lines.append(row(["---"] * (len(results) + 2)))
        for clip, facts in clips.items():
            lines.append(row([clip, f"{facts['true']:g}", *(clip_cell(r["clips"][clip]) for r in results.values())]))
    kinds = next(iter(results.values()))["lifeless"]
    lines += ["", "Faces without a pulse or breath: rates given all the same (highest quality)", ""]
    lines += [row(["recordings", *results]), row(["---"] * (len(results) + 1))]
    for kind, videos in kinds.items():
        if videos:
            given = (lifeless_cell(result["lifeless"][kind]) for result in results.values())
            lines.append(row([f"{len(videos)} of {kind}", *given]))
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def cell_of(figures: dict[str, Any]) -> str:
    return f"{figures['mae']} ({figures['answered']} of {figures['recordings']}; {figures['r']})"


def lifeless_cell(videos: dict[str, Any]) -> str:
    """How many heart and breathing rates are given, and the highest quality of any."""
    cells = []
    for quantity in ("heart_rate", "breathing_rate"):
        rates = [video[quantity] for video in videos.values()]
        given = sum(rate["value"] is not None for rate in rates)
        cells.append(f"{given} ({max(rate['quality'] for rate in rates):.2f})")
    return ", ".join(cells)


def clip_cell(rate: dict[str, Any]) -> str:
    return "none" if rate["value"] is None else f"{rate['value']:.1f} ({rate['quality']:.2f})"


if __name__ == "__main__":
    main()
