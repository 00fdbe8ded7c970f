"""`physiocam export`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import extra, interruptible


def export_command(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Folder of a measurement, with measurement.json.")],
    to: Annotated[
        list[str],
        typer.Option(metavar="FORMAT", help="bids, edf, elan, fhir, matlab, nwb or wfdb; may be repeated."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for the files; for bids, the data set.")
    ],
    participant: Annotated[str, typer.Option(metavar="LABEL", help="Participant: letters and digits.")] = "01",
    session: Annotated[str, typer.Option(metavar="LABEL", help="Session: letters and digits.")] = "",
    task: Annotated[str, typer.Option(metavar="LABEL", help="Task: letters and digits.")] = "video",
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When the recording began, such as 2026-05-01T10:00:00+02:00; nwb needs it."),
    ] = None,
) -> None:
    """Write a measurement in the formats of other programs (extra `export`)."""
    with interruptible():
        from physiocam.exporting.about import RecordingInfo, start_of
        from physiocam.exporting.export import check_formats, export_measurement
        from physiocam.results.measurement import Measurement

        with extra("export", "this format"):
            check_formats(to)
        about = RecordingInfo(participant, session, task, None if start is None else start_of(start))
        for path in export_measurement(Measurement.load(result), output, to, about):
            typer.echo(f"written: {path}")
