"""BigSmall: one network for spatial and temporal signals (arXiv 2303.11573, section 3)."""

from typing import cast

import torch
from torch import Tensor, nn, relu_
from torch.nn.functional import avg_pool2d, interpolate, relu

from physiocam.networks.branch import Branch
from physiocam.networks.config import BIG_POOLING, CONVNEXT_STRIDES, HIDDEN, BigSmallConfig, Task
from physiocam.networks.convnext import ConvNextBranch
from physiocam.networks.network import Network, given
from physiocam.networks.temporal_shift import TemporalShift

# By which the Big branch's input is smaller where lateral connections begin and end.
_EARLY_POOLING = {"plain": 2, "convnext": CONVNEXT_STRIDES[0]}


class BigSmall(Network):
    """The joint network, or a single branch.

    A Big branch sees few sharp frames, a Small branch sees all differences at very low resolution; their maps are
    fused, each Big map with every Small map of its stride, and every task has its own head. Lateral connections, if
    configured, pass the features after the second convolution to the other branch.

    Parameters
    ----------
    config : BigSmallConfig

    References
    ----------
    Narayanswamy et al., "BigSmall: Efficient Multi-Task Learning for Disparate Spatial and Temporal Physiological
    Measurements", arXiv 2303.11573, sections 3.2 to 3.6, Tables 1, 6 and 7. Layer sizes, dropout, the place of the
    shifts (before each convolution, the first included) and of the lateral connections are those of the released code.
    """

    def __init__(self, config: BigSmallConfig) -> None:
        super().__init__()
        self.config: BigSmallConfig = config
        if config.uses_big:
            self.big = ConvNextBranch(config) if config.backbone == "convnext" else BigBranch(config)
        if config.uses_small:
            self.small = SmallBranch(config)
        self.heads = nn.ModuleDict({task.name: Head(config.map_features, task, config.hidden) for task in config.tasks})

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> dict[str, Tensor]:
        """Predict every task for every frame; see `Network.forward`."""
        maps = self.maps(big, small).flatten(1)
        return {name: head(maps).unflatten(0, (-1, self.config.clip_length)) for name, head in self.heads.items()}

    def forward_phases(self, big: Tensor, small: Tensor) -> dict[str, Tensor]:
        """Predict for several runs of Small frames that share a clip's Big frames, whose maps are computed once.

        Parameters
        ----------
        big : float32 Tensor of shape (B, K, input_channels, *big_shape)
        small : float32 Tensor of shape (B, P, N, input_channels, *small_shape)
            P runs of N frames per clip, its phases; see `physiocam.measuring.clip_phases`.

        Returns
        -------
        dict of str to Tensor
            Task name to (B, P, N, C), equal to P calls of `forward` with the same Big frames.
        """
        clips, phases = small.shape[:2]
        sharp, temporal = self.big(self._big_frames(big)), self.small(small.flatten(0, 2))
        # (B, P, K, M, ...): a Big map belongs to the M Small maps of its stride, in every phase.
        sharp = sharp.reshape(clips, 1, self.config.big_frames, 1, *sharp.shape[1:])
        temporal = temporal.reshape(clips, phases, self.config.big_frames, self.config.big_stride, *temporal.shape[1:])
        if self.config.fusion == "concat":
            fused = torch.cat([sharp.expand(*temporal.shape[:4], *sharp.shape[4:]), temporal], dim=4)
        else:
            fused = temporal + sharp
        maps = fused.flatten(0, 3).flatten(1)
        return {
            name: head(maps).reshape(clips, phases, self.config.clip_length, -1) for name, head in self.heads.items()
        }

    def maps(self, big: Tensor | None = None, small: Tensor | None = None) -> Tensor:
        """Fused feature maps, (B * N, map_channels, *map_shape); inputs as in `forward`."""
        if not self.config.uses_big:
            return cast(Tensor, self.small(given(small, "small").flatten(0, 1)))
        early_big = self.big.early(self._big_frames(given(big, "big")))
        if not self.config.uses_small:
            return self._for_each_frame(self.big.late(early_big))
        early_small = self.small.early(given(small, "small").flatten(0, 1))
        # Both connections carry the features from before either is added.
        into_big, into_small = early_big, early_small
        if self.config.lateral in ("small_to_big", "both"):
            into_big = torch.cat([self._small_to_big(early_small, early_big.shape[-2:]), early_big], dim=1)
        if self.config.lateral in ("big_to_small", "both"):
            into_small = torch.cat([self._big_to_small(early_big), early_small], dim=1)
        sharp, temporal = self.big.late(into_big), self.small.late(into_small)
        if self.config.fusion == "concat":
            return torch.cat([self._for_each_frame(sharp), temporal], dim=1)
        # Added by broadcasting over each stride, without copies in memory.
        return (self._strides(temporal) + sharp.unsqueeze(1)).flatten(0, 1)

    def _big_frames(self, big: Tensor) -> Tensor:
        """Big frames of all clips, (B * K, big_channels, *big_shape)."""
        frames = big.flatten(0, 1)
        grey = self.config.big_channels == 1 < self.config.input_channels
        return frames.mean(dim=1, keepdim=True) if grey else frames

    def _strides(self, maps: Tensor) -> Tensor:
        """View frames (B * N, ...) by strides, (B * K, M, ...)."""
        return maps.reshape(-1, self.config.big_stride, *maps.shape[1:])

    def _for_each_frame(self, maps: Tensor) -> Tensor:
        """Repeat Big maps along time, once for every Small frame of their stride."""
        return maps.repeat_interleave(self.config.big_stride, dim=0)

    def _small_to_big(self, maps: Tensor, size: torch.Size) -> Tensor:
        """Average Small features over each stride and enlarge them to the Big features' size."""
        averaged = self._strides(maps).mean(dim=1).contiguous(memory_format=torch.channels_last)
        return interpolate(averaged, size=list(size), mode="nearest")

    def _big_to_small(self, maps: Tensor) -> Tensor:
        """Average Big features down to the Small features' size, for each frame of the stride."""
        return self._for_each_frame(avg_pool2d(maps, BIG_POOLING // _EARLY_POOLING[self.config.backbone]))


class BigBranch(Branch):
    """Six convolutions and three poolings; frames (F, C, H, W) become maps (F, 64, H // 16, W // 16) by default."""

    def __init__(self, config: BigSmallConfig) -> None:
        super().__init__()
        channels = iter(config.big_layers)
        self.conv1 = _convolution(*next(channels))
        self.conv2 = _convolution(*next(channels))
        self.conv3 = _convolution(*next(channels))
        self.conv4 = _convolution(*next(channels))
        self.conv5 = _convolution(*next(channels))
        self.conv6 = _convolution(*next(channels))
        self.pool2 = nn.AvgPool2d(2)
        self.pool4 = nn.AvgPool2d(4)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)

    def early(self, x: Tensor) -> Tensor:
        """As in `Branch`; to (F, 32, H // 2, W // 2) by default."""
        # Convolutions of maps this large are faster, also in training, if a pixel's channels are contiguous.
        x = relu_(self.conv1(x.contiguous(memory_format=torch.channels_last)))
        # Grey frames have only one channel, which does not determine the memory format.
        x = relu_(self.conv2(x.contiguous(memory_format=torch.channels_last)))
        features: Tensor = self.dropout1(self.pool2(x))
        return features

    def late(self, x: Tensor) -> Tensor:
        """As in `Branch`."""
        x = relu_(self.conv4(relu_(self.conv3(x))))
        x = self.dropout2(self.pool2(x))
        x = relu_(self.conv6(relu_(self.conv5(x))))
        features: Tensor = self.dropout2(self.pool4(x))
        return features


class SmallBranch(Branch):
    """Four convolutions, each after a temporal shift; (B * N, C, h, w) to (B * N, 64, h, w) by default."""

    def __init__(self, config: BigSmallConfig) -> None:
        super().__init__()
        self.shift1, self.shift2, self.shift3, self.shift4 = (
            TemporalShift(config.clip_length, inputs, config.shift) for inputs, _ in config.small_layers
        )
        channels = iter(config.small_layers)
        self.conv1 = _convolution(*next(channels))
        self.conv2 = _convolution(*next(channels))
        self.conv3 = _convolution(*next(channels))
        self.conv4 = _convolution(*next(channels))

    def early(self, x: Tensor) -> Tensor:
        """As in `Branch`; to (B * N, 32, h, w) by default."""
        x = relu_(self.conv1(self.shift1(x)))
        return relu_(self.conv2(self.shift2(x)))

    def late(self, x: Tensor) -> Tensor:
        """As in `Branch`."""
        x = relu_(self.conv3(self.shift3(x)))
        return relu_(self.conv4(self.shift4(x)))


class Head(nn.Module):
    """Two linear layers from flattened maps (C-major) to a task's outputs."""

    def __init__(self, features: int, task: Task, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.fc1 = nn.Linear(features, hidden)
        self.fc2 = nn.Linear(hidden, task.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (F, features) to outputs (F, C)."""
        outputs: Tensor = self.fc2(relu(self.fc1(x)))
        return outputs


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
