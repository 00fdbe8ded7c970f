"""`physiocam measure`."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from physiocam.cli.console import complain, count_bar, extra, interruptible, progress_bar
from physiocam.cli.options import (
    FaceOption,
    FsOption,
    NeutralName,
    NeutralOption,
    ProviderOption,
    SettingsName,
    SettingsOption,
    ThreadsOption,
    WeightsOption,
    face_choice,
    providers_of,
    within_jobs,
)
from physiocam.cli.summary import print_json, show, show_table
from physiocam.errors import PhysiocamError

if TYPE_CHECKING:
    from physiocam.measuring.options import MeasureOptions


def measure_command(
    context: typer.Context,
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
            help="Folder for the result files, and for summary.csv with one row per video. With several videos, each "
            "gets a subfolder. Results of the same video, options and version are kept.",
        ),
    ] = None,
    weights: WeightsOption = "default",
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="network, or a classical method, which measures only the heart rate and needs no weights: "
            "pos, chrom, green, ica, pbv, lgi, omit.",
        ),
    ] = "network",
    face: FaceOption = "auto",
    settings: SettingsOption = SettingsName.default,
    neutral: NeutralOption = NeutralName.auto,
    fs: FsOption = None,
    report: Annotated[
        bool,
        typer.Option(
            "--report",
            help="Also write report.html: one page with graphs, figures and a methods paragraph (extra report). With "
            "the network, it shows the face.",
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
        typer.Option("--hrv", help="Also find the beats, and SDNN and RMSSD in long, clean recordings (extra hrv)."),
    ] = False,
    threads: ThreadsOption = None,
    provider: ProviderOption = None,
    options_file: Annotated[
        Path | None,
        typer.Option(
            "--options",
            metavar="FILE",
            help="YAML file of options, as MeasureOptions.write makes it; options on the command line override it.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object (a list for several videos) and nothing else."),
    ] = False,
    jobs: Annotated[
        int, typer.Option(callback=within_jobs, metavar="N", help="Videos measured at a time, each in its own process.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Address of a dask scheduler, such as tcp://10.0.0.1:8786; replaces --jobs."
        ),
    ] = None,
) -> None:
    """Measure heart rate, breathing rate and facial action units in face videos."""
    given = {
        "weights": weights,
        "method": method,
        "fs": fs,
        "face": face,
        "settings": settings.value,
        "hrv": hrv,
        "neutral": neutral.value,
        "threads": threads,
        "providers": providers_of(provider),
        "report": report,
        "overlay": overlay,
    }
    with interruptible():
        from physiocam.batch.measure_many import measure_many
        from physiocam.batch.plan import plan_videos
        from physiocam.batch.summary_table import SUMMARY

        options = _options(given, options_file, context)
        _check_wanted(options, output)
        count = len(plan_videos(videos, output))
        single = count == 1 and scheduler is None
        with (
            extra("cluster", "measuring several videos at a time"),
            progress_bar(videos[0]) if single else nullcontext() as frames,
            count_bar("measuring", "videos", count) if not single else nullcontext() as bar,
        ):
            outcomes = measure_many(
                videos,
                output,
                options,
                jobs=jobs,
                scheduler=scheduler,
                progress=bar and (lambda one: bar(one.summary["frames"] if one.summary else 0, one.error)),
                frame_progress=frames,
            )
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if as_json:
        print_json(outcomes)
    elif single:
        for outcome in outcomes:
            if outcome.error is None:
                show(outcome.measurement(), output)
    else:
        show_table(outcomes)
        where = f"; one row per video in {output / SUMMARY}" if output is not None else ""
        typer.echo(f"{count - len(failed)} of {count} videos are measured{where}")
    if failed:
        complain(
            str(failed[0].error) if single else f"{len(failed)} of {count} videos could not be measured (see above)"
        )
        raise typer.Exit(1)


def _options(given: dict[str, Any], file: Path | None, context: typer.Context) -> "MeasureOptions":
    """The options of the file, overridden by those of the command line."""
    from physiocam.measuring.options import MeasureOptions

    given["face"] = face_choice(given["face"])
    if file is None:
        return MeasureOptions(**given)
    # Options given on the command line override the file; defaults do not.
    names = {"provider": "providers"}
    sources = {names.get(name, name): context.get_parameter_source(name) for name in context.params}
    typed = {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}
    return MeasureOptions.load(file).replace(**{name: value for name, value in given.items() if name in typed})


def _check_wanted(options: "MeasureOptions", output: Path | None) -> None:
    """Check before the work starts that the extras and the folder for the wanted files are available."""
    if (options.report or options.overlay) and output is None:
        wanted = "--report" if options.report else "--overlay"
        raise PhysiocamError(f"{wanted} needs a folder for its file; name one with -o FOLDER")
    if options.report:
        with extra("report", "a report"):
            import physiocam.report.html
    if options.overlay:
        with extra("report", "an overlay video"):
            import physiocam.report.overlay  # noqa: F401
    if options.hrv:
        with extra("hrv", "heart-rate variability"):
            import neurokit2  # noqa: F401
