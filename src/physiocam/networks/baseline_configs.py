"""Configurations of the learned baselines; need no PyTorch."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from physiocam.foundation.frame_sizes import LARGEST
from physiocam.networks.config import AU, HIDDEN, PULSE, RESPIRATION, NetworkConfig, Task, with_biases

# Output channels of the four convolutions of both branches (Chen and McDuff 2018).
CAN_CHANNELS = (32, 32, 64, 64)

_Side = Annotated[int, Field(ge=1, le=LARGEST)]

# Width of DRML's and AlexNet's layers, as in the released code.
DRML_CHANNELS = (32, 16, 16, 16, 16)
DRML_KERNELS = (11, 8, 8, 6, 5)
DRML_WIDTHS = (4096, 2048)
# DRML's first map is divided into cells of a seventh of its side; the remainder is a narrow eighth.
DRML_CELLS = 7
ALEXNET_LAYERS = ((3, 64, 11), (64, 192, 5), (192, 384, 3), (384, 256, 3), (256, 256, 3))
ALEXNET_WIDTH = 4096


class CanConfig(NetworkConfig):
    """Common fields of DeepPhys and MTTS-CAN: an appearance branch gates a motion branch.

    Attributes
    ----------
    tasks, clip_length
        See `NetworkConfig`.
    big_size : int
        Side of the appearance frames, standardized.
    small_size : int
        Side of the motion frames, normalized differences; larger appearance frames are resized to it.
    pooled : bool
        False is the paper's form for 9 x 9 inputs: every convolution padded, no pooling. True is the form of the
        rPPG-Toolbox for 36 x 36 and more: the second and the fourth convolution unpadded, with pooling after both.
    antialias : bool
        How appearance frames are resized: without antialiasing as in the paper, or with, as newer versions of the
        authors' library do.
    """

    big_stride: Literal[1] = 1
    big_size: _Side = 144
    small_size: _Side = 9
    input_channels: Literal[3] = 3
    pooled: bool = False
    antialias: bool = False

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.pooled and self.big_size != self.small_size:
            raise ValueError(
                f"big_size is {self.big_size} and small_size is {self.small_size}; the pooled form takes frames of "
                "one size for both branches, such as 36 or 72"
            )
        if self.map_size < 1:
            raise ValueError(f"small_size is {self.small_size}; the pooled form needs 10 or more")
        return self

    @property
    def map_size(self) -> int:
        """Side of the last feature map."""
        return ((self.small_size - 2) // 2 - 2) // 2 if self.pooled else self.small_size

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's tensors, in the order of its state dict."""
        layers: dict[str, tuple[int, ...]] = {}
        for branch in ("motion", "appearance"):
            inputs = 3
            for i, outputs in enumerate(CAN_CHANNELS, start=1):
                layers[f"{branch}.conv{i}"] = (outputs, inputs, 3, 3)
                inputs = outputs
        layers["attention1"] = (1, CAN_CHANNELS[1], 1, 1)
        layers["attention2"] = (1, CAN_CHANNELS[3], 1, 1)
        for task in self.tasks:
            layers[f"heads.{task.name}.fc1"] = (HIDDEN, CAN_CHANNELS[3] * self.map_size**2)
            layers[f"heads.{task.name}.fc2"] = (task.outputs, HIDDEN)
        return with_biases(layers)


class DeepPhysConfig(CanConfig):
    """Configuration of a `physiocam.networks.deepphys.DeepPhys` network; see `CanConfig`."""

    architecture: Literal["deepphys"] = "deepphys"
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = (PULSE,)


class MttsCanConfig(CanConfig):
    """Configuration of a `physiocam.networks.mtts_can.MttsCan` network; with one task it is TS-CAN. See `CanConfig`."""

    architecture: Literal["mtts_can"] = "mtts_can"
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = (PULSE, RESPIRATION)


