"""Finds what a bundle's networks look at in a recording, in one pass."""

import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.inputs.blocks import InputBlock
from physiocam.measuring.face_frames import Progress
from physiocam.measuring.network_inputs import open_inputs
from physiocam.networks.attention import Maps, Target, attention_maps, target_maps
from physiocam.networks.network import Network
from physiocam.report.attention import Attention, Branch, View
from physiocam.report.even_sample import EvenChoice
from physiocam.video.face_source import FaceSource
from physiocam.video.levels import RGB
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.pytorch import load_networks

# Clips per batch: with more, PyTorch's feature maps outgrow the caches, and it takes twice as long.
_CLIPS = 2

# More make a picture wider than drawing programs open.
_MOST_MOMENTS = 50


def find_attention(
    source: str | os.PathLike[str] | NDArray[np.uint8],
    weights: str | os.PathLike[str] | Bundle = "default",
    *,
    moments: int = 4,
    target: str | None = None,
    fs: float | None = None,
    face: FaceSource = "auto",
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
    if (channels := bundle.info.input_channels) != RGB:
        raise PhysiocamError(
            f"bundle '{bundle.info.name}' takes frames of {channels} channels; attention is drawn on RGB"
        )
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
