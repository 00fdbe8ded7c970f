"""Which videos there are, and into which folder the results of each go."""

import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from physiocam.batch.summary_table import SUMMARY, TABLES
from physiocam.results.measurement_files import MEASUREMENT, OVERLAY
from physiocam.results.people_folders import people_folders
from physiocam.video.images import videos_below


@dataclass(frozen=True)
class Planned:
    """A video and the folder for its results.

    Attributes
    ----------
    video : str
    folder : Path or None
    note : str or None
        Why the folder has another name than the video.
    """

    video: str
    folder: Path | None
    note: str | None = None


def plan_videos(sources: Sequence[str], output: Path | None) -> list[Planned]:
    """Find the videos, and give each a folder of its own.

    It is named after the video, and lies below a given folder where the video lies below that. A video that is the only
    source has the output itself.

    Parameters
    ----------
    sources : sequence of str
        Videos, folders of videos (which stand for all in them and below) and folders of images. With several of them,
        results of a folder of videos lie in one of its name.
    output : Path or None
        None where nothing is written.

    Returns
    -------
    list of Planned
        Where two would have the same folder, the later is numbered, and its note says so.
    """
    found = [(source, *video) for source in sources for video in _videos(source)]
    if output is None or [video for _, video, _ in found] == list(sources[:1]):
        return [Planned(video, output) for _, video, _ in found]
    planned: list[Planned] = []
    # Names that file systems may take for the same are the same; those of the tables are taken.
    taken = dict.fromkeys(TABLES, SUMMARY)
    for source, video, place in found:
        inside = Path(source).resolve().name / place if len(sources) > 1 and os.path.isdir(source) else place
        wanted = inside if place.name else PurePath(Path(source).resolve().name or "video")
        folder = free_place(wanted, taken)
        other = taken.get(wanted.as_posix().lower())
        note = f"results are in '{folder}', since '{wanted}' is taken by '{other}'" if other else None
        taken[folder.as_posix().lower()] = video
        planned.append(Planned(video, output / folder, note))
    return planned


def _videos(source: str) -> Iterator[tuple[str, PurePath]]:
    """The videos of a source, each with the place of its results; of a folder of images, the empty place."""
    root = Path(source)
    found = recorded_videos(root) if os.path.isdir(source) else []
    for path in found:
        yield str(path), path.relative_to(root).with_suffix("")
    if not found:
        yield source, PurePath() if os.path.isdir(source) else PurePath(root.stem or "video")


def recorded_videos(root: Path) -> list[Path]:
    """Videos in a folder and below, sorted, without overlay videos of measurements."""
    below = videos_below(root)
    return [path for path in below if not (path.name == OVERLAY and _has_results(path.parent))]


def _has_results(folder: Path) -> bool:
    return (folder / MEASUREMENT).is_file() or bool(people_folders(folder))


def free_place(wanted: PurePath, taken: Container[str]) -> PurePath:
    """Return a place, with a number if it is taken; `taken` has posix paths in lower case."""
    place, number = wanted, 1
    while place.as_posix().lower() in taken:
        number += 1
        place = wanted.with_name(f"{wanted.name}-{number}")
    return place
