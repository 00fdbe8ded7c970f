"""`physiocam photos`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import complain, count_bar, interruptible
from physiocam.cli.licence import name_licence
from physiocam.cli.options import (
    FaceOption,
    PrecisionName,
    PrecisionOption,
    ProviderOption,
    ThreadsOption,
    WeightsOption,
    face_choice,
    providers_of,
)


def photos_command(
    photos: Annotated[list[str], typer.Argument(metavar="PHOTO...", help="Images, or folders of images.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for photos.csv.")],
    weights: WeightsOption = "default",
    face: FaceOption = "auto",
    threads: ThreadsOption = None,
    provider: ProviderOption = None,
    precision: PrecisionOption = PrecisionName.fp32,
) -> None:
    """Measure facial action units in single photographs of any size: one row each in photos.csv."""
    with interruptible():
        from physiocam.batch.measure_photos import PHOTOS, find_photos, measure_photos
        from physiocam.measuring.options import MeasureOptions

        options = MeasureOptions(
            weights=weights,
            face=face_choice(face),
            threads=threads,
            providers=providers_of(provider),
            precision=precision.value,
        )
        paths = find_photos(photos)
        with count_bar("measuring", "photos", len(paths)) as bar:
            found = measure_photos(paths, output, options, progress=lambda one: bar(1, one.error))
    failed = sum(photo.error is not None for photo in found)
    faces = sum(photo.square is not None for photo in found)
    typer.echo(f"{len(found)} photos, a face in {faces} of them; one row each in {output / PHOTOS}")
    if failed < len(found):
        name_licence(weights)
    if failed:
        complain(f"{failed} of {len(found)} photos could not be measured (see above)")
        raise typer.Exit(1)
