"""Configuration of the network that sees seconds of Small frames; needs no PyTorch."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from physiocam.foundation.frame_sizes import LARGEST
from physiocam.networks.config import LONGEST, PULSE, NetworkConfig, Task, with_biases


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
    clip_length: Annotated[int, Field(ge=1, le=LONGEST)] = 256
    small_size: Annotated[int, Field(ge=6, le=LARGEST)] = 9
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
            "conv1": (cells, self.input_channels, 3, 3),
            "conv2": (cells, cells, 3, 3),
        }
        shapes = with_biases(layers) | {"attention.weight": (self.attention_maps, cells, 1, 1)}
        layers = {"join": (channels, self.attention_maps * cells + 9 * self.input_channels, 1)}
        for number in range(len(self.dilations)):
            layers[f"layers.{number}.wide"] = (channels, channels, self.kernel)
            layers[f"layers.{number}.mix"] = (channels, channels, 1)
        for task in self.tasks:
            layers[f"heads.{task.name}"] = (task.outputs, channels, 1)
        return shapes | with_biases(layers)
