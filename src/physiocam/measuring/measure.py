"""The main job: from a face video to heart rate, breathing rate and action units."""

from dataclasses import replace
from functools import partial
from typing import Literal, Unpack, overload

from physiocam.errors import PhysiocamError
from physiocam.measuring.clip_pipeline import LoadedNetworks
from physiocam.measuring.face_frames import Progress, open_frames
from physiocam.measuring.network_inputs import MAX_FS_RATIO
from physiocam.measuring.options import MeasureOptions, OptionChanges, with_changes
from physiocam.measuring.people import People
from physiocam.measuring.people_choice import PeopleChoice, check_people, people_choice
from physiocam.measuring.person_work import NetworkWork, SkinWork
from physiocam.measuring.summarize import summarize
from physiocam.results.measurement import Measurement
from physiocam.signals.methods import NETWORK, classical_method
from physiocam.signals.variability import heart_rate_variability
from physiocam.video.face_source import as_trained, people_locator
from physiocam.video.reader import Source

# The part of the face's box that the classical methods average: its middle, where there is skin and no background. Of
# 0.5 to 1.6 this gives the best quality; see docs/methods.md.
_SKIN_FACTOR = 0.6

# No pulse needs more, and filters of the classical methods lose digits far above it.
_SKIN_MAX_FS = 120.0


@overload
def measure(
    source: Source,
    options: MeasureOptions | None = None,
    *,
    people: Literal["largest"] = "largest",
    progress: Progress | None = None,
    **changes: Unpack[OptionChanges],
) -> Measurement: ...


@overload
def measure(
    source: Source,
    options: MeasureOptions | None = None,
    *,
    people: Literal["all"] | int,
    progress: Progress | None = None,
    **changes: Unpack[OptionChanges],
) -> tuple[Measurement, ...]: ...


def measure(
    source: Source,
    options: MeasureOptions | None = None,
    *,
    people: PeopleChoice = "largest",
    progress: Progress | None = None,
    **changes: Unpack[OptionChanges],
) -> Measurement | tuple[Measurement, ...]:
    """Measure heart rate, breathing rate and facial action units in a face video.

    Parameters
    ----------
    source : path, array of shape (T, H, W, 3), or list of arrays (H, W, 3)
        Video file, folder of images, file of an array (.npy), or RGB frames: uint8, uint16 or float from 0 to 1. A
        bundle whose networks take other channels takes arrays with these.
    options : MeasureOptions, optional
        How to measure.
    people : "largest", "all" or int
        Whom to measure: the one person whose face is the largest over the recording, everyone, or so many of the
        largest. The recording is read once.
    progress : callable, optional
        Called with (frames done, frames in all or None) as the work goes on.
    **changes
        Fields of `MeasureOptions` that differ from `options`, such as ``method="pos"`` or ``fs=30``. `report` and
        `overlay` are for those who write results; here they do nothing.

    Returns
    -------
    Measurement, or tuple of Measurement
        A tuple if `people` is "all" or a number: one a person, the largest first, with `person` counted from 1. Without
        a face there is one too: its rates are None, each with a note that says why.

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
    found = measure_each(source, options, people_choice(people), progress)
    return found[0] if people == "largest" else found


def measure_each(
    source: Source, options: MeasureOptions, people: PeopleChoice, progress: Progress | None = None
) -> tuple[Measurement, ...]:
    """Measure people, the largest first; "largest" is one without a number. See `measure`."""
    if options.method == NETWORK:
        networks = LoadedNetworks(options.bundle(), options.threads, options.providers, options.precision, wait=False)
        options = options.replace(face=as_trained(options.face, networks.bundle.info.square))
        check_people(people, options.face)
        found = measure_with(networks, source, options, people, progress)
    else:
        check_people(people, options.face)
        found = _with_classical_method(source, options, people, progress)
    if options.hrv:
        found = [_with_variability(one) for one in found]
    if people == "largest":
        return tuple(found)
    return tuple(replace(one, person=number) for number, one in enumerate(found, 1))


def _with_variability(measurement: Measurement) -> Measurement:
    variability = heart_rate_variability(measurement.pulse_band, measurement.fs, measurement.heart_rate)
    return replace(measurement, heart_rate_variability=variability)


def measure_with(
    networks: LoadedNetworks,
    source: Source,
    options: MeasureOptions,
    people: PeopleChoice = "largest",
    progress: Progress | None = None,
) -> list[Measurement]:
    """Measure people with networks that are loaded already; see `measure`."""
    info = networks.bundle.info
    options = options.replace(face=as_trained(options.face, info.square))
    every_phase, max_fs = options.signal_settings.every_phase, MAX_FS_RATIO * info.fs
    locator = partial(people_locator, options.face, crop_factor=info.crop.factor)
    with open_frames(
        source, locator, max_fs=max_fs, fs=options.fs, progress=progress, channels=info.input_channels
    ) as frames:
        video = frames.video
        start = partial(NetworkWork, networks, every_phase, options.neutral, video.fs, video.frames)
        seen = People(frames, start, people, info.crop.factor).run()
    return [summarize(one, signals, options, networks.weights) for one, signals in seen]


def _with_classical_method(
    source: Source, options: MeasureOptions, people: PeopleChoice, progress: Progress | None
) -> list[Measurement]:
    method = classical_method(options.method)
    locator = partial(people_locator, options.face, crop_factor=_SKIN_FACTOR)
    with open_frames(source, locator, max_fs=_SKIN_MAX_FS, fs=options.fs, progress=progress) as frames:
        start = partial(SkinWork, options.method, method, frames.video.fs)
        seen = People(frames, start, people, _SKIN_FACTOR).run()
    return [summarize(one, signals, options, None) for one, signals in seen]
