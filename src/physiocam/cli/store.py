"""`physiocam store info` and `physiocam store verify`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import complain, console, escaped, extra, interruptible, listed, progress_bar
from physiocam.cli.help import App
from physiocam.errors import PhysiocamError

store_app = App("Look into a store of prepared recordings.")

_StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="Folder that `physiocam prepare` made.")]


@store_app.command("info")
def info_command(store: _StorePath) -> None:
    """Show what a store holds, and how it was prepared."""
    from rich.table import Table

    with extra("train", "reading a store"):
        from physiocam.datasets.store.store import Store
    opened = Store(store)
    table = Table("recording", "subject", "frames", "seconds", "no face", "crop", "targets", "notes", box=None)
    frames = 0
    seconds = 0.0
    subjects: set[str] = set()
    damaged: list[str] = []
    for name in opened.names():
        try:
            recording = opened.recording(name)
            recording.check()
        except PhysiocamError as error:
            damaged.append(str(error))
            continue
        info = recording.info
        frames += info.frames
        seconds += info.frames / info.fs
        subjects.add(info.subject)
        without = f"{info.frames_without_face / info.frames:.0%}" if info.frames_without_face else ""
        row = (info.name, info.subject, str(info.frames), f"{info.frames / info.fs:.1f}", without, info.crop)
        table.add_row(*(escaped(cell) for cell in (*row, " ".join(info.tasks), "; ".join(info.notes))))
    out = console()
    out.print(table)
    out.print(f"{table.row_count} recordings of {len(subjects)} subjects, {frames} frames, {seconds / 60:.1f} minutes")
    settings = ", ".join(f"{key}={value}" for key, value in opened.settings.items())
    out.print(escaped(f"settings: {settings}"), soft_wrap=True)
    for message in damaged:
        complain(message)
    if damaged:
        complain(f"{len(damaged)} of {len(opened.names())} recordings are damaged and not counted above")
        raise typer.Exit(1)


@store_app.command("verify")
def verify_command(store: _StorePath) -> None:
    """Compare every file of a store with its checksum."""
    with extra("train", "reading a store"):
        from physiocam.datasets.store.store import Store, StoredRecording, recording_names
    settings = None
    try:
        settings = Store(store).settings
    except PhysiocamError as error:
        if not store.is_dir():
            raise
        # Its recordings may be whole all the same.
        complain(str(error))
    names = recording_names(store)
    recordings, damaged = [], []
    for name in names:
        try:
            recordings.append(StoredRecording(store / name, settings))
        except PhysiocamError as error:
            complain(str(error))
            damaged.append(name)
    frames, total = 0, sum(recording.info.frames for recording in recordings)
    with interruptible(), progress_bar(f"verifying {store}") as progress:
        for recording in recordings:
            problems = recording.problems()
            for problem in problems:
                complain(f"{recording.folder / problem}")
            if problems:
                damaged.append(recording.folder.name)
            frames += recording.info.frames
            progress(frames, total)
    typer.echo(f"{len(names) - len(damaged)} of {len(names)} recordings are whole")
    if damaged:
        complain(
            f"{len(damaged)} damaged: {listed(sorted(damaged))}; delete their folders and prepare again, the others "
            "are kept"
        )
    if damaged or settings is None:
        raise typer.Exit(1)
