"""What a face expresses: from the outputs of networks for single frames to action units, intensities and head pose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physiocam.measuring.neutral import NeutralChoice, neutral_in_scenes
from physiocam.measuring.outputs import probabilities
from physiocam.networks.action_units import MOST_INTENSE
from physiocam.networks.config import AU, HEAD_POSE, INTENSITY
from physiocam.weights.bundle import Bundle

# A face that is turned away further, up, down or to a side, hides too much of itself.
MOST_TURNED_DEG = 30.0

# The head turns slowly: its angles are medians of this long.
_POSE_S = 0.3

# Log odds of a unit in a face at rest, and the most that is taken off a face whose rest looks like more. Intensities
# likewise.
_UNIT_BOUNDS = -2.0, 3.0
_INTENSITY_BOUNDS = 0.0, 2.0


@dataclass(frozen=True, eq=False)
class Expressions:
    """Action units, intensities and head pose of T frames.

    Attributes
    ----------
    units : tuple of str
        Labels of the action units.
    probability : float32 array (T, A)
        One column per unit; NaN without a face, and where it is turned away.
    intensities : tuple of str
        Labels of the intensities: units, and units on one side ("AU12_L"); empty if the bundle does not give them.
    intensity : float32 array (T, I)
        From 0 to 5, likewise.
    head_pose : float32 array (T, 3)
        Pitch, yaw and roll in degrees; NaN without a face, or if the bundle does not give them.
    neutral : dict of str to float
        By unit, the log odds that were taken off as the person's neutral face, on average over the frames with a face;
        without those that are 0.
    neutral_choice : str
        How the neutral face was found: "auto", "first-seconds" or "none".
    trust : dict of str to float
        By unit, its area under the ROC curve on people who had no part in the training; without unknown ones.
    notes : tuple of str
    """

    units: tuple[str, ...] = ()
    probability: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    intensities: tuple[str, ...] = ()
    intensity: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    head_pose: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 3), np.float32))
    neutral: Mapping[str, float] = field(default_factory=dict)
    neutral_choice: NeutralChoice = "none"
    trust: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def last(self, frames: int) -> "Expressions":
        """Return those of the last frames alone, compared with the same neutral face."""
        rows = slice(len(self.probability) - frames, None)
        return replace(
            self,
            probability=self.probability[rows],
            intensity=self.intensity[rows],
            head_pose=self.head_pose[rows],
        )


def no_expressions(frames: int) -> Expressions:
    """Return what is known where no network reads expressions, for T frames."""
    nothing = np.empty((frames, 0), np.float32)
    return Expressions(probability=nothing, intensity=nothing, head_pose=np.full((frames, 3), np.nan, np.float32))


def read_expressions(
    outputs: Mapping[str, NDArray[np.float32]],
    found: NDArray[np.bool_],
    fs: float,
    bundle: Bundle,
    neutral: NeutralChoice,
    scenes: Sequence[slice] = (slice(None),),
) -> Expressions:
    """Return what a face expresses.

    Parameters
    ----------
    outputs : mapping of str to float32 array (T, C)
        Of the bundle's networks, by task: logits of the action units, intensities, angles.
    found : bool array (T,)
        Whether a frame shows a face.
    fs : float
    bundle : Bundle
    neutral : "auto", "first-seconds" or "none"
        See `neutral.neutral_levels`.
    scenes : sequence of slice
        Of the T frames, in order; each has its own neutral face.
    """
    au = bundle.task(AU.name)
    if au is None:
        return no_expressions(len(found))
    pose = np.full((len(found), 3), np.nan, np.float32)
    if HEAD_POSE.name in outputs:
        turns = np.where(found[:, None], outputs[HEAD_POSE.name], np.nan)
        pose = np.concatenate([_calm(turns[scene], fs) for scene in scenes])
    turned = found & (np.hypot(pose[:, 0], pose[:, 1]) > MOST_TURNED_DEG)
    seen = found & ~turned
    logits = np.where(seen[:, None], outputs[AU.name], np.nan).astype(np.float64)
    taken, chosen = neutral_in_scenes(logits, fs, neutral, _UNIT_BOUNDS, scenes)
    usual = taken[seen].mean(axis=0) if seen.any() else np.zeros(len(au.labels))
    intensity_task = bundle.task(INTENSITY.name)
    intensity = np.empty((len(found), 0), np.float32)
    if intensity_task is not None:
        rated = np.where(seen[:, None], outputs[INTENSITY.name], np.nan).astype(np.float64)
        at_rest, _ = neutral_in_scenes(rated, fs, neutral, _INTENSITY_BOUNDS, scenes)
        intensity = np.clip(rated - at_rest, 0.0, MOST_INTENSE).astype(np.float32)
    return Expressions(
        au.labels,
        probabilities(logits - taken),
        intensity_task.labels if intensity_task else (),
        intensity,
        pose,
        {label: float(level) for label, level in zip(au.labels, usual, strict=True) if level > 0},
        chosen,
        bundle.info.unit_auc,
        _notes(turned, found),
    )


def _notes(turned: NDArray[np.bool_], found: NDArray[np.bool_]) -> tuple[str, ...]:
    if not turned.any():
        return ()
    return (
        f"the face is turned away by more than {MOST_TURNED_DEG:.0f} degrees in {turned.sum() / found.sum():.0%} of "
        "the frames with a face; no action units are given there",
    )


def _calm(pose: NDArray[np.floating], fs: float) -> NDArray[np.float32]:
    """Running medians of angles (T, 3) over the frames with a face; others stay NaN."""
    reach = round(_POSE_S * fs / 2)
    known = np.flatnonzero(np.isfinite(pose).all(axis=1))
    calm = np.full(pose.shape, np.nan, np.float32)
    if len(known):
        padded = np.pad(pose[known], ((reach, reach), (0, 0)), mode="edge")
        calm[known] = np.median(sliding_window_view(padded, 2 * reach + 1, axis=0), axis=-1)
    return calm
