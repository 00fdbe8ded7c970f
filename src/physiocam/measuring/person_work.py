"""What is done with the squares of one person along a recording: from frames to signals, scene by scene."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputBlock, InputCollector
from physiocam.measuring.clip_pipeline import LoadedNetworks
from physiocam.measuring.expressions import no_expressions, read_expressions
from physiocam.measuring.network_inputs import SlowInputs, block_frames, clip_batches, input_shape
from physiocam.measuring.neutral import NeutralChoice
from physiocam.measuring.recording_run import RecordingOutputs, RecordingRun, joined
from physiocam.measuring.skin_colour import SkinColour
from physiocam.measuring.summarize import Signals, network_signals
from physiocam.measuring.task_outputs import other_tasks, task_outputs, task_results
from physiocam.signals.colour_method import ColourMethod
from physiocam.signals.methods import pulse_differences
from physiocam.signals.pos import raw_pos
from physiocam.signals.waveform import scenes_of
from physiocam.video.levels import Image
from physiocam.video.locators import Square


class PersonWork(Protocol):
    """Measures one person."""

    def add(self, image: Image | None, square: Square | None) -> None:
        """Take in the next frame (H, W, C), with the square of this person."""

    def end_scene(self, found: NDArray[np.bool_], /) -> None:
        """End a scene, all of whose frames were added; `found`, (n,), says which of them show this person."""

    def signals(self, found: NDArray[np.bool_], cuts: Sequence[int]) -> Signals:
        """Return the signals of the recording (T frames), whose scenes all have ended."""


class NetworkWork:
    """Measures a person by a bundle's networks; every scene is run as a recording of its own.

    Parameters
    ----------
    networks : LoadedNetworks
    every_phase : bool
        As in `ClipPipeline`.
    neutral : "auto", "first-seconds" or "none"
    fs : float
        Frames per second of the recording.
    frames : int or None
        In all, if that is known.
    worked : callable
        Called with a number of frames when so many more are done.
    """

    def __init__(
        self,
        networks: LoadedNetworks,
        every_phase: bool,
        neutral: NeutralChoice,
        fs: float,
        frames: int | None,
        worked: Callable[[int], None],
    ) -> None:
        self._networks = networks
        self._every_phase = every_phase
        self._neutral = neutral
        self._fs = fs
        self._left = frames
        self._worked = worked
        self._scene: _Scene | None = None
        self._before: list[RecordingOutputs] = []
        # Frames of this scene before the first with the person, which cost nothing.
        self._absent = 0

    def add(self, image: Image | None, square: Square | None) -> None:
        """Take in the next frame."""
        if self._scene is None:
            if square is None:
                self._absent += 1
                return
            self._scene = self._new_scene()
            for _ in range(self._absent):
                self._scene.add(None, None)
        self._scene.add(image, square)

    def end_scene(self, found: NDArray[np.bool_], /) -> None:
        """End a scene."""
        scene = self._scene or self._new_scene()
        self._before.append(scene.finish(found))
        self._scene, self._absent = None, 0
        if self._left is not None:
            self._left = max(self._left - len(found), 0)

    def signals(self, found: NDArray[np.bool_], cuts: Sequence[int]) -> Signals:
        """Return the signals of the recording."""
        bundle, outputs = self._networks.bundle, joined(self._before, self._networks.bundle.info.tasks)
        scenes = scenes_of(len(found), cuts)
        expressions = read_expressions(outputs.of_frames, found, self._fs, bundle, self._neutral, scenes)
        signals = network_signals(outputs.differences, expressions, bundle, outputs.judges)
        others = task_outputs(other_tasks(bundle.info), outputs.differences, outputs.of_frames)
        return replace(signals, tasks=task_results(others, self._fs, cuts))

    def _new_scene(self) -> "_Scene":
        return _Scene(self._networks, self._every_phase, self._fs, block_frames(self._fs, self._left), self._worked)


class _Scene:
    """One scene on its way through the networks."""

    def __init__(
        self,
        networks: LoadedNetworks,
        every_phase: bool,
        fs: float,
        length: int,
        worked: Callable[[int], None],
    ) -> None:
        info = networks.bundle.info
        self._fs = fs
        self._run = RecordingRun(networks, every_phase)
        self._collector = InputCollector(input_shape(info), length)
        self._slow = SlowInputs(info.slow, info.crop, fs) if info.slow else None
        self._worked = worked
        self._done = 0

    def add(self, image: Image | None, square: Square | None) -> None:
        if self._slow:
            self._slow.add(image, square)
        if block := self._collector.add(image, square):
            self._work_on(block)

    def finish(self, found: NDArray[np.bool_]) -> RecordingOutputs:
        if block := self._collector.flush():
            self._work_on(block)
        # What comes before a person's first frame in a scene, or is without one, was not added.
        self._run.pass_by(self._times(len(found) - self._done))
        return self._run.finish(found, self._slow)

    def _work_on(self, block: InputBlock) -> None:
        shown = block.shown.reshape(-1)[: block.frames]
        self._run.add(block, self._times(block.frames), shown, self._batches(block))
        self._done += block.frames

    def _batches(self, block: InputBlock) -> Iterator[tuple[int, int]]:
        for start, stop in clip_batches(block):
            yield start, stop
            self._worked((stop - start) * block.small.shape[1])

    def _times(self, frames: int) -> list[float]:
        return [(self._done + index) / self._fs for index in range(frames)]


class SkinWork:
    """Measures a person's pulse by a classical method; of the frames, only the skin's mean colours are kept.

    Parameters
    ----------
    name : str
    method : ColourMethod
    fs : float
        Frames per second of the recording.
    worked : callable
        As in `NetworkWork`.
    """

    def __init__(self, name: str, method: ColourMethod, fs: float, worked: Callable[[int], None]) -> None:
        self._name = name
        self._method = method
        self._fs = fs
        self._worked = worked
        self._colour = SkinColour()
        self._colours: list[NDArray[np.float64]] = []

    def add(self, image: Image | None, square: Square | None) -> None:
        """Take in the next frame."""
        self._colours.append(self._colour.add(image, square))
        self._worked(1)

    def end_scene(self, _found: NDArray[np.bool_], /) -> None:
        """End a scene: the colours start again behind a cut."""
        self._colour = SkinColour()

    def signals(self, found: NDArray[np.bool_], cuts: Sequence[int]) -> Signals:
        """Return the signals of the recording."""
        rgb = np.where(found[:, None], np.array(self._colours).reshape(-1, 3), np.nan)
        scenes = scenes_of(len(found), cuts)
        raw = self._differences(rgb, scenes, raw_pos)
        return Signals(
            pulse=self._differences(rgb, scenes, self._method),
            respiration=f"the method '{self._name}' does not measure respiration",
            expressions=no_expressions(len(found)),
            raw_pulse=None if isinstance(raw, str) else raw,
        )

    def _differences(
        self, rgb: NDArray[np.float64], scenes: Sequence[slice], method: ColourMethod
    ) -> NDArray[np.float64] | str:
        """Each scene on its own; the reason of the longest where none is long enough."""
        parts = [pulse_differences(rgb[scene], self._fs, method) for scene in scenes]
        if all(isinstance(part, str) for part in parts):
            return max(zip(scenes, parts, strict=True), key=lambda one: one[0].stop - one[0].start)[1]
        filled = [
            np.full(scene.stop - scene.start, np.nan) if isinstance(part, str) else part
            for scene, part in zip(scenes, parts, strict=True)
        ]
        return np.concatenate(filled)
