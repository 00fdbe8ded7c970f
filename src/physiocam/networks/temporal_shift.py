"""Temporal shift: frames of a clip exchange some of their channels, without arithmetic."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

# Two thirds of the channels move, one third each way (paper section 3.5).
FOLD_DIV = 3


class TemporalShift(nn.Module):
    """Shift channel groups along time inside each clip.

    The first third of the channels comes from the next frame, the second from the previous one, the rest stays. At the
    ends of the clip, "wrap" uses the frame at the other end (the paper's WTSM, each direction wrapped by itself),
    "zero" fills with zeros (TSM), and "none" moves nothing.

    A clip is treated as N * C planes, which one gather reorders: every number is read and written once, in ONNX as
    well; "zero" copies the clip once more, to append zeros.

    Parameters
    ----------
    clip_length : int
        N.
    channels : int
        C; a remainder of its division by three stays.
    mode : "wrap", "zero" or "none"
    """

    order: Tensor

    def __init__(self, clip_length: int, channels: int, mode: Literal["wrap", "zero", "none"]) -> None:
        super().__init__()
        self.clip_length, self.channels, self.mode = clip_length, channels, mode
        fold = channels // FOLD_DIV
        planes = torch.arange(clip_length * channels).view(clip_length, channels)
        pulled, pushed, kept = planes[:, :fold], planes[:, fold : 2 * fold], planes[:, 2 * fold :]
        order = torch.cat([pulled.roll(-1, 0), pushed.roll(1, 0), kept], dim=1)
        if mode == "zero":
            # A plane of zeros is appended to the clip's own planes.
            order[-1, :fold] = order[0, fold : 2 * fold] = planes.numel()
        # It follows from the settings, so it is not in the state dict.
        self.register_buffer("order", order.flatten(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Shift frames (B * N, C, H, W); the same shape comes back, and `x` itself for "none"."""
        if self.mode == "none":
            return x
        planes = x.reshape(-1, self.clip_length * self.channels, *x.shape[2:])
        if self.mode == "zero":
            planes = pad(planes, (0, 0, 0, 0, 0, 1))
        return planes.index_select(1, self.order).view(x.shape)

    def extra_repr(self) -> str:
        """Show the settings in the module's repr."""
        return f"clip_length={self.clip_length}, channels={self.channels}, mode={self.mode!r}"
