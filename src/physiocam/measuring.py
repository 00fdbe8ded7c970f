"""The main job: from a face video to heart rate, breathing rate and action units."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiocam import __version__
from physiocam.errors import PhysiocamError
from physiocam.inputs import InputBlock
from physiocam.mean_colour import mean_colours
from physiocam.measurement import (
    ACTION_UNIT_NAMES,
    ACTIVE_THRESHOLD,
    ActionUnit,
    Face,
    Measurement,
    Weights,
)
from physiocam.networks.config import Task
from physiocam.recording_frames import FaceChoice, Progress, RecordingFrames, open_frames
from physiocam.recording_inputs import RecordingInputs, open_inputs
from physiocam.runtime import Runtime
from physiocam.signals.colour_method import ColourMethod
from physiocam.signals.methods import classical_method
from physiocam.signals.rate import Rate, estimate_rate, rate_times, rates_along
from physiocam.signals.settings import SETTINGS, UNITS, Quantity, SignalSettings
from physiocam.signals.variability import heart_rate_variability
from physiocam.signals.waveform import clean_waveform
from physiocam.slow_inputs import SlowInputs
from physiocam.weights.bundle import Bundle, load_bundle

NETWORK = "network"

# The part of the face's box that the classical methods average: its middle, where there is skin and no background. Of
# 0.5 to 1.6 this gives the best quality; see docs/methods.md.
_SKIN_FACTOR = 0.6

# No pulse needs more, and filters of the classical methods lose digits far above it.
_SKIN_MAX_FS = 120.0


def measure(
    source: str | os.PathLike[str] | NDArray[np.uint8],
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
    source : path or uint8 array of shape (T, H, W, 3)
        Video file, folder of images, or RGB frames.
    weights : str, path or Bundle
        Name or folder of a bundle.
    method : str
        "network", or one of `signals.methods.METHODS` ("pos", "chrom", ...): a classical method, which measures the
        heart rate alone, from the skin's mean colour, and uses no bundle.
    fs : float, optional
        Frames per second. Needed for arrays and folders of images; for files it overrides what the file says.
    face : "auto", "center" or (x, y, size)
        Find and follow the largest face, take the largest centred square, or take this square in pixels.
    settings : "default" or "paper"
        How waveforms become rates; "paper" repeats the reference's numbers.
    hrv : bool
        Find the beats and measure heart-rate variability too (extra `hrv`).
    threads : int, optional
        Threads of the networks; all cores by default.
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
    if settings not in SETTINGS:
        raise PhysiocamError(f"settings is {settings!r}; expected one of {', '.join(SETTINGS)}")
    chosen = SETTINGS[settings]
    if method != NETWORK:
        classical = classical_method(method)
        if weights != "default":
            raise PhysiocamError(f"method '{method}' uses no weights; leave one of the two out")
        with open_frames(source, _SKIN_FACTOR, max_fs=_SKIN_MAX_FS, fs=fs, face=face, progress=progress) as frames:
            signals = _classical_signals(frames, method, classical)
        return _with_variability(_answer(frames, signals, chosen, face, method, None), hrv)
    bundle = weights if isinstance(weights, Bundle) else load_bundle(weights)
    runtime = Runtime(bundle, threads)
    with open_inputs(source, bundle.info, fs=fs, face=face, progress=progress) as inputs:
        signals = _network_signals(inputs, runtime, bundle, threads)
    known = Weights(bundle.info.name, bundle.sha256)
    return _with_variability(_answer(inputs, signals, chosen, face, method, known), hrv)


@dataclass(frozen=True)
class _Signals:
    """What was read from the frames, before it becomes rates.

    A waveform is given by its differences (T,), NaN where the change to the next frame was not seen; or there is none,
    and the text says why. `probability` (T, A) has a column for each of the units, NaN in gaps.
    """

    pulse: NDArray[np.float64] | str
    respiration: NDArray[np.float64] | str
    units: tuple[str, ...]
    probability: NDArray[np.float32]


def _classical_signals(frames: RecordingFrames, name: str, method: ColourMethod) -> _Signals:
    """Average the skin and apply a classical method; of the frames, only the mean colours are kept."""
    colours = []
    for colour in mean_colours(frames.located):
        colours.append(colour)
        frames.passed(1)
    found = frames.found
    return _Signals(
        pulse=_classical_pulse(np.where(found[:, None], colours, np.nan), frames.video.fs, method),
        respiration=f"the method '{name}' does not measure respiration",
        units=(),
        probability=np.empty((len(found), 0), dtype=np.float32),
    )


def _classical_pulse(rgb: NDArray[np.float64], fs: float, method: ColourMethod) -> NDArray[np.float64] | str:
    try:
        return np.append(np.diff(method(rgb, fs)), np.nan)
    except PhysiocamError as error:
        return str(error)


def _network_signals(inputs: RecordingInputs, runtime: Runtime, bundle: Bundle, threads: int | None) -> _Signals:
    """Run the networks over a recording."""
    outputs = _run(inputs, runtime, bundle.info.tasks)
    differences = {task.name: _differences(outputs[task.name], inputs.found) for task in bundle.info.tasks}
    if inputs.slow and bundle.info.slow:
        slow = bundle.info.slow
        outputs_slow = _run_slow(inputs.slow, Runtime(bundle, threads, slow.networks), slow.tasks)
        for task in slow.tasks:
            differences[task.name] = _slow_differences(outputs_slow[task.name], inputs.slow.step, inputs.found)
    units = bundle.task("au")
    return _Signals(
        pulse=_waveform(differences, "pulse", bundle),
        respiration=_waveform(differences, "respiration", bundle),
        units=units.labels if units else (),
        probability=_probability(outputs, inputs.found),
    )


def _run(inputs: RecordingInputs, runtime: Runtime, tasks: Sequence[Task]) -> dict[str, NDArray[np.float32]]:
    """Run the networks over a recording; task -> (T, C) float32."""
    parts: dict[str, list[NDArray[np.float32]]] = {task.name: [] for task in tasks}
    passed = 0
    for block in inputs.blocks:
        found = inputs.found[passed : passed + block.frames]
        passed += block.frames
        length = block.small.shape[1]
        batches = [
            runtime.run(block.big(start, stop), block.small[start:stop])
            if found[start * length : stop * length].any()
            # Long gaps cost nothing, and what a network says of them counts for nothing.
            else {task.name: np.zeros((stop - start, length, task.outputs), np.float32) for task in tasks}
            for start, stop in inputs.batches(block)
        ]
        _collect(parts, tasks, batches, block)
        # The next block grows as large while it is read: this one must be gone by then.
        del block
    return {task: np.concatenate(outputs) for task, outputs in parts.items()}


def _run_slow(inputs: SlowInputs, runtime: Runtime, tasks: Sequence[Task]) -> dict[str, NDArray[np.float32]]:
    """Run the slow networks over a recording; task -> (frames they see, C) float32."""
    parts: dict[str, list[NDArray[np.float32]]] = {task.name: [] for task in tasks}
    for block in inputs.finish():
        _collect(parts, tasks, [runtime.run(block.big(0, block.clips), block.small)], block)
    return {task: np.concatenate(outputs) for task, outputs in parts.items()}


def _collect(
    parts: dict[str, list[NDArray[np.float32]]],
    tasks: Sequence[Task],
    batches: list[dict[str, NDArray[np.float32]]],
    block: InputBlock,
) -> None:
    """Append a block's outputs, without the frames that fill its last clip up."""
    for task in tasks:
        output = np.concatenate([batch[task.name] for batch in batches])
        output = output.reshape(-1, output.shape[-1])[: block.frames]
        # Where nothing moves nothing beats; what a network says there is how a codec made the Big frames.
        flat = task.kind == "waveform" and not block.moves
        parts[task.name].append(np.zeros_like(output) if flat else output)


