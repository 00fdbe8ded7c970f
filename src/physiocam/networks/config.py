"""Configuration of a network; needs no PyTorch."""

from abc import abstractmethod
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from physiocam.networks.action_units import AU_LABELS, EXPRESSION_UNITS, SIDED_UNITS, SIDES

# The Big branch pools by 2, 2 and 4, so its map is this many times smaller than its input.
BIG_POOLING = 16

# Largest plausible number of frames in a clip, and of pixels along a side.
_LONGEST = 10_000
_LARGEST = 4096
# Largest number of values in a clip's inputs.
_MOST_NUMBERS = 50_000_000

# Output channels of each branch's convolutions, and the width of the heads' hidden layer (the released code).
BIG_CHANNELS = (32, 32, 32, 64, 64, 64)
SMALL_CHANNELS = (32, 32, 32, 64)
HIDDEN = 128


class Task(BaseModel):
    """The outputs of one head.

    Attributes
    ----------
    name : str
        Such as "au", "pulse" or "respiration".
    kind : "binary", "waveform" or "level"
        Binary outputs are logits. A waveform's are differences to the next frame. Levels are numbers as they are, such
        as an intensity or an angle.
    labels : tuple of str
        Names of the head's outputs, one each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: Literal["binary", "waveform", "level"]
    labels: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def outputs(self) -> int:
        """Number of outputs, C."""
        return len(self.labels)

    def begins(self, other: "Task") -> bool:
        """Whether its outputs are the first outputs of another task, or all of them."""
        return self.kind == other.kind and self.labels == other.labels[: len(self.labels)]

    @property
    def is_single_waveform(self) -> bool:
        """Whether it is one waveform, such as the pulse, which can be summed to a signal and have a rate."""
        return self.kind == "waveform" and self.outputs == 1


AU = Task(name="au", kind="binary", labels=AU_LABELS)
# What a network of expressions adds: intensities 0 to 5, and the head's turn in degrees.
EXPRESSION = Task(name="au", kind="binary", labels=EXPRESSION_UNITS)
INTENSITY = Task(
    name="intensity",
    kind="level",
    labels=(*EXPRESSION_UNITS, *(f"{unit}_{side}" for unit in SIDED_UNITS for side in SIDES)),
)
HEAD_POSE = Task(name="head_pose", kind="level", labels=("pitch", "yaw", "roll"))
PULSE = Task(name="pulse", kind="waveform", labels=("pulse",))
RESPIRATION = Task(name="respiration", kind="waveform", labels=("respiration",))


class NetworkConfig(BaseModel):
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
    big_size, small_size : int
        Side of the input frames in pixels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    clip_length: Annotated[int, Field(ge=1, le=_LONGEST)] = 3
    big_stride: Annotated[int, Field(ge=1, le=_LONGEST)] = 1
    big_size: Annotated[int, Field(ge=1, le=_LARGEST)] = 144
    small_size: Annotated[int, Field(ge=1, le=_LARGEST)] = 9

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
        numbers = 3 * (
            self.uses_big * self.big_frames * self.big_size**2 + self.uses_small * self.clip_length * self.small_size**2
        )
        if numbers > _MOST_NUMBERS:
            raise ValueError(
                f"clip_length is {self.clip_length} with big_size {self.big_size}, small_size {self.small_size} and "
                f"big_stride {self.big_stride}: a clip takes {numbers * 4e-6:.0f} MB; expected "
                f"{_MOST_NUMBERS * 4e-6:.0f} MB or less"
            )
        return self

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
    tasks, clip_length, big_size, small_size
        See `NetworkConfig`. With both branches their maps must have one size: big_size // 16 == small_size.
    big_stride : int
        M; by default N.
    branches : "both", "big" or "small"
    shift : "wrap", "zero" or "none"
        Temporal shift before every convolution of the Small branch (paper section 3.5).
    fusion : "sum" or "concat"
        How the maps of both branches are combined (paper Table 6).
    lateral : "none", "big_to_small", "small_to_big" or "both"
        Which branch passes its early features to the other (paper Table 6).
    big_channels : 3 or 1
        1 uses the mean of R, G and B before the first convolution (paper Table 7); the input still has three channels.
    """

    architecture: Literal["bigsmall"] = "bigsmall"
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = (AU, PULSE, RESPIRATION)
    branches: Literal["both", "big", "small"] = "both"
    shift: Literal["wrap", "zero", "none"] = "wrap"
    fusion: Literal["sum", "concat"] = "sum"
    lateral: Literal["none", "big_to_small", "small_to_big", "both"] = "none"
    big_channels: Literal[1, 3] = 3
    big_stride: Annotated[int, Field(ge=1, le=_LONGEST)] = 3
    big_size: Annotated[int, Field(ge=BIG_POOLING, le=_LARGEST)] = 144

    @model_validator(mode="before")
    @classmethod
    def _one_big_frame_a_clip(cls, values: Any) -> Any:
        if isinstance(values, dict) and "clip_length" in values and "big_stride" not in values:
            return {**values, "big_stride": values["clip_length"]}
        return values

    @model_validator(mode="after")
    def _branches_meet(self) -> Self:
        if self.branches != "both":
            if self.fusion != "sum" or self.lateral != "none":
                raise ValueError(
                    f"fusion is '{self.fusion}' and lateral is '{self.lateral}' with branches '{self.branches}'; a "
                    "branch alone has nothing to fuse with: leave both out, or take branches 'both'"
                )
        elif self.big_size // BIG_POOLING != self.small_size:
            fitting = BIG_POOLING * self.small_size
            raise ValueError(
                f"big_size {self.big_size} gives maps of {self.big_size // BIG_POOLING} and small_size is "
                f"{self.small_size}; take big_size {fitting} to {fitting + BIG_POOLING - 1}, or small_size "
                f"{self.big_size // BIG_POOLING}"
            )
        return self

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
    def map_size(self) -> int:
        """Side of the fused feature map."""
        return self.small_size if self.branches == "small" else self.big_size // BIG_POOLING

    @property
    def map_channels(self) -> int:
        """Channels of the fused feature map."""
        both = self.branches == "both" and self.fusion == "concat"
        return BIG_CHANNELS[-1] + SMALL_CHANNELS[-1] if both else SMALL_CHANNELS[-1]

    @property
    def big_layers(self) -> tuple[tuple[int, int], ...]:
        """Input and output channels of the Big branch's convolutions; Small's features enter at the third."""
        received = SMALL_CHANNELS[1] if self.lateral in ("small_to_big", "both") else 0
        return _layers(self.big_channels, BIG_CHANNELS, received)

    @property
    def small_layers(self) -> tuple[tuple[int, int], ...]:
        """Input and output channels of the Small branch's convolutions; Big's features enter at the third."""
        received = BIG_CHANNELS[1] if self.lateral in ("big_to_small", "both") else 0
        return _layers(3, SMALL_CHANNELS, received)

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's tensors, in the order of its state dict."""
        layers: dict[str, tuple[int, ...]] = {}
        if self.uses_big:
            for i, (inputs, outputs) in enumerate(self.big_layers, start=1):
                layers[f"big.conv{i}"] = (outputs, inputs, 3, 3)
        if self.uses_small:
            for i, (inputs, outputs) in enumerate(self.small_layers, start=1):
                layers[f"small.conv{i}"] = (outputs, inputs, 3, 3)
        for task in self.tasks:
            layers[f"heads.{task.name}.fc1"] = (HIDDEN, self.map_channels * self.map_size**2)
            layers[f"heads.{task.name}.fc2"] = (task.outputs, HIDDEN)
        return with_biases(layers)


