"""`physiocam reproduce`."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from physiocam.cli.console import extra, interruptible
from physiocam.errors import PhysiocamError
from physiocam.foundation.locks import alone_in

# What each target across data sets takes beside the store that is trained on.
_ACROSS = {"table3-pure": "PURE", "table3-ubfc": "UBFC-rPPG", "table4": "DISFA"}
_WITHIN = ("table1", "table2", "table5", "table6", "table7", "figure5", "figure6", "figure7")


def reproduce_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="table1 .. table7, table3-pure, table3-ubfc, figure5, figure6, figure7, or all.",
        ),
    ],
    stores: Annotated[
        list[Path],
        typer.Argument(
            metavar="STORE...",
            help="The store to train on; then, where wanted, one with all recordings to test the rates on. For table3 "
            "and table4, after the store to train on, those of the other data sets: PURE, UBFC-rPPG; DISFA. For all: "
            "the first two, and where wanted PURE, UBFC-rPPG and DISFA.",
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
    clips: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Lengths of clips for figure6, such as 1,3,6.")
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Seeds with which every network of a table is trained once more, such as 101,102, beside that of the "
            "settings.",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A setting, as in `physiocam train`.")
    ] = None,
) -> None:
    """Compute a table or figure of the paper, with the paper's figures beside ours (needs the `train` extra)."""
    with interruptible():
        trained, *tested = stores
        work = _work(target, tested)
        lengths = None if clips is None else _numbers("--clips", clips)
        further = () if seeds is None else _numbers("--seeds", seeds)
        with extra("train", "reproducing the paper"):
            from physiocam.datasets.store.store import Store
            from physiocam.training.settings import read_settings
        settings = read_settings(None, [*(changes or ()), f"store={trained}", f"output={output / 'runs'}"])
        store = Store(trained)
        with extra("train", "reproducing the paper"):
            from physiocam.evaluation.cross_validation import parse_folds
            from physiocam.reproduce.tables import CLIP_LENGTHS, ReproductionRun, reproduce_table
            from physiocam.training.processes import is_first, said_once
        divided = parse_folds(store, folds, settings.seed)
        pages = []
        for name, others in work:
            bench = ReproductionRun(
                settings,
                divided,
                (trained, *others) if name not in _ACROSS and others else others,
                lengths or CLIP_LENGTHS,
                further,
                progress=said_once(typer.echo),
            )
            if name.startswith("figure"):
                with extra("report", "drawing figures"):
                    from physiocam.reproduce.figures import reproduce_figure as reproduce
            else:
                reproduce = reproduce_table
            if not is_first():
                # Further processes go through the same runs to help with them; their pages are nobody's.
                with TemporaryDirectory() as scratch:
                    reproduce(name, bench, Path(scratch))
                continue
            with alone_in(output, "reproducing into"):
                pages.append(reproduce(name, bench, output))
    for page in pages:
        typer.echo(page.read_text(encoding="utf-8"))
    for page in pages:
        typer.echo(f"written to {page}")


def _work(target: str, tested: list[Path]) -> list[tuple[str, tuple[Path, ...]]]:
    """Single targets, each with the stores that it is tested on beside the one that it is trained on."""
    given = len(tested) + 1
    if target == "all":
        if given not in (1, 2, 5):
            raise PhysiocamError(
                f"all takes the store to train on, one with all recordings, and PURE, UBFC-rPPG and DISFA: 1, 2 or 5 "
                f"stores; got {given}"
            )
        others = zip(_ACROSS, tested[1:], strict=False)
        return [(name, tuple(tested[:1])) for name in _WITHIN] + [(name, (store,)) for name, store in others]
    if target == "table3":
        if given != 3:
            raise PhysiocamError(f"table3 takes three stores, the one to train on, PURE and UBFC-rPPG; got {given}")
        return [("table3-pure", (tested[0],)), ("table3-ubfc", (tested[1],))]
    if target in _ACROSS and given != 2:
        raise PhysiocamError(f"{target} takes two stores, the one to train on and {_ACROSS[target]}; got {given}")
    if given > 2:
        raise PhysiocamError(f"{target} takes one store or two; got {given}")
    return [(target, tuple(tested))]


def _numbers(option: str, text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        numbers = (0,)
    if numbers[0] < 1:
        raise PhysiocamError(f"{option} is {text!r}; expected whole numbers of 1 or more, such as 1,3,6")
    return numbers
