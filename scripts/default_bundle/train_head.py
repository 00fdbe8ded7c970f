"""Last stage of the default bundle: the action-unit head, beside the Small branch as it came out of its own training.

All that lies before the head stands still here, so maps of frames, each augmented in several ways, are computed once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout

from augmentation import augment
from course import Course
from drawn_faces import DrawnFaces
from expression_stills import Stills, draw

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


def still_views(big: nn.Module, stills: Stills, passes: int, seed: int) -> Views:
    """Maps of training stills, each pass drawn and augmented anew."""
    random = np.random.default_rng(seed)
    order = np.concatenate([draw(stills, random) for _ in range(passes)])
    return _views(big, stills.crops, stills.targets, order, seed)


def drawn_views(big: nn.Module, drawn: DrawnFaces, seed: int) -> Views:
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
    course = Course(head, learning_rate=_LEARNING_RATE, rising=0.3, steps=steps, epochs=epochs, decay=_DECAY)
    for _ in range(epochs):
        for batch in torch.randperm(len(from_stills.targets)).tensor_split(steps):
            others = torch.randperm(len(from_drawn.targets))[:_DRAWN]
            maps = torch.cat([from_stills.maps[batch], from_drawn.maps[others]]).float()
            targets = torch.cat([from_stills.targets[batch], from_drawn.targets[others]])
            moving = motion[torch.randint(len(motion), (len(targets),))].float()
            logits = head((dropout(maps, _DROPOUT) + moving).flatten(1))
            known = targets.isfinite()
            course.step(binary_cross_entropy_with_logits(logits[known], targets[known]))
        course.end_epoch()
    course.keep_mean()
    return {"seed": seed, **course.record()}


@torch.inference_mode()
def _views(
    big: nn.Module, crops: NDArray[np.uint8], targets: NDArray[np.float32], order: NDArray[np.int64], seed: int
) -> Views:
    torch.manual_seed(seed)
    big.eval()
    maps = []
    for rows in np.array_split(order, -(-len(order) // 64)):
        with torch.autocast("cpu", torch.bfloat16):
            maps.append(big(augment(crops[rows])).half())
    return Views(torch.cat(maps), torch.from_numpy(targets[order]))
