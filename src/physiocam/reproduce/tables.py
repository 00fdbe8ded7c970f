"""Reproduces the paper's tables, with the paper's figures beside yours."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from physiocam.datasets.store.store import Store
from physiocam.errors import PhysiocamError
from physiocam.evaluation.cross_validation import Folds, cross_validate
from physiocam.evaluation.device_runtime import training_device
from physiocam.evaluation.evaluate import evaluate
from physiocam.evaluation.predict import predict_with_bundle, predict_with_method
from physiocam.evaluation.predictions import Predictions
from physiocam.evaluation.run_facts import facts_of_runs
from physiocam.evaluation.set_up import cut_differences
from physiocam.evaluation.summary import write_text
from physiocam.foundation.provenance import write_record
from physiocam.networks.complexity import cost
from physiocam.networks.config import NetworkConfig
from physiocam.networks.registry import preset
from physiocam.reproduce.paper_set_up import set_up_differences
from physiocam.reproduce.published import PublishedRow, published_tables
from physiocam.reproduce.table_page import table_csv, table_page
from physiocam.reproduce.table_values import RowValues, Value, joined, row_values
from physiocam.signals.methods import METHODS
from physiocam.signals.settings import SETTINGS
from physiocam.training.fit import fit
from physiocam.training.settings import TrainSettings

Progress = Callable[[str], None]

# Lengths of clips that Figure 6 compares; the first is a single frame.
CLIP_LENGTHS = (1, 3, 6, 9, 12, 15, 30)

# Tables of networks that are trained on one data set and tested on another.
ACROSS = ("table3-pure", "table3-ubfc", "table4")


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
    clip_lengths : tuple of int
        That Figure 6 compares.
    further_seeds : tuple of int
        With which every network of a table is trained once more, in the same folds.
    progress : callable, optional
        Called with a line for each run.
    """

    settings: TrainSettings
    folds: Folds
    test_stores: tuple[Path, ...] = ()
    clip_lengths: tuple[int, ...] = CLIP_LENGTHS
    further_seeds: tuple[int, ...] = ()
    progress: Progress | None = None

    def config(self, method: str) -> NetworkConfig:
        """Configuration of a preset with the sizes of the training store."""
        store = Store(self.settings.store)
        sizes = {field: store.frame_size(field) for field in ("big_size", "small_size")}
        config = preset(method)
        return type(config).model_validate({**config.model_dump(), **sizes})

    def runs(self, method: str, folder: str) -> list[TrainSettings]:
        """Settings of one preset's runs, for each seed."""
        return [
            self.run_settings(method, folder),
            *(
                self.run_settings(method, f"{folder}-seed-{seed}").model_copy(update={"seed": seed})
                for seed in self.further_seeds
            ),
        ]

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

    def cost(self, method: str) -> tuple[Value, ...] | None:
        """FLOPs per frame by the paper's rule and parameters of a network, in millions; None for a classical method."""
        if method in METHODS:
            return None
        counted = cost(self.config(method))
        return Value(counted.paper_flops_per_frame / 1e6), Value(counted.parameters / 1e6)

    def what_is_run(self, across: bool) -> str:
        """Name the data and folds of this run, for titles."""
        trained = f"ours trained on '{self.settings.store.name}'"
        tested = " and ".join(f"'{path.name}'" for path in dict.fromkeys(self.test_stores))
        seeds = f", {1 + len(self.further_seeds)} seeds" if self.further_seeds else ""
        if across:
            return f"{trained}{seeds}, tested on {tested}"
        return f"{trained}, {len(self.folds)} folds{seeds}" + (f", tested on {tested}" if tested else "")

    def within(self, method: str) -> list[list[list[Predictions]]]:
        """Predict each subject with a network that was not trained on them; by store, then by seed and fold."""
        if method in METHODS:
            return [[list(predict_with_method(method, store))] for store in self.test_stores or (self.settings.store,)]
        joined: list[list[list[Predictions]]] = [[] for _ in self.test_stores or (self.settings.store,)]
        for settings in self.runs(method, "folds"):
            found = cross_validate(settings, self.folds, self.test_stores, None, self.progress)
            assert found is not None
            for of_store, folds in zip(joined, found, strict=True):
                of_store.extend(folds)
        return joined

    def record(self, page: Path, runs: Iterable[str], files: Sequence[str]) -> None:
        """Write next to a page what its numbers were made of: its training runs, and its other files."""
        stores = (self.settings.store, *self.test_stores)
        folders = [self.settings.output / run for run in runs]
        seeds = {"further_seeds": list(self.further_seeds)} if self.further_seeds else {}
        facts = {"target": page.stem, **seeds, **facts_of_runs(self.settings, self.folds, stores, folders)}
        write_record(page.parent, facts, [page.name, *files], name=f"{page.stem}.json")

    def across(self, method: str, store: Path) -> list[list[Predictions]]:
        """Predict another data set's recordings with networks trained on the whole training store, one for a seed."""
        if method in METHODS:
            return [list(predict_with_method(method, store))]
        return [
            list(predict_with_bundle(fit(settings), store, device=training_device()))
            for settings in self.runs(method, "whole")
        ]


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
    across = name in ACROSS
    differences = set_up_differences(bench.settings, None if across else bench.folds, bench.test_stores)
    write_text(page, table_page(wanted, measured, bench.what_is_run(across), differences))
    write_text(page.with_suffix(".csv"), table_csv(wanted, measured))
    runs = [
        settings.output.relative_to(bench.settings.output).as_posix()
        for row in wanted.rows
        for method in row.methods
        if method not in METHODS
        for settings in bench.runs(method, "whole" if across else "folds")
    ]
    bench.record(page, runs, [f"{name}.csv"])
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


def _measure(name: str, row: PublishedRow, bench: ReproductionRun) -> RowValues:
    paper = SETTINGS["paper"]
    if name in ACROSS:
        (store,) = bench.test_stores
        return joined(
            [row_values([evaluate(one, paper) for one in bench.across(method, store)]) for method in row.methods]
        )
    # Action units are tested where they are coded, rates on all recordings: the first and the last of the stores.
    found = []
    for method in row.methods:
        by_store = [[evaluate(part, paper) for part in folds if part] for folds in bench.within(method)]
        units, rates = row_values(by_store[0]), row_values(by_store[-1])
        of_units = {name: getattr(units, name) for name in ("au", "units", "unit_comparisons")}
        found.append(replace(rates, **of_units, cost=bench.cost(method)))
    return joined(found)
