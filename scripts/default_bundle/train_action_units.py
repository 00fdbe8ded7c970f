"""First stage of the default bundle: the Big branch and the action-unit head, on single frames."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, kl_div

from augmentation import augment, plain
from course import Course
from drawn_faces import DrawnFaces
from emotion_teacher import WORDS
from expression_stills import DRAWS, Stills, draw
from physiocam.networks.bigsmall import BigSmall, Head
from unit_figures import emotion_aucs

_STILLS, _DRAWN = 64, 32
_LEARNING_RATE = 6e-4

# The paper's 0.25 and 0.5 are for five epochs over 200,000 frames of few people; here they only slow learning down.
_DROPOUT = (0.05, 0.2)

# Of the running mean of weights: over some 500 steps.
_DECAY = 0.998

# How much the classifiers' opinions count beside the units, and how far they are softened.
OPINIONS, _TEMPERATURE = 0.2, 2.0


def train_big(
    network: BigSmall,
    stills: Stills,
    drawn: DrawnFaces,
    motion: Tensor,
    *,
    kept: Sequence[nn.Module],
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """Train the Big branch and the action-unit head; returns the record.

    Beside the units, a layer that is thrown away afterwards learns from the maps what the classifiers think of each
    still: graded opinions of every face hold more than the few faces of a rare word.

    Parameters
    ----------
    network : BigSmall
        Changed in place. What it keeps is the running mean of its weights.
    stills : Stills
    drawn : DrawnFaces
    motion : float16 tensor (m, 64, 9, 9)
        What the Small branch adds to maps in moving faces; one is added to each frame.
    kept : sequence of modules
        Among the first two convolutions: they stay as they are.
    epochs, seed : int
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network.train()
    network.big.dropout1.p, network.big.dropout2.p = _DROPOUT
    au = network.heads["au"]
    words = nn.Linear(cast(Head, au).fc1.in_features, len(WORDS))
    learning = nn.ModuleList([*(module for module in network.big.children() if module not in kept), au, words])
    steps = sum(DRAWS.values()) // _STILLS
    course = Course(learning, learning_rate=_LEARNING_RATE, rising=0.1, steps=steps, epochs=epochs, decay=_DECAY)
    for _ in range(epochs):
        for batch in np.array_split(draw(stills, random), steps):
            others = random.choice(len(drawn.crops), _DRAWN, replace=False)
            frames = torch.cat([augment(stills.crops[batch]), augment(drawn.crops[others])])
            targets = torch.from_numpy(np.concatenate([stills.targets[batch], drawn.targets[others]]))
            moving = motion[torch.randint(len(motion), (len(targets),))].float()
            # Half the width of numbers takes half the time, and their rounding is small beside the labels' noise.
            with torch.autocast("cpu", torch.bfloat16):
                with torch.set_grad_enabled(not kept):
                    early = network.big.early(frames)
                maps = network.big.late(early)
                logits = au((maps + moving).flatten(1)).float()
                opinions = words(maps[: len(batch)].flatten(1)).float()
            known = targets.isfinite()
            loss = binary_cross_entropy_with_logits(logits[known], targets[known])
            course.step(loss + OPINIONS * divergence(opinions, torch.from_numpy(stills.words[batch])))
        course.end_epoch(held_out_aucs(network, stills))
    course.keep_mean()
    network.eval()
    return {"seed": seed, **course.record()}


def divergence(opinions: Tensor, words: Tensor) -> Tensor:
    """How far opinions (n, 7), as logits, are from probabilities of words (n, 7), both softened."""
    wanted = (words.clamp_min(1e-6).log() / _TEMPERATURE).softmax(1)
    return _TEMPERATURE**2 * kl_div((opinions / _TEMPERATURE).log_softmax(1), wanted, reduction="batchmean")


@torch.inference_mode()
def held_out_aucs(network: BigSmall, stills: Stills) -> dict[str, float]:
    """Area under the ROC curve on held-out stills, for the units that an emotion word speaks of most."""
    chosen = stills.held_out
    network.eval()
    parts = np.array_split(stills.crops[chosen], 20)
    logits = torch.cat([network.heads["au"](network.big(plain(part)).flatten(1)) for part in parts])
    network.train()
    return emotion_aucs(logits.numpy(), stills.emotion[chosen])
