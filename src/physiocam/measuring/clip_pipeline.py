"""From inputs to the networks' outputs for each frame; files, arrays, streams and stores all use this.

Blocks of inputs, cut into clips, go through a bundle's networks. The outputs are written into a log with one row per
frame. Networks on a slower time scale have their own log.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.beside import Beside
from physiocam.inputs.blocks import InputBlock, InputCollector, InputShape
from physiocam.inputs.shoulders import SHIFTED
from physiocam.measuring.clip_phases import Runs, phases_of
from physiocam.measuring.frame_log import FrameLog
from physiocam.measuring.memory_windows import PARTS, MemoryWindows
from physiocam.measuring.outputs import mask_unseen
from physiocam.results.measurement_data import Weights
from physiocam.signals.readings import LIGHT, light_of
from physiocam.video.levels import Image
from physiocam.video.locators import Square
from physiocam.weights.bundle import Bundle, BundleInfo, NetworkEntry, SlowNetworks
from physiocam.weights.int8_form import FP32, Precision
from physiocam.weights.runtime import Runtime

# A field of the log in addition to the tasks' outputs: 1 if something moves around a frame, 0 if nothing does.
HAS_MOTION = "has_motion"

# A field of slow networks' log: how the shoulders, and what is above them, move to the next frame.
SHIFTS = "shifts"

# Fields of the log for networks with memory: what the light does, and under this and the task's name what they read in
# each of `memory_windows.PARTS`.
_LIGHT = "light"
_MEMORY = "memory "


class ClipPipeline:
    """Runs networks of one time scale over blocks of inputs.

    Parameters
    ----------
    networks : BundleInfo or SlowNetworks
        Their inputs and tasks.
    runtime : Runs
    every_phase : bool
        Whether outputs are the mean over all phases of the clips; see `clip_phases`.
    memory : MemoryWindows, optional
        Networks that see seconds of the same Small frames.
    also : mapping, optional
        Further fields of the log, as in `FrameLog`.

    Attributes
    ----------
    log : FrameLog
        One row per frame, appended by the caller before a block with the frame is run. One field per task (logits for
        a binary task, the difference to the next frame for a waveform) and `HAS_MOTION`.
    """

    def __init__(
        self,
        networks: BundleInfo | SlowNetworks,
        runtime: Runs,
        every_phase: bool,
        memory: MemoryWindows | None = None,
        also: Mapping[str, int | None] | None = None,
    ) -> None:
        self._phases = phases_of(networks, runtime, every_phase)
        self._memory = memory
        self.tasks = networks.tasks
        self._length = networks.clip_length
        self._frames = 0
        fields: dict[str, int | None] = {
            task.name: None if task.is_single_waveform else task.outputs for task in networks.tasks
        }
        if memory:
            fields |= {f"{_MEMORY}{task}": len(PARTS) for task in memory.tasks} | {_LIGHT: len(LIGHT)}
        self.log = FrameLog({**fields, HAS_MOTION: None, **(also or {})})

    def run(self, block: InputBlock, seen: NDArray[np.bool_], batches: Iterable[tuple[int, int]] | None = None) -> None:
        """Run the networks over the next block, and write the outputs into the log.

        The outputs for the last frames become final with the next block, because its phases include them.

        Parameters
        ----------
        block : InputBlock
        seen : bool array (frames,)
            Whether a frame of the block shows a face. If no frame of a batch does, the networks are not run.
        batches : iterable of (start, stop), optional
            Start and stop of the clips to run at a time; all by default.
        """
        lead = self._phases.lead
        for start, stop in batches or [(0, block.clips)]:
            first, last = start * self._length, min(stop * self._length, block.frames)
            big = block.big(start, stop) if seen[first:last].any() else None
            outputs = self._phases.run(big, block.small[start:stop], block.shown[start:stop])
            for task, output in outputs.items():
                # Without the frames that fill the last clip.
                rows = output[: lead + last - first]
                one = self.log.rows.dtype[task].shape == ()
                self.log.write(task, self._frames + first - lead, rows[:, 0] if one else rows)
        self.log.write(HAS_MOTION, self._frames, np.full(block.frames, block.has_motion, dtype=np.float32))
        if block.shifts is not None:
            self.log.write(SHIFTS, self._frames, block.shifts)
        if self._memory:
            small = block.small.reshape(-1, *block.small.shape[2:])[: block.frames]
            self.log.write(_LIGHT, self._frames, light_of(small))
            for first, outputs in self._memory.add(small):
                self._remember(first, outputs)
        self._frames += block.frames

    def settle(self) -> None:
        """Write what networks with memory know of the last frames so far; call it before their rows are read."""
        if self._memory:
            self._remember(*self._memory.rest())

    def waveforms(self, rows: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Return the waveforms in rows of the log, by task; of networks with memory and others for it the mean."""
        found = {task.name: rows[task.name] for task in self.tasks if task.is_single_waveform}
        for name in rows.dtype.names or ():
            if name.startswith(_MEMORY):
                task, whole = name.removeprefix(_MEMORY), rows[name][:, 0]
                found[task] = 0.5 * (whole + found[task]) if task in found else whole
        return found

    def readings(self, rows: NDArray[Any], task: str) -> NDArray[np.float32] | None:
        """Return further readings of a task in rows of the log, as `Readings.table`; None without a memory for it."""
        name = f"{_MEMORY}{task}"
        if name not in (rows.dtype.names or ()):
            return None
        other = rows[task] if task in (rows.dtype.names or ()) else np.full(len(rows), np.nan, np.float32)
        return np.column_stack([rows[name], other, rows[_LIGHT]])

    def _remember(self, first: int, outputs: Mapping[str, NDArray[np.float32]]) -> None:
        for task, output in outputs.items():
            before = max(-first, 0)
            self.log.write(f"{_MEMORY}{task}", first + before, output[before:])


