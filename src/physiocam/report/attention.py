"""What a bundle's networks look at in a recording: maps at some moments, and over the whole."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Branch(NamedTuple):
    """A branch of one or more networks.

    Attributes
    ----------
    name : str
        "big", "small", or another of `networks.attention.attention_maps`.
    tasks : tuple of str
        Names of the tasks of its networks.
    start, stop : float
        Outer edges of its maps, as fractions of the face square's side.
    """

    name: str
    tasks: tuple[str, ...]
    start: float
    stop: float


@dataclass(frozen=True)
class View:
    """Where a branch looks. Networks for the same tasks, such as folds, are averaged.

    Attributes
    ----------
    branch : Branch
    maps : float32 array of shape (moments, h, w)
        Each frame's map is divided by its own mean, so 1 is the average. Zero where nothing is active.
    mean : float32 array of shape (h, w)
        Over all moments of the recording that show a face, not only the chosen ones.
    """

    branch: Branch
    maps: NDArray[np.float32]
    mean: NDArray[np.float32]


@dataclass(frozen=True)
class Attention:
    """What networks look at in a recording.

    A moment is a Big frame together with the frames of its stride, over which the maps are averaged.

    Attributes
    ----------
    source : str
        Of the recording.
    bundle : str
        Name of the weights.
    target : str or None
        The output that the maps explain; None for maps of activation or attention.
    face_s : float
        For how many seconds a face was seen.
    times_s : float64 array of shape (moments,)
        When the moments begin, in seconds.
    faces : uint8 array of shape (moments, big_size, big_size, 3)
        The face square at those times, RGB, at the networks' resolution.
    mean_face : uint8 array of shape (big_size, big_size, 3)
        The mean of the face squares of all moments.
    views : tuple of View
        In the order of the bundle's networks.
    """

    source: str
    bundle: str
    target: str | None
    face_s: float
    times_s: NDArray[np.float64]
    faces: NDArray[np.uint8]
    mean_face: NDArray[np.uint8]
    views: tuple[View, ...]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything by name, as in attention.npz: see docs/attention.md."""
        arrays: dict[str, NDArray[np.generic]] = {
            "times_s": self.times_s,
            "faces": self.faces,
            "mean_face": self.mean_face,
        }
        for view in self.views:
            name = "_".join((view.branch.name, *view.branch.tasks))
            arrays[name] = view.maps
            arrays[f"{name}_mean"] = view.mean
            arrays[f"{name}_edges"] = np.array([view.branch.start, view.branch.stop])
        return arrays
