"""Configuration of a network; needs no PyTorch."""

from abc import abstractmethod
from collections.abc import Sequence
from math import prod
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from physiocam.foundation.frame_sizes import SizeField, frame_size, height_width, size_text
from physiocam.foundation.later_fields import LaterFields
from physiocam.networks.tasks import AU, EXPRESSION, HEAD_POSE, INTENSITY, PULSE, RESPIRATION, Task

__all__ = [
    "AU", "BIG_POOLING", "EXPRESSION", "HEAD_POSE", "HIDDEN", "INTENSITY", "LONGEST", "PULSE", "RESPIRATION",
    "BigSmallConfig", "NetworkConfig", "Task", "with_biases",
]  # fmt: skip

# The Big branch pools by 2, 2 and 4, so its map is this many times smaller than its input.
BIG_POOLING = 16

# Largest plausible number of frames in a clip.
LONGEST = 10_000
# Largest number of values in a clip's inputs.
_MOST_NUMBERS = 50_000_000

# Output channels of each branch's convolutions, and the width of the heads' hidden layer (the released code).
_BIG_WIDTHS = (32, 32, 32, 64, 64, 64)
_SMALL_WIDTHS = (32, 32, 32, 64)
HIDDEN = 128

# The other backbone of the Big branch: channels and steps of its stages, blocks in each, and sizes in a block.
_CONVNEXT_WIDTHS = (32, 64, 64)
CONVNEXT_STRIDES = (4, 2, 2)
CONVNEXT_BLOCKS = 2
CONVNEXT_KERNEL = 7
CONVNEXT_WIDENING = 4

_Width = Annotated[int, Field(ge=1, le=1024)]


class NetworkConfig(LaterFields):
    """Common configuration of all networks: inputs, tasks and tensors.

    Attributes
    ----------
    architecture : str
        Name of the network's class in the registry.
    tasks : tuple of Task
        One head each.
    clip_length : int
        N, frames in a clip.
    big_stride : int
        M, one Big frame for every M Small frames; divides N.
    big_size, small_size : int or (int, int)
        Side of the input frames in pixels; height and width if a network takes frames that are not square.
    input_channels : int
        Channels of the input frames: 3 for RGB.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    later = frozenset({"input_channels"})

    architecture: str
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    clip_length: Annotated[int, Field(ge=1, le=LONGEST)] = 3
    big_stride: Annotated[int, Field(ge=1, le=LONGEST)] = 1
    big_size: SizeField = 144
    small_size: SizeField = 9
    input_channels: Annotated[int, Field(ge=1, le=8)] = 3

    @model_validator(mode="after")
    def _tasks_differ(self) -> Self:
        names = [task.name for task in self.tasks]
        if len(set(names)) < len(names):
            raise ValueError(f"tasks are {names}; each name may appear only once")
        return self

    @model_validator(mode="after")
    def _stride_divides(self) -> Self:
        if self.uses_big and self.clip_length % self.big_stride:
            divisors = [m for m in range(1, self.clip_length + 1) if self.clip_length % m == 0]
            raise ValueError(
                f"big_stride is {self.big_stride}; with clip_length {self.clip_length} it must be one of {divisors}"
            )
        return self

    @model_validator(mode="after")
    def _clip_fits(self) -> Self:
        big = self.uses_big * self.big_frames * prod(self.big_shape)
        small = self.uses_small * self.clip_length * prod(self.small_shape)
        numbers = self.input_channels * (big + small)
        if numbers > _MOST_NUMBERS:
            sizes = f"big_size {size_text(self.big_size)}, small_size {size_text(self.small_size)}"
            raise ValueError(
                f"clip_length is {self.clip_length} with {sizes} and big_stride {self.big_stride}: a clip takes "
                f"{numbers * 4e-6:.0f} MB; expected {_MOST_NUMBERS * 4e-6:.0f} MB or less"
            )
        return self

    @property
    def big_shape(self) -> tuple[int, int]:
        """Height and width of Big frames in pixels."""
        return height_width(self.big_size)

    @property
    def small_shape(self) -> tuple[int, int]:
        """Height and width of Small frames in pixels."""
        return height_width(self.small_size)

    @property
    def uses_big(self) -> bool:
        """Whether the network takes Big frames."""
        return True

    @property
    def uses_small(self) -> bool:
        """Whether the network takes Small frames."""
        return True

    @property
    def shares_big(self) -> bool:
        """Whether Big frames' maps do not depend on Small ones, so that they can be computed once for many of these."""
        return False

    @property
    def big_frames(self) -> int:
        """K, Big frames in a clip."""
        return self.clip_length // self.big_stride

    @abstractmethod
    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's tensors, in the order of its state dict."""


