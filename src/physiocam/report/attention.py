"""What a bundle's networks look at in a recording: maps at some moments, and over the whole."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import FaceChoice, folder_path
from physiocam.foundation.files import complete_files
from physiocam.inputs.blocks import InputBlock
from physiocam.measuring.face_frames import Progress
from physiocam.measuring.recording_inputs import open_inputs
from physiocam.networks.attention import Maps, Target, attention_maps, target_maps
from physiocam.networks.network import Network
from physiocam.report.even_sample import EvenChoice
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.pytorch import load_networks

# Clips per batch: with more, PyTorch's feature maps outgrow the caches, and it takes twice as long.
_CLIPS = 2

# More make a picture wider than drawing programs open.
_MOST_MOMENTS = 50


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

    def write(self, folder: str | bytes | os.PathLike[str]) -> None:
        """Write attention.png and attention.npz into a folder, which is made if it does not exist.

        The files are complete when they appear: they are written under temporary names and then renamed.

        Raises
        ------
        PhysiocamError
            If it cannot be a folder's name, the folder cannot be written to, or the disk is full.
        """
        from physiocam.report.attention_figure import draw

        with complete_files(folder_path(folder, "folder"), ("attention.npz", "attention.png")) as beside:
            with warnings.catch_warnings():
                # Warnings about characters of the recording's name that the font lacks.
                warnings.simplefilter("ignore")
                draw(self).savefig(beside / "attention.png")
            np.savez_compressed(beside / "attention.npz", allow_pickle=False, **self.arrays())


def find_attention(
    source: str | os.PathLike[str] | NDArray[np.uint8],
    weights: str | os.PathLike[str] | Bundle = "default",
    *,
    moments: int = 4,
    target: str | None = None,
    fs: float | None = None,
    face: FaceChoice = "auto",
    progress: Progress | None = None,
) -> Attention:
    """Find out what a bundle's networks look at in a recording, in one pass and constant memory.

    Parameters
    ----------
    source, weights, fs, face, progress
        As in `physiocam.measure`.
    moments : int
        How many single moments to show, evenly spread over those with a face.
    target : str, optional
        An output by its label, such as "AU12" or "pulse": the maps then show how much each place contributes to it, by
        gradients (extra `explain`). Otherwise they show active features, or attention.

    Returns
    -------
    Attention
        With fewer moments if the recording has fewer.

    Raises
    ------
    VideoError
        If the source cannot be opened or holds no frame.
    BundleError
        If the bundle is missing or damaged.
    PhysiocamError
        If no face is found, there is no such target, or another argument makes no sense.
    """
    if not 1 <= moments <= _MOST_MOMENTS:
        raise PhysiocamError(f"moments is {moments}; expected 1 to {_MOST_MOMENTS}, which fit in a picture")
    bundle = weights if isinstance(weights, Bundle) else load_bundle(weights)
    looking = _Looking(bundle, None if target is None else _target(bundle, target))
    choice: EvenChoice[_Moment] = EvenChoice(moments)
    total = _Total()
    with open_inputs(source, bundle.info, fs=fs, face=face, progress=progress) as inputs:
        first = 0
        for block in inputs.blocks:
            for start, stop in inputs.batches(block, _CLIPS):
                for moment in looking.moments(block, start, stop, first, inputs.found):
                    total.add(moment)
                    choice.offer(moment)
            first += block.frames
            # The next block is as large: free this one before it is read.
            del block
    # The tracker may have revised some frames.
    found = inputs.found
    choice.candidates = [moment for moment in choice.candidates if found[moment.frame]]
    chosen = choice.chosen()
    if not chosen:
        raise PhysiocamError(f"no face was found in '{inputs.video.source}'; try face='center'")
    return Attention(
        source=inputs.video.source,
        bundle=bundle.info.name,
        target=looking.target.label if looking.target else None,
        face_s=float(found.sum()) / inputs.video.fs,
        times_s=np.array([inputs.timestamps[moment.frame] for moment in chosen]),
        faces=np.stack([moment.face for moment in chosen]),
        mean_face=total.face(),
        views=tuple(
            View(branch, np.stack([moment.maps[branch] for moment in chosen]), mean)
            for branch, mean in total.maps().items()
        ),
    )


def _target(bundle: Bundle, text: str) -> Target:
    targets = {label.lower(): Target(task, label) for task in bundle.info.tasks for label in task.labels}
    if text.lower() not in targets:
        known = ", ".join(target.label for target in targets.values())
        raise PhysiocamError(f"target is '{text}'; the outputs of bundle '{bundle.info.name}' are {known}")
    return targets[text.lower()]


class _Moment(NamedTuple):
    frame: int
    face: NDArray[np.uint8]
    maps: dict[Branch, NDArray[np.float32]]


class _Looking:
    """A bundle's networks with the functions that give their maps."""

    def __init__(self, bundle: Bundle, target: Target | None) -> None:
        self.target = target
        self._stride = bundle.info.big_stride
        self._networks = [
            network
            for network in load_networks(bundle).values()
            if target is None or target.task in network.config.tasks
        ]

    def moments(
        self, block: InputBlock, start: int, stop: int, first: int, found: NDArray[np.bool_]
    ) -> Iterator[_Moment]:
        """Moments with a face among a block's clips; `first` is the recording's number of the block's first frame."""
        big = block.big(start, stop)
        maps = self._maps(torch.from_numpy(big), torch.from_numpy(block.small[start:stop]))
        faces = np.clip(big * np.float32(block.big_std) + np.float32(block.big_mean), 0.0, 1.0)
        faces = (255.0 * faces + 0.5).astype(np.uint8).reshape(-1, *big.shape[2:]).transpose(0, 2, 3, 1)
        begin = start * block.small.shape[1]
        for index, face in enumerate(faces):
            frame = begin + index * self._stride
            last = min(frame + self._stride, block.frames)
            if frame < last and found[first + frame : first + last].all():
                # Copied, so that a moment does not keep its whole batch in memory.
                yield _Moment(
                    first + frame, face.copy(), {branch: values[index].copy() for branch, values in maps.items()}
                )

    def _maps(self, big: torch.Tensor, small: torch.Tensor) -> dict[Branch, NDArray[np.float32]]:
        """Each branch's maps of the moments, (B * K, h, w), relative to their means."""
        found: dict[Branch, list[NDArray[np.float32]]] = {}
        for network in self._networks:
            frames = big[:, :: network.config.big_stride // self._stride] if network.config.uses_big else big
            for name, maps in self._ask(network, frames, small).items():
                tasks = tuple(task.name for task in network.config.tasks)
                branch = Branch(name, tasks if self.target is None else (self.target.task.name,), maps.start, maps.stop)
                found.setdefault(branch, []).append(self._by_moment(maps.values))
        return {branch: np.mean(values, axis=0, dtype=np.float32) for branch, values in found.items()}

    def _ask(self, network: Network, big: torch.Tensor, small: torch.Tensor) -> dict[str, Maps]:
        if self.target is not None:
            return target_maps(network, self.target, big, small)
        with torch.inference_mode():
            return attention_maps(network, big, small)

    def _by_moment(self, values: torch.Tensor) -> NDArray[np.float32]:
        """Maps (B, N, h, w) to (B * K, h, w)."""
        mean = values.mean(dim=(2, 3), keepdim=True)
        relative = torch.where(mean > 0.0, values / mean, 0.0)
        averaged: NDArray[np.float32] = relative.reshape(-1, self._stride, *values.shape[2:]).mean(dim=1).numpy()
        return averaged


class _Total:
    """Running means over all moments."""

    def __init__(self) -> None:
        self._moments = 0
        self._face: NDArray[np.float64] = np.zeros(())
        self._maps: dict[Branch, NDArray[np.float64]] = {}

    def add(self, moment: _Moment) -> None:
        self._moments += 1
        self._face = self._face + moment.face
        for branch, values in moment.maps.items():
            self._maps[branch] = self._maps.get(branch, np.zeros(())) + values

    def face(self) -> NDArray[np.uint8]:
        return np.rint(self._face / self._moments).astype(np.uint8)

    def maps(self) -> dict[Branch, NDArray[np.float32]]:
        return {branch: (values / self._moments).astype(np.float32) for branch, values in self._maps.items()}
