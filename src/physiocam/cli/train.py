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
    show: Annotated[bool, typer.Option("--show", help="Print all settings as YAML and exit.")] = False,
) -> None:
    """Train a network on a store; run it again to resume an interrupted run (needs the `train` extra)."""
    with interruptible():
        with extra("train", "training"):
            from physiocam.training.settings import read_settings, settings_yaml
        if show:
            typer.echo(settings_yaml(config, changes or ()), nl=False)
            return
        settings = read_settings(config, changes or ())
        # Importing PyTorch takes seconds: check first whether the run is possible.
        with extra("train", "training"):
            from physiocam.training.checks import check_run
        check_run(settings)
        with extra("train", "training"):
            from physiocam.training.fit import fit
            from physiocam.training.processes import said_once
        bundle = fit(settings)
        say = said_once(typer.echo)
    say(f"trained: {bundle.folder}")
    say(f"use it with: physiocam measure VIDEO --weights {bundle.folder}")