def _differences(output: NDArray[np.float32], found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """First output (T, C) as differences (T,), NaN where the change to the next frame was not seen."""
    seen = found.copy()
    seen[:-1] &= found[1:]
    return np.where(seen, output[:, 0].astype(np.float64), np.nan)


def _slow_differences(output: NDArray[np.float32], step: int, found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Spread each difference over the frames it spans: their sum is the waveform, interpolated."""
    differences = _differences(output, found[::step]) / step
    # What came after the last frame that they saw is not known.
    differences[-1] = np.nan
    return np.repeat(differences, step)[: len(found)]


def _waveform(differences: dict[str, NDArray[np.float64]], task: str, bundle: Bundle) -> NDArray[np.float64] | str:
    return differences.get(task, f"the bundle '{bundle.info.name}' does not measure {task}")


def _probability(outputs: dict[str, NDArray[np.float32]], found: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Action-unit probabilities (T, A), NaN in gaps."""
    if "au" not in outputs:
        return np.empty((len(found), 0), dtype=np.float32)
    logits = outputs["au"].astype(np.float64)
    # By tanh, which cannot overflow.
    probability = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return np.where(found[:, None], probability, np.nan).astype(np.float32)


def _answer(
    seen: RecordingFrames | RecordingInputs,
    signals: _Signals,
    settings: SignalSettings,
    face: FaceChoice,
    method: str,
    weights: Weights | None,
) -> Measurement:
    video, found = seen.video, seen.found
    nothing = np.full(len(found), np.nan)
    pulse = nothing if isinstance(signals.pulse, str) else signals.pulse
    respiration = nothing if isinstance(signals.respiration, str) else signals.respiration
    return Measurement(
        source=video.source,
        duration_s=len(found) / video.fs,
        fs=video.fs,
        frames=len(found),
        face=Face(float(found.mean()), face if isinstance(face, str) else ",".join(map(str, face))),
        heart_rate=_rate(signals.pulse, "heart", video.fs, found, settings),
        breathing_rate=_rate(signals.respiration, "breathing", video.fs, found, settings),
        action_units={
            label: _action_unit(label, signals.probability[found, column]) for column, label in enumerate(signals.units)
        },
        method=method,
        weights=weights,
        settings=settings.name,
        version=__version__,
        notes=tuple(video.notes),
        timestamps_s=np.array(seen.timestamps),
        face_found=found,
        face_squares=seen.squares,
        pulse=clean_waveform(pulse, video.fs, "heart", settings),
        respiration=clean_waveform(respiration, video.fs, "breathing", settings),
        rates_timestamps_s=rate_times(len(found), video.fs),
        heart_rate_along=rates_along(pulse, video.fs, "heart", settings),
        breathing_rate_along=rates_along(respiration, video.fs, "breathing", settings),
        action_unit_probability=signals.probability,
    )


def _with_variability(measurement: Measurement, wanted: bool) -> Measurement:
    if not wanted:
        return measurement
    variability = heart_rate_variability(measurement.pulse, measurement.fs, measurement.heart_rate)
    return replace(measurement, heart_rate_variability=variability)


def _rate(
    waveform: NDArray[np.float64] | str,
    quantity: Quantity,
    fs: float,
    found: NDArray[np.bool_],
    settings: SignalSettings,
) -> Rate:
    if not found.any():
        return Rate(None, UNITS[quantity], 0.0, "no face was found")
    if isinstance(waveform, str):
        return Rate(None, UNITS[quantity], 0.0, waveform)
    rate = estimate_rate(waveform, fs, quantity, settings)
    # What was not seen counts against the quality, however clean the rest is.
    return replace(rate, quality=rate.quality * float(found.mean()))


def _action_unit(label: str, probability: NDArray[np.float32]) -> ActionUnit:
    name = ACTION_UNIT_NAMES.get(label, label)
    if not len(probability):
        return ActionUnit(name, None, None)
    values = probability.astype(np.float64)
    return ActionUnit(name, float(values.mean()), float((values >= ACTIVE_THRESHOLD).mean()))
