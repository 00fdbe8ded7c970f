"""`physiocam demo`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from physiocam.cli.console import console, interruptible, progress_bar
from physiocam.cli.summary import show

if TYPE_CHECKING:
    from physiocam.demo import DemoResult


def demo_command(
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Folder to keep the generated clip and the results in."),
    ] = None,
) -> None:
    """Generate a face clip with known heart and breathing rate, measure it, and compare."""
    with interruptible():
        from physiocam.demo import run_demo

        with progress_bar("the generated clip") as progress:
            result = run_demo(output, progress=progress)
    show(result.measurement, output)
    _compare(result)


def _compare(result: "DemoResult") -> None:
    from rich.table import Table

    table = Table("", "truth", "measured", box=None, padding=(0, 2, 0, 0))
    for label, truth, rate in (
        ("heart rate", result.heart_rate, result.measurement.heart_rate),
        ("breathing rate", result.breathing_rate, result.measurement.breathing_rate),
    ):
        value = "not measured" if rate.value is None else f"{rate.value:.1f} {rate.unit}"
        table.add_row(label, f"{truth:.1f} {rate.unit}", value)
    console().print(table)
