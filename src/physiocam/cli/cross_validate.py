"""`physiocam cross-validate`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import extra, interruptible
from physiocam.cli.options import SettingsName


def cross_validate_command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="YAML file with the settings of the runs.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A setting, as in `physiocam train`.")
    ] = None,
    folds: Annotated[
        str,
        typer.Option(metavar="FOLDS", help="A number of folds, or the published subjects of BP4D+: release or paper."),
    ] = "3",
    fold: Annotated[
        int | None, typer.Option(metavar="N", help="Run only this fold, counted from 1; run the others elsewhere.")
    ] = None,
    test_store: Annotated[
        list[Path] | None,
        typer.Option(metavar="STORE", help="Store to test on instead of the training store; may be repeated."),
    ] = None,
    settings: Annotated[
        SettingsName,
        typer.Option(metavar="NAME", help="From waveform to rate, as in `physiocam evaluate`."),
    ] = SettingsName.paper,
) -> None:
    """Train and test on separate subjects; run it again to resume an interrupted run (needs the `train` extra)."""
    with interruptible():
        with extra("train", "cross-validating"):
            from physiocam.datasets.store.store import Store
            from physiocam.training.checks import check_store
            from physiocam.training.settings import read_settings
        run = read_settings(config, changes or ())
        store = Store(run.store)
        # Importing PyTorch takes seconds: check first whether the run is possible.
        check_store(store, run)
        with extra("train", "cross-validating"):
            from physiocam.evaluation.cross_validation import cross_validate, parse_folds
            from physiocam.training.processes import is_first, said_once
        from physiocam.evaluation.evaluate import evaluate
        from physiocam.evaluation.run_facts import facts_of_runs
        from physiocam.evaluation.set_up import cut_differences
        from physiocam.evaluation.summary import to_markdown, write_evaluation
        from physiocam.signals.settings import SETTINGS

        divided = parse_folds(store, folds, run.seed)
        tested = cross_validate(run, divided, test_store or (), fold, progress=said_once(typer.echo))
        if not is_first():  # one process compares and writes
            return
        if tested is None:
            typer.echo(f"folds are missing; when all are in {run.output}, run this without --fold to join them")
            return
        stores = test_store or [run.store]
        for number, (path, predictions) in enumerate(zip(stores, tested, strict=True), start=1):
            differences = cut_differences(store.cut(), Store(path))
            together = [one for part in predictions for one in part]
            found = evaluate(together, SETTINGS[settings.value], set_up=differences)
            title = f"{path.name}, {len(divided)} folds"
            alike = [other.name for other in stores].count(path.name) > 1
            folder = f"evaluation-{path.name}-{number}" if alike else f"evaluation-{path.name}"
            facts = facts_of_runs(run, divided, [run.store, path], run.output.glob("fold-*"))
            write_evaluation(found, run.output / folder, title, {**facts, "settings": settings.value})
            typer.echo(to_markdown(found, title))
    typer.echo(f"written to {run.output}")
