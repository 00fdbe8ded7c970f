"""Targets: the outputs that a network should learn for every frame of a recording, and where they are known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from physiocam.datasets.alignment import Alignment, onto_frames
from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes, PulseTarget, Recording
from physiocam.datasets.sensors.plausible import recorded_rates
from physiocam.datasets.task_targets import difference_label, task_targets
from physiocam.errors import DatasetError, PhysiocamError
from physiocam.networks.action_units import AU_LABELS
from physiocam.signals.pseudo_ppg import Band, pseudo_ppg


class LabelSettings(BaseModel):
    """How targets are made.

    Attributes
    ----------
    alignment : "linear" or "release"
        As in `physiocam.datasets.alignment.onto_frames`.
    differences : "default", "authors" or "toolbox"
        How the last frame, which has no difference, is treated. "default": its target is unknown. "authors": there is
        one target less than frames, as in the code of the paper. "toolbox": its target is 0, as in rPPG-Toolbox.
    unknown_action_units : "masked" or "absent"
        Whether frames that the coder could not judge are left out, or count as absent, as in both codes.
    pulse : PulseTarget or "recording"
        The pulse target; "recording" leaves the choice to each recording.
    pseudo_band : "release" or "paper"
        Band of the pseudo PPG, as in `physiocam.signals.pseudo_ppg.pseudo_ppg`; the paper's band if the heart rate,
        which the release's band needs, was not measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    alignment: Alignment = "linear"
    differences: Literal["default", "authors", "toolbox"] = "default"
    unknown_action_units: Literal["masked", "absent"] = "masked"
    pulse: PulseTarget | Literal["recording"] = "recording"
    pseudo_band: Band = "release"


# Named settings for targets; "authors" is the code of the paper, "toolbox" rPPG-Toolbox.
LABEL_SETTINGS: Mapping[str, LabelSettings] = MappingProxyType(
    {
        "default": LabelSettings(),
        "authors": LabelSettings(alignment="release", differences="authors", unknown_action_units="absent"),
        "toolbox": LabelSettings(alignment="release", differences="toolbox", unknown_action_units="absent"),
    }
)


@dataclass(frozen=True, eq=False)
class Labels:
    """Targets of one recording.

    Attributes
    ----------
    targets : mapping of str to float32 array (T, C)
        Task to targets; 0 where they are unknown.
    masks : mapping of str to bool array (T, C)
        Where the targets are known.
    columns : mapping of str to tuple of str
        Names of each task's C columns.
    notes : tuple of str
        Which tasks are left out although the recording has data for them, and why.
    truth : mapping of str to float64 array (T, C)
        What is known of the data set's own tasks, at the frames' times; NaN where it is unknown.
    """

    targets: Mapping[str, NDArray[np.float32]]
    masks: Mapping[str, NDArray[np.bool_]]
    columns: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    truth: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def make_labels(
    recording: Recording,
    timestamps_s: NDArray[np.float64],
    mean_rgb: NDArray[np.floating] | None = None,
    settings: LabelSettings | None = None,
) -> Labels:
    """Make the targets of a recording.

    Parameters
    ----------
    recording : Recording
    timestamps_s : float64 array (T,)
        Times of all its frames, T >= 2, evenly spaced.
    mean_rgb : float array (T, 3), optional
        Mean colour of the face square of every frame, NaN where there is none; the pseudo pulse needs it.
    settings : LabelSettings, optional

    Returns
    -------
    Labels
        "pulse" (T, 1) and "respiration" (T, 1), as differences from a frame to the next over their standard deviation;
        "au" (T, 12), 1 present and 0 absent, in the order of `physiocam.networks.config.AU_LABELS`; and the data set's
        own tasks, as in `task_targets.task_targets`. Tasks without any
        known target are left out. With ``differences="authors"`` there is one row less.

    Raises
    ------
    DatasetError
        If there are fewer codes than frames.
    """
    settings = settings or LabelSettings()
    waves: dict[str, NDArray[np.float64]] = {}
    notes: list[str] = []
    kind = recording.pulse_target if settings.pulse == "recording" else settings.pulse
    if kind == "pseudo":
        try:
            waves["pulse"] = _pseudo_wave(recording, timestamps_s, mean_rgb, settings.pseudo_band)
        except PhysiocamError as error:
            notes.append(f"no pulse target: {error}")
    elif "pulse" in recording.signals:
        waves["pulse"] = onto_frames(recording.signals["pulse"], timestamps_s, settings.alignment)
    if "respiration" in recording.signals:
        waves["respiration"] = _stretched(recording, "respiration", timestamps_s, settings.alignment)

    targets: dict[str, NDArray[np.float32]] = {}
    masks: dict[str, NDArray[np.bool_]] = {}
    columns: dict[str, tuple[str, ...]] = {}
    for task, wave in waves.items():
        difference = difference_label(wave)
        if settings.differences != "authors":
            difference = np.append(difference, 0.0 if settings.differences == "toolbox" else np.nan)
        known = np.isfinite(difference)
        if known.any():
            targets[task] = np.where(known, difference, 0.0).astype(np.float32)[:, np.newaxis]
            masks[task], columns[task] = known[:, np.newaxis], (task,)
        else:
            notes.append(f"no {task} target: it is unknown at all frames of the video")
    if recording.action_units is not None:
        rows = len(timestamps_s) - (settings.differences == "authors")
        present, known = _action_units(recording, recording.action_units, len(timestamps_s), settings)
        if known.any():
            targets["au"], masks["au"], columns["au"] = present[:rows], known[:rows], AU_LABELS
    made = Labels(targets, masks, columns, tuple(notes))
    return _with_own_tasks(made, recording, timestamps_s, settings) if recording.tasks else made


