"""Settings of a training run: one typed object, the same in YAML and on the command line."""

import os
import reprlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from physiocam.errors import PhysiocamError
from physiocam.foundation.yaml_files import YAML_ERRORS, read_yaml, yaml_text
from physiocam.networks.registry import AnyConfig, preset
from physiocam.training.augmentation import Augmentation
from physiocam.training.named_tasks import with_named_tasks

# Shows the start of a value: aliases can make a short file represent an infinite value.
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 100
_short.maxlevel = 2


class TrainSettings(BaseModel):
    """One training run. The defaults are the paper's protocol (section 4.1 and its released code).

    Attributes
    ----------
    store : Path
        Prepared recordings.
    output : Path
        Folder for checkpoints, logs and the bundle.
    network : NetworkConfig
        Or the name of a preset. In a file and on the command line, tasks may be given by their names alone, those of
        the data set's own as the store describes them.
    subjects : tuple of str, optional
        Subjects for training; all by default.
    exclude_subjects : tuple of str
        Held out, for testing.
    epochs : int
    batch_clips : int
        Clips per step, over all devices.
    learning_rate : float
        Adam's.
    schedule : "constant" or "one-cycle"
        Whether the learning rate is constant, or rises to its value within a third of the run and then falls to zero,
        an option of the authors' release.
    initialization : "pytorch" or "he"
        How new weights are drawn: PyTorch's default, as in the paper, or He's method, with which deep branches learn
        sooner.
    initial_bundle : str, optional
        Name or path of a bundle whose weights the run starts from; the heads of tasks that it lacks are new.
    dropout : float, optional
        Rate of every dropout layer; by default the network's own.
    augmentation : Augmentation
        How clips are changed at random; see `physiocam.training.augmentation.Augmentation`.
    validation : float
        Share of the subjects, at random by the seed, that the network does not learn from. Their loss judges each
        epoch, and the bundle has the weights of the best one.
    patience : int, optional
        Epochs without a better one after which a run ends; needs `validation`. By default all epochs are run.
    pos_weight : "train", "published" or "none"
        Weight of the present frames of binary tasks: absent over present frames of this training set, the authors'
        numbers for BP4D+, or 1.
    task_weights : dict of str to float
        Weight of each task's loss; 1, as in the paper, for tasks that are not named.
    gradients : "sum" or "pcgrad"
        Whether tasks' gradients are added, or their conflicts removed first.
    checkpoint_steps : int
        Steps between checkpoints; a killed run resumes from the last one.
    precision : "32-true" or "bf16-mixed"
    tf32 : bool
        Whether an NVIDIA GPU rounds the factors of 32-bit products to 10 bits of mantissa (TensorFloat-32), which is
        faster.
    compile : bool
        Whether PyTorch compiles the network first, which takes a minute and makes steps faster.
    accumulate : int
        Parts of a step's clips that are computed one after the other, where all of them do not fit in memory. Losses
        are the means of their parts.
    deterministic : bool
        Whether a GPU gives the same bits in every run, at the price of some speed; a CPU always does.
    devices, nodes : int
        Processes per machine, one per GPU or CPU group, and machines.
    workers : int
        Processes that read clips; 0 reads in the training process. A script that uses them keeps what it runs under
        ``if __name__ == "__main__":``.
    memory : "auto", "ram", "disk" or "device"
        Where Big frames come from: memory or disk; "auto" uses memory if they fit. "device" holds the whole store on
        the GPU, which is fastest if it fits there.
    seed : int
        Of the weights, the order of clips and dropout.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Path
    output: Path
    network: AnyConfig = preset("bigsmall")
    subjects: tuple[str, ...] | None = None
    exclude_subjects: tuple[str, ...] = ()
    epochs: Annotated[int, Field(ge=1)] = 5
    batch_clips: Annotated[int, Field(ge=1)] = 180
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    schedule: Literal["constant", "one-cycle"] = "constant"
    initialization: Literal["pytorch", "he"] = "pytorch"
    initial_bundle: str | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    augmentation: Augmentation = Augmentation()
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.0
    patience: Annotated[int, Field(ge=1)] | None = None
    pos_weight: Literal["train", "published", "none"] = "train"
    task_weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    gradients: Literal["sum", "pcgrad"] = "sum"
    checkpoint_steps: Annotated[int, Field(ge=1)] = 200
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    tf32: bool = False
    compile: bool = False
    accumulate: Annotated[int, Field(ge=1)] = 1
    deterministic: bool = False
    devices: Annotated[int, Field(ge=1)] = 1
    nodes: Annotated[int, Field(ge=1)] = 1
    workers: Annotated[int, Field(ge=0)] = 0
    memory: Literal["auto", "ram", "disk", "device"] = "auto"
    seed: int = 100

    @field_validator("network", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        try:
            return preset(value) if isinstance(value, str) else value
        except PhysiocamError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _weighted_tasks_exist(self) -> Self:
        names = [task.name for task in self.network.tasks]
        if unknown := [name for name in self.task_weights if name not in names]:
            raise ValueError(f"task_weights names '{unknown[0]}'; the network's tasks are {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _patience_has_something_to_judge(self) -> Self:
        if self.patience is not None and not self.validation:
            raise ValueError(f"patience is {self.patience} without validation; take a share of subjects, such as 0.2")
        if self.augmentation.is_on and self.memory == "device":
            raise ValueError("memory is 'device' with augmentation, which changes clips on the processor; take 'auto'")
        return self

    @model_validator(mode="after")
    def _batch_is_shared_evenly(self) -> Self:
        processes = self.devices * self.nodes
        shares = processes * self.accumulate
        if self.batch_clips % shares:
            parts = f" and accumulate {self.accumulate}" if self.accumulate > 1 else ""
            raise ValueError(
                f"batch_clips is {self.batch_clips} with {processes} processes{parts}; take a multiple of {shares}"
            )
        if self.accumulate > 1 and self.gradients == "pcgrad":
            raise ValueError(f"gradients is 'pcgrad' with accumulate {self.accumulate}; it needs whole steps: take 1")
        if self.memory == "device" and self.workers:
            raise ValueError(f"memory is 'device' with {self.workers} workers; other processes cannot read it: take 0")
        if processes > 1 and self.gradients == "pcgrad":
            raise ValueError(f"gradients is 'pcgrad' with {processes} processes; conflicts are resolved in one only")
        return self

    @property
    def host_memory(self) -> Literal["auto", "ram", "disk"]:
        """Where Big frames come from in the machine itself; those for a GPU pass through its memory."""
        return "ram" if self.memory == "device" else self.memory

    def to_yaml(self, without: Collection[str] = ()) -> str:
        """Return all fields, or all but some, as YAML that `read_settings` reads."""
        return yaml_text(self.model_dump(mode="json", exclude=set(without)))


def read_settings(path: str | os.PathLike[str] | None, changes: Sequence[str] = ()) -> TrainSettings:
    """Read a run's settings.

    Parameters
    ----------
    path : path, optional
        YAML file with the fields of `TrainSettings`.
    changes : sequence of str
        "field=value" or "network.field=value", as in `--set epochs=10`; values are YAML.

    Returns
    -------
    TrainSettings

    Raises
    ------
    PhysiocamError
        If the file cannot be read, or a field is wrong: the message names it with what is allowed.
    """
    return _checked(_values(path, changes), path)


def settings_yaml(path: str | os.PathLike[str] | None, changes: Sequence[str] = ()) -> str:
    """Return all settings of a run as YAML, to read or change; they may be incomplete.

    Parameters
    ----------
    path, changes
        As in `read_settings`.

    Returns
    -------
    str
        Required settings that are not given are listed at the end, as comments.

    Raises
    ------
    PhysiocamError
        As in `read_settings`, except for missing settings.
    """
    values = _values(path, changes)
    fields = TrainSettings.model_fields.items()
    missing = [name for name, field in fields if field.is_required() and name not in values]
    settings = _checked({**dict.fromkeys(missing, "."), **values}, path)
    return settings.to_yaml(without=missing) + "".join(f"# {name}: required\n" for name in missing)


def _values(path: str | os.PathLike[str] | None, changes: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {} if path is None else read_yaml(path, "store: PATH")
    for change in changes:
        _apply(values, change)
    network = values.get("network")
    if isinstance(network, dict) and isinstance(network.get("tasks"), list | tuple):
        network["tasks"] = with_named_tasks(network["tasks"], values.get("store"))
    return values


def _checked(values: dict[str, Any], path: str | os.PathLike[str] | None) -> TrainSettings:
    try:
        return TrainSettings.model_validate(values)
    except ValidationError as error:
        explained = _explained(error)
        raise PhysiocamError(explained if path is None else f"'{path}': {explained}") from None


def _apply(values: dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    if not equals or not name:
        raise PhysiocamError(f"--set {change!r}; expected FIELD=VALUE, such as epochs=10")
    *outer, last = name.split(".")
    for field in outer:
        inner = values.get(field)
        if isinstance(inner, str) and field == "network":
            # A field of a preset: its other fields stay.
            inner = preset(inner).model_dump()
        elif inner is None and field == "network":
            inner = preset("bigsmall").model_dump()
        elif inner is None and field in ("task_weights", "augmentation"):
            inner = {}
        if not isinstance(inner, dict):
            raise PhysiocamError(f"--set {change!r}: '{field}' has no fields of its own")
        values[field] = inner
        values = inner
    try:
        values[last] = yaml.safe_load(text)
    except YAML_ERRORS:
        raise PhysiocamError(f"--set {change!r}: {text!r} is not a YAML value") from None


def _explained(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"'{field}' is not a field of the settings; known are {', '.join(TrainSettings.model_fields)}"
    if missing := [".".join(map(str, each["loc"])) for each in error.errors() if each["type"] == "missing"]:
        named = " and ".join(f"'{name}' is missing" for name in missing)
        return f"{named}; give it in the file or as {' '.join(f'--set {name}=VALUE' for name in missing)}"
    reason = first["msg"].removeprefix("Value error, ")
    if not field:  # fields that exclude each other; the reason names them
        return reason
    return f"{field} is {_shown(first['input'])}: {reason[0].lower()}{reason[1:]}"


def _shown(value: object) -> str:
    try:
        return _short.repr(value)
    except ValueError:  # Python does not print numbers with thousands of digits
        return "an infinite number"
