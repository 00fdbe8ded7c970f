"""`physiocam serve`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import complain, extra, interruptible
from physiocam.cli.licence import name_licence
from physiocam.cli.options import JobsOption, ReportOption, WeightsOption, check_wanted


def serve_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder for the videos that wait, and for the results.")
    ],
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Address to listen at; 0.0.0.0 lets other computers in: set a token."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Port to listen at.")] = 8471,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="PHYSIOCAM_TOKEN",
            metavar="TOKEN",
            help="Answer only requests with 'Authorization: Bearer TOKEN'. Others on this computer can see options; "
            "set the environment variable PHYSIOCAM_TOKEN instead.",
        ),
    ] = None,
    weights: WeightsOption = "default",
    report: ReportOption = False,
    jobs: JobsOption = 1,
    upload_mb: Annotated[int, typer.Option(metavar="MB", help="Largest video, in megabytes.")] = 500,
    video_minutes: Annotated[float, typer.Option(metavar="MINUTES", help="Longest video, in minutes.")] = 30.0,
    waiting: Annotated[int, typer.Option(metavar="N", help="Videos that may wait at a time.")] = 100,
    run_minutes: Annotated[
        float, typer.Option(metavar="MINUTES", help="Time for an upload, a measurement, and a live session.")
    ] = 60.0,
    memory_mb: Annotated[
        int, typer.Option(metavar="MB", help="Memory for the process of a video or a live session (Linux).")
    ] = 1500,
    keep_hours: Annotated[float, typer.Option(metavar="HOURS", help="Time until results are deleted.")] = 24.0,
    live: Annotated[int, typer.Option(metavar="N", help="Live sessions at a time.")] = 2,
) -> None:
    """Measure videos for other programs, over HTTP (extra serve)."""
    with interruptible():
        from dataclasses import replace

        from physiocam.measuring.options import MeasureOptions
        from physiocam.service.limits import Limits
        from physiocam.weights.bundle import load_bundle

        with extra("serve", "the service"):
            from physiocam.service.access import LOOPBACK
            from physiocam.service.server import Service, serve

        bundle = load_bundle(weights)
        # Each job is measured in a folder of its own.
        bundle = replace(bundle, folder=bundle.folder.resolve())
        options = MeasureOptions(weights=bundle, report=report)
        check_wanted(options, folder)
        limits = Limits(upload_mb, video_minutes, waiting, run_minutes, memory_mb, keep_hours, live)
        service = Service(folder.resolve(), options, limits, jobs, host, port, token)
        if token is None and host not in LOOPBACK:
            complain(f"everyone who reaches {host} may use the service; set a token: --token TOKEN")
        name_licence(weights)
        serve(service, typer.echo)
