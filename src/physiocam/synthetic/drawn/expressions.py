"""Movements of a generated face over time: expressions with onset, apex and offset; blinks, glances and parted lips."""

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import ActionUnitCodes
from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.drawn.head import Expression
from physiocam.synthetic.physiology import wander

# Action units that people show together: joy, surprise, anger, sadness, disgust, contempt, fear, effort, doubt.
_TOGETHER = (
    ("AU06", "AU12"),
    ("AU01", "AU02"),
    ("AU04", "AU07", "AU23"),
    ("AU04", "AU07", "AU24"),
    ("AU01", "AU04", "AU15", "AU17"),
    ("AU10", "AU17"),
    ("AU04", "AU10"),
    ("AU14",),
    ("AU01", "AU02", "AU04"),
    ("AU06", "AU07", "AU10", "AU12"),
    ("AU15", "AU17"),
)

# The face is not drawn again for smaller changes than this.
_STEPS = 40


class ExpressionTrack:
    """The expressions of one recording.

    Parameters
    ----------
    frames : int
    fs : float
        Frames per second.
    per_minute : float
        How many expressions begin in a minute.
    weakest : float
        Activation at the apex of the weakest, up to 1.
    random : numpy Generator

    Attributes
    ----------
    action_units : float64 array (T, 12)
        Activations 0..1 in the order of `AU_LABELS`.
    """

    def __init__(self, frames: int, fs: float, per_minute: float, weakest: float, random: np.random.Generator) -> None:
        times = np.arange(frames) / fs
        duration = frames / fs
        self.action_units = np.zeros((frames, len(AU_LABELS)))
        self._parted = np.zeros(frames)
        # One in each stretch, so that more than two rarely overlap.
        stretch = 60 / per_minute if per_minute > 0 else np.inf
        for place in range(round(duration / stretch)):
            rising = course(times - (place + random.uniform(-0.2, 0.8)) * stretch, random)
            # Half of the expressions are single units, so that no unit can be recognized only by the others.
            single = random.uniform() < 0.5
            units = (str(random.choice(AU_LABELS)),) if single else _TOGETHER[random.integers(len(_TOGETHER))]
            for unit in units:
                column = self.action_units[:, AU_LABELS.index(unit)]
                np.maximum(column, random.uniform(weakest, 1.0) * rising, out=column)
            if random.uniform() < 0.35:
                np.maximum(self._parted, random.uniform(0.2, 1.0) * rising, out=self._parted)
        self._blink = np.zeros(frames)
        for begin in np.cumsum(random.exponential(4.0, size=int(duration) + 2)):
            np.maximum(self._blink, np.clip(1.6 - np.abs(times - begin) / 0.09, 0, 1), out=self._blink)
        self._gaze = np.stack([wander(frames, fs, 0.3, random), 0.5 * wander(frames, fs, 0.2, random)], axis=1) * 0.5
        # Fixations and saccades.
        self._gaze = np.clip(np.round(self._gaze * 3) / 3, -1, 1)

    def at(self, frame: int) -> Expression:
        """Return the expression at a frame, in steps small enough to look smooth."""
        return Expression(
            action_units=tuple((np.round(self.action_units[frame] * _STEPS) / _STEPS).tolist()),
            blink=float(self._blink[frame]),
            gaze=(float(self._gaze[frame, 0]), float(self._gaze[frame, 1])),
            parted=float(np.round(self._parted[frame] * _STEPS) / _STEPS),
        )

    @property
    def codes(self) -> ActionUnitCodes:
        """A coder's codes: intensity 0..5 by fifths of the activation, present from 1 on."""
        intensity = np.stack([self.intensity(label) for label in AU_LABELS], axis=1)
        return ActionUnitCodes(AU_LABELS, (intensity > 0).astype(np.int8), intensity)

    def intensity(self, label: str) -> NDArray[np.int8]:
        """Intensity 0..5 of any action unit, by fifths of the activation; 0 for units that no drawn face shows."""
        if label == "AU25":
            activation = self._parted
        elif label in AU_LABELS:
            activation = self.action_units[:, AU_LABELS.index(label)]
        else:
            activation = np.zeros(len(self._parted))
        return np.floor(5 * activation + 1e-9).astype(np.int8)


def course(since: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Draw how an expression comes and goes: onset, apex and offset, 0..1, at times since its beginning in s."""
    onset, apex, offset = random.uniform(0.25, 0.8), random.uniform(0.6, 3.0), random.uniform(0.4, 1.2)
    return _eased(since / onset) * (1 - _eased((since - onset - apex) / offset))


def _eased(progress: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(progress, 0, 1)
    return np.asarray(inside * inside * (3 - 2 * inside))
