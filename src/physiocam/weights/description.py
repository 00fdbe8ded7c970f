"""The description of a bundle in bundle.json: types, and limits for every number."""

import math
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from physiocam.foundation.frame_sizes import FrameSize, height_width, size_text
from physiocam.inputs.crop import Crop, Cut, Preprocessing
from physiocam.networks.config import PULSE, RESPIRATION, Task
from physiocam.networks.registry import AnyConfig
from physiocam.signals.breath_evidence import BreathConfidence
from physiocam.signals.confidence import Confidence
from physiocam.video.locators import SquareKind

# Long clips do not begin at every frame, because every phase costs as much again.
_MOST_PHASES = 5

SAFE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

FileName = Annotated[str, Field(pattern=SAFE_NAME)]
# Slower frame rates show neither pulse nor breathing.
FramesPerSecond = Annotated[float, Field(ge=0.1, le=1000)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


# Largest number of bytes of the Big frames that wait for a minute's statistics.
_MOST_WAITING = 4e9


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NetworkEntry(_Strict):
    """One network of a bundle.

    Attributes
    ----------
    name : str
    config : NetworkConfig
    weights, onnx : str
        File names inside the bundle's folder.
    weights_sha256, onnx_sha256 : str
    """

    name: FileName
    config: AnyConfig
    weights: FileName
    weights_sha256: Sha256
    onnx: FileName
    onnx_sha256: Sha256


class _SameInputs:
    """Common part of networks that use the same frames."""

    if TYPE_CHECKING:
        networks: tuple[NetworkEntry, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks of these networks, each once, as the network that has the most outputs for it describes it."""
        tasks: dict[str, Task] = {}
        for entry in self.networks:
            for task in entry.config.tasks:
                if task.outputs > len(tasks[task.name].labels if task.name in tasks else ()):
                    tasks[task.name] = task
        return tuple(tasks.values())

    @property
    def clip_length(self) -> int:
        """N, frames in a clip."""
        return self.networks[0].config.clip_length

    @property
    def big_stride(self) -> int:
        """M, the coarsest stride of Big frames that fits every network; N if none uses them."""
        strides = [entry.config.big_stride for entry in self.networks if entry.config.uses_big]
        return math.gcd(*strides) or self.clip_length

    @property
    def phase_offsets(self) -> tuple[int, ...]:
        """Frames before a clip at which its phases begin; see `physiocam.measuring.clip_phases`.

        Slow networks have only the clip's own phase: the mean over all phases would amplify slow rhythms that a codec
        adds to the noise of a photograph, which look like breathing.
        """
        return (0,)

    @property
    def big_size(self) -> FrameSize:
        """Size of Big frames in pixels; differences are computed between frames of this size."""
        return self.networks[0].config.big_size

    @property
    def small_size(self) -> FrameSize:
        """Size of Small frames in pixels."""
        return self.networks[0].config.small_size

    @property
    def input_channels(self) -> int:
        """Channels of the frames."""
        return self.networks[0].config.input_channels

    def check_agreement(self) -> None:
        """Refuse networks that cannot take the same inputs, or be averaged."""
        for field in ("clip_length", "big_size", "small_size", "input_channels"):
            values = {getattr(entry.config, field) for entry in self.networks}
            if len(values) > 1:
                raise ValueError(
                    f"networks differ in {field} ({sorted(values, key=str)}); a bundle's networks must agree"
                )
        for task in self.tasks:
            for entry in self.networks:
                for other in entry.config.tasks:
                    if other.name == task.name and not other.begins(task):
                        raise ValueError(f"networks differ in what task '{task.name}' is; they cannot be averaged")


class _WaveformNetworks(_SameInputs):
    """Common part of networks on another time scale: they use only Small frames, and have only waveform tasks."""

    def check_waveforms(self, kind: str) -> None:
        """Refuse networks that take Big frames, or have other tasks."""
        self.check_agreement()
        for entry in self.networks:
            if entry.config.uses_big:
                raise ValueError(f"{kind} '{entry.name}' takes Big frames; expected a network of Small frames only")
            if others := [task.name for task in entry.config.tasks if not task.is_single_waveform]:
                raise ValueError(
                    f"{kind} '{entry.name}' has the task '{others[0]}', which is not a waveform of one output"
                )


class SlowNetworks(_WaveformNetworks, _Strict):
    """Networks for slow quantities: they see fewer frames, and more than the face.

    Attributes
    ----------
    fs : float
        Frames per second that they see: every n-th frame of a recording, with the n that comes closest.
    crop : Crop
    networks : tuple of NetworkEntry
        They use only Small frames and have only waveform tasks, which are interpolated to every frame. Networks for the
        same task are averaged.
    confidence : BreathConfidence or None
        For the breathing rate, if they read the breath.
    """

    fs: FramesPerSecond
    crop: Crop = Crop()
    networks: Annotated[tuple[NetworkEntry, ...], Field(min_length=1)]
    confidence: BreathConfidence | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        self.check_waveforms("slow network")
        if self.confidence and RESPIRATION.name not in {task.name for task in self.tasks}:
            raise ValueError("there is a confidence for the breathing rate, but no slow network reads the breath")
        return self


class MemoryNetworks(_WaveformNetworks, _Strict):
    """Networks with memory: they see every Small frame, in windows of seconds.

    Attributes
    ----------
    networks : tuple of NetworkEntry
        They use only Small frames, of the size of the other networks', and have only waveform tasks. Networks
        for the same task are averaged, also with the other networks.
    confidence : Confidence or None
        For the heart rate, if they read the pulse.
    """

    networks: Annotated[tuple[NetworkEntry, ...], Field(min_length=1)]
    confidence: Confidence | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        self.check_waveforms("network with memory")
        if self.confidence and PULSE.name not in {task.name for task in self.tasks}:
            raise ValueError("there is a confidence for the heart rate, but no network with memory reads the pulse")
        return self


class BundleInfo(_SameInputs, _Strict):
    """The content of bundle.json.

    Attributes
    ----------
    format : int
        Version of this description.
    name, description, licence : str
    fs : float
        Frames per second of the recordings it was trained on.
    crop : Crop
    big_crop : Crop or None
        Of Big frames, if they are cut otherwise than Small ones; no network sees both then.
    square : "face", "center", "bottom" or "whole"
        What its training frames were cut to: the face that was found, the largest square in the middle or at the
        bottom, or the whole frame.
    preprocessing : "default", "authors" or "toolbox"
        As its training frames were resized; see `physiocam.inputs.face_changes.pixels_of`.
    networks : tuple of NetworkEntry
        Networks for the same task are averaged.
    slow : SlowNetworks or None
        Networks on a slower time scale, for other tasks.
    memory : MemoryNetworks or None
        Networks that see seconds at a time.
    unit_auc : dict of str to float
        By action unit, its area under the ROC curve on people who had no part in the training.
    provenance : dict
        Where the weights come from: files with their sha256, data, seeds, times.
    evaluation : dict
        Its measured accuracy.
    """

    format: Literal[1] = 1
    name: FileName
    description: str
    licence: str
    fs: FramesPerSecond
    crop: Crop = Crop()
    big_crop: Crop | None = None
    square: SquareKind = "face"
    preprocessing: Preprocessing = "default"
    networks: Annotated[tuple[NetworkEntry, ...], Field(min_length=1)]
    slow: SlowNetworks | None = None
    memory: MemoryNetworks | None = None
    unit_auc: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    provenance: dict[str, Any] = {}
    evaluation: dict[str, Any] = {}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        names = [entry.name for entry in self.entries]
        if len(set(names)) < len(names):
            raise ValueError(f"networks are called {names}; each name may appear only once")
        self.check_agreement()
        pixels = self.input_channels * prod(height_width(self.big_size))
        waiting = 60 * self.fs * 2 * pixels / self.big_stride if self.big_stride else 0
        if waiting > _MOST_WAITING:
            raise ValueError(
                f"big_size is {size_text(self.big_size)} at fs {self.fs:g} and big_stride {self.big_stride}: a minute "
                f"takes {waiting / 1e9:.0f} GB of memory; expected {_MOST_WAITING / 1e9:.0f} GB or less"
            )
        both_inputs = [entry.name for entry in self.networks if entry.config.uses_big and entry.config.uses_small]
        if self.big_crop and both_inputs:
            raise ValueError(f"big_crop is given, but network '{both_inputs[0]}' sees Big and Small in one square")
        if self.slow:
            if both := {task.name for task in self.tasks} & {task.name for task in self.slow.tasks}:
                raise ValueError(f"slow networks and others share the task '{both.pop()}'; a task has one time scale")
            if self.slow.fs > self.fs:
                raise ValueError(f"slow networks see {self.slow.fs:g} frames/s, more than the others' {self.fs:g}")
        for part in (self.slow, self.memory):
            if part and (self.input_channels, part.input_channels) != (3, 3):
                raise ValueError(
                    f"input_channels is {self.input_channels}, and {part.input_channels} for networks on another time "
                    "scale; these take 3, RGB"
                )
        if self.memory:
            sizes = self.small_size, self.memory.small_size
            if sizes[0] != sizes[1]:
                raise ValueError(f"small_size is {sizes[0]}, and {sizes[1]} for networks with memory; they must agree")
            slow = {task.name for task in self.slow.tasks} if self.slow else set()
            if both := slow & {task.name for task in self.memory.tasks}:
                raise ValueError(f"slow networks and those with memory share the task '{both.pop()}'; take one of them")
        return self

    @property
    def cut(self) -> Cut:
        """How its training frames were cut."""
        return Cut(self.square, self.crop.factor, self.preprocessing, self.big_crop.factor if self.big_crop else None)

    @property
    def phase_offsets(self) -> tuple[int, ...]:
        """Frames before a clip at which its phases begin; see `physiocam.measuring.clip_phases`.

        If Big frames are more frequent than clips, only phases between two Big frames: earlier phases belong to other
        Big frames.
        """
        return tuple(range(0, self.big_stride, -(-self.big_stride // _MOST_PHASES)))

    @property
    def entries(self) -> tuple[NetworkEntry, ...]:
        """Every network: the joint ones, the slow ones, and those with memory."""
        others = [part.networks for part in (self.slow, self.memory) if part]
        return self.networks + tuple(entry for networks in others for entry in networks)
