"""Convolutional attention networks: the common part of DeepPhys and MTTS-CAN."""

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import interpolate

from physiocam.networks.baseline_configs import CAN_CHANNELS, CanConfig
from physiocam.networks.config import HIDDEN, Task
from physiocam.networks.network import Network, given
from physiocam.networks.temporal_shift import TemporalShift


class ConvolutionalAttention(Network):
    """A motion branch over differences, and an appearance branch over frames whose attention gates it twice.

    Parameters
    ----------
    config : CanConfig
    shift : "zero" or "none"
        Temporal shift before every convolution of the motion branch.
    """

    def __init__(self, config: CanConfig, shift: Literal["zero", "none"]) -> None:
        super().__init__()
        self.config: CanConfig = config
        self.motion = _Branch(config, shift)
        self.appearance = _Branch(config, shift="none")
        self.attention1 = nn.Conv2d(CAN_CHANNELS[1], 1, kernel_size=1)
        self.attention2 = nn.Conv2d(CAN_CHANNELS[3], 1, kernel_size=1)
        features = CAN_CHANNELS[3] * config.map_size**2
        self.heads = nn.ModuleDict({task.name: _Head(features, task) for task in config.tasks})
        self.pool = nn.Sequential(nn.AvgPool2d(2), nn.Dropout(0.25)) if config.pooled else nn.Identity()

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> dict[str, Tensor]:
        """Predict every task for every frame; see `Network.forward`."""
        maps = self.maps(big, small).flatten(1)
        return {name: head(maps).unflatten(0, (-1, self.config.clip_length)) for name, head in self.heads.items()}

    def maps(self, big: Tensor | None = None, small: Tensor | None = None) -> Tensor:
        """Gated feature maps, (B * N, 64, map_size, map_size); inputs as in `forward`."""
        frames = given(big, "big").flatten(0, 1)
        differences = given(small, "small").flatten(0, 1)
        size = self.config.small_size
        if self.config.big_size != size:
            # Always in single precision: PyTorch's antialiasing on a CPU supports no other.
            resized = interpolate(frames.float(), size=(size, size), mode="bilinear", antialias=self.config.antialias)
            frames = resized.to(frames.dtype)
        seen = self.appearance.first(frames)
        # The second stage of the appearance branch continues from its own features, not from the gated ones.
        first_mask = attention_mask(self.attention1(seen))
        second_mask = attention_mask(self.attention2(self.appearance.second(self.pool(seen))))
        moved = self.pool(self.motion.first(differences) * first_mask)
        gated: Tensor = self.pool(self.motion.second(moved) * second_mask)
        return gated


def attention_mask(scores: Tensor) -> Tensor:
    """Turn scores (F, 1, H, W) into a mask of the same shape whose mean over the map is one half."""
    mask = scores.sigmoid()
    return 0.5 * mask / mask.mean(dim=(2, 3), keepdim=True)


class _Branch(nn.Module):
    """Four convolutions in two stages, each after a temporal shift and followed by tanh."""

    def __init__(self, config: CanConfig, shift: Literal["zero", "none"]) -> None:
        super().__init__()
        inputs = (3, *CAN_CHANNELS[:-1])
        paddings = (1, 0, 1, 0) if config.pooled else (1, 1, 1, 1)
        self.shift1, self.shift2, self.shift3, self.shift4 = (
            TemporalShift(config.clip_length, channels, shift) for channels in inputs
        )
        self.conv1, self.conv2, self.conv3, self.conv4 = (
            nn.Conv2d(inputs[i], CAN_CHANNELS[i], kernel_size=3, padding=paddings[i]) for i in range(len(inputs))
        )

    def first(self, x: Tensor) -> Tensor:
        x = self.conv1(self.shift1(x)).tanh()
        features: Tensor = self.conv2(self.shift2(x)).tanh()
        return features

    def second(self, x: Tensor) -> Tensor:
        x = self.conv3(self.shift3(x)).tanh()
        features: Tensor = self.conv4(self.shift4(x)).tanh()
        return features


class _Head(nn.Module):
    def __init__(self, features: int, task: Task) -> None:
        super().__init__()
        self.fc1 = nn.Linear(features, HIDDEN)
        self.dropout = nn.Dropout(0.5)
        self.fc2 = nn.Linear(HIDDEN, task.outputs)

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.fc2(self.dropout(self.fc1(x).tanh()))
        return outputs
