"""BigSmall: one network for spatial and temporal signals (arXiv 2303.11573, section 3)."""

from torch import Tensor, nn
from torch.nn.functional import relu

from physiocam.networks.config import (
    BIG_CHANNELS,
    FEATURE_CHANNELS,
    HIDDEN,
    SMALL_CHANNELS,
    BigSmallConfig,
    Task,
)
from physiocam.networks.temporal_shift import TemporalShift


class BigSmall(nn.Module):
    """The joint network, or one of its branches alone.

    A Big branch sees few sharp frames, a Small branch sees all differences at very low resolution; their maps are
    summed, each Big map once for every Small frame of its stride, and every task has a head of its own.

    Parameters
    ----------
    config : BigSmallConfig

    References
    ----------
    Narayanswamy et al., "BigSmall: Efficient Multi-Task Learning for Disparate Spatial and Temporal Physiological
    Measurements", arXiv 2303.11573, sections 3.2 to 3.6. Layer sizes, dropout and the place of the shifts (before
    each convolution, the first included) are those of the released code.
    """

    def __init__(self, config: BigSmallConfig) -> None:
        super().__init__()
        self.config = config
        if config.uses_big:
            self.big = BigBranch()
        if config.uses_small:
            self.small = SmallBranch(config)
        features = FEATURE_CHANNELS * config.map_size**2
        self.heads = nn.ModuleDict({task.name: Head(features, task) for task in config.tasks})

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> dict[str, Tensor]:
        """Predict every task for every frame.

        Parameters
        ----------
        big : float32 Tensor of shape (B, K, 3, big_size, big_size), optional
            Standardized frames; not used by the Small branch alone.
        small : float32 Tensor of shape (B, N, 3, small_size, small_size), optional
            Normalized differences; not used by the Big branch alone.

        Returns
        -------
        dict of str to Tensor
            Task name to (B, N, C); binary tasks as logits.
        """
        maps = self.maps(big, small).flatten(1)
        return {name: head(maps).unflatten(0, (-1, self.config.clip_length)) for name, head in self.heads.items()}

    def maps(self, big: Tensor | None = None, small: Tensor | None = None) -> Tensor:
        """Fused feature maps, (B * N, 64, map_size, map_size); inputs as in `forward`."""
        fused: Tensor | None = None
        if self.config.uses_big:
            if big is None:
                raise ValueError("big is None; this network takes Big frames (B, K, 3, big_size, big_size)")
            fused = self.big(big.flatten(0, 1)).repeat_interleave(self.config.big_stride, dim=0)
        if self.config.uses_small:
            if small is None:
                raise ValueError("small is None; this network takes Small frames (B, N, 3, small_size, small_size)")
            temporal: Tensor = self.small(small.flatten(0, 1))
            fused = temporal if fused is None else fused + temporal
        assert fused is not None
        return fused


class BigBranch(nn.Module):
    """Six convolutions and three poolings; (F, 3, S, S) to (F, 64, S // 16, S // 16)."""

    def __init__(self) -> None:
        super().__init__()
        channels = iter(BIG_CHANNELS)
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

    def forward(self, x: Tensor) -> Tensor:
        """Map frames to features."""
        x = relu(self.conv2(relu(self.conv1(x))))
        x = self.dropout1(self.pool2(x))
        x = relu(self.conv4(relu(self.conv3(x))))
        x = self.dropout2(self.pool2(x))
        x = relu(self.conv6(relu(self.conv5(x))))
        features: Tensor = self.dropout2(self.pool4(x))
        return features


class SmallBranch(nn.Module):
    """Four convolutions, each after a temporal shift; (B * N, 3, s, s) to (B * N, 64, s, s)."""

    def __init__(self, config: BigSmallConfig) -> None:
        super().__init__()
        self.shift = TemporalShift(config.clip_length, config.shift)
        channels = iter(SMALL_CHANNELS)
        self.conv1 = _convolution(*next(channels))
        self.conv2 = _convolution(*next(channels))
        self.conv3 = _convolution(*next(channels))
        self.conv4 = _convolution(*next(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map difference frames to features."""
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = relu(convolution(self.shift(x)))
        return x


class Head(nn.Module):
    """Two linear layers from flattened maps (C-major) to a task's outputs."""

    def __init__(self, features: int, task: Task) -> None:
        super().__init__()
        self.fc1 = nn.Linear(features, HIDDEN)
        self.fc2 = nn.Linear(HIDDEN, task.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (F, features) to outputs (F, C)."""
        outputs: Tensor = self.fc2(relu(self.fc1(x)))
        return outputs


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
