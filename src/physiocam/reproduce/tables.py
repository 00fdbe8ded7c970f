"""Reproduces the paper's tables, with the paper's figures beside yours."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from physiocam.datasets.store.store import Store
from physiocam.errors import PhysiocamError
from physiocam.evaluation.cross_validation import Folds, cross_validate
from physiocam.evaluation.evaluate import Evaluation, evaluate
from physiocam.evaluation.metrics import RateScores
from physiocam.evaluation.predict import predict_with_bundle, predict_with_method
from physiocam.evaluation.predictions import Predictions
from physiocam.evaluation.run_facts import facts_of_runs
from physiocam.evaluation.set_up import cut_differences
from physiocam.evaluation.summary import number, table, write_text
from physiocam.foundation.provenance import write_record
from physiocam.networks.config import NetworkConfig
from physiocam.networks.registry import preset
from physiocam.reproduce.published import Four, PublishedRow, PublishedTable, Two, published_tables
from physiocam.signals.methods import METHODS
from physiocam.signals.settings import SETTINGS
from physiocam.training.fit import fit
from physiocam.training.settings import TrainSettings

Progress = Callable[[str], None]

_RATE_COLUMNS = ("MAE", "RMSE", "MAPE (%)", "r")
_DIGITS = (2, 2, 2, 2)

# Tables of networks that are trained on one data set and tested on another.
ACROSS = ("table3-pure", "table3-ubfc", "table4")


@dataclass(frozen=True)
class Figures:
    """The figures of a row; see `reproduce.published.PublishedRow`. None if not measured."""

    heart: tuple[float | None, ...] | None = None
    breathing: tuple[float | None, ...] | None = None
    au: tuple[float | None, ...] | None = None
    units: dict[str, float | None] | None = None


@dataclass(frozen=True)
class ReproductionRun:
    """Where and how a table's rows are computed.

    Attributes
    ----------
    settings : TrainSettings
        Settings of every training run except network and output; `output` is the folder of all runs, which tables
        share.
    folds : tuple of tuple of str
        Subjects of the training store, tested fold by fold.
    test_stores : tuple of Path
        Test stores. For tables within a data set: empty for the training store; or the training store, whose units are
        coded, and one with all recordings for the rates. For tables across data sets: the other set.
    progress : callable, optional
        Called with a line for each run.
    """

    settings: TrainSettings
    folds: Folds
    test_stores: tuple[Path, ...] = ()
    progress: Progress | None = None

    def config(self, method: str) -> NetworkConfig:
        """Configuration of a preset with the sizes of the training store."""
        store = Store(self.settings.store)
        sizes = {field: store.frame_size(field) for field in ("big_size", "small_size")}
        config = preset(method)
        return type(config).model_validate({**config.model_dump(), **sizes})

    def run_settings(self, method: str, folder: str) -> TrainSettings:
        """Settings of one preset's runs."""
        network = self.config(method)
        tasks = {task.name for task in network.tasks}
        return self.settings.model_copy(
            update={
                "network": network,
                "output": self.settings.output / folder / method,
                "task_weights": {task: w for task, w in self.settings.task_weights.items() if task in tasks},
            }
        )

    def within(self, method: str) -> list[list[list[Predictions]]]:
        """Predict each subject with a network that was not trained on them; by store, then by fold."""
        if method in METHODS:
            return [[list(predict_with_method(method, store))] for store in self.test_stores or (self.settings.store,)]
        found = cross_validate(self.run_settings(method, "folds"), self.folds, self.test_stores, None, self.progress)
        assert found is not None
        return found

    def record(self, page: Path, runs: Iterable[str], files: Sequence[str]) -> None:
        """Write next to a page what its numbers were made of: its training runs, and its other files."""
        stores = (self.settings.store, *self.test_stores)
        folders = [self.settings.output / run for run in runs]
        facts = {"target": page.stem, **facts_of_runs(self.settings, self.folds, stores, folders)}
        write_record(page.parent, facts, [page.name, *files], name=f"{page.stem}.json")

    def across(self, method: str, store: Path) -> list[Predictions]:
        """Predict another data set's recordings with a network trained on the whole training store."""
        if method in METHODS:
            return list(predict_with_method(method, store))
        return list(predict_with_bundle(fit(self.run_settings(method, "whole")), store))


