"""Recordings: one video with signals of sensors and codes of coders, each with its own clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physiocam.errors import DatasetError
from physiocam.networks.tasks import AU, PULSE, RESPIRATION, Task
from physiocam.video.locators import SquareKind
from physiocam.video.reader import Video

# How the square of a recording is found. "face": follow the face, as when measuring. "bottom": the largest square at
# the bottom of a portrait frame, what the authors cut from BP4D+. "center": the largest centred square. "whole": all of
# the frame, without looking for a face.
CropChoice = SquareKind

# The pulse target. "sensor": the wave that was recorded with the video. "pseudo": the wave in the skin's colour (paper,
# appendix D.2), if the sensor measures something else, such as blood pressure.
PulseTarget = Literal["sensor", "pseudo"]

_LARGEST = 1e30

# Tasks whose labels are not `TaskLabels`.
LABELLED_OTHERWISE = frozenset({AU.name, PULSE.name, RESPIRATION.name})


def check_free(name: str) -> None:
    """Refuse a name for a task of the data set's own that has labels of another kind.

    Raises
    ------
    DatasetError
    """
    if name in LABELLED_OTHERWISE:
        raise DatasetError(
            f"a task is called '{name}', whose labels are those of action units or of a sensor; take another name"
        )


# Code of an action unit that the coder could not see.
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Signal:
    """What one sensor recorded.

    Attributes
    ----------
    values : float64 array (S,)
    timestamps_s : float64 array (S,)
        Increasing times on the recording's clock: the first frame is at 0. A single number for the whole recording,
        such as a heart rate that somebody counted, is one sample at 0.
    unit : str
        Such as "mmHg", "beats/min" or "a.u.".
    source : str
        What it was read from, such as "column 'ppg'"; may be empty.
    """

    values: NDArray[np.float64]
    timestamps_s: NDArray[np.float64]
    unit: str
    source: str = ""

    @classmethod
    def of(cls, values: ArrayLike, timestamps_s: ArrayLike, unit: str, source: str = "") -> Self:
        """Make a signal from samples with rising times.

        Numbers of 1e30 and more count as missing, and samples without a time are left out.

        `physiocam.datasets.sensors.sensor.Samples` makes one from any sensor file, and corrects its times.

        Raises
        ------
        DatasetError
            If there is no sample, not one time per sample, or a time that does not rise.
        """
        samples, times = np.asarray(values, dtype=np.float64), np.asarray(timestamps_s, dtype=np.float64)
        if samples.ndim != 1 or samples.shape != times.shape:
            raise DatasetError(f"{samples.size} samples have {times.size} times; expected one time per sample")
        timed = np.abs(times) < _LARGEST
        samples, times = samples[timed], times[timed]
        if not len(times):
            raise DatasetError("a signal without samples; expected at least one number and its time")
        # Larger numbers are not measurements, and overflow when squared.
        samples = np.where(np.abs(samples) < _LARGEST, samples, np.nan)
        rises = np.concatenate([[True], np.diff(times) > 0])
        if not rises.all():
            index = int(np.flatnonzero(~rises)[0])
            raise DatasetError(f"time {times[index]:g} s follows {times[index - 1]:g} s; expected times that rise")
        return cls(samples, times, unit, source)


@dataclass(frozen=True, eq=False)
class TaskLabels:
    """What is known of a task of the data set's own: any task other than action units, pulse and respiration.

    Attributes
    ----------
    task : Task
        Its kind, and the names of its C outputs.
    values : float64 array (S, C)
        NaN where unknown. Of a binary task 0 or 1, of a waveform its values, not their differences.
    timestamps_s : float64 array (S,)
        Rising, on the recording's clock. One sample alone holds throughout the recording.
    source : str
        What they were read from, such as "column 'lamp'"; may be empty.
    """

    task: Task
    values: NDArray[np.float64]
    timestamps_s: NDArray[np.float64]
    source: str = ""

    @classmethod
    def of(cls, task: Task, values: ArrayLike, timestamps_s: ArrayLike, source: str = "") -> Self:
        """Make labels from samples with rising times.

        Parameters
        ----------
        task, timestamps_s, source
            See above.
        values : array (S, C), or (S,) for a task of one output

        Raises
        ------
        DatasetError
            If the task has the name of one with labels of its own, there is not one row per time or not one column per
            output, a time does not rise, or a value of a binary task is neither 0 nor 1.

        Examples
        --------
        >>> lamp = Task(name="lamp", kind="binary", labels=("lamp",))
        >>> TaskLabels.of(lamp, [0, 1, 1], [0.0, 0.5, 1.0]).values.shape
        (3, 1)
        """
        check_free(task.name)
        samples, times = np.asarray(values, dtype=np.float64), np.asarray(timestamps_s, dtype=np.float64)
        samples = samples[:, np.newaxis] if samples.ndim == 1 else samples
        if times.ndim != 1 or samples.shape != (len(times), task.outputs) or not len(times):
            raise DatasetError(
                f"labels of '{task.name}' have the shape {samples.shape} with {times.size} times; expected one row per "
                f"time and {task.outputs} columns"
            )
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
            raise DatasetError(f"times of '{task.name}' do not rise; expected rising times in seconds")
        samples = np.where(np.abs(samples) < _LARGEST, samples, np.nan)
        odd = samples[np.isfinite(samples) & ~np.isin(samples, (0.0, 1.0))]
        if task.kind == "binary" and len(odd):
            raise DatasetError(f"the binary task '{task.name}' has the value {odd[0]:g}; expected 0, 1 or none")
        return cls(task, samples, times, source)


@dataclass(frozen=True, eq=False)
class ActionUnitCodes:
    """A coder's codes.

    Attributes
    ----------
    labels : tuple of str
        "AU01", ..., one per column, as the data set codes them.
    occurrence : int8 array (T, A)
        1 present, 0 absent, -1 unknown; one row per frame of the recording.
    intensity : int8 array (T, A) or None
        0..5, -1 unknown, if the data set has intensities.
    """

    labels: tuple[str, ...]
    occurrence: NDArray[np.int8]
    intensity: NDArray[np.int8] | None = None


class Frames(Protocol):
    """Source of a recording's frames; can be opened repeatedly, and pickled for other processes."""

    def open(self) -> Video:
        """Open the frames for one pass.

        Raises
        ------
        VideoError
            If they cannot be read.
        """
        ...


