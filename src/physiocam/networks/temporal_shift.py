"""Temporal shift: frames of a clip trade some of their channels, at no cost in arithmetic."""

from typing import Literal

import torch
from torch import Tensor, nn

# Two thirds of the channels move, one third each way (paper section 3.5).
FOLD_DIV = 3


def temporal_shift(x: Tensor, mode: Literal["wrap", "zero", "none"]) -> Tensor:
    """Shift channel groups along time inside each clip.

    The first third of the channels is pulled from the next frame, the second from the previous one, the rest stays.
    At the ends of the clip, "wrap" takes the frame at the other end (the paper's WTSM, each direction wrapped by
    itself), "zero" fills with zeros (TSM).

    Parameters
    ----------
    x : Tensor of shape (B, N, C, H, W)
    mode : "wrap", "zero" or "none"

    Returns
    -------
    Tensor of shape (B, N, C, H, W)
        `x` itself for "none".
    """
    if mode == "none":
        return x
    fold = x.shape[2] // FOLD_DIV
    pulled, pushed, kept = x[:, :, :fold], x[:, :, fold : 2 * fold], x[:, :, 2 * fold :]
    if mode == "wrap":
        first, last = pulled[:, :1], pushed[:, -1:]
    else:
        first, last = torch.zeros_like(pulled[:, :1]), torch.zeros_like(pushed[:, -1:])
    from_next = torch.cat([pulled[:, 1:], first], dim=1)
    from_previous = torch.cat([last, pushed[:, :-1]], dim=1)
    return torch.cat([from_next, from_previous, kept], dim=2)


class TemporalShift(nn.Module):
    """`temporal_shift` as a module over frames flattened to (B * N, C, H, W).

    Parameters
    ----------
    clip_length : int
        N.
    mode : "wrap", "zero" or "none"
    """

    def __init__(self, clip_length: int, mode: Literal["wrap", "zero", "none"]) -> None:
        super().__init__()
        self.clip_length = clip_length
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Shift frames (B * N, C, H, W); the same shape comes back."""
        clips = x.reshape(-1, self.clip_length, *x.shape[1:])
        return temporal_shift(clips, self.mode).flatten(0, 1)

    def extra_repr(self) -> str:
        """Show the settings in the module's repr."""
        return f"clip_length={self.clip_length}, mode={self.mode!r}"
