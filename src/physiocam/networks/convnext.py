"""A lighter Big branch of ConvNeXt blocks."""

from torch import Tensor, nn
from torch.nn.functional import gelu

from physiocam.networks.branch import Branch
from physiocam.networks.config import (
    CONVNEXT_BLOCKS,
    CONVNEXT_KERNEL,
    CONVNEXT_STRIDES,
    CONVNEXT_WIDENING,
    BigSmallConfig,
)


class ConvNextBranch(Branch):
    """Three stages of two blocks; frames (F, C, H, W) become maps (F, 64, H // 16, W // 16) by default.

    A stage begins with a convolution without overlap, over 4 x 4 pixels in the first stage and 2 x 2 in the others. It
    takes the place of the paper's six convolutions and three poolings, with an eighth of their multiplications: most of
    those are made at full resolution, which it never has. Nothing depends on the other frames of a batch.

    Parameters
    ----------
    config : BigSmallConfig

    References
    ----------
    Liu et al., "A ConvNet for the 2020s", CVPR 2022, arXiv 2201.03545: the block, without its layer scale and
    stochastic depth. Dropout is where the paper's Big branch has it, after each reduction of the map.
    """

    def __init__(self, config: BigSmallConfig) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            _Stage(inputs, outputs, stride)
            for (inputs, outputs), stride in zip(config.big_layers, CONVNEXT_STRIDES, strict=True)
        )
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)

    def early(self, x: Tensor) -> Tensor:
        """As in `Branch`; to (F, 32, H // 4, W // 4) by default."""
        features: Tensor = self.dropout1(self.stages[0](x))
        return features

    def late(self, x: Tensor) -> Tensor:
        """As in `Branch`."""
        features: Tensor = self.dropout2(self.stages[2](self.dropout2(self.stages[1](x))))
        return features


class _Stage(nn.Module):
    """Reduces the map, then looks around in it."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs, outputs, kernel_size=stride, stride=stride)
        self.blocks = nn.Sequential(*(_Block(outputs) for _ in range(CONVNEXT_BLOCKS)))

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.blocks(self.enter(x))
        return features


class _Block(nn.Module):
    """A wide convolution of each channel, then two of each place; the result is added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.around = nn.Conv2d(width, width, CONVNEXT_KERNEL, padding=CONVNEXT_KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Conv2d(width, CONVNEXT_WIDENING * width, kernel_size=1)
        self.narrow = nn.Conv2d(CONVNEXT_WIDENING * width, width, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        channels_last = self.around(x).permute(0, 2, 3, 1)
        added: Tensor = self.narrow(gelu(self.widen(self.norm(channels_last).permute(0, 3, 1, 2))))
        return x + added
