"""First stage of the default bundle: the Big branch and the action-unit head, on stills."""

import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, binary_cross_entropy_with_logits, grid_sample

from expression_stills import Stills
from physiocam.networks.bigsmall import BigSmall
from physiocam.networks.config import AU, AU_LABELS, BigSmallConfig

SIZE = 144
_BATCH = 64

# Each epoch draws this many of each expression: rare ones often, common ones not all.
_DRAWS = {
    "neutral": 1500, "happiness": 1500, "surprise": 800, "anger": 700, "sadness": 700, "disgust": 500, "fear": 60,
    "contempt": 20,
}  # fmt: skip


def train_big(stills: Stills, epochs: int, seed: int) -> tuple[BigSmall, dict[str, Any]]:
    """Train the Big branch alone; returns the network and its record (seconds, losses)."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = BigSmall(BigSmallConfig(branches="big", shift="none", clip_length=1, tasks=(AU,)))
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    steps = epochs * (sum(_DRAWS.values()) // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.5e-3, total_steps=steps, pct_start=0.2)
    losses: list[float] = []
    started = time.monotonic()
    for epoch in range(epochs):
        network.train()
        order = draw(stills, random)
        total = 0.0
        for start in range(0, len(order) - _BATCH + 1, _BATCH):
            batch = order[start : start + _BATCH]
            big = augment(stills.crops[batch])
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(big=big.contiguous(memory_format=torch.channels_last)[:, None])["au"][:, 0]
            loss = binary_cross_entropy_with_logits(logits.float(), torch.from_numpy(stills.targets[batch]))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item() / (len(order) // _BATCH)
        losses.append(round(total, 5))
        aucs = held_out_aucs(network, stills)
        print(
            f"epoch {epoch + 1}/{epochs}  loss {total:.4f}  {time.monotonic() - started:.0f} s  {aucs}",
            flush=True,
        )
    record = {"seconds": round(time.monotonic() - started), "epochs": epochs, "seed": seed, "losses": losses}
    return network.to(memory_format=torch.contiguous_format).eval(), record


def draw(stills: Stills, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw the indices of one epoch, in random order."""
    parts = []
    for emotion, count in _DRAWS.items():
        candidates = np.flatnonzero((stills.emotion == emotion) & ~stills.held_out)
        parts.append(random.choice(candidates, count, replace=count > len(candidates)))
    return random.permutation(np.concatenate(parts))


def augment(crops: NDArray[np.uint8]) -> Tensor:
    """Standardized Big frames (B, 3, 144, 144) of crops, each moved, turned, lit and coloured anew."""
    n = len(crops)
    image = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    scale = SIZE / image.shape[-1] * torch.empty(n).uniform_(0.88, 1.12)
    angle = torch.empty(n).uniform_(-0.2, 0.2)
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    shift = torch.empty(n, 2).uniform_(-0.07, 0.07)
    rows = [
        torch.stack([scale * angle.cos() * flip, -scale * angle.sin(), shift[:, 0]], 1),
        torch.stack([scale * angle.sin() * flip, scale * angle.cos(), shift[:, 1]], 1),
    ]
    grid = affine_grid(torch.stack(rows, 1), [n, 3, SIZE, SIZE], align_corners=False)
    image = grid_sample(image, grid, padding_mode="border", align_corners=False)
    # Most crops are grey: give each a colour of light and skin, from pale to dark.
    tint = torch.empty(n, 3, 1, 1).uniform_(0.0, 1.0) * torch.tensor([0.25, 0.25, 0.45]).view(1, 3, 1, 1)
    image = image * (torch.tensor([1.1, 0.95, 0.95]).view(1, 3, 1, 1) - tint)
    # A soft gradient of light, then gamma and exposure.
    ramp = torch.linspace(-1, 1, SIZE)
    slope = torch.empty(n, 2, 1, 1).uniform_(-0.35, 0.35)
    image = image * (1 + slope[:, :1] * ramp.view(1, 1, 1, -1) + slope[:, 1:] * ramp.view(1, 1, -1, 1))
    image = image.clamp_min(1e-3) ** torch.empty(n, 1, 1, 1).uniform_(0.7, 1.4)
    # Cameras differ in sharpness and noise.
    soft = torch.rand(n) < 0.3
    image[soft] = avg_pool2d(image[soft], 3, stride=1, padding=1, count_include_pad=False)
    image = image + torch.randn_like(image) * torch.empty(n, 1, 1, 1).uniform_(0.0, 0.03)
    return standardized(image)


def standardized(image: Tensor) -> Tensor:
    """Standardize each image (B, 3, H, W) over all its pixels and channels."""
    mean = image.mean((1, 2, 3), keepdim=True)
    return (image - mean) / image.std((1, 2, 3), keepdim=True).clamp_min(1e-6)


def plain(crops: NDArray[np.uint8]) -> Tensor:
    """Standardized middle of crops, as at inference."""
    margin = (crops.shape[1] - SIZE) // 2
    middle = crops[:, margin : margin + SIZE, margin : margin + SIZE]
    return standardized(torch.from_numpy(middle).permute(0, 3, 1, 2).float() / 255)


def held_out_aucs(network: BigSmall, stills: Stills) -> dict[str, float]:
    """Area under the ROC curve on held-out stills, for the units that an emotion word speaks of most."""
    chosen = stills.held_out
    network.eval()
    with torch.inference_mode():
        parts = [network(big=plain(part)[:, None])["au"][:, 0] for part in np.array_split(stills.crops[chosen], 20)]
    return emotion_aucs(torch.cat(parts).numpy(), stills.emotion[chosen])


def emotion_aucs(scores: NDArray[np.floating], emotion: NDArray[np.str_]) -> dict[str, float]:
    """AUC of a unit's score for an emotion against neutral; scores (n, 12)."""
    pairs = (("AU12", "happiness"), ("AU06", "happiness"), ("AU01", "surprise"), ("AU02", "surprise"),
             ("AU04", "anger"), ("AU10", "disgust"), ("AU15", "sadness"))  # fmt: skip
    result = {}
    for label, word in pairs:
        column = scores[:, AU_LABELS.index(label)]
        positive, negative = column[emotion == word], column[emotion == "neutral"]
        wins = (positive[:, None] > negative[None]).mean() + 0.5 * (positive[:, None] == negative[None]).mean()
        result[f"{label} {word}"] = round(float(wins), 3)
    return result
