"""Reproduces the paper's Figures 5-D, 6 and 7 (extra `report`)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from physiocam.datasets.store.clip_batch import standardize
from physiocam.datasets.store.clips import Clips, clip_loader
from physiocam.errors import PhysiocamError
from physiocam.evaluation.cross_validation import Folds, cross_validate
from physiocam.evaluation.evaluate import evaluate
from physiocam.evaluation.plots import plot_waveforms, save
from physiocam.evaluation.summary import write_text
from physiocam.evaluation.table_text import csv_text, number, table
from physiocam.networks.config import NetworkConfig
from physiocam.networks.network import Network
from physiocam.reproduce.paper_set_up import set_up_differences
from physiocam.reproduce.tables import ReproductionRun
from physiocam.signals.settings import SETTINGS
from physiocam.training.fit import fit, pos_weight
from physiocam.training.gradients import task_angles, task_gradients
from physiocam.training.losses import TaskLosses
from physiocam.training.settings import TrainSettings
from physiocam.weights.pytorch import load_networks

# Batches whose gradients are compared.
_BATCHES = 20

# The paper's angles in degrees (section 5.1).
PUBLISHED_ANGLES = {
    frozenset(("pulse", "respiration")): 46.2,
    frozenset(("au", "respiration")): 106.3,
    frozenset(("au", "pulse")): 100.3,
}

_BLUE, _ORANGE, _GREEN = "#0072B2", "#D55E00", "#009E73"


def reproduce_figure(name: str, bench: ReproductionRun, folder: Path) -> Path:
    """Compute a figure, or take what was computed before, and write `NAME.md` with its picture and numbers.

    Parameters
    ----------
    name : "figure5", "figure6" or "figure7"
        5: angles between the tasks' gradients after an epoch (part D). 6: mean F1 of the Big branch over the length of
        clips. 7: waveforms against the sensors.
    bench : ReproductionRun
    folder : Path

    Returns
    -------
    Path
        The Markdown page.

    Raises
    ------
    PhysiocamError
        If the figure is unknown, or the store lacks what it needs.
    """
    figures = {"figure5": _figure5, "figure6": _figure6, "figure7": _figure7}
    if name not in figures:
        raise PhysiocamError(f"figure is '{name}'; expected one of {', '.join(figures)}")
    bench = replace(bench, further_seeds=())
    page = folder / f"{name}.md"
    write_text(page, figures[name](bench, folder))
    runs = {
        "figure5": ["one-epoch/bigsmall"],
        "figure6": [f"clips-of-{length}/big" for length in bench.clip_lengths],
        "figure7": ["folds/bigsmall"],
    }
    files = [f"{name}{suffix}" for suffix in (".png", ".csv") if (folder / f"{name}{suffix}").is_file()]
    bench.record(page, runs[name], files)
    return page


def gradient_angles(
    network: Network, losses: TaskLosses, clips: Clips, batch_clips: int, seed: int
) -> dict[tuple[str, str], list[float]]:
    """Angles in degrees between the tasks' gradients on shared parameters, for each of some batches.

    Parameters
    ----------
    network : Network
    losses : TaskLosses
        Of the network's tasks, as it was trained.
    clips : Clips
    batch_clips, seed : int
        Of the random batches.

    Returns
    -------
    dict of (str, str) to list of float
        Each pair of tasks once.
    """
    generator = torch.Generator().manual_seed(seed)
    angles: dict[tuple[str, str], list[float]] = {}
    for _, batch in zip(
        range(_BATCHES), clip_loader(clips, batch_clips, shuffle=True, generator=generator), strict=False
    ):
        big, small = standardize(batch)
        found = losses(network(big, small), batch.targets, batch.masks)
        for pair, angle in task_angles(task_gradients(found, network)).items():
            angles.setdefault(pair, []).append(angle)
    return angles


def _figure5(bench: ReproductionRun, folder: Path) -> str:
    settings = bench.run_settings("bigsmall", "one-epoch").model_copy(update={"epochs": 1})
    network = next(iter(load_networks(fit(settings)).values()))
    config = network.config
    clips = Clips(settings.store, config.clip_length, config.big_stride, memory=settings.host_memory)
    losses = TaskLosses(config.tasks, pos_weight(clips, settings))
    angles = gradient_angles(network, losses, clips, settings.batch_clips, settings.seed)
    save(_draw_angles(angles), folder / "figure5.png")
    rows = [
        (
            f"{a}, {b}",
            number(float(np.nanmean(found))),
            number(float(np.nanstd(found))),
            str(len(found)),
            number(PUBLISHED_ANGLES.get(frozenset((a, b)))),
        )
        for (a, b), found in angles.items()
    ]
    lines = [
        f"# Angles between task gradients: ours trained on '{settings.store.name}'", "", "![Angles](figure5.png)", "",
        *table(("tasks", "mean angle (degrees)", "spread over batches", "batches", "paper"), rows), "",
        f"On the parameters that both tasks share, after one epoch, over random batches of {settings.batch_clips} "
        "clips. At 90 degrees tasks are independent; more is a conflict.", "",
        "Paper: arXiv 2303.11573, Figure 5-D and section 5.1.", "", *_differences(settings, None),
    ]  # fmt: skip
    return "\n".join(lines)


def _draw_angles(angles: Mapping[tuple[str, str], Sequence[float]]) -> Figure:
    figure = Figure(figsize=(3.2 * len(angles), 2.6), layout="constrained")
    grid = figure.subplots(1, len(angles), squeeze=False)[0]
    for axes, ((first, second), found) in zip(grid, angles.items(), strict=True):
        mean = np.deg2rad(np.nanmean(found))
        for turn, name, colour in ((0.0, first, _BLUE), (mean, second, _ORANGE)):
            tip = (np.cos(turn), np.sin(turn))
            axes.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2})
            axes.text(1.18 * tip[0], 1.12 * tip[1], name, color=colour, ha="center", va="center", fontsize=9)
        for turn in np.deg2rad([angle for angle in found if np.isfinite(angle)]):
            axes.plot([0.82 * np.cos(turn), 0.9 * np.cos(turn)], [0.82 * np.sin(turn), 0.9 * np.sin(turn)],
                      color=_ORANGE, lw=0.7, alpha=0.6)  # fmt: skip
        axes.set_title(f"{np.rad2deg(mean):.1f} degrees", fontsize=9)
        axes.set(xlim=(-1.5, 1.6), ylim=(-0.25, 1.4), aspect="equal")
        axes.axis("off")
    return figure


def _figure6(bench: ReproductionRun, folder: Path) -> str:
    frames = bench.settings.batch_clips * bench.config("big").clip_length
    scores = []
    for length in bench.clip_lengths:
        if bench.progress is not None:
            bench.progress(f"figure6: clips of {length}")
        config: NetworkConfig = type(bench.config("big")).model_validate(
            {**bench.config("big").model_dump(), "clip_length": length, "big_stride": 1}
        )
        settings = bench.run_settings("big", f"clips-of-{length}").model_copy(
            # All batches have the same number of frames, whatever the length of their clips.
            update={"network": config, "batch_clips": max(frames // length, 1)}
        )
        found = cross_validate(settings, bench.folds)
        assert found is not None
        units = [evaluate(part, SETTINGS["paper"]).action_units for part in found[0] if part]
        f1 = [one.mean_f1 for one in units if one is not None and one.mean_f1 is not None]
        if not f1:
            raise PhysiocamError(f"'{bench.settings.store}' has no action-unit codes; figure 6 needs them")
        scores.append(f1)
    means, spreads = [float(np.mean(f1)) for f1 in scores], [float(np.std(f1, ddof=int(len(f1) > 1))) for f1 in scores]
    figure = Figure(figsize=(5.5, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(bench.clip_lengths, means, spreads, fmt="o-", color=_BLUE, capsize=3)
    for length, f1 in zip(bench.clip_lengths, scores, strict=True):
        axes.plot([length] * len(f1), f1, ".", color=_ORANGE, markersize=4)
    axes.set(
        xlabel="consecutive frames in a clip, N",
        ylabel="mean F1 of the action units (%)",
        xticks=bench.clip_lengths,
    )
    save(figure, folder / "figure6.png")
    found_rows = list(zip(bench.clip_lengths, means, spreads, strict=True))
    write_text(folder / "figure6.csv", csv_text(("clip_length", "mean_f1", "spread"), found_rows))
    rows = [
        (str(length), f"{mean:.1f} +- {spread:.1f}", ", ".join(f"{one:.1f}" for one in f1))
        for (length, mean, spread), f1 in zip(found_rows, scores, strict=True)
    ]
    lines = [
        f"# Consecutive frames in a clip: {bench.what_is_run(across=False)}", "",
        "![Mean F1 over N](figure6.png)", "", *table(("N", "mean F1 (%)", "folds"), rows), "",
        f"Big branch, {frames} frames per batch; mean and standard deviation of {len(bench.folds)} folds.", "",
        "Paper: arXiv 2303.11573, Figure 6, which falls with N, most beyond 9; it prints no numbers.", "",
        *_differences(bench.settings, bench.folds),
    ]  # fmt: skip
    return "\n".join(lines)


def _figure7(bench: ReproductionRun, folder: Path) -> str:
    predictions = [one for fold in bench.within("bigsmall")[-1] for one in fold]
    figure = plot_waveforms(predictions, SETTINGS["paper"])
    if figure is None:
        raise PhysiocamError(f"'{bench.settings.store}' has no sensor's waveform; figure 7 needs one")
    save(figure, folder / "figure7.png")
    lines = [
        f"# Waveforms against the sensors: {bench.what_is_run(across=False)}", "",
        "![Predicted and recorded waveforms](figure7.png)", "",
        "From networks that were not trained on the subject, filtered as in the paper.", "",
        "Paper: arXiv 2303.11573, Figure 7.", "", *_differences(bench.settings, bench.folds, bench.test_stores),
    ]  # fmt: skip
    return "\n".join(lines)


def _differences(settings: TrainSettings, folds: Folds | None, test_stores: Sequence[Path] = ()) -> list[str]:
    found = set_up_differences(settings, folds, test_stores)
    return ["## Where the set-up differs", "", *(f"- {line}" for line in found), ""]
