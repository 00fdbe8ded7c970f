"""Action units of single photographs: one row each, whatever their sizes."""

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from physiocam.batch.measure_many import VideoSource
from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import folder_path
from physiocam.foundation.files import check_folder, complete_file
from physiocam.measuring.clip_pipeline import LoadedNetworks
from physiocam.measuring.measure import measure_with
from physiocam.measuring.options import MeasureOptions, OptionChanges, with_changes
from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.readable import readable
from physiocam.signals.methods import NETWORK
from physiocam.video.images import images_below, read_image
from physiocam.video.people import EACH

PHOTOS = "photos.csv"

_SQUARE = ("face_x", "face_y", "face_size")


@dataclass(frozen=True)
class Photo:
    """What was measured in a photograph.

    Attributes
    ----------
    path : str
    probability : dict of str to float
        Of each action unit, 0..1; empty if there is no face.
    square : (int, int, int) or None
        The face's square in pixels of the upright picture: x and y of its upper left corner, and side.
    notes : tuple of str
    error : str or None
        Why it could not be measured, in one line.

    Examples
    --------
    >>> smile = Photo("smile.jpg", {"AU12": 0.9})
    >>> smile.probability["AU12"] >= 0.5
    True
    """

    path: str
    probability: dict[str, float] = field(default_factory=dict)
    square: tuple[int, int, int] | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None


def measure_photos(
    sources: VideoSource | Sequence[VideoSource],
    output: VideoSource | None = None,
    options: MeasureOptions | None = None,
    *,
    progress: Callable[[Photo], None] | None = None,
    **changes: Unpack[OptionChanges],
) -> list[Photo]:
    """Measure the action units of photographs, and write one row each into photos.csv.

    The largest face is measured. A photograph that cannot be read never stops the others.

    Parameters
    ----------
    sources : path, or sequence of paths
        Images, and folders of images (with all folders below).
    output : path, optional
        Folder for photos.csv.
    options : MeasureOptions, optional
        Bundle, face and devices.
    progress : callable, optional
        Called with each photograph as it is measured.
    **changes
        Fields of `MeasureOptions` that differ from `options`.

    Returns
    -------
    list of Photo

    Raises
    ------
    PhysiocamError
        If there is no image, the bundle has no action units, or the table cannot be written.

    Examples
    --------
    >>> try:
    ...     measure_photos("no such folder")
    ... except PhysiocamError as error:
    ...     print(error)
    'no such folder' does not exist; expected an image, or a folder of images
    """
    options = with_changes(options, changes)
    if options.method != NETWORK:
        raise PhysiocamError(f"method is '{options.method}'; photographs have no pulse, expected network")
    paths = find_photos(sources)
    place = None if output is None else folder_path(output, "output")
    if place is not None:
        check_folder(place)
    networks = LoadedNetworks(options.bundle(), options.threads, options.providers, options.precision)
    photos = []
    for path in paths:
        photos.append(_measured(path, networks, options))
        if progress is not None:
            progress(photos[-1])
    if place is not None:
        _write(photos, place / PHOTOS)
    return photos


def find_photos(sources: VideoSource | Sequence[VideoSource]) -> list[Path]:
    """Return the images among paths, and in folders and below.

    Raises
    ------
    PhysiocamError
        If a path does not exist, or a folder holds no image.
    """
    named = [sources] if isinstance(sources, str | os.PathLike) else sources
    return [path for source in named for path in _images(Path(source))]


def _images(source: Path) -> list[Path]:
    if not source.exists():
        raise PhysiocamError(f"'{source}' does not exist; expected an image, or a folder of images")
    found = images_below(source) if source.is_dir() else [source]
    if not found:
        raise PhysiocamError(f"folder '{source}' holds no image; expected photographs, such as PNG or JPEG")
    return found


def _measured(path: Path, networks: LoadedNetworks, options: MeasureOptions) -> Photo:
    image = read_image(path)
    if image is None:
        return Photo(str(path), error=f"'{path}' cannot be read as an image; expected a whole picture")
    info = networks.bundle.info
    # A clip of one picture: the networks of the action units see single frames.
    frames = [image] * info.clip_length
    try:
        (found,) = measure_with(networks, frames, options.replace(fs=info.fs))
    except PhysiocamError as error:
        return Photo(str(path), error=str(error))
    if not found.face_found.any():
        return Photo(str(path), notes=("no face was found",))
    first = int(np.flatnonzero(found.face_found)[0])
    x, y, size = found.face_squares[first].tolist()
    probability = {
        label: float(value)
        for label, value in zip(found.action_units, found.action_unit_probability[first].tolist(), strict=True)
    }
    notes = tuple(note.removesuffix(EACH) for note in found.notes)
    return Photo(str(path), probability, (x, y, size), notes)


def _write(photos: Sequence[Photo], path: Path) -> None:
    labels = list(dict.fromkeys(label for photo in photos for label in photo.probability))
    columns = [
        "photo",
        "face_found",
        *_SQUARE,
        *(f"{label}_{end}" for label in labels for end in "pc"),
        "notes",
        "error",
    ]
    with complete_file(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(map(_row, photos))


def _row(photo: Photo) -> dict[str, Any]:
    row: dict[str, Any] = {
        "photo": readable(photo.path),
        "face_found": int(photo.square is not None) if photo.error is None else "",
        "notes": "; ".join(photo.notes),
        "error": photo.error,
    }
    if photo.square is not None:
        row |= dict(zip(_SQUARE, photo.square, strict=True))
    for label, value in photo.probability.items():
        # Decided after rounding, so that the two columns never contradict each other.
        row |= {f"{label}_p": f"{value:.4f}", f"{label}_c": int(round(value, 4) >= ACTIVE_THRESHOLD)}
    return row