class _StillsConfig(NetworkConfig):
    """A network that processes each Big frame separately."""

    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = (AU,)
    big_stride: Literal[1] = 1
    big_size: _Side = 144
    input_channels: Literal[3] = 3

    @property
    def uses_small(self) -> bool:
        """Whether the network takes Small frames."""
        return False


class DrmlConfig(_StillsConfig):
    """Configuration of a `physiocam.networks.drml.Drml` network; see `NetworkConfig`."""

    architecture: Literal["drml"] = "drml"

    @model_validator(mode="after")
    def _large_enough(self) -> Self:
        if self.map_size < 1:
            raise ValueError(f"big_size is {self.big_size}; DRML needs 66 or more")
        return self

    @property
    def first_map_size(self) -> int:
        """Side of the map that the region layer divides into cells."""
        return self.big_size - DRML_KERNELS[0] + 1

    @property
    def cell_size(self) -> int:
        """Side of a cell of the region layer; the last one of each row and column has the remainder."""
        return self.first_map_size // DRML_CELLS

    @property
    def cells(self) -> int:
        """Cells of the region layer along each side."""
        return -(-self.first_map_size // self.cell_size)

    @property
    def map_size(self) -> int:
        """Side of the last feature map."""
        side = self.first_map_size // 2 - (DRML_KERNELS[1] - 1) - (DRML_KERNELS[2] - 1)
        return (side - DRML_KERNELS[3]) // 2 + 1 - (DRML_KERNELS[4] - 1)

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's tensors, in the order of its state dict."""
        width = DRML_CHANNELS[0]
        shapes = with_biases({"conv1": (width, 3, DRML_KERNELS[0], DRML_KERNELS[0])})
        for row in range(self.cells):
            for column in range(self.cells):
                cell = f"region.cell_{row}_{column}"
                shapes |= _norm(f"{cell}.norm", width) | with_biases({f"{cell}.conv": (width, width, 3, 3)})
        shapes |= _norm("norm", width)
        layers: dict[str, tuple[int, ...]] = {}
        for i in range(1, len(DRML_CHANNELS)):
            kernel = DRML_KERNELS[i]
            layers[f"conv{i + 1}"] = (DRML_CHANNELS[i], DRML_CHANNELS[i - 1], kernel, kernel)
        layers["fc1"] = (DRML_WIDTHS[0], DRML_CHANNELS[-1] * self.map_size**2)
        layers["fc2"] = (DRML_WIDTHS[1], DRML_WIDTHS[0])
        for task in self.tasks:
            layers[f"heads.{task.name}"] = (task.outputs, DRML_WIDTHS[1])
        return shapes | with_biases(layers)


class AlexNetConfig(_StillsConfig):
    """Configuration of a `physiocam.networks.alexnet.AlexNet` network; see `NetworkConfig`."""

    architecture: Literal["alexnet"] = "alexnet"

    @model_validator(mode="after")
    def _large_enough(self) -> Self:
        if self.map_size < 1:
            raise ValueError(f"big_size is {self.big_size}; AlexNet needs 63 or more")
        return self

    @property
    def map_size(self) -> int:
        """Side of the last feature map."""
        side = (self.big_size + 4 - ALEXNET_LAYERS[0][2]) // 4 + 1
        for _ in range(3):
            side = (side - 3) // 2 + 1
        return side

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the network's tensors, in the order of its state dict."""
        layers: dict[str, tuple[int, ...]] = {}
        for i, (inputs, outputs, kernel) in enumerate(ALEXNET_LAYERS, start=1):
            layers[f"conv{i}"] = (outputs, inputs, kernel, kernel)
        layers["fc1"] = (ALEXNET_WIDTH, ALEXNET_LAYERS[-1][1] * self.map_size**2)
        layers["fc2"] = (ALEXNET_WIDTH, ALEXNET_WIDTH)
        for task in self.tasks:
            layers[f"heads.{task.name}"] = (task.outputs, ALEXNET_WIDTH)
        return with_biases(layers)


def _norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    """Shapes of a batch normalization's tensors."""
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (channels,) for part in parts} | {f"{name}.num_batches_tracked": ()}