class SmallTcnConfig(NetworkConfig):
    """Configuration of a `physiocam.networks.small_tcn.SmallTcn` network.

    Attributes
    ----------
    tasks, clip_length, small_size
        See `NetworkConfig`. Clips are long: what a waveform is shows in its rhythm.
    encoder_channels, attention_maps : int
        Of the part that sees single frames.
    channels, kernel : int
        Of the convolutions along time; the kernel is odd.
    dilations : tuple of int
        One convolution along time each.
    """

    architecture: Literal["small_tcn"] = "small_tcn"
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = (PULSE,)
    clip_length: Annotated[int, Field(ge=1, le=_LONGEST)] = 256
    small_size: Annotated[int, Field(ge=6, le=_LARGEST)] = 9
    encoder_channels: Annotated[int, Field(ge=1, le=512)] = 32
    attention_maps: Annotated[int, Field(ge=1, le=64)] = 2
    channels: Annotated[int, Field(ge=1, le=1024)] = 64
    kernel: Annotated[int, Field(ge=1, le=63)] = 5
    dilations: Annotated[tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=1, max_length=32)] = (
        1, 2, 4, 8, 16, 32, 1, 4, 16, 32,
    )  # fmt: skip

    @model_validator(mode="after")
    def _kernel_is_odd(self) -> Self:
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel is {self.kernel}; expected an odd number, so that time is not shifted")
        return self

    @property
    def uses_big(self) -> bool:
        """Whether the network takes Big frames."""
        return False

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's tensors, in the order of its state dict."""
        cells, channels = self.encoder_channels, self.channels
        layers: dict[str, tuple[int, ...]] = {
            "conv1": (cells, 3, 3, 3),
            "conv2": (cells, cells, 3, 3),
        }
        shapes = with_biases(layers) | {"attention.weight": (self.attention_maps, cells, 1, 1)}
        layers = {"join": (channels, self.attention_maps * cells + 27, 1)}
        for number in range(len(self.dilations)):
            layers[f"layers.{number}.wide"] = (channels, channels, self.kernel)
            layers[f"layers.{number}.mix"] = (channels, channels, 1)
        for task in self.tasks:
            layers[f"heads.{task.name}"] = (task.outputs, channels, 1)
        return shapes | with_biases(layers)


def with_biases(layers: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Shapes of every layer's weight and bias, given the shape of its weight."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in layers.items():
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = shape[:1]
    return shapes


def _layers(inputs: int, outputs: tuple[int, ...], received: int) -> tuple[tuple[int, int], ...]:
    own = (inputs, *outputs[:-1])
    return tuple((own[i] + (received if i == 2 else 0), outputs[i]) for i in range(len(outputs)))
