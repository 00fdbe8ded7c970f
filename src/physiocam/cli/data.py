"""`physiocam data`."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from physiocam.cli.console import complain, console, escaped, extra, interruptible
from physiocam.cli.generate import generate_command
from physiocam.cli.help import App
from physiocam.cli.options import within_jobs
from physiocam.errors import PhysiocamError

if TYPE_CHECKING:
    from physiocam.datasets.check import CheckedRecording

# Columns that are named where recordings have a signal in different ones.
_SHOWN = 5

data_app = App("Data sets: which can be read, and whether yours is whole.")
data_app.command("generate")(generate_command)


@data_app.command("list")
def list_command() -> None:
    """List the data sets that can be read."""
    from rich.table import Table

    from physiocam.datasets.readers.catalogue import dataset_names, describe

    table = Table("data set", "", box=None, padding=(0, 2, 0, 0))
    for name in dataset_names():
        try:
            about = describe(name)
        except PhysiocamError as error:  # one broken plug-in hides nothing
            about = str(error)
        table.add_row(name, escaped(about))
    console().print(table)


@data_app.command("check")
def check_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Data set, as `physiocam data list` names it.")],
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Folder that holds it.")],
    jobs: Annotated[
        int,
        typer.Option(callback=within_jobs, metavar="N", help="Recordings checked at a time, each by a process."),
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the recordings of a data set, and what is missing or odd; exit status 1 if anything is."""
    with interruptible():
        if jobs > 1:
            with extra("cluster", "looking at several recordings at a time"):
                import joblib  # noqa: F401
        from rich.progress import Progress

        from physiocam.datasets.check import check
        from physiocam.datasets.readers.catalogue import open_dataset

        entries = open_dataset(name, root).entries()
        with Progress(console=console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("looking at recordings", total=len(entries))
            checked = check(entries, jobs, lambda _: bar.advance(task))
    wrong = [recording for recording in checked if recording.problems]
    if as_json:
        typer.echo(json.dumps({"dataset": name, "recordings": [each.to_dict() for each in checked]}, indent=1))
    else:
        _show(checked)
        for recording in wrong:
            for problem in recording.problems:
                complain(f"{recording.name}: {problem}")
    if wrong:
        raise typer.Exit(1)


def _taken_from(checked: list["CheckedRecording"], name: str) -> str:
    """What a signal was read from, the most frequent first."""
    counts = Counter(each.sources[name] for each in checked if name in each.sources).most_common()
    shown = [source if len(counts) == 1 else f"{source} ({count})" for source, count in counts[:_SHOWN]]
    return ", from " + ", ".join(shown) + (", ..." if len(counts) > _SHOWN else "") if shown else ""


def _show(checked: list["CheckedRecording"]) -> None:
    from rich.table import Table

    table = Table(
        "recording",
        "subject",
        "frames",
        "frames/s",
        "length",
        "size",
        "units coded",
        "signals",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for each in checked:
        table.add_row(
            escaped(each.name),
            escaped(each.subject),
            "?" if each.frames is None else str(each.frames),
            "?" if each.fs is None else f"{each.fs:.5g}",
            "?" if each.duration_s is None else f"{each.duration_s:.1f} s",
            "?" if each.size is None else f"{each.size[0]}x{each.size[1]}",
            f"{each.action_units} in {each.coded_frames}" if each.action_units else "",
            str(len(each.signals)) if each.signals else "",
        )
    console().print(table)
    for name in sorted({name for each in checked for name in each.signals}):
        rates = [each.signals[name] for each in checked if name in each.signals]
        low, high = min(rates), max(rates)
        pace = f"{low:.5g} Hz" if high - low <= 0.01 * high else f"{low:.5g} to {high:.5g} Hz"
        if high == 0:
            pace = "one number each"
        taken = escaped(_taken_from(checked, name))
        console().print(f"{name}: {len(rates)} of {len(checked)} recordings, {pace}{taken}", soft_wrap=True)
    for name in sorted({name for each in checked for name in each.tasks}):
        for text, count in Counter(each.tasks[name] for each in checked if name in each.tasks).most_common(_SHOWN):
            console().print(f"{name}: {count} of {len(checked)} recordings, {escaped(text)}", soft_wrap=True)
    length = sum(each.duration_s or 0.0 for each in checked)
    subjects = len({each.subject for each in checked})
    lost = sum(not each.usable for each in checked)
    console().print(
        f"{len(checked)} recordings of {subjects} subjects, {length / 60:.1f} minutes"
        + (f"; {lost} of them cannot be used" if lost else "")
    )
