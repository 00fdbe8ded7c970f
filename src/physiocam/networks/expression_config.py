"""Configuration of the network that reads an expression from single frames; needs no PyTorch."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from physiocam.foundation.frame_sizes import LARGEST
from physiocam.networks.action_units import SIDES, unit_and_side
from physiocam.networks.config import AU, HIDDEN, NetworkConfig, Task, with_biases

# Numbers that describe the axis of a face: see `face_halves.from_halves`.
AXIS = 2


class ExpressionCnnConfig(NetworkConfig):
    """Configuration of a `physiocam.networks.expression_cnn.ExpressionCnn` network.

    Attributes
    ----------
    tasks
        See `NetworkConfig`. Labels that end in "_L" or "_R" are read from that half of the face; each needs the label
        without the side in the same task.
    clip_length, big_stride, big_size
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

    @model_validator(mode="after")
    def _sides_have_a_whole(self) -> Self:
        for task in self.tasks:
            for label in task.labels:
                name, side = unit_and_side(label)
                if side and name not in task.labels:
                    raise ValueError(f"task '{task.name}' has the label '{label}'; expected '{name}' among them too")
        return self

    @property
    def sided_tasks(self) -> tuple[Task, ...]:
        """Tasks of which some outputs are of one half of the face."""
        return tuple(task for task in self.tasks if whole(task) != task)

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
        features = self.summary_channels * self.map_size**2
        for task in self.tasks:
            layers[f"heads.{task.name}.fc1"] = (HIDDEN, features)
            layers[f"heads.{task.name}.fc2"] = (whole(task).outputs, HIDDEN)
        if self.sided_tasks:
            layers["axis"] = (AXIS, features)
        return with_biases(layers)


def whole(task: Task) -> Task:
    """A task with the labels that name no side.

    Examples
    --------
    >>> whole(Task(name="intensity", kind="level", labels=("AU12", "AU12_L", "AU12_R"))).labels
    ('AU12',)
    """
    return task.model_copy(update={"labels": tuple(one for one in task.labels if unit_and_side(one)[1] is None)})


def places_of_sides(task: Task) -> list[int]:
    """Where each label of a task is among the whole face's outputs, then those of the left half, then of the right.

    Examples
    --------
    >>> places_of_sides(Task(name="intensity", kind="level", labels=("AU10", "AU12", "AU12_L", "AU12_R")))
    [0, 1, 3, 5]
    """
    found, parts = whole(task).labels, (None, *SIDES)
    return [parts.index(side) * len(found) + found.index(name) for name, side in map(unit_and_side, task.labels)]
