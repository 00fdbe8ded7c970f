"""The main job: from a face video to heart rate, breathing rate and action units."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiocam import __version__
from physiocam.errors import PhysiocamError
from physiocam.inputs import InputBlock, InputShape, Located, input_blocks
from physiocam.measurement import (
    ACTION_UNIT_NAMES,
    ACTIVE_THRESHOLD,
    ActionUnit,
    Face,
    Measurement,
    Weights,
)
from physiocam.runtime import Runtime
from physiocam.signals.rate import Rate, estimate_rate, rate_times, rates_along
from physiocam.signals.settings import SETTINGS, UNITS, Quantity, SignalSettings
from physiocam.signals.waveform import clean_waveform
from physiocam.video.ahead import read_ahead
from physiocam.video.reader import Frame, Video, open_video
from physiocam.video.tracker import CentreSquare, FaceLocator, FaceTracker, FixedSquare
from physiocam.weights.bundle import Bundle, load_bundle

FaceChoice = Literal["auto", "center"] | tuple[int, int, int]
Progress = Callable[[int, int | None], None]

# Recordings up to this long are standardized as a whole, like the reference's; longer ones in equal parts.
_BLOCK_S = 60.0

# A recording much faster than what the networks were trained at is thinned out, not measured in slow motion.
_MAX_FS_RATIO = 1.6

# Clips handed to the networks at a time: enough for their fastest batch, and for a smooth progress bar.
_CLIPS = 20


def measure(
    source: str | os.PathLike[str] | NDArray[np.uint8],
    weights: str | os.PathLike[str] | Bundle = "default",
    *,
    fs: float | None = None,
    face: FaceChoice = "auto",
    settings: Literal["default", "paper"] = "default",
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
    fs : float, optional
        Frames per second. Needed for arrays and folders of images; for files it overrides what the file says.
    face : "auto", "center" or (x, y, size)
        Find and follow the largest face, take the largest centred square, or take this square in pixels.
    settings : "default" or "paper"
        How waveforms become rates; "paper" repeats the reference's numbers.
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
    """
    if settings not in SETTINGS:
        raise PhysiocamError(f"settings is {settings!r}; expected one of {', '.join(SETTINGS)}")
    bundle = weights if isinstance(weights, Bundle) else load_bundle(weights)
    runtime = Runtime(bundle, threads)
    with open_video(source, fs=fs, max_fs=_MAX_FS_RATIO * bundle.info.fs) as video:
        locator = _locator(face, video.fs, bundle.info.crop.factor)
        timestamps: list[float] = []
        outputs = _run(video, locator, timestamps, runtime, bundle, progress)
    found = np.array(locator.found, dtype=bool)
    return _answer(video, bundle, SETTINGS[settings], np.array(timestamps), found, outputs)


def _locator(face: FaceChoice, fs: float, crop_factor: float) -> FaceLocator:
    if face == "auto":
        return FaceTracker(fs, crop_factor)
    if face == "center":
        return CentreSquare()
    if isinstance(face, str) or len(face) != 3:
        raise PhysiocamError(f"face is {face!r}; expected 'auto', 'center' or (x, y, size) in pixels")
    return FixedSquare(*face)


def _run(
    video: Video,
    locator: FaceLocator,
    timestamps: list[float],
    runtime: Runtime,
    bundle: Bundle,
    progress: Progress | None,
) -> dict[str, NDArray[np.float32]]:
    """Decode, cut, and run the networks; task -> (T, C) float32, and `timestamps` filled."""
    counted = _Counter(progress, video.frames)

    def located(frames: Iterable[Frame]) -> Iterator[Located]:
        for frame in frames:
            timestamps.append(frame.timestamp_s)
            counted.passed(1)
            yield frame.image, locator.locate(frame.image)

    shape = InputShape(bundle.info.clip_length, bundle.info.big_stride, bundle.info.big_size, bundle.info.small_size)
    parts: dict[str, list[NDArray[np.float32]]] = {task: [] for task in bundle.tasks}
    with closing(read_ahead(video)) as frames:
        for block in input_blocks(located(frames), shape, _block_frames(video)):
            for task, output in _run_block(block, runtime, counted).items():
                parts[task].append(output)
            # The next block grows as large while it is read: this one must be gone by then.
            del block
    return {task: np.concatenate(outputs) for task, outputs in parts.items()}