def reproduce_table(name: str, bench: ReproductionRun, folder: Path) -> Path:
    """Compute a table, or take what was computed before, and write `NAME.md` and `NAME.csv`.

    Parameters
    ----------
    name : str
        As in `physiocam.reproduce.published.published_tables`.
    bench : ReproductionRun
    folder : Path

    Returns
    -------
    Path
        The Markdown page.

    Raises
    ------
    PhysiocamError
        If the table is unknown, a store lacks what it needs, or faces of another data set are cut out otherwise.
    """
    published = published_tables()
    if name not in published:
        raise PhysiocamError(f"table is '{name}'; expected one of {', '.join(published)}")
    wanted = published[name]
    if name in ACROSS:
        _check_cuts(name, bench)
    measured = []
    for row in wanted.rows:
        if bench.progress is not None:
            bench.progress(f"{name}: {row.name}")
        measured.append(_measure(name, row, bench))
    page = folder / f"{name}.md"
    write_text(page, _markdown(name, wanted, measured, bench))
    write_text(page.with_suffix(".csv"), _csv(wanted, measured))
    methods = [method for row in wanted.rows for method in row.methods]
    bench.record(page, [f"{'whole' if name in ACROSS else 'folds'}/{method}" for method in methods], [f"{name}.csv"])
    return page


def _check_cuts(name: str, bench: ReproductionRun) -> None:
    """Check that a network is tested on faces that are cut out like those it is trained on."""
    trained = Store(bench.settings.store).cut()
    for path in bench.test_stores:
        if found := cut_differences(trained, Store(path)):
            raise PhysiocamError(
                f"{name} compares data sets, not squares: {found[0]}; prepare all of them with --set crop=face and the "
                "same preprocessing"
            )


def _measure(name: str, row: PublishedRow, bench: ReproductionRun) -> Figures:
    paper = SETTINGS["paper"]
    if name in ACROSS:
        (store,) = bench.test_stores
        return _joined([_figures([evaluate(bench.across(method, store), paper)]) for method in row.methods])
    # Action units are tested where they are coded, rates on all recordings: the first and the last of the stores.
    found = []
    for method in row.methods:
        by_store = [[evaluate(part, paper) for part in folds if part] for folds in bench.within(method)]
        units, rates = _figures(by_store[0]), _figures(by_store[-1])
        found.append(Figures(rates.heart, rates.breathing, units.au, units.units))
    return _joined(found)


def _joined(found: Sequence[Figures]) -> Figures:
    """Figures of networks with one task each."""

    def first(name: str) -> Any:
        return next((value for one in found if (value := getattr(one, name)) is not None), None)

    return Figures(first("heart"), first("breathing"), first("au"), first("units"))


def _figures(found: Sequence[Evaluation]) -> Figures:
    """Plain means over folds, as the paper reports them."""
    coded = [one.action_units for one in found if one.action_units is not None]
    labels = list(coded[0].units) if coded else []
    return Figures(
        heart=_mean_scores([one.heart for one in found]),
        breathing=_mean_scores([one.breathing for one in found]),
        au=(_mean([one.mean_f1 for one in coded]), _mean([one.mean_accuracy for one in coded])) if coded else None,
        units={label: _mean([one.units[label].f1 for one in coded]) for label in labels} or None,
    )


def _mean_scores(scores: Sequence[RateScores | None]) -> tuple[float | None, ...] | None:
    there = [one for one in scores if one is not None]
    if not there:
        return None
    return tuple(_mean([getattr(one, field).value for one in there]) for field in ("mae", "rmse", "mape", "pearson"))


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def _markdown(name: str, wanted: PublishedTable, measured: Sequence[Figures], bench: ReproductionRun) -> str:
    groups = [group for group in ("heart", "breathing", "au") if any(getattr(row, group) for row in wanted.rows)]
    head = ["", ""]
    for group in groups:
        head += ["F1 (%)", "accuracy (%)"] if group == "au" else [f"{group} {column}" for column in _RATE_COLUMNS]
    labels = sorted({label for row in wanted.rows for label in row.units})
    rows = []
    for row, figures in zip(wanted.rows, measured, strict=True):
        for source, values in (("ours", figures), ("paper", row)):
            cells = [row.name if source == "ours" else "", source]
            for group in groups:
                cells += _cells(getattr(values, group), 2 if group == "au" else 4)
            rows.append([*cells, *(number((values.units or {}).get(label)) for label in labels)])
    lines = [f"# {wanted.title}", "", *table([*head, *labels], rows), "", f"Paper: {wanted.source}."]
    if wanted.note:
        lines += ["", wanted.note]
    lines += ["", "## Where the set-up differs", "", *(f"- {line}" for line in _differences(name, bench)), ""]
    return "\n".join(lines)


def _cells(values: "Four | Two | tuple[float | None, ...] | None", count: int) -> list[str]:
    if values is None:
        return ["-"] * count
    return [number(value, digits) for value, digits in zip(values, _DIGITS if count == 4 else (1, 1), strict=True)]