def _with_own_tasks(
    labels: Labels, recording: Recording, timestamps_s: NDArray[np.float64], settings: LabelSettings
) -> Labels:
    targets, masks, columns = dict(labels.targets), dict(labels.masks), dict(labels.columns)
    truth: dict[str, NDArray[np.float64]] = {}
    notes: list[str] = []
    for name, own in recording.tasks.items():
        made = task_targets(own, timestamps_s, settings.alignment)
        wanted = made.targets[: len(timestamps_s) - (settings.differences == "authors")]
        if own.task.kind == "waveform" and settings.differences == "toolbox":
            wanted[-1] = 0.0
        known = np.isfinite(wanted)
        if known.any():
            targets[name], masks[name] = np.where(known, wanted, 0.0).astype(np.float32), known
            columns[name], truth[name] = own.task.labels, made.truth[: len(wanted)]
        else:
            notes.append(f"no {name} target: it is unknown at all frames of the video")
    return Labels(targets, masks, columns, (*labels.notes, *notes), truth)


def _stretched(
    recording: Recording, name: str, timestamps_s: NDArray[np.float64], alignment: Alignment
) -> NDArray[np.float64]:
    """A signal at the frames; the release stretches a trial's samples over all its frames, and cuts after that."""
    whole = recording.whole
    if alignment == "linear" or whole is None or name not in whole.signals:
        return onto_frames(recording.signals[name], timestamps_s, alignment)
    # The times of all frames do not matter, only their number.
    over_all = onto_frames(whole.signals[name], np.arange(whole.frames, dtype=np.float64), alignment)
    return over_all[whole.first : whole.first + len(timestamps_s)]


def _pseudo_wave(
    recording: Recording, timestamps_s: NDArray[np.float64], mean_rgb: NDArray[np.floating] | None, band: Band
) -> NDArray[np.float64]:
    """Pseudo PPG with an envelope of 1."""
    if mean_rgb is None:
        raise DatasetError("the pseudo pulse needs the mean colour of every frame; pass mean_rgb")
    fs = (len(timestamps_s) - 1) / float(timestamps_s[-1] - timestamps_s[0])
    if "heart_rate" not in recording.signals:
        return pseudo_ppg(mean_rgb, fs, band="paper")[1]
    rates = recorded_rates("heart_rate", recording.signals["heart_rate"].values)
    return pseudo_ppg(mean_rgb, fs, float(rates.mean()) if len(rates) else None, band)[1]


def _action_units(
    recording: Recording, codes: ActionUnitCodes, frames: int, settings: LabelSettings
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    occurrence = codes.occurrence
    if len(occurrence) < frames:
        raise DatasetError(
            f"{recording.name}: action units are coded for {len(occurrence)} frames, the video has {frames}"
        )
    present = np.zeros((frames, len(AU_LABELS)), dtype=np.float32)
    known = np.zeros(present.shape, dtype=np.bool_)
    for column, label in enumerate(AU_LABELS):
        if label in codes.labels:
            coded = occurrence[:frames, codes.labels.index(label)]
            present[:, column] = coded == 1
            known[:, column] = (coded != UNKNOWN) | (settings.unknown_action_units == "absent")
    return present, known
