"""The main job: from a face video to heart rate, breathing rate and action units."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import FaceChoice, face_choice, truth
from physiocam.foundation.cores import within_cores
from physiocam.measuring.clip_phases import ClipPhases, phases_of
from physiocam.measuring.face_frames import Progress, RecordingFrames, open_frames
from physiocam.measuring.recording_inputs import RecordingInputs, open_inputs
from physiocam.measuring.skin_colour import mean_colours
from physiocam.measuring.slow_inputs import SlowInputs
from physiocam.measuring.summarize import Frames, Signals, answer, probabilities, without_gaps
from physiocam.networks.config import Task
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import Weights
from physiocam.signals.colour_method import ColourMethod
from physiocam.signals.methods import classical_method
from physiocam.signals.pos import raw_pos
from physiocam.signals.settings import SETTINGS
from physiocam.signals.variability import heart_rate_variability
from physiocam.video.reader import Source
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.runtime import Runtime

NETWORK = "network"

# The part of the face's box that the classical methods average: its middle, where there is skin and no background. Of
# 0.5 to 1.6 this gives the best quality; see docs/methods.md.
_SKIN_FACTOR = 0.6

# No pulse needs more, and filters of the classical methods lose digits far above it.
_SKIN_MAX_FS = 120.0


def measure(
    source: Source,
    weights: str | os.PathLike[str] | Bundle = "default",
    *,
    method: str = NETWORK,
    fs: float | None = None,
    face: FaceChoice = "auto",
    settings: Literal["default", "paper"] = "default",
    hrv: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Measurement:
    """Measure heart rate, breathing rate and facial action units in a face video.

    Parameters
    ----------
    source : path, uint8 array of shape (T, H, W, 3), or list of uint8 arrays (H, W, 3)
        Video file, folder of images, or RGB frames.
    weights : str, path or Bundle
        Name or folder of a bundle.
    method : str
        "network", or one of `signals.methods.METHODS` ("pos", "chrom", ...): a classical method, which measures the
        heart rate alone, from the skin's mean colour, and uses no bundle.
    fs : float, optional
        Frames per second, as any kind of number. Needed for arrays and folders of images; for files it overrides what
        the file says.
    face : "auto", "center" or (x, y, size)
        Find and follow the largest face, take the largest centred square, or take this square in pixels.
    settings : "default" or "paper"
        How waveforms become rates; "paper" repeats the reference's numbers.
    hrv : bool
        Find the beats and measure heart-rate variability too (extra `hrv`).
    threads : int, optional
        Threads of the networks; all cores by default, and never more than there are.
    progress : callable, optional
        Called with (frames done, frames in all or None) as the work goes on.

    Returns
    -------
    Measurement
        Without a face it is complete too: its rates are None, each with a note that says why.

    Raises
    ------
    VideoError
        If the source cannot be opened or holds no frame.
    BundleError
        If the bundle is missing or damaged.
    PhysiocamError
        If an argument makes no sense; the message names it.
    ImportError
        If NeuroKit2 is needed, and not installed.
    """
    face = face_choice(face)
    if not isinstance(settings, str) or settings not in SETTINGS:
        raise PhysiocamError(f"settings is {settings!r}; expected one of {', '.join(SETTINGS)}")
    chosen = SETTINGS[settings]
    hrv, threads = truth(hrv, "hrv"), within_cores(threads, "threads")
    if progress is not None and not callable(progress):
        raise PhysiocamError(f"progress is {progress!r}; expected a function of (frames done, frames in all or None)")
    if method != NETWORK:
        classical = classical_method(method)
        if weights != "default":
            raise PhysiocamError(f"method '{method}' uses no weights; leave one of the two out")
        with open_frames(source, _SKIN_FACTOR, max_fs=_SKIN_MAX_FS, fs=fs, face=face, progress=progress) as frames:
            signals = _classical_signals(frames, method, classical)
        return _with_variability(answer(_frames(frames), signals, chosen, face, method, None), hrv)
    bundle = weights if isinstance(weights, Bundle) else load_bundle(weights)
    runtime = Runtime(bundle, threads)
    with open_inputs(source, bundle.info, fs=fs, face=face, progress=progress) as inputs:
        signals = _network_signals(inputs, runtime, bundle, threads, chosen.every_phase)
    known = Weights(bundle.info.name, bundle.sha256)
    return _with_variability(answer(_frames(inputs), signals, chosen, face, method, known), hrv)


def _classical_signals(frames: RecordingFrames, name: str, method: ColourMethod) -> Signals:
    """Average the skin and apply a classical method; of the frames, only the mean colours are kept."""
    colours = []
    for colour in mean_colours(frames.located):
        colours.append(colour)
        frames.passed(1)
    found = frames.found
    rgb = np.where(found[:, None], colours, np.nan)
    raw = _classical_pulse(rgb, frames.video.fs, raw_pos)
    return Signals(
        pulse=_classical_pulse(rgb, frames.video.fs, method),
        respiration=f"the method '{name}' does not measure respiration",
        units=(),
        probability=np.empty((len(found), 0), dtype=np.float32),
        raw_pulse=None if isinstance(raw, str) else raw,
    )


def _classical_pulse(rgb: NDArray[np.float64], fs: float, method: ColourMethod) -> NDArray[np.float64] | str:
    try:
        return np.append(np.diff(method(rgb, fs)), np.nan)
    except PhysiocamError as error:
        return str(error)


def _network_signals(
    inputs: RecordingInputs, runtime: Runtime, bundle: Bundle, threads: int | None, every_phase: bool
) -> Signals:
    """Run the networks over a recording."""
    outputs, moves = _run(inputs, phases_of(bundle.info, runtime, every_phase), bundle.info.tasks)
    differences = {task.name: without_gaps(outputs[task.name][:, 0], inputs.found) for task in bundle.info.tasks}
    if inputs.slow and bundle.info.slow:
        slow = bundle.info.slow
        phases = phases_of(slow, Runtime(bundle, threads, slow.networks), every_phase)
        outputs_slow = _run_slow(inputs.slow, phases, slow.tasks)
        for task in slow.tasks:
            differences[task.name] = _slow_differences(outputs_slow[task.name], inputs.slow.step, inputs.found)
    # Where nothing moves nothing beats; what a network says there is how a codec made the frames. Frames that are far
    # apart may hit its key frames and miss what is between, so that slow networks' inputs cannot tell.
    differences = {task: np.where(moves, difference, 0.0 * difference) for task, difference in differences.items()}
    units = bundle.task("au")
    return Signals(
        pulse=_waveform(differences, "pulse", bundle),
        respiration=_waveform(differences, "respiration", bundle),
        units=units.labels if units else (),
        probability=_probability(outputs, inputs.found),
    )


def _run(
    inputs: RecordingInputs, phases: ClipPhases, tasks: Sequence[Task]
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.bool_]]:
    """Run the networks over a recording; task -> (T, C) float32, and whether something moves around a frame (T,)."""
    averaged = _Averaged(phases, tasks)
    moves: list[NDArray[np.bool_]] = []
    passed = 0
    for block in inputs.blocks:
        found = inputs.found[passed : passed + block.frames]
        passed += block.frames
        length = block.small.shape[1]
        for start, stop in inputs.batches(block):
            # Long gaps cost nothing, and what a network says of them counts for nothing.
            big = block.big(start, stop) if found[start * length : stop * length].any() else None
            averaged.add(big, block.small[start:stop], block.shown[start:stop])
        moves.append(np.full(block.frames, block.moves))
        # The next block grows as large while it is read: this one must be gone by then.
        del block
    moved = np.concatenate(moves)
    return averaged.finish(len(moved)), moved


def _run_slow(inputs: SlowInputs, phases: ClipPhases, tasks: Sequence[Task]) -> dict[str, NDArray[np.float32]]:
    """Run the slow networks over a recording; task -> (frames they see, C) float32."""
    averaged = _Averaged(phases, tasks)
    blocks = inputs.finish()
    for block in blocks:
        averaged.add(block.big(0, block.clips), block.small, block.shown)
    return averaged.finish(sum(block.frames for block in blocks))


class _Averaged:
    """What networks say of a recording's frames, gathered while its clips pass by."""

    def __init__(self, phases: ClipPhases, tasks: Sequence[Task]) -> None:
        self._phases = phases
        self._parts: dict[str, list[NDArray[np.float32]]] = {task.name: [] for task in tasks}

    def add(self, big: NDArray[np.float32] | None, small: NDArray[np.float32], shown: NDArray[np.bool_]) -> None:
        for task, output in self._phases.run(big, small, shown).items():
            parts = self._parts[task]
            if parts:
                # The last rows were not final yet.
                parts[-1] = parts[-1][: len(parts[-1]) - self._phases.lead]
            parts.append(output)

    def finish(self, frames: int) -> dict[str, NDArray[np.float32]]:
        """Task to (frames, C), without the frames that fill the last clip up."""
        lead = self._phases.lead
        return {task: np.concatenate(parts)[lead : lead + frames] for task, parts in self._parts.items()}


