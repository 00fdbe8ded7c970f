"""`physiocam reproduce`."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from physiocam.cli.console import extra, interruptible
from physiocam.errors import PhysiocamError
from physiocam.foundation.locks import alone_in

# What each target takes beside the store that is trained on.
_ACROSS = {"table3-pure": "PURE", "table3-ubfc": "UBFC-rPPG", "table4": "DISFA"}


def reproduce_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="table1, table2, table3-pure, table3-ubfc, table4 .. table7, figure5, figure6 or figure7.",
        ),
    ],
    stores: Annotated[
        list[Path],
        typer.Argument(
            metavar="STORE...",
            help="The store to train on; then, where wanted, one with all recordings to test the rates on; for table3 "
            "and table4 the other data set's.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER", help="Folder for the pages; runs are kept in it and shared."),
    ],
    folds: Annotated[
        str,
        typer.Option(metavar="FOLDS", help="A number of folds, or release or paper: the published subjects of BP4D+."),
    ] = "3",
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A setting, as in `physiocam train`.")
    ] = None,
) -> None:
    """Compute a table or figure of the paper, with the paper's figures beside ours (needs the `train` extra)."""
    with interruptible():
        trained, *tested = stores
        if target in _ACROSS and len(tested) != 1:
            raise PhysiocamError(
                f"{target} takes two stores, the one to train on and {_ACROSS[target]}; got {len(stores)}"
            )
        if len(tested) > 1:
            raise PhysiocamError(f"{target} takes one store or two; got {len(stores)}")
        with extra("train", "reproducing the paper"):
            from physiocam.datasets.store.store import Store
            from physiocam.training.settings import read_settings
        settings = read_settings(None, [*(changes or ()), f"store={trained}", f"output={output / 'runs'}"])
        store = Store(trained)
        with extra("train", "reproducing the paper"):
            from physiocam.evaluation.cross_validation import parse_folds
            from physiocam.reproduce.tables import ReproductionRun, reproduce_table
            from physiocam.training.processes import is_first, said_once
        within = target not in _ACROSS
        bench = ReproductionRun(
            settings,
            parse_folds(store, folds, settings.seed),
            (trained, *tested) if within and tested else tuple(tested),
            progress=said_once(typer.echo),
        )
        if target.startswith("figure"):
            with extra("report", "drawing figures"):
                from physiocam.reproduce.figures import reproduce_figure as reproduce
        else:
            reproduce = reproduce_table
        if not is_first():
            # Further processes go through the same runs to help with them; their pages are nobody's.
            with TemporaryDirectory() as scratch:
                reproduce(target, bench, Path(scratch))
            return
        with alone_in(output, "reproducing into"):
            page = reproduce(target, bench, output)
    typer.echo(page.read_text(encoding="utf-8"))
    typer.echo(f"written to {page}")
