"""Second stage of the default bundle: the pulse of the joint network, and the slow network for breathing."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import dropout, mse_loss

from course import Course
from filmed_clips import BIG_EVERY, FAST, PreparedClip
from physiocam.networks.bigsmall import BigSmall
from physiocam.networks.config import RESPIRATION, BigSmallConfig

Number = TypeVar("Number", bound=np.generic)

_FRAMES = 540
_PULSE_RATE, _RESPIRATION_RATE = 1e-3, 2e-3

# Of the fused maps: without it the pulse head knows its clips by heart after two epochs.
_DROPOUT = 0.3

# A clip of the slow network: three seconds of its five frames a second, twice as many as a shift of three sees.
SLOW_CLIP = 15


def train_pulse(
    network: BigSmall, clips: list[PreparedClip], others: list[PreparedClip], epochs: int, seed: int
) -> dict[str, Any]:
    """Train the Small branch and the pulse head on summed maps; Big stays as it is.

    Parameters
    ----------
    network : BigSmall
        Changed in place. What it keeps are the weights of the epoch that erred least on the other clips.
    clips, others : list of PreparedClip
        To learn from, and to choose the epoch by.
    epochs, seed : int

    Returns
    -------
    dict
        The record.
    """
    torch.manual_seed(seed)
    small, maps, target = _pulse_clips(network, clips)
    other_small, other_maps, other_target = _pulse_clips(network, others)

    def loss(batch: Tensor) -> Tensor:
        frames, faces = small[batch], maps[batch]
        mirrored = _some(batch)
        frames[mirrored], faces[mirrored] = frames[mirrored].flip(-1), faces[mirrored].flip(-1)
        return mse_loss(_pulse(network, faces, frames, _DROPOUT), target[batch])

    def error(batch: Tensor) -> Tensor:
        return mse_loss(_pulse(network, other_maps[batch], other_small[batch]), other_target[batch])

    learning = nn.ModuleList([network.small, network.heads["pulse"]])
    return _fit(learning, (loss, len(small)), (error, len(other_small)), FAST.clip_length, _PULSE_RATE, epochs, seed)


def train_respiration(
    clips: list[PreparedClip], others: list[PreparedClip], epochs: int, seed: int
) -> tuple[BigSmall, dict[str, Any]]:
    """Train the slow network; returns it and its record. Clips as in `train_pulse`."""
    torch.manual_seed(seed)
    network = BigSmall(slow_config())
    small, target = _respiration_clips(clips)
    other_small, other_target = _respiration_clips(others)

    def loss(batch: Tensor) -> Tensor:
        inputs = small[batch].float()
        mirrored = _some(batch)
        inputs[mirrored] = inputs[mirrored].flip(-1)
        return mse_loss(network(small=inputs)["respiration"][..., 0], target[batch])

    def error(batch: Tensor) -> Tensor:
        return mse_loss(network(small=other_small[batch].float())["respiration"][..., 0], other_target[batch])

    record = _fit(network, (loss, len(small)), (error, len(other_small)), SLOW_CLIP, _RESPIRATION_RATE, epochs, seed)
    return network.eval(), record


def slow_config() -> BigSmallConfig:
    """What the slow network is: a Small branch, over clips of seconds."""
    return BigSmallConfig(branches="small", shift="wrap", clip_length=SLOW_CLIP, tasks=(RESPIRATION,))


def slow_clips(frames: NDArray[Number]) -> NDArray[Number]:
    """Cut frames (T, 1, ...) into whole clips (T // SLOW_CLIP, SLOW_CLIP, ...)."""
    whole = len(frames) // SLOW_CLIP * SLOW_CLIP
    return frames[:whole].reshape(-1, SLOW_CLIP, *frames.shape[2:])


def _pulse_clips(network: BigSmall, clips: list[PreparedClip]) -> tuple[Tensor, Tensor, Tensor]:
    """Small inputs, Big maps and target of all clips."""
    return (
        torch.from_numpy(np.concatenate([clip.small for clip in clips])),
        torch.cat([big_maps(network.big.eval(), clip) for clip in clips]),
        torch.from_numpy(np.concatenate([clip.target for clip in clips])),
    )


def _respiration_clips(clips: list[PreparedClip]) -> tuple[Tensor, Tensor]:
    """Inputs and target of all clips."""
    return (
        torch.from_numpy(np.concatenate([slow_clips(clip.small) for clip in clips])),
        torch.from_numpy(np.concatenate([slow_clips(clip.target) for clip in clips])),
    )


def _some(batch: Tensor) -> Tensor:
    """Half of a batch, by chance: mirrored faces have the same pulse and breathe alike."""
    return torch.rand(len(batch)) < 0.5


def _fit(
    learning: nn.Module,
    learned: tuple[Callable[[Tensor], Tensor], int],
    others: tuple[Callable[[Tensor], Tensor], int],
    clip_length: int,
    learning_rate: float,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """Train a module by the loss of clips, keeping the epoch with the least of the others; both with their count."""
    (loss_of, clips), (error_of, other_clips) = learned, others
    size = _FRAMES // clip_length
    course = Course(learning, learning_rate=learning_rate, rising=0.2, steps=clips // size, epochs=epochs)
    errors: list[float] = []
    best: dict[str, Tensor] = {}
    for _ in range(epochs):
        order = torch.randperm(clips)[: clips // size * size]
        for batch in torch.split(order, size):
            course.step(loss_of(batch))
        with torch.inference_mode():
            parts = torch.split(torch.arange(other_clips), size)
            error = round(sum(error_of(part).item() * len(part) for part in parts) / other_clips, 5)
        if not errors or error < min(errors):
            best = {name: tensor.clone() for name, tensor in learning.state_dict().items()}
        errors.append(error)
        course.end_epoch(f"others {error:.4f}")
    learning.load_state_dict(best)
    return {"seed": seed, **course.record(), "losses_of_others": errors}


@torch.inference_mode()
def big_maps(big: nn.Module, clip: PreparedClip) -> Tensor:
    """Features (clips, 64, 9, 9) of the Big branch in float16."""
    maps: Tensor = big(torch.from_numpy(clip.big).float())
    return maps.half().repeat_interleave(BIG_EVERY, 0)[: len(clip.small)]


def _pulse(network: BigSmall, maps: Tensor, small: Tensor, dropped: float = 0.0) -> Tensor:
    """Pulse (B, N) from stored Big maps (B, 64, 9, 9) and Small inputs (B, N, 3, 9, 9)."""
    fused = network.small(small.float().flatten(0, 1)) + maps.float().repeat_interleave(FAST.big_stride, 0)
    pulse: Tensor = network.heads["pulse"](dropout(fused, dropped).flatten(1))
    return pulse.reshape(-1, FAST.clip_length)


@torch.inference_mode()
def pulse_of(network: BigSmall, clip: PreparedClip) -> NDArray[np.float32]:
    """Differences (T,) of the pulse that the joint network reads in a prepared clip."""
    read = _pulse(network, big_maps(network.big.eval(), clip), torch.from_numpy(clip.small))
    return np.asarray(read).ravel()


@torch.inference_mode()
def respiration_of(network: BigSmall, clip: PreparedClip) -> NDArray[np.float32]:
    """Differences (T,) of the respiration that the slow network reads in a prepared clip."""
    read = network(small=torch.from_numpy(slow_clips(clip.small)).float())["respiration"]
    return np.asarray(read).ravel()
