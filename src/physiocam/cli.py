"""The command line: parse, call one function, print."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from physiocam import __version__
from physiocam.errors import PhysiocamError

if TYPE_CHECKING:
    from rich.console import Console

    from physiocam.measurement import Measurement
    from physiocam.measuring import FaceChoice, Progress

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Facial action units, heart rate and breathing rate from an ordinary face video.",
)
weights_app = typer.Typer(no_args_is_help=True, help="Import, list and show bundles of network weights.")
app.add_typer(weights_app, name="weights")


class SettingsName(StrEnum):
    """Named signal settings."""

    default = "default"
    paper = "paper"


def main() -> NoReturn:
    """Run the command line; expected errors become one line on standard error and exit status 1."""
    try:
        app()
    except PhysiocamError as error:
        _complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not our error, and nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(0)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"physiocam {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command("measure")
def measure_command(
    videos: Annotated[
        list[str], typer.Argument(metavar="VIDEO...", help="Video files, or folders of images (with --fs).")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Folder for the result files; with several videos, one folder a video inside it.",
        ),
    ] = None,
    weights: Annotated[str, typer.Option(help="Name of a bundle, or path of its folder.")] = "default",
    face: Annotated[
        str,
        typer.Option(help="auto (find the face), center (largest centred square), or X,Y,SIZE in pixels."),
    ] = "auto",
    settings: Annotated[
        SettingsName, typer.Option(help="default, or paper (the reference's way from waveform to rate).")
    ] = SettingsName.default,
    fs: Annotated[
        float | None,
        typer.Option(help="Frames per second: needed for folders of images, else from the file."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the networks; all cores by default.")] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object (a list for several videos) and nothing else."),
    ] = False,
) -> None:
    """Measure heart rate, breathing rate and facial action units in face videos."""
    with _interruptible():
        from physiocam.measuring import measure
        from physiocam.weights.bundle import load_bundle

        where = _face_choice(face)
        bundle = load_bundle(weights)
        folders = _output_folders(videos, output)
        done: list[Measurement] = []
        for video, folder in zip(videos, folders, strict=True):
            try:
                with _progress(video) as progress:
                    measurement = measure(
                        video,
                        weights=bundle,
                        fs=fs,
                        face=where,
                        settings=settings.value,
                        threads=threads,
                        progress=progress,
                    )
                if folder is not None:
                    measurement.write(folder)
            except PhysiocamError as error:
                _complain(str(error))
                continue
            done.append(measurement)
            if not as_json:
                _show(measurement, folder)
    if as_json:
        _print_json(done, single=len(videos) == 1)
    if len(done) < len(videos):
        if len(videos) > 1:
            _complain(f"{len(videos) - len(done)} of {len(videos)} videos could not be measured (see above)")
        raise typer.Exit(1)


@app.command()
def demo(
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder to keep the generated clip and the results in."),
    ] = None,
) -> None:
    """Generate a face clip with known heart and breathing rate, measure it, and compare."""
    with _interruptible():
        from physiocam.demo import run_demo

        with _progress("the generated clip") as progress:
            result = run_demo(output, progress=progress)
    _show(result.measurement, output)
    _show_demo(result)


@weights_app.command("import")
def weights_import(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="The authors' checkpoints (.pth or .safetensors).")
    ],
    name: Annotated[str, typer.Option(help="Name of the new bundle.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a bundle of this name.")] = False,
) -> None:
    """Turn the authors' checkpoints into a bundle (needs the `train` extra)."""
    try:
        from physiocam.weights.importer import import_checkpoints
    except ImportError as error:
        raise PhysiocamError(
            f"importing checkpoints needs PyTorch ({error.name} is missing); run: pip install 'physiocam[train]'"
        ) from None
    bundle = import_checkpoints(files, name, overwrite=overwrite)
    typer.echo(f"{name}: {len(bundle.info.networks)} networks for {', '.join(bundle.tasks)}, in {bundle.folder}")
    typer.echo(f"use it with: physiocam measure VIDEO --weights {name}")


@weights_app.command("list")
def weights_list() -> None:
    """List the bundles at hand."""
    from rich.table import Table

    from physiocam.weights.catalogue import list_bundles

    table = Table("name", "tasks", "networks", "size", "note", box=None)
    for entry in list_bundles():
        table.add_row(*entry.row())
    _console().print(table)


