"""`physiocam attention`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import extra, interruptible, progress_bar
from physiocam.cli.options import FaceOption, FsOption, WeightsOption, face_choice


def attention_command(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="Video file, or folder of images (with --fs).")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for attention.png and attention.npz.")
    ] = Path(),
    weights: WeightsOption = "default",
    moments: Annotated[
        int, typer.Option("--frames", min=1, max=50, metavar="N", help="How many moments to show, 1 to 50.")
    ] = 4,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Show what this output owes to each place, such as AU12 or pulse; else what is active.",
        ),
    ] = None,
    face: FaceOption = "auto",
    fs: FsOption = None,
) -> None:
    """Draw what the networks look at in a face video (needs the `explain` extra)."""
    with interruptible():
        where = face_choice(face)
        with extra("explain", "seeing what a network looks at"):
            from physiocam.report import attention_figure
            from physiocam.report.find_attention import find_attention

            if target is not None:
                import captum  # noqa: F401
        with progress_bar(video) as progress:
            found = find_attention(video, weights, moments=moments, target=target, fs=fs, face=where, progress=progress)
        attention_figure.write_attention(found, output)
    typer.echo(f"written to {output / 'attention.png'} and {output / 'attention.npz'}")