def _run_block(block: InputBlock, runtime: Runtime, counted: "_Counter") -> dict[str, NDArray[np.float32]]:
    parts: list[dict[str, NDArray[np.float32]]] = []
    for start in range(0, block.clips, _CLIPS):
        stop = min(start + _CLIPS, block.clips)
        parts.append(runtime.run(block.big(start, stop), block.small[start:stop]))
        counted.passed((stop - start) * block.small.shape[1])
    joined = {task: np.concatenate([part[task] for part in parts]) for task in parts[0]}
    return {task: output.reshape(-1, output.shape[-1])[: block.frames] for task, output in joined.items()}


def _block_frames(video: Video) -> int:
    longest = max(round(_BLOCK_S * video.fs), 1)
    if video.frames is None:
        return longest
    # Equal parts: no block so short that its statistics mean nothing.
    blocks = max(-(-video.frames // longest), 1)
    return max(-(-video.frames // blocks), 1)


class _Counter:
    """Progress over the two passes each frame goes through: reading and the networks."""

    def __init__(self, progress: Progress | None, frames: int | None) -> None:
        self._progress = progress
        self._frames = frames
        self._halves = 0

    def passed(self, frames: int) -> None:
        """Count frames that went through one of the two."""
        self._halves += frames
        if self._progress is not None:
            done = self._halves // 2
            # The last clip may be filled up, and a damaged file may hold fewer frames than it says.
            self._progress(done if self._frames is None else min(done, self._frames), self._frames)


def _answer(
    video: Video,
    bundle: Bundle,
    settings: SignalSettings,
    timestamps: NDArray[np.float64],
    found: NDArray[np.bool_],
    outputs: dict[str, NDArray[np.float32]],
) -> Measurement:
    pulse = _waveform(outputs, "pulse", found)
    respiration = _waveform(outputs, "respiration", found)
    probability = _probability(outputs, found)
    units = bundle.task("au")
    return Measurement(
        source=video.source,
        duration_s=len(found) / video.fs,
        fs=video.fs,
        frames=len(found),
        face=Face(float(found.mean())),
        heart_rate=_rate(pulse, "pulse", "heart", video.fs, found, bundle, settings),
        breathing_rate=_rate(respiration, "respiration", "breathing", video.fs, found, bundle, settings),
        action_units={
            label: _action_unit(label, probability[found, column])
            for column, label in enumerate(units.labels if units else ())
        },
        weights=Weights(bundle.info.name, bundle.sha256),
        settings=settings.name,
        version=__version__,
        notes=tuple(video.notes),
        timestamps_s=timestamps,
        face_found=found,
        pulse=clean_waveform(pulse, video.fs, "heart", settings),
        respiration=clean_waveform(respiration, video.fs, "breathing", settings),
        rates_timestamps_s=rate_times(len(found), video.fs),
        heart_rate_along=rates_along(pulse, video.fs, "heart", settings),
        breathing_rate_along=rates_along(respiration, video.fs, "breathing", settings),
        action_unit_probability=probability,
    )


def _waveform(outputs: dict[str, NDArray[np.float32]], task: str, found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A waveform task's differences (T,), NaN wherever the change to the next frame was not seen."""
    if task not in outputs:
        return np.full(len(found), np.nan)
    seen = found.copy()
    seen[:-1] &= found[1:]
    return np.where(seen, outputs[task][:, 0].astype(np.float64), np.nan)


def _probability(outputs: dict[str, NDArray[np.float32]], found: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Action-unit probabilities (T, A), NaN in gaps."""
    if "au" not in outputs:
        return np.empty((len(found), 0), dtype=np.float32)
    logits = outputs["au"].astype(np.float64)
    # By tanh, which cannot overflow.
    probability = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return np.where(found[:, None], probability, np.nan).astype(np.float32)


def _rate(
    waveform: NDArray[np.float64],
    task: str,
    quantity: Quantity,
    fs: float,
    found: NDArray[np.bool_],
    bundle: Bundle,
    settings: SignalSettings,
) -> Rate:
    if bundle.task(task) is None:
        return Rate(None, UNITS[quantity], 0.0, f"the bundle '{bundle.info.name}' does not measure {task}")
    if not found.any():
        return Rate(None, UNITS[quantity], 0.0, "no face was found")
    rate = estimate_rate(waveform, fs, quantity, settings)
    # What was not seen counts against the quality, however clean the rest is.
    return replace(rate, quality=rate.quality * float(found.mean()))


def _action_unit(label: str, probability: NDArray[np.float32]) -> ActionUnit:
    name = ACTION_UNIT_NAMES.get(label, label)
    if not len(probability):
        return ActionUnit(name, None, None)
    values = probability.astype(np.float64)
    return ActionUnit(name, float(values.mean()), float((values >= ACTIVE_THRESHOLD).mean()))
