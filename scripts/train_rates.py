"""Second stage of the default bundle: the pulse of the joint network, and the slow network for breathing."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import mse_loss

from filmed_clips import BIG_EVERY, FAST, PreparedClip
from physiocam.networks.bigsmall import BigBranch, BigSmall
from physiocam.networks.config import RESPIRATION, BigSmallConfig

Number = TypeVar("Number", bound=np.generic)

_FRAMES = 540
_LEARNING_RATE = 2e-3

# A clip of the slow network: three seconds of its five frames a second, twice as many as a shift of three sees.
SLOW_CLIP = 15


def train_pulse(network: BigSmall, clips: list[PreparedClip], epochs: int, seed: int) -> dict[str, Any]:
    """Train the Small branch and the pulse head on summed maps; Big stays as it is. Returns the record."""
    torch.manual_seed(seed)
    small = torch.from_numpy(np.concatenate([clip.small for clip in clips]))
    maps = torch.cat([big_maps(network.big.eval(), clip) for clip in clips])
    target = torch.from_numpy(np.concatenate([clip.target for clip in clips]))
    head = network.heads["pulse"]

    def loss(batch: Tensor) -> Tensor:
        return mse_loss(_pulse(network, maps[batch], small[batch]), target[batch])

    return _fit([*network.small.parameters(), *head.parameters()], loss, len(small), FAST.clip_length, epochs, seed)


def train_respiration(clips: list[PreparedClip], epochs: int, seed: int) -> tuple[BigSmall, dict[str, Any]]:
    """Train the slow network; returns it and its record."""
    torch.manual_seed(seed)
    network = BigSmall(slow_config())
    small = torch.from_numpy(np.concatenate([slow_clips(clip.small) for clip in clips]))
    target = torch.from_numpy(np.concatenate([slow_clips(clip.target) for clip in clips]))

    def loss(batch: Tensor) -> Tensor:
        # A mirrored picture breathes alike.
        inputs = small[batch].float()
        mirrored = torch.rand(len(batch)) < 0.5
        inputs[mirrored] = inputs[mirrored].flip(-1)
        return mse_loss(network(small=inputs)["respiration"][..., 0], target[batch])

    record = _fit(list(network.parameters()), loss, len(small), SLOW_CLIP, epochs, seed)
    return network.eval(), record


def slow_config() -> BigSmallConfig:
    """What the slow network is: a Small branch, over clips of seconds."""
    return BigSmallConfig(branches="small", shift="wrap", clip_length=SLOW_CLIP, tasks=(RESPIRATION,))


def slow_clips(frames: NDArray[Number]) -> NDArray[Number]:
    """Cut frames (T, 1, ...) into whole clips (T // SLOW_CLIP, SLOW_CLIP, ...)."""
    whole = len(frames) // SLOW_CLIP * SLOW_CLIP
    return frames[:whole].reshape(-1, SLOW_CLIP, *frames.shape[2:])


def _fit(
    parameters: list[Parameter],
    loss_of: Callable[[Tensor], Tensor],
    clips: int,
    clip_length: int,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    size = _FRAMES // clip_length
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=_LEARNING_RATE, total_steps=epochs * (clips // size), pct_start=0.2
    )
    losses = []
    started = time.monotonic()
    for epoch in range(epochs):
        total = 0.0
        order = torch.randperm(clips)[: clips // size * size]
        for batch in torch.split(order, size):
            loss = loss_of(batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item() / (clips // size)
        losses.append(round(total, 4))
        print(f"epoch {epoch + 1}/{epochs}  loss {total:.4f}  {time.monotonic() - started:.0f} s", flush=True)
    return {"seconds": round(time.monotonic() - started), "epochs": epochs, "seed": seed, "losses": losses}


@torch.inference_mode()
def big_maps(big: BigBranch, clip: PreparedClip) -> Tensor:
    """Features (clips, 64, 9, 9) of the Big branch in float16."""
    maps: Tensor = big(torch.from_numpy(clip.big).float())
    return maps.half().repeat_interleave(BIG_EVERY, 0)[: len(clip.small)]


def _pulse(network: BigSmall, maps: Tensor, small: Tensor) -> Tensor:
    """Pulse (B, N) from stored Big maps (B, 64, 9, 9) and Small inputs (B, N, 3, 9, 9)."""
    fused = network.small(small.float().flatten(0, 1)) + maps.float().repeat_interleave(FAST.big_stride, 0)
    pulse: Tensor = network.heads["pulse"](fused.flatten(1))
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
