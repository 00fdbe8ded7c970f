"""Networks run clip by clip while frames come in."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputBlock, InputCollector, InputShape
from physiocam.measuring.clip_phases import ClipPhases
from physiocam.measuring.frame_log import FrameLog
from physiocam.networks.config import Task
from physiocam.video.tracker import Square


class RunningClips:
    """Gathers frames into clips, runs networks on each as soon as it is whole, and keeps their outputs.

    A clip is whole when the frame after it is there: its last difference leads to that one. What is said of its last
    frames becomes final with the next clip, since they are in phases of that one too.

    Parameters
    ----------
    phases : ClipPhases
        Runs the networks.
    tasks : sequence of Task
        What they answer.
    shape : InputShape
    memory_frames : float
        As in `inputs.InputCollector`.
    also : mapping, optional
        Fields of the log beside the tasks' outputs, as in `FrameLog`.

    Attributes
    ----------
    log : FrameLog
        A row a frame. A field for each task: logits of a binary one, the difference to the next frame of a waveform.
    moves : bool
        Whether something moves in the last clip; see `inputs.InputBlock.moves`.
    """

    def __init__(
        self,
        phases: ClipPhases,
        tasks: Sequence[Task],
        shape: InputShape,
        memory_frames: float,
        also: Mapping[str, int | None] | None = None,
    ) -> None:
        self._phases = phases
        self._tasks = tasks
        self._collector = InputCollector(shape, shape.clip_length, memory_frames)
        self.moves = False
        fields = {task.name: None if task.kind == "waveform" else task.outputs for task in tasks}
        self.log = FrameLog({**fields, **(also or {})})

    def add(self, image: NDArray[np.uint8], square: Square | None, time_s: float, moves: bool = True) -> None:
        """Take in the next frame, with the square of the face in it.

        Where it is known from elsewhere that nothing moves, waveforms are flat.
        """
        clip = self._collector.add(image, square)
        if clip is not None:
            self.moves = clip.moves and moves
            self._run(clip)
        self.log.append(time_s)

    def cut(self) -> None:
        """What comes next does not go on from what was before."""
        self._collector.cut()

    def _run(self, clip: InputBlock) -> None:
        outputs = self._phases.run(clip.big(0, 1) if clip.shown.any() else None, clip.small, clip.shown)
        first = self.log.end - clip.frames - self._phases.lead
        for task in self._tasks:
            output = outputs[task.name]
            if task.kind == "waveform":
                # Where nothing moves nothing beats; what a network says there is how a codec made the Big frames.
                output = output[:, 0] if self.moves else np.zeros_like(output[:, 0])
            self.log.write(task.name, first, output)
