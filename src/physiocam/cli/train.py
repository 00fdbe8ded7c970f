"""`physiocam train`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import extra, interruptible


def train_command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="YAML file with the settings of the run.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A setting, such as epochs=10 or network.clip_length=6."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print all settings as YAML, and do nothing else.")] = False,
) -> None:
    """Train a network on a store; run again, it goes on where it was stopped (needs the `train` extra)."""
    with interruptible():
        with extra("train", "training"):
            from physiocam.training.settings import read_settings
        settings = read_settings(config, changes or ())
        if show:
            typer.echo(settings.to_yaml(), nl=False)
            return
        with extra("train", "training"):
            from physiocam.training.fit import fit
        bundle = fit(settings)
    typer.echo(f"trained: {bundle.folder}")
    typer.echo(f"use it with: physiocam measure VIDEO --weights {bundle.folder}")
