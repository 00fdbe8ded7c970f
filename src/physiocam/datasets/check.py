"""A quick check of a data set: what it has, and what is missing or unusual."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from physiocam.datasets.readers.frames import Outline, outline
from physiocam.datasets.recording import UNKNOWN, Entry, Recording, TaskLabels
from physiocam.datasets.sensors.clock import rate_of
from physiocam.errors import PhysiocamError
from physiocam.foundation.parallel import run_jobs

# A sensor may be switched on or off this many seconds before or after the camera without a note.
_SLACK_S = 1.0


@dataclass(frozen=True)
class CheckedRecording:
    """The result of checking one recording.

    Attributes
    ----------
    name, subject : str
    usable : bool
        Whether it could be loaded and its first frame read.
    frames : int or None
        None if only reading the whole video would show it.
    fs : float or None
        Frames per second.
    duration_s : float or None
    size : tuple of int or None
        Width and height.
    signals : dict of str to float
        Samples per second of each; 0 for a single number.
    sources : dict of str to str
        What each was read from, such as "column 'ppg'".
    action_units : int
        Units that are coded in at least one frame.
    coded_frames : int
        Frames with at least one known code.
    tasks : dict of str to str
        What the data set's own tasks are, such as "binary, 30 samples/s".
    problems : tuple of str
        What is missing or unusual.
    """

    name: str
    subject: str
    usable: bool
    frames: int | None = None
    fs: float | None = None
    duration_s: float | None = None
    size: tuple[int, int] | None = None
    signals: dict[str, float] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    action_units: int = 0
    coded_frames: int = 0
    problems: tuple[str, ...] = ()
    tasks: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


def check(
    entries: Sequence[Entry], jobs: int = 1, progress: Callable[[CheckedRecording], None] | None = None
) -> list[CheckedRecording]:
    """Check every recording: load its labels and its first frame.

    Parameters
    ----------
    entries : sequence of Entry
    jobs : int
        Recordings checked at a time, each in its own process.
    progress : callable, optional
        Called with every recording after it was checked.

    Returns
    -------
    list of CheckedRecording
        One per entry; unusable ones give the reason.
    """
    checked: dict[int, CheckedRecording] = {}
    for outcome in run_jobs(check_recording, entries, jobs):
        entry = entries[outcome.index]
        checked[outcome.index] = outcome.result or CheckedRecording(
            entry.name, entry.subject, usable=False, problems=(_without(entry, outcome.error or ""),)
        )
        if progress is not None:
            progress(checked[outcome.index])
    return [checked[index] for index in range(len(entries))]


def check_recording(entry: Entry) -> CheckedRecording:
    """Check one recording.

    Raises
    ------
    DatasetError
        If it cannot be loaded.
    """
    recording = entry.load()
    seen: Outline | None = None
    problems = list(recording.notes)
    try:
        seen = outline(recording.frames)
    except PhysiocamError as error:
        problems.append(str(error))
    duration = seen.frames / seen.fs if seen and seen.frames and seen.fs else None
    codes = recording.action_units
    known = codes.occurrence != UNKNOWN if codes else np.zeros((0, 0), dtype=bool)
    return CheckedRecording(
        name=entry.name,
        subject=entry.subject,
        usable=seen is not None,
        frames=seen.frames if seen else None,
        fs=seen.fs if seen else None,
        duration_s=duration,
        size=seen.size if seen else None,
        signals={name: round(rate_of(signal.timestamps_s), 3) for name, signal in recording.signals.items()},
        sources={name: signal.source for name, signal in recording.signals.items() if signal.source},
        action_units=int(known.any(axis=0).sum()),
        coded_frames=int(known.any(axis=1).sum()),
        problems=(*problems, *_oddities(recording, seen, duration)),
        tasks={name: _task_text(labels) for name, labels in recording.tasks.items()},
    )


def _task_text(labels: TaskLabels) -> str:
    pace = rate_of(labels.timestamps_s)
    how_often = f"{pace:.4g} samples/s" if pace else "one for the whole recording"
    several = f" of {labels.task.outputs} outputs" if labels.task.outputs > 1 else ""
    return f"{labels.task.kind}{several}, {how_often}" + (f", from {labels.source}" if labels.source else "")


def _without(entry: Entry, message: str) -> str:
    # Readers begin with the recording's name, which would appear twice.
    prefix, _, rest = message.partition(": ")
    return rest if rest and prefix.replace("/", "_") == entry.name else message


def _oddities(recording: Recording, seen: Outline | None, duration: float | None) -> list[str]:
    found = []
    if seen and recording.crop == "bottom" and seen.size[0] > seen.size[1]:
        found.append(f"frames are {seen.size[0]}x{seen.size[1]}; expected portrait")
    for name, signal in recording.signals.items():
        times = signal.timestamps_s
        if len(times) < 2:
            continue
        # Do not repeat what a reader has already reported.
        if not np.isfinite(signal.values).all() and not any(note.startswith(f"{name}:") for note in recording.notes):
            found.append(f"{name}: {int(np.count_nonzero(~np.isfinite(signal.values)))} samples are not numbers")
        elif np.ptp(signal.values) == 0 and name in {"pulse", "respiration"}:
            found.append(f"{name}: the same value throughout")
        if times[0] > _SLACK_S:
            found.append(f"{name}: begins at {times[0]:.1f} s, the video at 0")
        if duration is not None and times[-1] < duration - _SLACK_S:
            found.append(f"{name}: ends at {times[-1]:.1f} s, the video at {duration:.1f} s")
        if duration is not None and times[-1] > 1.5 * duration + _SLACK_S:
            found.append(f"{name}: ends at {times[-1]:.1f} s, long after the video at {duration:.1f} s")
    for name, labels in recording.tasks.items():
        last = labels.timestamps_s[-1]
        if not np.isfinite(labels.values).any():
            found.append(f"{name}: no label is known")
        elif duration is not None and len(labels.timestamps_s) > 1 and last < duration - _SLACK_S:
            found.append(f"{name}: ends at {last:.1f} s, the video at {duration:.1f} s")
    codes = recording.action_units
    if codes and seen and seen.frames and len(codes.occurrence) != seen.frames:
        found.append(f"action units: {len(codes.occurrence)} frames are coded, the video has {seen.frames}")
    return found