class RunningClips:
    """Collects incoming frames into clips, and runs each clip as soon as it is complete.

    A clip is complete when the next frame is available, because its last difference leads to that frame.

    Parameters
    ----------
    pipeline : ClipPipeline
    shape : InputShape
    memory_frames : float
        As in `inputs.blocks.InputCollector`.

    Attributes
    ----------
    pipeline, log
        As given, and its log.
    """

    def __init__(self, pipeline: ClipPipeline, shape: InputShape, memory_frames: float) -> None:
        self.pipeline = pipeline
        self._collector = InputCollector(shape, shape.clip_length, memory_frames)
        self.log = pipeline.log

    def add(self, image: Image | None, square: Square | None, time_s: float) -> None:
        """Add the next frame, with the square of the face in it."""
        clip = self._collector.add(image, square)
        if clip is not None:
            self._run(clip)
        self.log.append(time_s)

    def cut(self) -> None:
        """Start a new stretch of frames: the next frame does not follow the last one."""
        self._collector.cut()

    def end(self) -> None:
        """Run what is left of the last clip: no frame follows."""
        if (rest := self._collector.flush()) is not None:
            self._run(rest)
        self.pipeline.settle()

    def _run(self, clip: InputBlock) -> None:
        self.pipeline.run(clip, clip.shown.reshape(-1)[: clip.frames])


class _Started(NamedTuple):
    """What runs the networks of each time scale."""

    fast: Runs
    slow: Runs | None
    memory: Runs | None


class LoadedNetworks:
    """A bundle's networks, by default on ONNX Runtime, separately for each time scale.

    Parameters
    ----------
    bundle : Bundle
    threads, providers, precision
        As in `weights.runtime.Runtime`.
    start : callable, optional
        Starts something else than ONNX Runtime that runs some of the bundle's networks.
    wait : bool
        Whether networks that cannot be started raise their error here; otherwise they are started in a thread beside
        what the caller does next, and raise it where they are first used.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int | None = None,
        providers: Sequence[str] = ("cpu",),
        precision: Precision = FP32,
        start: Callable[[Sequence[NetworkEntry]], Runs] | None = None,
        wait: bool = True,
    ) -> None:
        self.bundle = bundle
        self.weights = Weights(bundle.info.name, bundle.sha256, precision)
        begin = start or (lambda networks: Runtime(bundle, threads, networks, providers, precision))
        slow, memory = bundle.info.slow, bundle.info.memory

        def begin_all() -> _Started:
            return _Started(
                begin(bundle.info.networks),
                begin(slow.networks) if slow else None,
                begin(memory.networks) if memory else None,
            )

        self._started = Beside(begin_all)
        if wait:
            self._started.get()

    def pipeline(self, every_phase: bool, also: Mapping[str, int | None] | None = None) -> ClipPipeline:
        """Start a run of the networks that see every frame."""
        memory = self.bundle.info.memory
        started = self._started.get()
        windows = MemoryWindows(memory, started.memory) if memory and started.memory else None
        return ClipPipeline(self.bundle.info, started.fast, every_phase, windows, also)

    def slow_pipeline(self, every_phase: bool) -> ClipPipeline | None:
        """Start a run of the slow networks, or return None if the bundle has none."""
        slow, runs = self.bundle.info.slow, self._started.get().slow
        return ClipPipeline(slow, runs, every_phase, also={SHIFTS: SHIFTED}) if slow and runs else None


def outputs_of_frames(
    rows: NDArray[Any], networks: BundleInfo, found: NDArray[np.bool_]
) -> dict[str, NDArray[np.float32]]:
    """Return the outputs that belong to single frames in rows of the log, by task; (T, C), NaN without a face."""
    return {
        task.name: mask_unseen(rows[task.name].reshape(len(rows), task.outputs), found, task.kind)
        for task in networks.tasks
        if not task.is_single_waveform
    }
