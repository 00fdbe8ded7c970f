"""A recording, or a scene of one, through a bundle's networks: outputs for each frame."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputBlock
from physiocam.measuring.clip_pipeline import HAS_MOTION, SHIFTS, ClipPipeline, LoadedNetworks, outputs_of_frames
from physiocam.measuring.outputs import flatten_stills, mask_unseen_changes
from physiocam.networks.tasks import PULSE, RESPIRATION, Task
from physiocam.signals.confidence import PulseJudge
from physiocam.signals.judging import Judge
from physiocam.signals.readings import readings_of
from physiocam.signals.shoulder_judge import ShoulderJudge
from physiocam.weights.description import BundleInfo


class SlowRecording(Protocol):
    """Inputs of slow networks: every `step`-th frame of a recording, in blocks."""

    step: int

    def finish(self) -> Sequence[InputBlock]:
        """Return all blocks; call it after the recording's own blocks have been read."""


class RecordingInputs(Protocol):
    """A recording in blocks of inputs: from its frames (`network_inputs`) or from a store.

    Attributes
    ----------
    blocks : iterator of InputBlock
        In the order of time, once.
    timestamps : sequence of float
        Times of the frames in the blocks so far, in seconds.
    found : bool array
        Whether each of them shows a face; for the last seconds, this may still change.
    slow : SlowRecording or None
    """

    blocks: Iterator[InputBlock]

    @property
    def timestamps(self) -> Sequence[float]:
        """See above."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """See above."""

    @property
    def slow(self) -> SlowRecording | None:
        """See above."""

    def batches(self, block: InputBlock) -> Iterable[tuple[int, int]]:
        """Start and stop of the clips to run at a time."""


@dataclass(frozen=True, eq=False)
class RecordingOutputs:
    """Outputs of a bundle's networks for a recording.

    Attributes
    ----------
    differences : dict of str to float64 array (T,)
        By waveform task: the difference to the next frame; NaN if that change was not seen, 0 if nothing moves.
    of_frames : dict of str to float32 array (T, C)
        By task, outputs that belong to single frames, such as the logits of action units; NaN in gaps.
    judges : dict of str to Judge
        By waveform task, what its rate is judged by.
    """

    differences: dict[str, NDArray[np.float64]]
    of_frames: dict[str, NDArray[np.float32]]
    judges: dict[str, Judge]


class RecordingRun:
    """Runs all networks of a bundle over the blocks of a recording.

    Parameters
    ----------
    networks : LoadedNetworks
    every_phase : bool
        As in `ClipPipeline`.
    """

    def __init__(self, networks: LoadedNetworks, every_phase: bool) -> None:
        self._info = networks.bundle.info
        self._pipeline = networks.pipeline(every_phase)
        self._slow = networks.slow_pipeline(every_phase)
        self._timestamps: list[float] = []

    def add(
        self,
        block: InputBlock,
        timestamps: Sequence[float],
        found: NDArray[np.bool_],
        batches: Iterable[tuple[int, int]],
    ) -> None:
        """Run the networks over the next block.

        Parameters
        ----------
        block : InputBlock
        timestamps : sequence of float
            Times of its frames.
        found : bool array
            Whether each shows a face.
        batches : iterable of (start, stop)
            Clips to run at a time.
        """
        self.pass_by(timestamps)
        # Long gaps cost no time: the networks are not run there, and outputs in gaps are masked below.
        self._pipeline.run(block, found, batches)

    def pass_by(self, timestamps: Sequence[float]) -> None:
        """Add frames at these times; without a block, nothing is known of them."""
        self._timestamps += timestamps
        for time_s in timestamps:
            self._pipeline.log.append(time_s)

    def finish(self, found: NDArray[np.bool_], slow: SlowRecording | None) -> RecordingOutputs:
        """Return the outputs, once all blocks were added.

        Parameters
        ----------
        found : bool array (T,)
            Whether each frame shows a face.
        slow : SlowRecording or None
            What the slow networks see.
        """
        info, pipeline = self._info, self._pipeline
        pipeline.settle()
        log = pipeline.log.rows
        differences = {task: mask_unseen_changes(wave, found) for task, wave in pipeline.waveforms(log).items()}
        judges: dict[str, Judge] = {}
        readings = pipeline.readings(log, PULSE.name)
        if info.memory and info.memory.confidence and readings is not None:
            judges[PULSE.name] = PulseJudge(readings_of(readings), info.memory.confidence)
        if slow and self._slow:
            of_slow, judges_of_slow = slow_outputs(slow, self._slow, info, self._timestamps, found)
            differences |= of_slow
            judges |= judges_of_slow
        # Whether something moves is taken from the fast inputs. The frames of slow networks are far apart: they may all
        # be key frames of the codec, and do not show what happens between them.
        has_motion = log[HAS_MOTION] > 0
        return RecordingOutputs(
            {task: flatten_stills(difference, has_motion) for task, difference in differences.items()},
            outputs_of_frames(log, info, found),
            judges,
        )


def run_recording(inputs: RecordingInputs, networks: LoadedNetworks, every_phase: bool) -> RecordingOutputs:
    """Run all networks of a bundle over a recording.

    Parameters
    ----------
    inputs : RecordingInputs
    networks : LoadedNetworks
    every_phase : bool
        As in `ClipPipeline`.
    """
    run = RecordingRun(networks, every_phase)
    read = 0
    for block in inputs.blocks:
        rows = slice(read, read + block.frames)
        run.add(block, inputs.timestamps[rows], inputs.found[rows], inputs.batches(block))
        read += block.frames
        # Free the memory of this block before the next one is read, which needs as much.
        del block
    return run.finish(inputs.found, inputs.slow)


def joined(scenes: Sequence[RecordingOutputs], tasks: Iterable[Task]) -> RecordingOutputs:
    """Return the outputs of a recording's scenes as one: the change from one to the next was not seen.

    Of `tasks`, waveforms of several outputs are such changes too, though they are outputs of frames.
    """
    first, *more = scenes
    if not more:
        return first
    differences = {task: one_after_another([scene.differences[task] for scene in scenes]) for task in first.differences}
    of_frames = {task: np.concatenate([scene.of_frames[task] for scene in scenes]) for task in first.of_frames}
    for name in (task.name for task in tasks if task.kind == "waveform" and task.name in of_frames):
        of_frames[name] = one_after_another([scene.of_frames[name] for scene in scenes])
    judges = {task: judge.followed_by([scene.judges[task] for scene in more]) for task, judge in first.judges.items()}
    return RecordingOutputs(differences, of_frames, judges)


def one_after_another(scenes: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Join scenes' changes to the next frame (T, ...): those from one scene to the next were not seen."""
    parts = [scene.copy() for scene in scenes]
    for part in parts[:-1]:
        part[-1:] = np.nan
    return np.concatenate(parts)


