"""`physiocam measure`."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from physiocam.cli.console import complain, count_bar, extra, interruptible, progress_bar
from physiocam.cli.licence import name_licence
from physiocam.cli.options import (
    FaceOption,
    FsOption,
    HrvOption,
    JobsOption,
    MethodOption,
    NeutralName,
    NeutralOption,
    OptionsFile,
    PeopleOption,
    PrecisionName,
    PrecisionOption,
    ProviderOption,
    ReportOption,
    SchedulerOption,
    SettingsName,
    SettingsOption,
    ThreadsOption,
    WeightsOption,
    check_wanted,
    measure_options,
    people_of,
    providers_of,
)
from physiocam.cli.summary import print_json, show, show_table

if TYPE_CHECKING:
    from physiocam.batch.outcome import VideoOutcome


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
    method: MethodOption = "network",
    face: FaceOption = "auto",
    people: PeopleOption = "largest",
    settings: SettingsOption = SettingsName.default,
    neutral: NeutralOption = NeutralName.auto,
    fs: FsOption = None,
    report: ReportOption = False,
    overlay: Annotated[
        bool,
        typer.Option(
            "--overlay",
            help="Also write overlay.mp4: the recording with face box, waveforms, rates and action units (extra "
            "report).",
        ),
    ] = False,
    hrv: HrvOption = False,
    threads: ThreadsOption = None,
    provider: ProviderOption = None,
    precision: PrecisionOption = PrecisionName.fp32,
    options_file: OptionsFile = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object (a list for several videos) and nothing else."),
    ] = False,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
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
        "precision": precision.value,
        "report": report,
        "overlay": overlay,
    }
    with interruptible():
        from physiocam.batch.measure_many import measure_many
        from physiocam.batch.plan import plan_videos
        from physiocam.batch.summary_table import SUMMARY

        options = measure_options(given, options_file, context)
        check_wanted(options, output)
        whom = people_of(people)
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
                people=whom,
                jobs=jobs,
                scheduler=scheduler,
                progress=bar and partial(_count, bar),
                frame_progress=frames,
            )
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if as_json:
        print_json(outcomes, as_list=not single or whom != "largest")
    elif single:
        for outcome in outcomes:
            if outcome.error is None:
                show(outcome.measurement(), outcome.folder)
    else:
        show_table(outcomes)
        where = f"; one row per video in {output / SUMMARY}" if output is not None else ""
        typer.echo(f"{count - len(failed)} of {count} videos are measured{where}")
    if len(failed) < count and options.method == "network":
        name_licence(str(options.weights))
    if failed:
        complain(
            str(failed[0].error) if single else f"{len(failed)} of {count} videos could not be measured (see above)"
        )
        raise typer.Exit(1)


def _count(bar: Callable[[int, str | None], None], outcome: "VideoOutcome") -> None:
    """Count a video, with the first of its people."""
    summary = outcome.summary or {"frames": 0, "person": None}
    if summary["person"] in (None, 1):
        bar(summary["frames"], outcome.error)
