"""SmallTcn: Small frames over seconds, for waveforms that show in their rhythm."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad

from physiocam.networks.network import Network, given
from physiocam.networks.small_tcn_config import SmallTcnConfig

# Cells that are averaged to regions: thirds of the frame's sides.
_REGIONS = 3


class SmallTcn(Network):
    """A temporal convolutional network over Small frames.

    Each frame is summarized on its own: two convolutions, a few maps that say where to look, and the plain mean colours
    of nine regions. Residual convolutions along time, each wider than the one before, then find the waveform.

    Parameters
    ----------
    config : SmallTcnConfig

    References
    ----------
    Bai, Kolter and Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
    Modeling", 2018, for residual convolutions along time with growing dilations.

    Examples
    --------
    >>> network = SmallTcn(SmallTcnConfig(clip_length=32))
    >>> network(small=torch.zeros(1, 32, 3, 9, 9))["pulse"].shape
    torch.Size([1, 32, 1])
    """

    config: SmallTcnConfig

    def __init__(self, config: SmallTcnConfig) -> None:
        super().__init__()
        self.config = config
        cells = config.encoder_channels
        self.conv1 = nn.Conv2d(config.input_channels, cells, 3)
        self.conv2 = nn.Conv2d(cells, cells, 3)
        self.attention = nn.Conv2d(cells, config.attention_maps, 1, bias=False)
        seen = config.attention_maps * cells + config.input_channels * _REGIONS**2
        self.join = nn.Conv1d(seen, config.channels, 1)
        self.layers = nn.ModuleList(_Layer(config.channels, config.kernel, dilation) for dilation in config.dilations)
        self.heads = nn.ModuleDict({task.name: nn.Conv1d(config.channels, task.outputs, 1) for task in config.tasks})

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> dict[str, Tensor]:  # noqa: ARG002
        """See `Network`; `big` is ignored."""
        small = given(small, "small")
        clips, frames = small.shape[:2]
        # Bursts of motion are hundreds of times as large as a pulse.
        x = torch.asinh(3.0 * small.flatten(0, 1)) / 3.0
        maps = gelu(self.conv2(gelu(self.conv1(x))))
        look = torch.softmax(self.attention(maps).flatten(2), dim=2)
        seen = torch.matmul(look, maps.flatten(2).transpose(1, 2)).flatten(1)
        joined = torch.cat([seen, self._regions(x)], dim=1)
        along = self.join(joined.reshape(clips, frames, joined.shape[1]).transpose(1, 2))
        for layer in self.layers:
            along = layer(along)
        return {task.name: self.heads[task.name](along).transpose(1, 2) for task in self.config.tasks}

    def _regions(self, x: Tensor) -> Tensor:
        """Mean colours of nine regions of frames (F, C, S, S): (F, 9 * C)."""
        side = int(x.shape[-1])
        edges = [round(part * side / _REGIONS) for part in range(_REGIONS + 1)]
        parts = [
            x[:, :, top:bottom, left:right].mean(dim=(2, 3))
            for top, bottom in pairwise(edges)
            for left, right in pairwise(edges)
        ]
        return torch.cat(parts, dim=1)


class _Layer(nn.Module):
    """A residual convolution along time."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self._reach = dilation * (kernel // 2)
        self.wide = nn.Conv1d(channels, channels, kernel, dilation=dilation)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, along: Tensor) -> Tensor:
        wide = gelu(self.wide(pad(along, (self._reach, self._reach))))
        mixed: Tensor = self.mix(wide)
        return along + mixed