def slow_outputs(
    slow: SlowRecording,
    pipeline: ClipPipeline,
    info: BundleInfo,
    timestamps: Sequence[float],
    found: NDArray[np.bool_],
) -> tuple[dict[str, NDArray[np.float64]], dict[str, Judge]]:
    """Run a bundle's slow networks over a recording.

    Parameters
    ----------
    slow : SlowRecording
        What they see.
    pipeline : ClipPipeline
        Of the slow networks.
    info : BundleInfo
    timestamps : sequence of float
        Times of the recording's frames, in seconds.
    found : bool array (T,)
        Whether each frame shows a face.

    Returns
    -------
    differences : dict of str to float64 array (T,)
        By task, as in `RecordingOutputs`.
    judges : dict of str to Judge
    """
    for time_s in timestamps[:: slow.step]:
        pipeline.log.append(time_s)
    for block in slow.finish():
        pipeline.run(block, block.shown.reshape(-1)[: block.frames])
    assert info.slow is not None
    differences, judges, log = {}, dict[str, Judge](), pipeline.log.rows
    for task in info.slow.tasks:
        differences[task.name] = _spread(log[task.name], slow.step, found)
        if task.name == RESPIRATION.name:
            shifts = np.column_stack([_spread(column, slow.step, found) for column in log[SHIFTS].T])
            judges[task.name] = ShoulderJudge(shifts, info.slow.confidence)
    return differences, judges


def _spread(output: NDArray[np.float32], step: int, found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Spread each difference over the frames that it spans: their sum is the interpolated waveform."""
    differences = mask_unseen_changes(output, found[::step]) / step
    # The change after the last frame that they saw is unknown.
    differences[-1] = np.nan
    return np.repeat(differences, step)[: len(found)]
