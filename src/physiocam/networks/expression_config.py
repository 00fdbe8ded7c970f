"""Configuration of the network that reads an expression from single frames; needs no PyTorch."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from physiocam.foundation.frame_sizes import LARGEST
from physiocam.networks.config import AU, HIDDEN, NetworkConfig, Task, with_biases


class ExpressionCnnConfig(NetworkConfig):
    """Configuration of a `physiocam.networks.expression_cnn.ExpressionCnn` network.

    Attributes
    ----------
    tasks, clip_length, big_stride, big_size
        See `NetworkConfig`.
    channels : tuple of int
        Of each stage; a stage halves the map's side.
    blocks : tuple of int
        Residual blocks at the end of each stage.
    summary_channels : int
        To which the last map is reduced before the heads.
    """

    architecture: Literal["expression_cnn"] = "expression_cnn"
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = (AU,)
    big_stride: Annotated[int, Field(ge=1)] = 3
    big_size: Annotated[int, Field(ge=1, le=LARGEST)] = 144
    channels: Annotated[tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=1, max_length=8)] = (
        16, 32, 64, 96,
    )  # fmt: skip
    blocks: Annotated[tuple[Annotated[int, Field(ge=0, le=32)], ...], Field(min_length=1, max_length=8)] = (0, 1, 2, 2)
    summary_channels: Annotated[int, Field(ge=1, le=1024)] = 32

    @model_validator(mode="after")
    def _stages_agree(self) -> Self:
        if len(self.channels) != len(self.blocks):
            raise ValueError(
                f"channels has {len(self.channels)} numbers and blocks {len(self.blocks)}; expected one of each a stage"
            )
        return self

    @property
    def uses_small(self) -> bool:
        """Whether the network takes Small frames."""
        return False

    @property
    def map_size(self) -> int:
        """Side of the last feature map."""
        side = self.big_size
        for _ in self.channels:
            side = (side + 1) // 2
        return side

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's tensors, in the order of its state dict."""
        layers: dict[str, tuple[int, ...]] = {}
        inputs = self.input_channels
        for stage, (outputs, blocks) in enumerate(zip(self.channels, self.blocks, strict=True)):
            layers[f"stages.{stage}.enter"] = (outputs, inputs, 3, 3)
            for block in range(blocks):
                for part in ("first", "second"):
                    layers[f"stages.{stage}.blocks.{block}.{part}"] = (outputs, outputs, 3, 3)
            inputs = outputs
        layers["summary"] = (self.summary_channels, inputs, 1, 1)
        for task in self.tasks:
            layers[f"heads.{task.name}.fc1"] = (HIDDEN, self.summary_channels * self.map_size**2)
            layers[f"heads.{task.name}.fc2"] = (task.outputs, HIDDEN)
        return with_biases(layers)
