"""Crops of faces as a network sees them: moved, turned, lit and filmed anew each time, or plain."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate

SIZE = 144


class Moved(NamedTuple):
    """Frames, and how they were moved.

    Attributes
    ----------
    frames : float32 tensor (B, 3, 144, 144)
        From 0 to 1.
    flipped : bool tensor (B,)
        Whether left and right are exchanged.
    turned : float32 tensor (B,)
        By how much heads were turned in the picture before that, in radians; clockwise is positive.
    taken : float32 tensor (B, 2, 3)
        Where in the crop each place of the frame comes from: an affine map; edges are at -1 and 1.
    """

    frames: Tensor
    flipped: Tensor
    turned: Tensor
    taken: Tensor

    def points(self, places: Tensor) -> Tensor:
        """Where places (B, P, 2) of the crops are in the frames."""
        linear, shift = self.taken[:, :, :2], self.taken[:, :, 2]
        moved: Tensor = torch.linalg.solve(linear, (places - shift[:, None]).mT).mT
        return moved


def augment(crops: NDArray[np.uint8]) -> Tensor:
    """Standardized Big frames (B, 3, 144, 144) of crops, each moved, turned, lit and coloured anew."""
    return standardized(relit(moved(crops).frames))


def moved(crops: NDArray[np.uint8], *, stretch: float = 0.0) -> Moved:
    """Crops at another size, place and angle, some of them mirrored; sides differ by up to a share `stretch`."""
    n = len(crops)
    image = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    scale = SIZE / image.shape[-1] * torch.empty(n).uniform_(0.85, 1.19)
    angle = torch.empty(n).uniform_(-0.2, 0.2)
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    shift = torch.empty(n, 2).uniform_(-0.07, 0.07)
    wide = torch.exp(torch.empty(n).uniform_(-stretch, stretch)) if stretch else torch.ones(n)
    rows = [
        torch.stack([scale * wide * angle.cos() * flip, -scale * angle.sin(), shift[:, 0]], 1),
        torch.stack([scale * wide * angle.sin() * flip, scale * angle.cos(), shift[:, 1]], 1),
    ]
    taken = torch.stack(rows, 1)
    grid = affine_grid(taken, [n, 3, SIZE, SIZE], align_corners=False)
    frames = _surrounded(grid_sample(image, grid, padding_mode="border", align_corners=False))
    return Moved(frames, flip < 0, -angle, taken)


def relit(image: Tensor) -> Tensor:
    """Frames (B, 3, 144, 144) in another light, through another camera."""
    n = len(image)
    # Most crops are grey: make others so at times, and give each a colour of light and skin, from pale to dark.
    grey = torch.rand(n) < 0.5
    image[grey] = image[grey].mean(1, keepdim=True).expand(-1, 3, -1, -1)
    tint = torch.empty(n, 3, 1, 1).uniform_(0.0, 1.0) * torch.tensor([0.25, 0.25, 0.45]).view(1, 3, 1, 1)
    image = image * (torch.tensor([1.1, 0.95, 0.95]).view(1, 3, 1, 1) - tint)
    # A soft gradient of light, then gamma and exposure.
    ramp = torch.linspace(-1, 1, SIZE)
    slope = torch.empty(n, 2, 1, 1).uniform_(-0.35, 0.35)
    image = image * (1 + slope[:, :1] * ramp.view(1, 1, 1, -1) + slope[:, 1:] * ramp.view(1, 1, -1, 1))
    image = image.clamp_min(1e-3) ** torch.empty(n, 1, 1, 1).uniform_(0.7, 1.4)
    # Cameras differ in sharpness and noise, and some faces are small.
    soft = torch.rand(n) < 0.3
    image[soft] = avg_pool2d(image[soft], 3, stride=1, padding=1, count_include_pad=False)
    small = torch.rand(n) < 0.25
    seen = int(torch.randint(48, 110, ()))
    image[small] = interpolate(interpolate(image[small], size=seen, mode="area"), size=SIZE, mode="bilinear")
    return image + torch.randn_like(image) * torch.empty(n, 1, 1, 1).uniform_(0.0, 0.03)


def bearded(image: Tensor) -> Tensor:
    """Frames in which a quarter of the faces have a darker, rougher lower half, as under stubble or a beard."""
    n = len(image)
    chosen = torch.rand(n) < 0.25
    count = int(chosen.sum())
    if not count:
        return image
    axis = torch.linspace(-1, 1, SIZE)
    across, down = axis.view(1, 1, 1, -1), axis.view(1, 1, -1, 1)
    low = torch.empty(count, 1, 1, 1).uniform_(0.1, 0.4)
    jaw = torch.sigmoid(14 * (down - low - 0.5 * (across.abs() - 0.45).clamp(-0.25, 0.0)))
    inside = torch.sigmoid(14 * (0.95 - torch.hypot(across / 0.8, down / 1.05)))
    # Lips stay free of it.
    lips = torch.sigmoid(18 * (1.0 - torch.hypot(across / 0.36, (down - 0.47) / 0.15)))
    hair = interpolate(torch.rand(count, 1, SIZE // 2, SIZE // 2), size=SIZE, mode="bilinear")
    amount = torch.empty(count, 1, 1, 1).uniform_(0.15, 0.8) * jaw * inside * (1 - 0.85 * lips) * (0.5 + hair)
    image[chosen] = image[chosen] * (1 - amount.clamp(0, 0.9))
    return image


def hidden(image: Tensor) -> Tensor:
    """Frames of which one in eight is partly behind something: a hand, hair, a microphone."""
    n = len(image)
    axis = torch.linspace(-1, 1, SIZE)
    across, down = axis.view(1, 1, 1, -1), axis.view(1, 1, -1, 1)
    place = torch.empty(n, 2, 1, 1, 1).uniform_(-1.0, 1.0)
    size = torch.empty(n, 2, 1, 1, 1).uniform_(0.15, 0.5)
    distance = torch.hypot((across - place[:, 0]) / size[:, 0], (down - place[:, 1]) / size[:, 1])
    over = torch.sigmoid(12 * (1 - distance)) * (torch.rand(n, 1, 1, 1) < 0.125)
    return image * (1 - over) + over * torch.rand(n, 3, 1, 1)


def _surrounded(image: Tensor) -> Tensor:
    """Replace what lies around every second face: in many stills the picture ends there, and streaks go on."""
    n = len(image)
    axis = torch.linspace(-1, 1, SIZE)
    distance = torch.hypot(axis[None] / 0.86, axis[:, None] / 1.06)
    inside = torch.sigmoid(14 * (1 - distance)).expand(n, 1, -1, -1).clone()
    inside[torch.rand(n) < 0.5] = 1.0
    other = interpolate(torch.rand(n, 3, 4, 4), size=SIZE, mode="bilinear") * torch.rand(n, 1, 1, 1)
    return inside * image + (1 - inside) * other


def standardized(image: Tensor) -> Tensor:
    """Standardize each image (B, 3, H, W) over all its pixels and channels."""
    mean = image.mean((1, 2, 3), keepdim=True)
    return (image - mean) / image.std((1, 2, 3), keepdim=True).clamp_min(1e-6)


def plain(crops: NDArray[np.uint8]) -> Tensor:
    """Standardized middle of crops, as at inference."""
    margin = (crops.shape[1] - SIZE) // 2
    middle = crops[:, margin : margin + SIZE, margin : margin + SIZE]
    return standardized(torch.from_numpy(middle).permute(0, 3, 1, 2).float() / 255)
