"""`physiocam prepare`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from physiocam.cli.console import complain, console, extra, interruptible
from physiocam.errors import PhysiocamError

if TYPE_CHECKING:
    from physiocam.datasets.prepare import Prepared, Progress


def prepare_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set, such as bp4d, ubfc-rppg or folder.")],
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Folder that holds the data set.")],
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Folder for the prepared recordings.")],
    jobs: Annotated[int, typer.Option(min=1, help="Recordings worked on at a time, each by a process.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler, such as tcp://10.0.0.1:8786; replaces --jobs.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as preprocessing=authors or crop=center."),
    ] = None,
) -> None:
    """Prepare a data set's recordings for training; stopped at any time, the next run goes on (needs `train`)."""
    with interruptible():
        with extra("train", "preparing recordings"):
            from physiocam.datasets.prepare import PrepareSettings, prepare
        if jobs > 1 or scheduler is not None:
            with extra("cluster", "working on several recordings at a time"):
                import_module("joblib")
                import_module("dask.distributed")
        from physiocam.datasets.catalogue import open_dataset

        chosen = PrepareSettings.of(_settings(settings or []))
        entries = open_dataset(name, root).entries()
        with _progress(len(entries)) as progress:
            report = prepare(entries, store, chosen, jobs=jobs, scheduler=scheduler, progress=progress)
    _summarize(report, store)


def _settings(pairs: list[str]) -> dict[str, Any]:
    """Settings from KEY=VALUE, where a key such as labels.pulse reaches into a group of settings."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not (key and equals):
            raise PhysiocamError(f"--set is {pair!r}; expected KEY=VALUE, such as crop=center")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        *groups, last = key.split(".")
        inner = settings
        for group in groups:
            inner = inner.setdefault(group, {})
            if not isinstance(inner, dict):
                raise PhysiocamError(f"--set {pair!r} reaches into {group!r}, which was set as a whole")
        inner[last] = value
    return settings


@contextmanager
def _progress(recordings: int) -> Iterator["Progress"]:
    """Recordings, frames/s and time left, on standard error; failures at once, so that nobody waits in vain."""
    from time import monotonic

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), "recordings", "{task.fields[speed]}")
    bar = Progress(
        *(TextColumn(column) if isinstance(column, str) else column for column in columns),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )
    task = bar.add_task("preparing", total=recordings, speed="")
    started, frames = monotonic(), 0

    def update(prepared: "Prepared") -> None:
        nonlocal frames
        frames += 0 if prepared.kept else prepared.frames
        speed = frames / max(monotonic() - started, 1e-3)
        bar.update(task, advance=1, speed=f"{speed:.0f} frames/s")
        if prepared.error is not None:
            bar.console.print(f"physiocam: {prepared.name}: {prepared.error}", markup=False, soft_wrap=True)

    with bar:
        yield update


def _summarize(report: "list[Prepared]", store: Path) -> None:
    failed = [item for item in report if item.error is not None]
    kept = sum(item.kept for item in report)
    frames = sum(item.frames for item in report)
    typer.echo(
        f"{len(report) - len(failed)} of {len(report)} recordings are in {store} ({frames} frames, {kept} were there)"
    )
    if failed:
        complain(f"{len(failed)} of {len(report)} recordings could not be prepared: {_listed(failed)}")
        raise typer.Exit(1)


def _listed(failed: "list[Prepared]") -> str:
    names = [item.name for item in failed]
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
