"""The command line: parse, call one function, print. One file per group of commands."""

import errno
import os
import sys
from typing import Annotated, NoReturn

import typer

from physiocam.cli.attention import attention_command
from physiocam.cli.compare import compare_command
from physiocam.cli.console import complain
from physiocam.cli.cross_validate import cross_validate_command
from physiocam.cli.data import data_app
from physiocam.cli.demo import demo_command
from physiocam.cli.ending import Terminated, end_tidily
from physiocam.cli.evaluate import evaluate_command
from physiocam.cli.export import export_command
from physiocam.cli.help import App
from physiocam.cli.live import live_command
from physiocam.cli.measure import measure_command
from physiocam.cli.models import models_command
from physiocam.cli.photos import photos_command
from physiocam.cli.prepare import prepare_command
from physiocam.cli.provenance import provenance_command
from physiocam.cli.reproduce import reproduce_command
from physiocam.cli.serve import serve_command
from physiocam.cli.store import store_app
from physiocam.cli.streams import OutputError, finish_output, give_up_output, prepare_streams
from physiocam.cli.study import study_command
from physiocam.cli.train import train_command
from physiocam.cli.web import web_command
from physiocam.cli.weights import weights_app
from physiocam.errors import PhysiocamError, unwritable
from physiocam.version import __version__

app = App("Facial action units, heart rate and breathing rate from an ordinary face video.")
app.command("measure")(measure_command)
app.command("live")(live_command)
app.command("demo")(demo_command)
app.command("web")(web_command)
app.command("serve")(serve_command)
app.command("study")(study_command)
app.command("photos")(photos_command)
app.command("compare")(compare_command)
app.command("export")(export_command)
app.command("attention")(attention_command)
app.command("train")(train_command)
app.command("cross-validate")(cross_validate_command)
app.command("evaluate")(evaluate_command)
app.command("reproduce")(reproduce_command)
app.command("models")(models_command)
app.command("provenance")(provenance_command)
app.command("prepare")(prepare_command)
app.add_typer(store_app, name="store")
app.add_typer(data_app, name="data")
app.add_typer(weights_app, name="weights")


# Errors of a full, limited or read-only disk, which any library that writes files may raise.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


def main() -> NoReturn:
    """Run the command line; expected errors become one line on standard error and exit status 1."""
    # Plugins of pydantic, for which it searches all installed packages, have nothing to do here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    prepare_streams()
    end_tidily()
    try:
        status = _run()
        finish_output()
    except OutputError as error:
        # The reader of our output may have gone away (`| head`): not our error.
        if error.errno != errno.EPIPE:
            complain(f"cannot write to standard output: {error.strerror}; the output is incomplete")
        give_up_output()
        status = 1
    sys.exit(status)


def _run() -> int:
    try:
        app()
    except PhysiocamError as error:
        complain(str(error))
    except OutputError:
        raise
    except OSError as error:
        if error.errno not in _FULL:
            raise
        complain(unwritable(error.filename or "the disk", error))
    except Terminated as ending:
        complain(f"ended by {ending.name}; nothing half-written was left behind")
        return int(ending.code or 1)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    return 1


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
