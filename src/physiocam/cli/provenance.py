"""`physiocam provenance`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import complain, extra, interruptible


def provenance_command(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A measurement, evaluation, predictions, study, comparison, training run, bundle (or its name), its "
            "networks for other runtimes, store, or a page of `physiocam reproduce`.",
        ),
    ],
) -> None:
    """Show what a result was made of, back to the recordings, and check it (needs the `train` extra).

    The exit status is 1 if something is not what it was. `physiocam store verify` checks every byte of a store.
    """
    with interruptible():
        with extra("train", "reading stores"):
            from physiocam.evaluation.chain import chain_of
        link = chain_of(path)
    for line in link.lines():
        typer.echo(line)
    if link.wrong:
        complain(f"{link.wrong} of these are not what the result was made of; make it again")
        raise typer.Exit(1)
