"""Tasks: what a network predicts; needs no PyTorch."""

import math
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from physiocam.foundation.later_fields import LaterFields
from physiocam.networks.action_units import AU_LABELS, EXPRESSION_UNITS, SIDED_UNITS, SIDES


class Task(LaterFields):
    """The outputs of one head.

    Attributes
    ----------
    name : str
        Such as "au", "pulse" or "respiration".
    kind : "binary", "waveform" or "level"
        Binary outputs are logits. A waveform's are differences to the next frame. Levels are numbers as they are, such
        as an angle, or the steps of an ordinal scale.
    labels : tuple of str
        Names of the head's outputs, one each.
    unit : str
        Of a level, such as "degrees"; empty if it has none.
    band_hz : tuple of float or None
        Of a waveform that has a rate: the lowest and highest frequency that the rate may have.

    Examples
    --------
    >>> Task(name="vibration", kind="waveform", labels=("x", "y"), band_hz=(1, 6)).outputs
    2
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    later = frozenset({"unit", "band_hz"})

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: Literal["binary", "waveform", "level"]
    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    unit: Annotated[str, Field(max_length=40)] = ""
    band_hz: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _band_rises(self) -> Self:
        if self.band_hz is None:
            return self
        low, high = self.band_hz
        if not 0 < low < high < math.inf:
            raise ValueError(f"band_hz is {low:g}, {high:g}; expected two rising frequencies in hertz, above 0")
        if self.kind != "waveform":
            raise ValueError(f"band_hz is given for '{self.name}', a {self.kind} task; only a waveform has a rate")
        return self

    @property
    def outputs(self) -> int:
        """Number of outputs, C."""
        return len(self.labels)

    def begins(self, other: "Task") -> bool:
        """Whether its outputs are the first outputs of another task, or all of them."""
        return self == other.model_copy(update={"labels": other.labels[: len(self.labels)]})

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

# Tasks that have results of their own: heart and breathing rate, action units, intensities and head pose.
FACE_TASKS = frozenset(task.name for task in (AU, INTENSITY, HEAD_POSE, PULSE, RESPIRATION))
