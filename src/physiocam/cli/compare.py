"""`physiocam compare`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import complain, interruptible


def compare_command(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="Folder of a measurement, or a sensor's CSV file.")
    ],
    results: Annotated[
        list[str], typer.Argument(metavar="RESULT...", help="Those to compare with it, of either kind.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for the figures and all pairs.")
    ] = None,
    fs: Annotated[
        float | None, typer.Option(metavar="RATE", help="Samples per second of a sensor's file without times.")
    ] = None,
    most_lag_s: Annotated[
        float,
        typer.Option("--max-lag", metavar="SECONDS", help="Largest difference of the clocks that is looked for."),
    ] = 30.0,
) -> None:
    """Compare rates second by second: limits of agreement, Arms, share within 3, 5 and 10 %, and coverage."""
    with interruptible():
        from physiocam.evaluation.compare import compare, to_markdown, write_comparisons
        from physiocam.evaluation.rate_source import read_rates

        first = read_rates(reference, fs)
        others = [read_rates(result, fs) for result in results]
        for source in (first, *others):
            for note in source.notes:
                complain(f"{source.name}: {note}")
        found = [compare(first, other, most_lag_s) for other in others]
        typer.echo(to_markdown(found), nl=False)
        if output is not None:
            write_comparisons(found, output, [reference, *results])
            typer.echo(f"written to {output}")