def _slow_differences(output: NDArray[np.float32], step: int, found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Spread each difference over the frames it spans: their sum is the waveform, interpolated."""
    differences = without_gaps(output[:, 0], found[::step]) / step
    # What came after the last frame that they saw is not known.
    differences[-1] = np.nan
    return np.repeat(differences, step)[: len(found)]


def _waveform(differences: dict[str, NDArray[np.float64]], task: str, bundle: Bundle) -> NDArray[np.float64] | str:
    return differences.get(task, f"the bundle '{bundle.info.name}' does not measure {task}")


def _probability(outputs: dict[str, NDArray[np.float32]], found: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Action-unit probabilities (T, A), NaN in gaps."""
    if "au" not in outputs:
        return np.empty((len(found), 0), dtype=np.float32)
    return np.where(found[:, None], probabilities(outputs["au"]), np.float32(np.nan))


def _frames(seen: RecordingFrames | RecordingInputs) -> Frames:
    video = seen.video
    return Frames(video.source, video.fs, np.array(seen.timestamps), seen.found, seen.squares, notes=seen.notes)


def _with_variability(measurement: Measurement, wanted: bool) -> Measurement:
    if not wanted:
        return measurement
    variability = heart_rate_variability(measurement.pulse, measurement.fs, measurement.heart_rate)
    return replace(measurement, heart_rate_variability=variability)
