"""Second stage of the default bundle: the late layers of the Big branch, on stored features.

The first four convolutions cost three quarters of the work and say little that is new after the first stage. Their
features of frames, each moved, lit and blurred in several ways, are computed once; what follows learns from them at a
multiple of the speed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout, pad, relu
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from drawn_faces import DrawnFaces
from expression_stills import Stills
from physiocam.networks.bigsmall import BigBranch, BigSmall
from train_action_units import augment, draw

_STILLS, _DRAWN = 80, 48
_DROPOUT = 0.15
# Of the running mean of weights: over some 500 steps.
_DECAY = 0.998
# Features move by up to two of 36 places: eight pixels of a frame.
_MOVED = 2


@dataclass(frozen=True)
class Views:
    """Features of frames, with what each frame shows.

    Attributes
    ----------
    features : float16 array (n, 64, 36, 36)
        Behind the fourth convolution and its pooling.
    targets : float32 array (n, 12)
    """

    features: NDArray[np.float16]
    targets: NDArray[np.float32]


def still_views(big: BigBranch, stills: Stills, passes: int, seed: int, cache: Path) -> Views:
    """Features of training stills, each pass drawn and augmented anew."""
    random = np.random.default_rng(seed)
    order = np.concatenate([draw(stills, random) for _ in range(passes)])
    return Views(_features(big, stills.crops, order, seed, cache), stills.targets[order])


def drawn_views(big: BigBranch, drawn: DrawnFaces, seed: int, cache: Path) -> Views:
    """Features of drawn faces, augmented."""
    return Views(_features(big, drawn.crops, np.arange(len(drawn.crops)), seed, cache), drawn.targets)


def refine(
    network: BigSmall,
    learning: Sequence[nn.Module],
    from_stills: Views,
    from_drawn: Views,
    motion: Tensor,
    *,
    learning_rate: float,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """Train layers behind the features; returns the record.

    Parameters
    ----------
    network : BigSmall
        Changed in place. What it keeps is the running mean of its weights.
    learning : sequence of modules
        Among the last two convolutions of the Big branch and the action-unit head.
    from_stills, from_drawn : Views
    motion : float16 tensor (m, 64, 9, 9)
        What the Small branch adds to maps in moving faces; one is added to each frame.
    learning_rate : float
        The highest.
    epochs, seed : int
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    steps = len(from_stills.targets) // _STILLS
    parameters = [parameter for module in learning for parameter in module.parameters()]
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=learning_rate, total_steps=epochs * steps, pct_start=0.1
    )
    running = get_ema_multi_avg_fn(_DECAY)  # type: ignore[no-untyped-call]
    means = [AveragedModel(module, multi_avg_fn=running) for module in learning]
    losses: list[float] = []
    started = time.monotonic()
    for epoch in range(epochs):
        total = 0.0
        for batch in np.array_split(random.permutation(len(from_stills.targets)), steps):
            others = random.choice(len(from_drawn.targets), _DRAWN, replace=False)
            parts = ((from_stills, batch), (from_drawn, others))
            features = torch.from_numpy(np.concatenate([views.features[rows] for views, rows in parts]))
            targets = torch.from_numpy(np.concatenate([views.targets[rows] for views, rows in parts]))
            moving = motion[torch.randint(len(motion), (len(targets),))].float()
            maps = _late_maps(network.big, _moved(dropout(features.float(), _DROPOUT)))
            logits = network.heads["au"]((dropout(maps, _DROPOUT) + moving).flatten(1))
            known = targets.isfinite()
            loss = binary_cross_entropy_with_logits(logits[known], targets[known])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            for mean, module in zip(means, learning, strict=True):
                mean.update_parameters(module)
            total += loss.item() / steps
        losses.append(round(total, 5))
        print(f"epoch {epoch + 1}/{epochs}  loss {total:.4f}  {time.monotonic() - started:.0f} s", flush=True)
    for mean, module in zip(means, learning, strict=True):
        module.load_state_dict(mean.module.state_dict())
    return {"seconds": round(time.monotonic() - started), "epochs": epochs, "seed": seed, "losses": losses}


def _late_maps(big: BigBranch, features: Tensor) -> Tensor:
    """Big maps (B, 64, 9, 9) of features (B, 64, 36, 36), without the branch's own dropout."""
    x = features.contiguous(memory_format=torch.channels_last)
    maps: Tensor = big.pool4(relu(big.conv6(relu(big.conv5(x)))))
    return maps


def _moved(features: Tensor) -> Tensor:
    down, right = torch.randint(0, 2 * _MOVED + 1, (2,)).tolist()
    height, width = features.shape[-2:]
    padded = pad(features, (_MOVED,) * 4, mode="replicate")
    return padded[..., down : down + height, right : right + width]


@torch.inference_mode()
def _features(
    big: BigBranch, crops: NDArray[np.uint8], order: NDArray[np.int64], seed: int, cache: Path
) -> NDArray[np.float16]:
    """Features of augmented crops, kept in a file that is mapped into memory."""
    if not cache.is_file():
        torch.manual_seed(seed)
        beside = cache.with_suffix(".partial.npy")
        stored = np.lib.format.open_memmap(beside, "w+", np.float16, (len(order), 64, 36, 36))
        big.eval()
        for rows in np.array_split(np.arange(len(order)), -(-len(order) // 64)):
            x = big.early(augment(crops[order[rows]]))
            stored[rows] = big.pool2(relu(big.conv4(relu(big.conv3(x))))).half().contiguous().numpy()
        stored.flush()
        beside.replace(cache)
    features: NDArray[np.float16] = np.load(cache, mmap_mode="r")
    return features
