"""ExpressionCnn: a light network that reads an expression from single Big frames."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from physiocam.networks.bigsmall import Head
from physiocam.networks.expression_config import AXIS, ExpressionCnnConfig, places_of_sides, whole
from physiocam.networks.face_halves import from_halves
from physiocam.networks.network import Network, given

# What a new block adds, relative to what came in.
_ADDED = 0.3


class ExpressionCnn(Network):
    """A residual convolutional network over Big frames, for tasks that a single picture shows.

    It costs about a quarter of BigSmall's Big branch and has its depth of context: each stage halves the map's side,
    and residual blocks follow. The last map keeps its places, because action units have theirs.

    An output whose label names a side, such as "AU12_L", is what the network finds for AU12 in a face that is made of
    this half and its mirror image (`face_halves`), whose axis a linear layer finds. It takes over three times as long.

    Parameters
    ----------
    config : ExpressionCnnConfig

    References
    ----------
    He et al., "Deep Residual Learning for Image Recognition", 2016, for the blocks.

    Examples
    --------
    >>> network = ExpressionCnn(ExpressionCnnConfig(big_size=32))
    >>> network(torch.zeros(1, 1, 3, 32, 32))["au"].shape
    torch.Size([1, 3, 12])
    """

    config: ExpressionCnnConfig

    def __init__(self, config: ExpressionCnnConfig) -> None:
        super().__init__()
        self.config = config
        widths = zip((config.input_channels, *config.channels), config.channels, config.blocks, strict=False)
        self.stages = nn.Sequential(*(_stage(inputs, outputs, blocks) for inputs, outputs, blocks in widths))
        self.summary = nn.Conv2d(config.channels[-1], config.summary_channels, 1)
        features = config.summary_channels * config.map_size**2
        self.heads = nn.ModuleDict({task.name: Head(features, whole(task)) for task in config.tasks})
        self._sides = {task.name: places_of_sides(task) for task in config.sided_tasks}
        if self._sides:
            self.axis = nn.Linear(features, AXIS)
            nn.init.zeros_(self.axis.weight)
            nn.init.zeros_(self.axis.bias)

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> dict[str, Tensor]:  # noqa: ARG002
        """See `Network`; `small` is ignored."""
        frames = given(big, "big").flatten(0, 1)
        seen = self.features(frames)
        outputs = {name: head(seen) for name, head in self.heads.items()}
        if self._sides:
            left, right = from_halves(frames, self.axis(seen))
            halves = self.features(left), self.features(right)
            for task, places in self._sides.items():
                known = torch.cat([outputs[task], *(self.heads[task](half) for half in halves)], dim=1)
                outputs[task] = known[:, places]
        return {name: self._of_each_frame(output) for name, output in outputs.items()}

    def _of_each_frame(self, outputs: Tensor) -> Tensor:
        """Outputs (F, C) of Big frames as those of all frames of their clips, (B, N, C)."""
        each_frame = outputs.repeat_interleave(self.config.big_stride, dim=0)
        return each_frame.reshape(-1, self.config.clip_length, *outputs.shape[1:])

    def features(self, frames: Tensor) -> Tensor:
        """What the heads see of frames (F, C, S, S): (F, summary_channels * map_size ** 2)."""
        maps = self.stages(frames.contiguous(memory_format=torch.channels_last))
        return relu(self.summary(maps)).flatten(1)


def _stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    """Half the side, then residual blocks."""
    enter = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
    nn.init.kaiming_normal_(enter.weight, nonlinearity="relu")
    return nn.Sequential(
        OrderedDict(enter=enter, act=nn.ReLU(), blocks=nn.Sequential(*(_Block(outputs) for _ in range(blocks))))
    )


class _Block(nn.Module):
    """Two convolutions, added to what came in; new ones add little, so that no normalization is needed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.kaiming_normal_(self.first.weight, nonlinearity="relu")
        nn.init.normal_(self.second.weight, std=_ADDED / (3 * channels**0.5))

    def forward(self, x: Tensor) -> Tensor:
        return relu(x + self.second(relu(self.first(x))))
