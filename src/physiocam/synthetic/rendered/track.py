"""Movements of a rendered face over time: expressions with onset, apex and offset; speech, blinks, glances."""

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import ActionUnitCodes
from physiocam.networks.action_units import AU_LABELS, EXPRESSION_UNITS
from physiocam.synthetic.drawn.expressions import course
from physiocam.synthetic.physiology import wander
from physiocam.synthetic.rendered.expressions import OTHERS, TALKING, apart, both_sides, together
from physiocam.synthetic.rendered.head import RenderedHead
from physiocam.synthetic.rendered.units import FacePose, lips_apart

# What begins: a single unit, so that none can be recognized only by the others; what people show together; speech;
# a movement that is none of the units.
_KINDS, _SHARES = ("unit", "together", "speech", "other"), (0.42, 0.38, 0.12, 0.08)

# Mouths a second in speech.
_SYLLABLES = 5.0

_LIDS, _LIPS, _JAW = (EXPRESSION_UNITS.index(unit) for unit in ("AU45", "AU25", "AU26"))


class FaceTrack:
    """What a rendered face does in one recording.

    Parameters
    ----------
    head : RenderedHead
    frames : int
    fs : float
        Frames per second.
    per_minute : float
        How many expressions begin in a minute.
    weakest : float
        Strength of the weakest, up to 1.
    random : numpy Generator

    Attributes
    ----------
    sides : float64 array (T, 15, 2)
        Intensity 0..5 of `EXPRESSION_UNITS` on the person's left and right. AU25 is as far as the lips are apart,
        whatever parts them.
    gaze : float64 array (T, 2)
        To the person's left and up, -1..1.
    blinks : float64 array (n,)
        Times in s at which the eyes are shut.
    """

    def __init__(
        self, head: RenderedHead, frames: int, fs: float, per_minute: float, weakest: float, random: np.random.Generator
    ) -> None:
        times = np.arange(frames) / fs
        self.sides = np.zeros((frames, len(EXPRESSION_UNITS), 2))
        self._others: dict[str, NDArray[np.float64]] = {}
        # One in each stretch, so that more than two rarely overlap.
        stretch = 60 / per_minute if per_minute > 0 else np.inf
        for place in range(round(frames / fs / stretch)):
            since = times - (place + random.uniform(-0.2, 0.8)) * stretch
            self._begin(since, float(5 * random.uniform(weakest, 1.0)), random)
        begins = np.cumsum(random.exponential(4.0, size=int(frames / fs) + 2))
        self.blinks = begins[begins < times[-1]]
        for begin in self.blinks:
            shut = 5 * np.clip(1.6 - np.abs(times - begin) / 0.09, 0, 1)
            np.maximum(self.sides[:, _LIDS], shut[:, None], out=self.sides[:, _LIDS])
        glances = np.stack([wander(frames, fs, 0.3, random), 0.5 * wander(frames, fs, 0.2, random)], axis=1) * 0.35
        # Fixations and saccades.
        self.gaze = np.clip(np.round(glances * 4) / 4, -1, 1)
        apart(self.sides)
        self._driven = self.sides.copy()
        gaps = [lips_apart(head.lip_gap(self.at(frame))) for frame in range(frames)]
        self.sides[:, _LIPS] = np.array(gaps)[:, None]

    def at(self, frame: int) -> FacePose:
        """Return the face at a frame."""
        others = {name: float(weights[frame]) for name, weights in self._others.items() if weights[frame] > 0}
        return FacePose(self._driven[frame], (float(self.gaze[frame, 0]), float(self.gaze[frame, 1])), others)

    def intensity(self, label: str) -> NDArray[np.int8]:
        """Intensity 0..5 of any action unit, the stronger side, in whole steps; 0 for units that no face shows."""
        if label not in EXPRESSION_UNITS:
            return np.zeros(len(self.sides), dtype=np.int8)
        stronger = self.sides[:, EXPRESSION_UNITS.index(label)].max(axis=1)
        return np.asarray(np.floor(stronger + 1e-9), dtype=np.int8)

    @property
    def action_units(self) -> NDArray[np.float64]:
        """Activations 0..1 of the 12 units, (T, 12): fifths of the intensity of the stronger side."""
        return np.asarray(self.sides[:, : len(AU_LABELS)].max(axis=2) / 5)

    @property
    def codes(self) -> ActionUnitCodes:
        """A coder's codes: intensity 0..5 of the stronger side, present from 1 on."""
        intensity = np.stack([self.intensity(label) for label in AU_LABELS], axis=1)
        return ActionUnitCodes(AU_LABELS, (intensity > 0).astype(np.int8), intensity)

    def _begin(self, since: NDArray[np.float64], level: float, random: np.random.Generator) -> None:
        rising = course(since, random)
        match str(random.choice(_KINDS, p=_SHARES)):
            case "unit":
                unit = str(random.choice(AU_LABELS))
                sides = np.zeros((len(EXPRESSION_UNITS), 2))
                sides[EXPRESSION_UNITS.index(unit)] = both_sides(unit, level, random)
                np.maximum(self.sides, rising[:, None, None] * sides, out=self.sides)
            case "together":
                np.maximum(self.sides, rising[:, None, None] * together(level, random), out=self.sides)
            case "speech":
                self._speak(since, random)
            case _:
                for name, weight in OTHERS[random.integers(len(OTHERS))].items():
                    self._move(name, random.uniform(0.3, 1.0) * weight * rising)

    def _speak(self, since: NDArray[np.float64], random: np.random.Generator) -> None:
        for syllable in range(int(random.uniform(4, 14))):
            near = np.clip(1 - np.abs(since * _SYLLABLES - syllable), 0, 1)
            jaw, lips, others = TALKING[random.integers(len(TALKING))]
            for row, level in ((_JAW, jaw), (_LIPS, lips)):
                np.maximum(
                    self.sides[:, row], (level * random.uniform(0.3, 1.2) * near)[:, None], out=self.sides[:, row]
                )
            for name, weight in others.items():
                self._move(name, weight * near)

    def _move(self, name: str, weights: NDArray[np.float64]) -> None:
        self._others[name] = np.maximum(self._others.get(name, 0.0), weights)