@weights_app.command("show")
def weights_show(
    name: Annotated[str, typer.Argument(help="Name of a bundle, or path of its folder.")] = "default",
) -> None:
    """Show what a bundle says of itself, as JSON."""
    from physiocam.weights.bundle import load_bundle

    typer.echo(load_bundle(name).describe())


def _face_choice(text: str) -> "FaceChoice":
    if text in ("auto", "center"):
        return text  # type: ignore[return-value]
    parts = text.split(",")
    try:
        x, y, size = (int(part) for part in parts)
    except ValueError:
        raise PhysiocamError(f"--face is {text!r}; expected auto, center or three whole numbers X,Y,SIZE") from None
    return x, y, size


def _output_folders(videos: list[str], output: Path | None) -> list[Path | None]:
    """One folder a video; the plain output folder when there is one video, else named after the files."""
    if output is None:
        return [None] * len(videos)
    if len(videos) == 1:
        return [output]
    folders: list[Path | None] = []
    taken: set[str] = set()
    for video in videos:
        stem = Path(video).stem or "video"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        folders.append(output / name)
    return folders


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def _complain(message: str) -> None:
    print(f"physiocam: {message}", file=sys.stderr)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the work with one line; whatever was written before is whole."""
    try:
        yield
    except KeyboardInterrupt:
        _complain("interrupted; nothing half-written was left behind")
        raise typer.Exit(130) from None


@contextmanager
def _progress(title: str) -> Iterator["Progress"]:
    """A progress bar on standard error, shown only when the work is long and somebody is looking."""
    from time import monotonic

    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=_console(stderr=True),
        transient=True,
    )
    task = bar.add_task(Path(title).name, total=None, speed="")
    started = monotonic()

    def update(done: int, total: int | None) -> None:
        elapsed = monotonic() - started
        if elapsed > 2.0:
            bar.start()
        bar.update(task, completed=done, total=total, speed=f"{done / max(elapsed, 1e-3):.0f} frames/s")

    try:
        yield update
    finally:
        bar.stop()


def _print_json(measurements: "list[Measurement]", single: bool) -> None:
    import json

    if single:
        sys.stdout.write("".join(measurement.to_json() for measurement in measurements))
    else:
        summaries = [measurement.to_dict() for measurement in measurements]
        sys.stdout.write(json.dumps(summaries, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _show(measurement: "Measurement", folder: Path | None) -> None:
    from rich.table import Table

    console = _console()
    found = f"face in {measurement.face.found_fraction:.0%} of the frames"
    console.print(
        f"[bold]{_escaped(measurement.source)}[/bold]  {measurement.duration_s:.1f} s, "
        f"{measurement.frames} frames at {measurement.fs:.2f}/s, {found}"
    )
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for label, rate in (
        ("heart rate", measurement.heart_rate),
        ("breathing rate", measurement.breathing_rate),
    ):
        value = "none" if rate.value is None else f"{rate.value:.1f} {rate.unit}"
        table.add_row(label, f"[bold]{value}[/bold]", f"quality {rate.quality:.2f}", rate.note or "")
    console.print(table)
    units = [(label, unit) for label, unit in measurement.action_units.items() if unit.mean_probability is not None]
    if units:
        table = Table("action unit", "", "mean", "active", box=None, padding=(0, 2, 0, 0))
        for label, unit in units:
            table.add_row(label, unit.name, f"{unit.mean_probability:.2f}", _bar(unit.active_fraction or 0.0))
        console.print(table)
    elif measurement.action_units:
        console.print("action units   none: no face was found")
    for note in measurement.notes:
        console.print(f"note: {_escaped(note)}")
    if folder is not None:
        console.print(f"written to {_escaped(str(folder))}")


def _bar(fraction: float) -> str:
    return f"{'█' * round(10 * fraction):<10} {fraction:.0%}"


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _show_demo(result: Any) -> None:
    from rich.table import Table

    table = Table("", "truth", "measured", box=None, padding=(0, 2, 0, 0))
    for label, truth, rate in (
        ("heart rate", result.heart_rate, result.measurement.heart_rate),
        ("breathing rate", result.breathing_rate, result.measurement.breathing_rate),
    ):
        value = "none" if rate.value is None else f"{rate.value:.1f} {rate.unit}"
        table.add_row(label, f"{truth:.1f} {rate.unit}", value)
    _console().print(table)
