"""Kinds of generated people: whoever they are, a scene shows them and knows the truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import ActionUnitCodes
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings
from physiocam.synthetic.physiology import Physiology
from physiocam.synthetic.rendered.person import RenderedPerson
from physiocam.synthetic.rendered.scene import RenderedScene


class Movements(Protocol):
    """What a face does along a recording."""

    @property
    def codes(self) -> ActionUnitCodes:
        """A coder's codes of the 12 units, one row per frame."""

    @property
    def action_units(self) -> NDArray[np.float64]:
        """Activations 0..1 of the 12 units, (T, 12)."""

    def intensity(self, label: str) -> NDArray[np.int8]:
        """Intensity 0..5 a frame of any action unit."""


class PersonScene(Protocol):
    """One recording that can be shown frame by frame, with its truth."""

    @property
    def settings(self) -> SceneSettings:
        """As the recording was asked for."""

    @property
    def timestamps_s(self) -> NDArray[np.float64]:
        """Time of each frame, (T,)."""

    @property
    def physiology(self) -> Physiology:
        """Pulse and breathing."""

    @property
    def expressions(self) -> Movements:
        """Action units."""

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Show all frames (H, W, 3), one by one."""

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Show one frame (H, W, 3)."""


class People(Protocol):
    """A kind of people."""

    def skin_depth(self, seed: int) -> float:
        """0 (the lightest skin) .. 1 (the darkest) of the person of a seed."""

    def scene(self, seed: int, settings: SceneSettings) -> PersonScene:
        """Set up a recording of the person of a seed."""


@dataclass(frozen=True)
class DrawnPeople:
    """People drawn on a plane."""

    def skin_depth(self, seed: int) -> float:
        """0 (the lightest skin) .. 1 (the darkest) of the person of a seed."""
        return Person.invent(seed).skin_depth

    def scene(self, seed: int, settings: SceneSettings) -> Scene:
        """Set up a recording of the person of a seed."""
        return Scene(Person.invent(seed), settings)


@dataclass(frozen=True)
class RenderedPeople:
    """People rendered from a 3-D face model.

    Attributes
    ----------
    model : Path
        Folder of the model, see `FaceModel.load`.
    """

    model: Path

    def skin_depth(self, seed: int) -> float:
        """0 (the lightest skin) .. 1 (the darkest) of the person of a seed."""
        return RenderedPerson.invent(seed).skin_depth

    def scene(self, seed: int, settings: SceneSettings) -> RenderedScene:
        """Set up a recording of the person of a seed.

        Raises
        ------
        DatasetError
            If the model cannot be read.
        """
        return RenderedScene(self.model, RenderedPerson.invent(seed), settings)


def people_named(name: str, model: Path | None) -> People:
    """Return a kind of people by its name.

    Parameters
    ----------
    name : str
        "drawn" or "rendered".
    model : Path, optional
        Folder of the face model of rendered people.

    Raises
    ------
    DatasetError
        If there is no such kind, the model is missing, or drawn people are given one.
    """
    if name not in {"drawn", "rendered"}:
        raise DatasetError(f"people is '{name}', expected drawn or rendered")
    if name == "drawn":
        if model is not None:
            raise DatasetError(f"drawn people have no face model, but '{model}' was given; choose rendered people")
        return DrawnPeople()
    if model is None:
        raise DatasetError("rendered people need the folder of the light model of ICT-FaceKit; name it (--face-model)")
    return RenderedPeople(model)
