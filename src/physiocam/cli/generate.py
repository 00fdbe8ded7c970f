"""`physiocam data generate`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import interruptible, progress_bar
from physiocam.errors import DatasetError


def generate_command(
    name: Annotated[
        str,
        typer.Argument(metavar="LAYOUT", help="Layout: bp4d, ubfc-rppg, ubfc-rppg-1, pure, disfa, scamps or folder."),
    ],
    root: Annotated[Path, typer.Argument(metavar="FOLDER", help="New or empty folder to write to.")],
    recordings: Annotated[int, typer.Option(metavar="N", help="How many; people have one or two each.")] = 4,
    seconds: Annotated[float, typer.Option(metavar="SECONDS", help="Length of each.")] = 20.0,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same recordings.")] = 0,
    difficulty: Annotated[
        str, typer.Option(metavar="NAME", help="easy, middle or hard: motion, light and noise.")
    ] = "easy",
    size: Annotated[
        str | None, typer.Option(metavar="WIDTHxHEIGHT", help="Of the frames, such as 320x240; by default the set's.")
    ] = None,
    expressions: Annotated[float, typer.Option(metavar="N", help="How many begin in a minute.")] = 14.0,
    weakest: Annotated[
        float,
        typer.Option(metavar="STRENGTH", help="Strength of the weakest expressions, 0 to 1; posed ones are near 1."),
    ] = 0.35,
    people: Annotated[str, typer.Option(metavar="KIND", help="drawn, or rendered from a face model.")] = "drawn",
    face_model: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The light model of ICT-FaceKit, for rendered people.")
    ] = None,
) -> None:
    """Write recordings of generated people, with exactly known truth, in the layout of a data set."""
    from dataclasses import replace

    from physiocam.synthetic.layouts import layout_named, write_layout
    from physiocam.synthetic.people import people_named
    from physiocam.synthetic.recordings import settings_of

    kind = people_named(people, face_model)
    published = layout_named(name).settings
    width, height = (published.width, published.height) if size is None else _size(size)
    settings = replace(
        settings_of(difficulty),
        duration_s=seconds,
        width=width,
        height=height,
        face_size=published.face_size,
        expressions=expressions,
        weakest=weakest,
    )
    with interruptible(), progress_bar(str(root)) as progress:
        written = write_layout(name, root, recordings, seed=seed, settings=settings, people=kind, progress=progress)
    typer.echo(f"{root}: {len(written)} recordings of {len({one.subject for one in written})} people, layout {name}")


def _size(text: str) -> tuple[int, int]:
    sizes = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text)
    if sizes is None:
        raise DatasetError(f"size is '{text}', expected WIDTHxHEIGHT in pixels, such as 320x240")
    return int(sizes[1]), int(sizes[2])
