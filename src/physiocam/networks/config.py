"""What a BigSmall network is, apart from its weights."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

AU_LABELS = ("AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU14", "AU15", "AU17", "AU23", "AU24")

# The Big branch pools by 2, 2 and 4, so its map is this many times smaller than its input.
BIG_POOLING = 16

# Input and output channels of each branch's convolutions, and the width of the heads' hidden layer (the released code).
BIG_CHANNELS = ((3, 32), (32, 32), (32, 32), (32, 64), (64, 64), (64, 64))
SMALL_CHANNELS = ((3, 32), (32, 32), (32, 32), (32, 64))
FEATURE_CHANNELS = 64
HIDDEN = 128


class Task(BaseModel):
    """What one head predicts.

    Attributes
    ----------
    name : str
        Such as "au", "pulse" or "respiration".
    kind : "binary" or "waveform"
        Binary outputs are logits; waveforms are real-valued.
    labels : tuple of str
        Names of the head's outputs, one each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: Literal["binary", "waveform"]
    labels: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def outputs(self) -> int:
        """Number of outputs, C."""
        return len(self.labels)


AU = Task(name="au", kind="binary", labels=AU_LABELS)
PULSE = Task(name="pulse", kind="waveform", labels=("pulse",))
RESPIRATION = Task(name="respiration", kind="waveform", labels=("respiration",))


class BigSmallConfig(BaseModel):
    """Configuration of a `physiocam.networks.bigsmall.BigSmall` network.

    Attributes
    ----------
    tasks : tuple of Task
        One head each.
    branches : "both", "big" or "small"
    shift : "wrap", "zero" or "none"
        Temporal shift before every convolution of the Small branch (paper section 3.5).
    clip_length : int
        N, frames in a clip.
    big_stride : int
        M, one Big frame for every M Small frames; divides N, and is N unless given.
    big_size, small_size : int
        Side of the input frames in pixels. With both branches their maps must meet: big_size // 16 == small_size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = (AU, PULSE, RESPIRATION)
    branches: Literal["both", "big", "small"] = "both"
    shift: Literal["wrap", "zero", "none"] = "wrap"
    clip_length: Annotated[int, Field(ge=1)] = 3
    big_stride: Annotated[int, Field(ge=1)] = 3
    big_size: Annotated[int, Field(ge=BIG_POOLING)] = 144
    small_size: Annotated[int, Field(ge=1)] = 9

    @model_validator(mode="before")
    @classmethod
    def _one_big_frame_a_clip(cls, values: Any) -> Any:
        if isinstance(values, dict) and "clip_length" in values and "big_stride" not in values:
            return {**values, "big_stride": values["clip_length"]}
        return values

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [task.name for task in self.tasks]
        if len(set(names)) < len(names):
            raise ValueError(f"tasks are {names}; each name may stand once only")
        if self.branches != "small" and self.clip_length % self.big_stride:
            divisors = [m for m in range(1, self.clip_length + 1) if self.clip_length % m == 0]
            raise ValueError(
                f"big_stride is {self.big_stride}; with clip_length {self.clip_length} it must be one of {divisors}"
            )
        if self.branches == "both" and self.big_size // BIG_POOLING != self.small_size:
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
    def big_frames(self) -> int:
        """K, Big frames in a clip."""
        return self.clip_length // self.big_stride

    @property
    def map_size(self) -> int:
        """Side of the fused feature map."""
        return self.small_size if self.branches == "small" else self.big_size // BIG_POOLING


def tensor_shapes(config: BigSmallConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's tensors, in the order of its state dict; known without PyTorch."""
    layers: dict[str, tuple[int, ...]] = {}
    if config.uses_big:
        for i, (inputs, outputs) in enumerate(BIG_CHANNELS, start=1):
            layers[f"big.conv{i}"] = (outputs, inputs, 3, 3)
    if config.uses_small:
        for i, (inputs, outputs) in enumerate(SMALL_CHANNELS, start=1):
            layers[f"small.conv{i}"] = (outputs, inputs, 3, 3)
    for task in config.tasks:
        layers[f"heads.{task.name}.fc1"] = (HIDDEN, FEATURE_CHANNELS * config.map_size**2)
        layers[f"heads.{task.name}.fc2"] = (task.outputs, HIDDEN)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in layers.items():
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = shape[:1]
    return shapes
