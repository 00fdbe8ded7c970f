"""`physiocam study`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from physiocam.cli.console import complain, console, count_bar, escaped, extra, interruptible
from physiocam.cli.licence import name_licence
from physiocam.cli.options import (
    FaceOption,
    FsOption,
    HrvOption,
    JobsOption,
    MethodOption,
    OptionsFile,
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
    providers_of,
)
from physiocam.errors import PhysiocamError

if TYPE_CHECKING:
    from physiocam.study.measure_study import Study


def study_command(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY.csv|FOLDER",
            help="A table with a column video, and any of participant, session, condition, segment, start, end and "
            "events; or a folder of videos, with event files beside them.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for tables, page and results.")
    ],
    epoch_s: Annotated[float, typer.Option("--epoch", metavar="SECONDS", help="Length of the epochs.")] = 30.0,
    around_s: Annotated[
        str | None,
        typer.Option(
            "--around", metavar="BEFORE,AFTER", help="Seconds around each event without a length that are its segment."
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--table",
            metavar="FORMAT",
            help="Format of the tables: csv (default), csv-bom (CSV for Excel), parquet, xlsx or sav (SPSS); may be "
            "repeated.",
        ),
    ] = None,
    weights: WeightsOption = "default",
    method: MethodOption = "network",
    face: FaceOption = "auto",
    settings: SettingsOption = SettingsName.default,
    fs: FsOption = None,
    report: ReportOption = False,
    hrv: HrvOption = False,
    threads: ThreadsOption = None,
    provider: ProviderOption = None,
    precision: PrecisionOption = PrecisionName.fp32,
    options_file: OptionsFile = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
) -> None:
    """Measure a whole study: recordings, segments and epochs as tidy tables, and a page (extra `study`)."""
    given = {
        "weights": weights,
        "method": method,
        "fs": fs,
        "face": face,
        "settings": settings.value,
        "hrv": hrv,
        "threads": threads,
        "providers": providers_of(provider),
        "precision": precision.value,
        "report": report,
    }
    with interruptible():
        with extra("study", "a study"):
            from physiocam.study.measure_study import PAGE, TableOptions, measure_study
        from physiocam.study.design import read_design

        options = measure_options(given, options_file, context)
        check_wanted(options, output)
        tables = TableOptions(epoch_s, None if around_s is None else _around(around_s), tuple(formats or ("csv",)))
        with extra("study", "reading files of ELAN"):
            design = read_design(source)
        for recording in design.recordings:
            for problem in recording.problems:
                complain(f"{recording.name}: {problem}")
        with (
            extra("study", "a study"),
            count_bar("measuring", "recordings", len(design.recordings)) as bar,
        ):
            study = measure_study(
                design,
                output,
                options,
                tables=tables,
                jobs=jobs,
                scheduler=scheduler,
                progress=lambda one: bar(one.summary["frames"] if one.summary else 0, one.error),
            )
    _show(study, output / PAGE)
    if options.method == "network":
        name_licence(str(options.weights))
    if failed := sum(outcome.error is not None for outcome in study.outcomes):
        complain(f"{failed} of {len(study.outcomes)} recordings could not be measured (see above)")
        raise typer.Exit(1)


def _around(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        before, after = (float(part) for part in parts)
    except ValueError:
        raise PhysiocamError(f"--around is {text!r}; expected two numbers of seconds BEFORE,AFTER") from None
    return before, after


def _show(study: "Study", page: Path) -> None:
    terminal = console()
    for table in (study.recordings, study.segments, study.epochs):
        rates = sum(row.get("heart_rate") is not None for row in table.rows)
        terminal.print(f"{table.name}: {len(table.rows)}, {rates} with a heart rate")
    terminal.print(f"written to {escaped(str(study.folder))}; open {escaped(str(page))}", soft_wrap=True)