def _differences(name: str, bench: ReproductionRun) -> list[str]:
    store = Store(bench.settings.store)
    infos = [store.recording(recording).info for recording in store.names()]
    settings = bench.settings
    frames, subjects = sum(info.frames for info in infos), len({info.subject for info in infos})
    lines = [
        f"trained on '{store.path.name}': {len(infos)} recordings of {subjects} subjects, {frames} frames (paper: the "
        "AU subset of BP4D+, 140 subjects, about 200,000 frames)"
    ]
    if bench.test_stores:
        lines.append(f"tested on {', '.join(path.name for path in bench.test_stores)}")
    cut = store.cut()
    if cut.square != "bottom" or cut.preprocessing != "authors":
        lines.append(f"trained on {cut} (paper: the largest squares at the bottom of the frames)")
    lines += [line for path in bench.test_stores for line in cut_differences(cut, Store(path))]
    lines += [line for path in bench.test_stores or (store.path,) for line in _without_truth(Store(path))]
    sizes = (store.frame_size("big_size"), store.frame_size("small_size"))
    checks = [
        (sizes == (144, 9), f"frames of {sizes[0]} and {sizes[1]} pixels (paper: 144 and 9)"),
        (settings.epochs == 5, f"{settings.epochs} epochs (paper: 5)"),
        (settings.batch_clips == 180, f"{settings.batch_clips} clips per batch (paper: 180)"),
        (settings.learning_rate == 1e-3, f"learning rate {settings.learning_rate:g} (paper: 0.001)"),
        (settings.schedule == "constant", f"learning rate by the schedule {settings.schedule} (paper: constant)"),
        (settings.initialization == "pytorch", f"initial weights by {settings.initialization} (paper: PyTorch's own)"),
        (settings.initial_bundle is None, f"started from the bundle {settings.initial_bundle} (paper: new weights)"),
        (settings.dropout is None, f"dropout {settings.dropout} throughout (paper: 0.25 and 0.5)"),
        (not settings.task_weights, f"losses weighted by {_listed(settings.task_weights)} (paper: equally)"),
        (settings.gradients == "sum", "conflicts between tasks' gradients resolved (paper: not)"),
        (settings.precision == "32-true", f"precision {settings.precision} (paper: 32 bits)"),
    ]
    if name not in ACROSS:
        checks.append((len(bench.folds) == 3, f"{len(bench.folds)} folds (paper: 3)"))
    weights = {"train": "counted in the training set", "published": "the published numbers", "none": "1"}
    lines.append(f"weight of present action units: {weights[settings.pos_weight]}")
    return lines + [text for same, text in checks if not same]


def _without_truth(store: Store) -> list[str]:
    """Lines on recordings of a test store that cannot be compared because they have no ground truth."""
    infos = [store.recording(name).info for name in store.names()]
    known = {
        "heart rate": [bool({"pulse", "heart_rate"} & set(info.signals)) for info in infos],
        "breathing rate": [bool({"respiration", "breathing_rate"} & set(info.signals)) for info in infos],
        "state of the action units": [bool(info.action_units) for info in infos],
    }
    return [
        f"the true {what} is known for {sum(there)} of the {len(infos)} recordings of '{store.path.name}'; the others "
        "are left out"
        for what, there in known.items()
        if not all(there)
    ]


def _listed(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{task} {weight:g}" for task, weight in weights.items())


def _csv(wanted: PublishedTable, measured: Sequence[Figures]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("row", "methods", "figure", "ours", "paper"))
    for row, figures in zip(wanted.rows, measured, strict=True):
        for name, ours, paper in _pairs(row, figures):
            writer.writerow(
                (row.name, " ".join(row.methods), name, *("" if v is None else f"{v:.6g}" for v in (ours, paper)))
            )
    return text.getvalue()


def _pairs(row: PublishedRow, figures: Figures) -> list[tuple[str, float | None, float | None]]:
    pairs: list[tuple[str, float | None, float | None]] = []
    for group, names in (
        ("heart", ("mae", "rmse", "mape", "pearson")),
        ("breathing", ("mae", "rmse", "mape", "pearson")),
        ("au", ("f1", "accuracy")),
    ):
        ours, paper = getattr(figures, group), getattr(row, group)
        for i, name in enumerate(names):
            if ours is not None or paper is not None:
                pairs.append((f"{group}_{name}", ours[i] if ours else None, paper[i] if paper else None))
    units = figures.units or {}
    pairs += [(f"f1_{label}", units.get(label), row.units.get(label)) for label in sorted({*units, *row.units})]
    return pairs
