"""The main job: from a face video to heart rate, breathing rate and action units."""

from dataclasses import replace
from typing import Unpack

import numpy as np

from physiocam.errors import PhysiocamError
from physiocam.measuring.clip_pipeline import LoadedNetworks, run_recording
from physiocam.measuring.expressions import no_expressions, read_expressions
from physiocam.measuring.face_frames import FaceFrames, Progress, open_frames
from physiocam.measuring.network_inputs import open_inputs
from physiocam.measuring.options import MeasureOptions, OptionChanges, with_changes
from physiocam.measuring.skin_colour import mean_colours
from physiocam.measuring.summarize import Frames, Signals, network_signals, summarize
from physiocam.measuring.task_outputs import other_tasks, task_outputs, task_results
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import Weights
from physiocam.signals.colour_method import ColourMethod
from physiocam.signals.methods import NETWORK, classical_method, pulse_differences
from physiocam.signals.pos import raw_pos
from physiocam.signals.variability import heart_rate_variability
from physiocam.video.face_source import as_trained
from physiocam.video.reader import Source

# The part of the face's box that the classical methods average: its middle, where there is skin and no background. Of
# 0.5 to 1.6 this gives the best quality; see docs/methods.md.
_SKIN_FACTOR = 0.6

# No pulse needs more, and filters of the classical methods lose digits far above it.
_SKIN_MAX_FS = 120.0


def measure(
    source: Source,
    options: MeasureOptions | None = None,
    *,
    progress: Progress | None = None,
    **changes: Unpack[OptionChanges],
) -> Measurement:
    """Measure heart rate, breathing rate and facial action units in a face video.

    Parameters
    ----------
    source : path, array of shape (T, H, W, 3), or list of arrays (H, W, 3)
        Video file, folder of images, file of an array (.npy), or RGB frames: uint8, uint16 or float from 0 to 1. A
        bundle whose networks take other channels takes arrays with these.
    options : MeasureOptions, optional
        How to measure.
    progress : callable, optional
        Called with (frames done, frames in all or None) as the work goes on.
    **changes
        Fields of `MeasureOptions` that differ from `options`, such as ``method="pos"`` or ``fs=30``. `report` and
        `overlay` are for those who write results; here they do nothing.

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
        If an option makes no sense; the message names it.
    ImportError
        If NeuroKit2 is needed, and not installed.

    Examples
    --------
    Two seconds of grey frames have no face, and so no heart rate:

    >>> import numpy as np
    >>> frames = np.full((60, 120, 160, 3), 128, np.uint8)
    >>> measurement = measure(frames, fs=30)
    >>> measurement.heart_rate.value, measurement.heart_rate.note
    (None, 'no face was found')
    """
    options = with_changes(options, changes)
    if progress is not None and not callable(progress):
        raise PhysiocamError(f"progress is {progress!r}; expected a function of (frames done, frames in all or None)")
    work = _with_network if options.method == NETWORK else _with_classical_method
    measurement = work(source, options, progress)
    if not options.hrv:
        return measurement
    variability = heart_rate_variability(measurement.pulse, measurement.fs, measurement.heart_rate)
    return replace(measurement, heart_rate_variability=variability)


def _with_network(source: Source, options: MeasureOptions, progress: Progress | None) -> Measurement:
    networks = LoadedNetworks(options.bundle(), options.threads, options.providers)
    return measure_with(networks, source, options, progress)


def measure_with(
    networks: LoadedNetworks, source: Source, options: MeasureOptions, progress: Progress | None = None
) -> Measurement:
    """Measure with networks that are loaded already; see `measure`."""
    bundle = networks.bundle
    options = options.replace(face=as_trained(options.face, bundle.info.square))
    with open_inputs(source, bundle.info, fs=options.fs, face=options.face, progress=progress) as inputs:
        outputs = run_recording(inputs, networks, options.signal_settings.every_phase)
    frames = _frames(inputs.frames)
    expressions = read_expressions(outputs.of_frames, frames.found, frames.fs, bundle, options.neutral)
    signals = network_signals(outputs.differences, expressions, bundle, outputs.judges)
    others = task_outputs(other_tasks(bundle.info), outputs.differences, outputs.of_frames)
    signals = replace(signals, tasks=task_results(others, frames.fs))
    return summarize(frames, signals, options, Weights(bundle.info.name, bundle.sha256))


def _with_classical_method(source: Source, options: MeasureOptions, progress: Progress | None) -> Measurement:
    method = classical_method(options.method)
    with open_frames(
        source, _SKIN_FACTOR, max_fs=_SKIN_MAX_FS, fs=options.fs, face=options.face, progress=progress
    ) as frames:
        signals = _classical_signals(frames, options.method, method)
    return summarize(_frames(frames), signals, options, None)


def _classical_signals(frames: FaceFrames, name: str, method: ColourMethod) -> Signals:
    """Average the skin and apply a classical method; of the frames, only the mean colours are kept."""
    colours = []
    for colour in mean_colours(frames.located):
        colours.append(colour)
        frames.advance(1)
    found = frames.found
    rgb = np.where(found[:, None], colours, np.nan)
    raw = pulse_differences(rgb, frames.video.fs, raw_pos)
    return Signals(
        pulse=pulse_differences(rgb, frames.video.fs, method),
        respiration=f"the method '{name}' does not measure respiration",
        expressions=no_expressions(len(found)),
        raw_pulse=None if isinstance(raw, str) else raw,
    )


def _frames(seen: FaceFrames) -> Frames:
    video = seen.video
    return Frames(video.source, video.fs, np.array(seen.timestamps), seen.found, seen.squares, notes=seen.notes)
