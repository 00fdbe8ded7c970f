"""Recordings of generated people on disk, in the file layouts of the public data sets."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from physiocam.datasets.recording import Recording
from physiocam.errors import DatasetError, writing_to
from physiocam.foundation.files import folder_beside, to_disk
from physiocam.foundation.locks import alone_in
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layout_files import (
    write_bp4d,
    write_disfa,
    write_folder,
    write_pure,
    write_scamps,
    write_ubfc_1,
    write_ubfc_2,
)
from physiocam.synthetic.people import People
from physiocam.synthetic.recordings import synthetic_entries
from physiocam.synthetic.takes import Take

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Layout:
    """The layout of a data set on disk.

    Attributes
    ----------
    settings : SceneSettings
        Frame rate and size as published.
    trials : tuple of str
        Trials of every person.
    write : callable
        Writes one take into a folder and returns its truth, as far as the layout can hold it.
    """

    settings: SceneSettings
    trials: tuple[str, ...]
    write: Callable[[Take, Path], Recording]


def write_layout(
    name: str,
    root: str | os.PathLike[str],
    recordings: int,
    *,
    seed: int = 0,
    settings: SceneSettings | None = None,
    people: People | None = None,
    progress: Progress | None = None,
) -> list[Recording]:
    """Write recordings of generated people in the layout of a data set.

    The folder appears when it is complete.

    Parameters
    ----------
    name : str
        One of `LAYOUTS`.
    root : path
        Folder for the data set; new or empty.
    recordings : int
    seed : int
        The same seed gives the same files' content.
    settings : SceneSettings, optional
        As in `synthetic_entries`, by default those of the layout; frames per second are always the layout's.
    people : People, optional
        By default drawn ones.
    progress : callable, optional
        Called with the number of frames done and of all frames.

    Returns
    -------
    list of Recording
        The truth that a reader of the layout should find, with the layout's names.

    Raises
    ------
    DatasetError
        If there is no such layout, the folder is in use, or cannot be written.
    """
    layout = layout_named(name)
    entries = synthetic_entries(
        recordings, seed, replace(settings or layout.settings, fs=layout.settings.fs), len(layout.trials), people
    )
    scenes = [entry.scene() for entry in entries]
    total = sum(len(scene.timestamps_s) for scene in scenes)
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    target = Path(root)
    with (
        alone_in(target.parent, f"generating '{target.name}' into", f".{target.name}.lock", DatasetError),
        writing_to(target, DatasetError),
    ):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise DatasetError(f"'{target}' is in use, expected a new or empty folder; choose another")
        with folder_beside(target.parent) as own:
            beside = own / target.name
            beside.mkdir()
            truths = []
            for index, (entry, scene) in enumerate(zip(entries, scenes, strict=True)):
                person, trial = divmod(index, len(layout.trials))
                truths.append(layout.write(Take(person + 1, layout.trials[trial], entry, scene, tick), beside))
            to_disk(beside)
            os.replace(beside, target)
    return truths


def layout_named(name: str) -> Layout:
    """Return the layout of a data set.

    Raises
    ------
    DatasetError
        If there is no such layout.
    """
    if name not in LAYOUTS:
        raise DatasetError(f"'{name}' is not a layout; expected one of {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


LAYOUTS = MappingProxyType(
    {
        "bp4d": Layout(SceneSettings(fs=25.0, height=1392, width=1040, face_size=0.55), ("T1", "T6"), write_bp4d),
        "ubfc-rppg": Layout(SceneSettings(), ("1",), write_ubfc_2),
        "ubfc-rppg-1": Layout(SceneSettings(), ("1",), write_ubfc_1),
        "pure": Layout(SceneSettings(), ("01", "02"), write_pure),
        "disfa": Layout(SceneSettings(fs=20.0, height=768, width=1024), ("left",), write_disfa),
        "scamps": Layout(SceneSettings(height=240, width=320), ("1",), write_scamps),
        "folder": Layout(SceneSettings(), ("T1", "T2"), write_folder),
    }
)