@dataclass(frozen=True, eq=False)
class WholeTrial:
    """The trial that a recording's frames were cut from, for labels that are stretched over all of it.

    Attributes
    ----------
    first, frames : int
        Number of the recording's first frame in it, from 0, and of all its frames.
    signals : mapping of str to Signal
        As recorded, without a cut.
    """

    first: int
    frames: int
    signals: Mapping[str, Signal]


@dataclass(frozen=True, eq=False)
class Recording:
    """One video with its labels.

    Attributes
    ----------
    name : str
        Unique within the data set and fit for a file name, such as "F001_T1".
    subject, trial : str
    frames : Frames
        Decoded only when opened.
    signals : mapping of str to Signal
        By the field's names: "pulse", "respiration" (waveforms), "heart_rate", "breathing_rate" (per minute), and other
        signals of the data set.
    action_units : ActionUnitCodes or None
    tasks : mapping of str to TaskLabels
        By the task's name; whatever else is to be learned from the frames.
    crop : CropChoice
    pulse_target : PulseTarget
    notes : tuple of str
        What is unusual about it, in plain words.
    whole : WholeTrial or None
        If the frames are a part of a trial.
    """

    name: str
    subject: str
    trial: str
    frames: Frames
    signals: Mapping[str, Signal] = field(default_factory=dict)
    action_units: ActionUnitCodes | None = None
    crop: CropChoice = "face"
    pulse_target: PulseTarget = "sensor"
    notes: tuple[str, ...] = ()
    whole: WholeTrial | None = None
    tasks: Mapping[str, TaskLabels] = field(default_factory=dict)


class Entry(Protocol):
    """A recording in a data set's list, not read yet; can be pickled, so that another process can load it.

    An entry may also have `facts`, a mapping of str to str: what a table of the set says about it in addition to its
    sources. If they change, the prepared recording is no longer valid.
    """

    @property
    def name(self) -> str:
        """Name of the recording."""
        ...

    @property
    def subject(self) -> str:
        """The person whose face it shows."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """Paths of every file of the recording; for files inside an archive, the archive."""
        ...

    def load(self) -> Recording:
        """Read labels and signals; frames are only located.

        Raises
        ------
        DatasetError
            If a file is missing or damaged, or files do not fit together; the message names recording and file.
        """
        ...
