"""Last stage of the default bundle: the action-unit head, beside the Small branch as it came out of its own training.

All that lies before the head stands still here, so maps of frames, each augmented in several ways, are computed once.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from drawn_faces import DrawnFaces
from expression_stills import Stills, draw
from physiocam.networks.bigsmall import BigBranch
from train_action_units import augment

# Fewer drawn faces than before: the head needs few to keep what it knows of them, and stills suffer from more.
_STILLS, _DRAWN = 80, 16
_LEARNING_RATE = 4e-4
_DROPOUT = 0.15
# Of the running mean of weights.
_DECAY = 0.99


@dataclass(frozen=True)
class Views:
    """Maps of augmented frames, with what each frame shows.

    Attributes
    ----------
    maps : float16 tensor (n, 64, 9, 9)
    targets : float32 tensor (n, 12)
    """

    maps: Tensor
    targets: Tensor


def still_views(big: BigBranch, stills: Stills, passes: int, seed: int) -> Views:
    """Maps of training stills, each pass drawn and augmented anew."""
    random = np.random.default_rng(seed)
    order = np.concatenate([draw(stills, random) for _ in range(passes)])
    return _views(big, stills.crops, stills.targets, order, seed)


def drawn_views(big: BigBranch, drawn: DrawnFaces, seed: int) -> Views:
    """Maps of drawn faces, augmented."""
    return _views(big, drawn.crops, drawn.targets, np.arange(len(drawn.crops)), seed)


def train_head(
    head: nn.Module, from_stills: Views, from_drawn: Views, motion: Tensor, *, epochs: int, seed: int
) -> dict[str, Any]:
    """Train the head; returns the record.

    Parameters
    ----------
    head : Module
        Changed in place. What it keeps is the running mean of its weights.
    from_stills, from_drawn : Views
    motion : float16 tensor (m, 64, 9, 9)
        What the Small branch adds to maps in moving faces; one is added to each frame.
    epochs, seed : int
    """
    torch.manual_seed(seed)
    steps = len(from_stills.targets) // _STILLS
    optimizer = torch.optim.AdamW(head.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=_LEARNING_RATE, total_steps=epochs * steps)
    mean = AveragedModel(head, multi_avg_fn=get_ema_multi_avg_fn(_DECAY))  # type: ignore[no-untyped-call]
    losses: list[float] = []
    started = time.monotonic()
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(from_stills.targets)).tensor_split(steps):
            others = torch.randperm(len(from_drawn.targets))[:_DRAWN]
            maps = torch.cat([from_stills.maps[batch], from_drawn.maps[others]]).float()
            targets = torch.cat([from_stills.targets[batch], from_drawn.targets[others]])
            moving = motion[torch.randint(len(motion), (len(targets),))].float()
            logits = head((dropout(maps, _DROPOUT) + moving).flatten(1))
            known = targets.isfinite()
            loss = binary_cross_entropy_with_logits(logits[known], targets[known])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            mean.update_parameters(head)
            total += loss.item() / steps
        losses.append(round(total, 5))
        print(f"epoch {epoch + 1}/{epochs}  loss {total:.4f}  {time.monotonic() - started:.0f} s", flush=True)
    head.load_state_dict(mean.module.state_dict())
    return {"seconds": round(time.monotonic() - started), "epochs": epochs, "seed": seed, "losses": losses}


@torch.inference_mode()
def _views(
    big: BigBranch, crops: NDArray[np.uint8], targets: NDArray[np.float32], order: NDArray[np.int64], seed: int
) -> Views:
    torch.manual_seed(seed)
    big.eval()
    maps = []
    for rows in np.array_split(order, -(-len(order) // 64)):
        with torch.autocast("cpu", torch.bfloat16):
            maps.append(big(augment(crops[rows])).half())
    return Views(torch.cat(maps), torch.from_numpy(targets[order]))