class BigSmallConfig(NetworkConfig):
    """Configuration of a `physiocam.networks.bigsmall.BigSmall` network.

    Attributes
    ----------
    tasks, clip_length, input_channels, big_size, small_size
        See `NetworkConfig`. With both branches their maps must have one size: big_size // 16 == small_size, in height
        and in width.
    big_stride : int
        M; by default N.
    branches : "both", "big" or "small"
    shift : "wrap", "zero" or "none"
        Temporal shift before every convolution of the Small branch (paper section 3.5).
    fusion : "sum" or "concat"
        How the maps of both branches are combined (paper Table 6).
    lateral : "none", "big_to_small", "small_to_big" or "both"
        Which branch passes its early features to the other (paper Table 6).
    big_channels : int
        1 uses the mean of the channels before the first convolution (paper Table 7); otherwise, and by default, it is
        `input_channels`.
    backbone : "plain" or "convnext"
        Layers of the Big branch: the paper's six convolutions, or the lighter ones of
        `physiocam.networks.convnext.ConvNextBranch`.
    big_widths, small_widths : tuple of int
        Output channels of the Big branch's six convolutions, or of its three stages with "convnext"; and of the four
        convolutions of the Small branch. If maps are added, the last ones must be equal.
    hidden : int
        Width of the heads' hidden layer.
    """

    later = frozenset({"input_channels", "backbone", "big_widths", "small_widths", "hidden"})

    architecture: Literal["bigsmall"] = "bigsmall"
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = (AU, PULSE, RESPIRATION)
    branches: Literal["both", "big", "small"] = "both"
    shift: Literal["wrap", "zero", "none"] = "wrap"
    fusion: Literal["sum", "concat"] = "sum"
    lateral: Literal["none", "big_to_small", "small_to_big", "both"] = "none"
    big_channels: int = 3
    big_stride: Annotated[int, Field(ge=1, le=LONGEST)] = 3
    backbone: Literal["plain", "convnext"] = "plain"
    big_widths: tuple[_Width, ...] = _BIG_WIDTHS
    small_widths: tuple[_Width, _Width, _Width, _Width] = _SMALL_WIDTHS
    hidden: Annotated[int, Field(ge=1, le=8192)] = HIDDEN

    @model_validator(mode="before")
    @classmethod
    def _by_default(cls, values: Any) -> Any:
        """One Big frame per clip, all channels of it, and the widths of its backbone."""
        if not isinstance(values, dict):
            return values
        others = {"big_stride": "clip_length", "big_channels": "input_channels"}
        usual = {field: values[other] for field, other in others.items() if other in values}
        if values.get("backbone") == "convnext":
            usual["big_widths"] = _CONVNEXT_WIDTHS
        return {**usual, **values}

    @model_validator(mode="after")
    def _widths_fit(self) -> Self:
        usual = _CONVNEXT_WIDTHS if self.backbone == "convnext" else _BIG_WIDTHS
        if len(self.big_widths) != len(usual):
            raise ValueError(
                f"big_widths has {len(self.big_widths)} numbers with backbone '{self.backbone}'; expected "
                f"{len(usual)}, such as {list(usual)}"
            )
        if self.big_channels not in (1, self.input_channels):
            raise ValueError(f"big_channels is {self.big_channels}; expected 1 or {self.input_channels}")
        if self.branches == "both" and self.fusion == "sum" and self.big_widths[-1] != self.small_widths[-1]:
            raise ValueError(
                f"big_widths end with {self.big_widths[-1]} and small_widths with {self.small_widths[-1]}; maps that "
                "are added need one number of channels: make them equal, or take fusion 'concat'"
            )
        return self

    @model_validator(mode="after")
    def _branches_meet(self) -> Self:
        if self.branches != "both" and (self.fusion != "sum" or self.lateral != "none"):
            raise ValueError(
                f"fusion is '{self.fusion}' and lateral is '{self.lateral}' with branches '{self.branches}'; a "
                "branch alone has nothing to fuse with: leave both out, or take branches 'both'"
            )
        if self.uses_big and min(self.big_shape) < BIG_POOLING:
            raise ValueError(f"big_size is {size_text(self.big_size)}; expected {BIG_POOLING} or more along each side")
        if self.branches == "both" and self._big_map != self.small_shape:
            fitting = [BIG_POOLING * side for side in self.small_shape]
            widest = [side + BIG_POOLING - 1 for side in fitting]
            raise ValueError(
                f"big_size {size_text(self.big_size)} gives maps of {_text(self._big_map)} and small_size is "
                f"{size_text(self.small_size)}; take big_size {_text(fitting)} to {_text(widest)}, or small_size "
                f"{_text(self._big_map)}"
            )
        return self

    @property
    def _big_map(self) -> tuple[int, int]:
        height, width = self.big_shape
        return height // BIG_POOLING, width // BIG_POOLING

    @property
    def uses_big(self) -> bool:
        """Whether the network takes Big frames."""
        return self.branches != "small"

    @property
    def uses_small(self) -> bool:
        """Whether the network takes Small frames."""
        return self.branches != "big"

    @property
    def shares_big(self) -> bool:
        """Whether Big frames' maps do not depend on Small ones, so that they can be computed once for many of these."""
        return self.branches == "both" and self.lateral == "none"

    @property
    def map_shape(self) -> tuple[int, int]:
        """Height and width of the fused feature map."""
        return self.small_shape if self.branches == "small" else self._big_map

    @property
    def map_channels(self) -> int:
        """Channels of the fused feature map."""
        if self.branches == "both" and self.fusion == "concat":
            return self.big_widths[-1] + self.small_widths[-1]
        return self.big_widths[-1] if self.branches == "big" else self.small_widths[-1]

    @property
    def map_features(self) -> int:
        """Numbers in the fused feature map, which every head sees."""
        return self.map_channels * prod(self.map_shape)

    @property
    def big_layers(self) -> tuple[tuple[int, int], ...]:
        """Input and output channels of the Big branch's convolutions, or of its stages.

        Small's features enter at the third convolution, or at the second stage.
        """
        received = self.small_widths[1] if self.lateral in ("small_to_big", "both") else 0
        return _layers(self.big_channels, self.big_widths, received, self._early_layers)

    @property
    def _early_layers(self) -> int:
        """Layers or stages of the Big branch before its lateral connections."""
        return 1 if self.backbone == "convnext" else 2

    @property
    def small_layers(self) -> tuple[tuple[int, int], ...]:
        """Input and output channels of the Small branch's convolutions; Big's features enter at the third."""
        received = self.big_widths[self._early_layers - 1] if self.lateral in ("big_to_small", "both") else 0
        return _layers(self.input_channels, self.small_widths, received, 2)

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's tensors, in the order of its state dict."""
        layers: dict[str, tuple[int, ...]] = {}
        if self.uses_big and self.backbone == "convnext":
            layers |= _convnext_shapes(self.big_layers)
        elif self.uses_big:
            for i, (inputs, outputs) in enumerate(self.big_layers, start=1):
                layers[f"big.conv{i}"] = (outputs, inputs, 3, 3)
        if self.uses_small:
            for i, (inputs, outputs) in enumerate(self.small_layers, start=1):
                layers[f"small.conv{i}"] = (outputs, inputs, 3, 3)
        for task in self.tasks:
            layers[f"heads.{task.name}.fc1"] = (self.hidden, self.map_features)
            layers[f"heads.{task.name}.fc2"] = (task.outputs, self.hidden)
        return with_biases(layers)


