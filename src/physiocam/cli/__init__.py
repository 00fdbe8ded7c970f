"""The command line: parse, call one function, print. One file a group of commands."""

import io
import os
import sys
from typing import Annotated, NoReturn

import typer

from physiocam import __version__
from physiocam.cli.attention import attention_command
from physiocam.cli.console import complain
from physiocam.cli.cross_validate import cross_validate_command
from physiocam.cli.data import data_app
from physiocam.cli.demo import demo_command
from physiocam.cli.evaluate import evaluate_command
from physiocam.cli.help import App
from physiocam.cli.live import live_command
from physiocam.cli.measure import measure_command
from physiocam.cli.models import models_command
from physiocam.cli.prepare import prepare_command
from physiocam.cli.reproduce import reproduce_command
from physiocam.cli.store import store_app
from physiocam.cli.train import train_command
from physiocam.cli.weights import weights_app
from physiocam.errors import PhysiocamError

app = App("Facial action units, heart rate and breathing rate from an ordinary face video.")
app.command("measure")(measure_command)
app.command("live")(live_command)
app.command("demo")(demo_command)
app.command("attention")(attention_command)
app.command("train")(train_command)
app.command("cross-validate")(cross_validate_command)
app.command("evaluate")(evaluate_command)
app.command("reproduce")(reproduce_command)
app.command("models")(models_command)
app.command("prepare")(prepare_command)
app.add_typer(store_app, name="store")
app.add_typer(data_app, name="data")
app.add_typer(weights_app, name="weights")


def main() -> NoReturn:
    """Run the command line; expected errors become one line on standard error and exit status 1."""
    for output in (sys.stdout, sys.stderr):
        # A terminal that knows no bars gets question marks, not an error.
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="replace")
    try:
        app()
    except PhysiocamError as error:
        complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not our error, and nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(0)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"physiocam {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass
