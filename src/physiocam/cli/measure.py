"""`physiocam measure`."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from physiocam.cli.console import complain, console, count_bar, escaped, extra, interruptible, progress_bar
from physiocam.cli.options import (
    FaceOption,
    FsOption,
    SettingsName,
    SettingsOption,
    ThreadsOption,
    WeightsOption,
    face_choice,
    within_jobs,
)
from physiocam.errors import PhysiocamError
from physiocam.foundation.cores import usable_cores

if TYPE_CHECKING:
    from physiocam.batch.measure_many import MeasureOptions
    from physiocam.results.measurement import Measurement
    from physiocam.signals.rate import Rate
    from physiocam.signals.variability import IntervalSpread


# A terminal narrower than this has no room for bars.
_BARS_FROM = 60


def measure_command(
    videos: Annotated[
        list[str],
        typer.Argument(metavar="VIDEO...", help="Video files, folders of videos, or folders of images (with --fs)."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Folder for the result files; with several videos, one folder a video inside it, and summary.csv, a "
            "row a video; what was measured in the same way is kept.",
        ),
    ] = None,
    weights: WeightsOption = "default",
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="network, or a classical method, which measures the heart rate alone and needs no weights: "
            "pos, chrom, green, ica, pbv, lgi, omit.",
        ),
    ] = "network",
    face: FaceOption = "auto",
    settings: SettingsOption = SettingsName.default,
    fs: FsOption = None,
    report: Annotated[
        bool,
        typer.Option(
            "--report",
            help="Also write report.html: one page with graphs, figures and a methods paragraph (extra report). It "
            "shows the face, but not with a classical method.",
        ),
    ] = False,
    overlay: Annotated[
        bool,
        typer.Option(
            "--overlay",
            help="Also write overlay.mp4: the recording with face box, waveforms, rates and action units (extra "
            "report).",
        ),
    ] = False,
    hrv: Annotated[
        bool,
        typer.Option(
            "--hrv", help="Also find the beats, and give SDNN and RMSSD of long, clean recordings (extra hrv)."
        ),
    ] = False,
    threads: ThreadsOption = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object (a list for several videos) and nothing else."),
    ] = False,
    jobs: Annotated[
        int, typer.Option(callback=within_jobs, metavar="N", help="Videos measured at a time, each by a process.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Address of a dask scheduler, such as tcp://10.0.0.1:8786; replaces --jobs."
        ),
    ] = None,
) -> None:
    """Measure heart rate, breathing rate and facial action units in face videos."""
    with interruptible():
        from physiocam.batch.measure_many import MeasureOptions, expand_videos
        from physiocam.measuring.measure import NETWORK, measure
        from physiocam.report.results import write_results
        from physiocam.weights.bundle import load_bundle

        _check_wanted(output, report, overlay, hrv)
        expanded = expand_videos(videos)
        table = len(videos) > 1 and output is not None
        if table or expanded != videos or jobs > 1 or scheduler is not None:
            options = MeasureOptions(
                weights, method, fs, face_choice(face), settings.value, threads, hrv, report, overlay
            )
            _measure_many(videos, output, options, jobs, scheduler, as_json)
            return
        where = face_choice(face)
        bundle = load_bundle(weights) if method == NETWORK else weights
        done: list[Measurement] = []
        for video in videos:
            try:
                with progress_bar(video) as progress:
                    measurement = measure(
                        video,
                        weights=bundle,
                        method=method,
                        fs=fs,
                        face=where,
                        settings=settings.value,
                        hrv=hrv,
                        threads=threads,
                        progress=progress,
                    )
                if output is not None:
                    with progress_bar(f"drawing {Path(video).name}") as progress:
                        write_results(
                            measurement,
                            video,
                            output,
                            report=report,
                            overlay=overlay,
                            weights=bundle,
                            fs=fs,
                            face=where,
                            progress=progress,
                        )
            except PhysiocamError as error:
                complain(str(error))
                continue
            done.append(measurement)
            if not as_json:
                show(measurement, output)
    if as_json:
        _print_json(done, single=len(videos) == 1)
    if len(done) < len(videos):
        if len(videos) > 1:
            complain(f"{len(videos) - len(done)} of {len(videos)} videos could not be measured (see above)")
        raise typer.Exit(1)


def _check_wanted(output: Path | None, report: bool, overlay: bool, hrv: bool) -> None:
    """Find out before the work whether what is wanted can be had."""
    if (report or overlay) and output is None:
        wanted = "--report" if report else "--overlay"
        raise PhysiocamError(f"{wanted} needs a folder for its file; name one with -o FOLDER")
    if report:
        with extra("report", "a report"):
            import physiocam.report.html
    if overlay:
        with extra("report", "an overlay video"):
            import physiocam.report.overlay  # noqa: F401
    if hrv:
        with extra("hrv", "heart-rate variability"):
            import neurokit2  # noqa: F401


def _measure_many(
    sources: list[str],
    output: Path | None,
    options: "MeasureOptions",
    jobs: int,
    scheduler: str | None,
    as_json: bool,
) -> None:
    import json

    from physiocam.batch.measure_many import SUMMARY, expand_videos, measure_many, plan_videos

    if output is None:
        count = len(expand_videos(sources))
        raise PhysiocamError(f"{count} videos need a folder for their results; name one with -o FOLDER")
    planned = plan_videos(sources, output)
    # Processes side by side share the cores out.
    if jobs > 1 and options.threads is None:
        options = replace(options, threads=max(usable_cores() // jobs, 1))
    with extra("cluster", "measuring several videos at a time"), count_bar("measuring", "videos", len(planned)) as bar:
        outcomes = measure_many(
            [one.video for one in planned],
            [one.folder for one in planned],
            output / SUMMARY,
            options,
            notes=[one.note for one in planned],
            jobs=jobs,
            scheduler=scheduler,
            progress=lambda outcome: bar(outcome.summary["frames"] if outcome.summary else 0, outcome.error),
        )
    failed = sum(outcome.error is not None for outcome in outcomes)
    if as_json:
        summaries = [outcome.summary for outcome in outcomes if outcome.summary is not None]
        sys.stdout.write(json.dumps(summaries, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        for one in planned:
            if one.note is not None:
                typer.echo(f"{one.video}: {one.note}")
        typer.echo(f"{len(planned) - failed} of {len(planned)} videos are measured; one row each in {output / SUMMARY}")
    if failed:
        complain(f"{failed} of {len(planned)} videos could not be measured (see above)")
        raise typer.Exit(1)


def _print_json(measurements: "list[Measurement]", single: bool) -> None:
    import json

    if single:
        sys.stdout.write("".join(measurement.to_json() for measurement in measurements))
    else:
        summaries = [measurement.to_dict() for measurement in measurements]
        sys.stdout.write(json.dumps(summaries, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def show(measurement: "Measurement", folder: Path | None) -> None:
    """Print a measurement's summary."""
    from rich.table import Table

    from physiocam.results.measurement_text import answers

    terminal = console()
    square = "face" if measurement.face.choice == "auto" else "fixed square"
    terminal.print(
        f"[bold]{escaped(measurement.source)}[/bold]  {measurement.duration_s:.1f} s, "
        f"{measurement.frames} frames at {measurement.fs:.2f}/s, "
        f"{square} in {measurement.face.found_fraction:.0%} of the frames"
    )
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for label, answer in answers(measurement).items():
        table.add_row(label, _answered(answer))
    terminal.print(table)
    units = [(label, unit) for label, unit in measurement.action_units.items() if unit.mean_probability is not None]
    if units:
        table = Table("action unit", "", "mean", "active", box=None, padding=(0, 2, 0, 0))
        share = _bar if terminal.width >= _BARS_FROM else "{:.0%}".format
        for label, unit in units:
            table.add_row(label, unit.name, f"{unit.mean_probability:.2f}", share(unit.active_fraction or 0.0))
        terminal.print(table)
    elif measurement.action_units:
        terminal.print("action units    [bold]not measured[/bold]: no face was found")
    for note in measurement.notes:
        terminal.print(f"note: {escaped(note)}")
    if folder is not None:
        # In one piece, to be copied.
        terminal.print(f"written to {escaped(str(folder))}", soft_wrap=True)


def _answered(answer: "Rate | IntervalSpread") -> str:
    if answer.value is None:
        return f"[bold]not measured[/bold]: {escaped(answer.note or '')}"
    return f"[bold]{answer.value:.1f} {answer.unit}[/bold]  quality {answer.quality:.2f}"


def _bar(fraction: float) -> str:
    return f"{'█' * round(10 * fraction):<10} {fraction:.0%}"
