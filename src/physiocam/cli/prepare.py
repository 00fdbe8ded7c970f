"""`physiocam prepare`."""

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from physiocam.cli.console import complain, count_bar, extra, interruptible, listed
from physiocam.cli.options import within_jobs
from physiocam.errors import PhysiocamError

if TYPE_CHECKING:
    from physiocam.datasets.store.prepare import Prepared


def prepare_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set, such as bp4d, ubfc-rppg or folder.")],
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Folder that holds the data set.")],
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Folder for the prepared recordings.")],
    jobs: Annotated[
        int,
        typer.Option(callback=within_jobs, metavar="N", help="Recordings prepared at a time, each in its own process."),
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Address of a dask scheduler, such as tcp://10.0.0.1:8786; replaces --jobs."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as preprocessing=authors or crop=center."),
    ] = None,
) -> None:
    """Prepare a data set's recordings for training; run it again to resume (needs the `train` extra)."""
    with interruptible():
        with extra("train", "preparing recordings"):
            from physiocam.datasets.store.prepare import PrepareSettings, prepare
            from physiocam.datasets.store.store import Store
        if jobs > 1 or scheduler is not None:
            with extra("cluster", "preparing several recordings at a time"):
                import_module("joblib")
                import_module("dask.distributed")
        from physiocam.datasets.readers.catalogue import open_dataset

        chosen = PrepareSettings.of(_settings(settings or []))
        entries = open_dataset(name, root).entries()
        with count_bar("preparing", "recordings", len(entries)) as bar:
            report = prepare(
                entries,
                store,
                chosen,
                jobs=jobs,
                scheduler=scheduler,
                progress=lambda item: bar(
                    0 if item.kept else item.frames, f"{item.name}: {item.error}" if item.error else None
                ),
            )
        known = {item.name for item in report}
        others = [one for one in Store(store).names() if one not in known]
    _summarize(report, store)
    if others:
        typer.echo(f"{store} also holds {len(others)} recordings that are not in {root}: {listed(others)}")


def _settings(pairs: list[str]) -> dict[str, Any]:
    """Settings from KEY=VALUE; a key such as labels.pulse sets one value of a group."""
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
                raise PhysiocamError(f"--set {pair!r} sets a part of {group!r}, which has a value; drop one")
        inner[last] = value
    return settings


def _summarize(report: "list[Prepared]", store: Path) -> None:
    failed = [item.name for item in report if item.error is not None]
    kept = sum(item.kept for item in report)
    frames = sum(item.frames for item in report)
    typer.echo(f"{len(report) - len(failed)} of {len(report)} recordings are in {store} ({frames} frames, {kept} kept)")
    mended = [item.name for item in report if item.damage is not None and item.error is None]
    if mended:
        typer.echo(f"{len(mended)} were damaged and have been prepared again: {listed(mended)}")
    noted = [item.name for item in report if item.notes]
    if noted:
        typer.echo(f"{len(noted)} have notes: {listed(noted)}; read them with: physiocam store info {store}")
    if failed:
        complain(f"{len(failed)} of {len(report)} recordings could not be prepared: {listed(failed)}")
        raise typer.Exit(1)