def with_biases(layers: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Shapes of every layer's weight and bias, given the shape of its weight."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in layers.items():
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = shape[:1]
    return shapes


def _text(sides: Sequence[int]) -> str:
    return size_text(frame_size(sides))


def _layers(inputs: int, outputs: tuple[int, ...], received: int, entry: int) -> tuple[tuple[int, int], ...]:
    """Channels into and out of layers, of which the one at `entry` takes in others too."""
    own = (inputs, *outputs[:-1])
    return tuple((own[i] + (received if i == entry else 0), outputs[i]) for i in range(len(outputs)))


def _convnext_shapes(stages: Sequence[tuple[int, int]]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for stage, ((inputs, width), stride) in enumerate(zip(stages, CONVNEXT_STRIDES, strict=True)):
        shapes[f"big.stages.{stage}.enter"] = (width, inputs, stride, stride)
        for block in range(CONVNEXT_BLOCKS):
            name, wide = f"big.stages.{stage}.blocks.{block}", CONVNEXT_WIDENING * width
            shapes[f"{name}.around"] = (width, 1, CONVNEXT_KERNEL, CONVNEXT_KERNEL)
            shapes[f"{name}.norm"] = (width,)
            shapes[f"{name}.widen"] = (wide, width, 1, 1)
            shapes[f"{name}.narrow"] = (width, wide, 1, 1)
    return shapes
