"""Generated waveforms of pulse and breathing with exactly known rates."""

import numpy as np
from numpy.typing import NDArray

# Phase in radians of the middle of a beat's systolic wave.
_SYSTOLE = 1.6


class Physiology:
    """Pulse and respiration of one recording.

    Parameters
    ----------
    frames : int
        Number of samples, at least 2.
    fs : float
        Samples per second.
    heart_rate, breathing_rate : float
        Means per minute; single beats vary by a few percent, and with breathing.
    random : numpy Generator

    Attributes
    ----------
    pulse : float64 array (T,)
        Blood volume in the skin, mean 0 and standard deviation 1, rising at each beat.
    respiration : float64 array (T,)
        Chest expansion, mean 0 and standard deviation 1, rising with each inhalation.
    """

    def __init__(
        self, frames: int, fs: float, heart_rate: float, breathing_rate: float, random: np.random.Generator
    ) -> None:
        self.fs = fs
        self._breath_phase = _phase(breathing_rate / 60, 0.05 * wander(frames, fs, 0.1, random), fs)
        self.respiration = _standardized(_breath(self._breath_phase + random.uniform(0, 2 * np.pi)))
        # Heart-rate variability: slow drift, and a faster heart with each inhalation.
        variation = 0.02 * wander(frames, fs, 0.15, random) + 0.015 * self.respiration
        self._beat_phase = _phase(heart_rate / 60, variation, fs) + random.uniform(0, 2 * np.pi)
        self.pulse = _standardized(_beat(self._beat_phase))

    @property
    def heart_rate(self) -> float:
        """True mean heart rate in beats/min."""
        return _mean_rate(self._beat_phase, self.fs)

    @property
    def breathing_rate(self) -> float:
        """True mean breathing rate in breaths/min."""
        return _mean_rate(self._breath_phase, self.fs)

    @property
    def beat_times_s(self) -> NDArray[np.float64]:
        """True times in seconds of the beats' systolic waves, (beats,)."""
        turns = (self._beat_phase - _SYSTOLE) / (2 * np.pi)
        beats = np.arange(np.ceil(turns[0]), np.floor(turns[-1]) + 1)
        return np.interp(beats, turns, np.arange(len(turns)) / self.fs)

    @property
    def heart_rates(self) -> NDArray[np.float64]:
        """True heart rate at each sample in beats/min, (T,)."""
        return _rates(self._beat_phase, self.fs)

    @property
    def breathing_rates(self) -> NDArray[np.float64]:
        """True breathing rate at each sample in breaths/min, (T,)."""
        return _rates(self._breath_phase, self.fs)


def wander(frames: int, fs: float, highest: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Smooth random motion below a frequency in Hz, larger at lower frequencies; long-run standard deviation 1."""
    frequencies = np.exp(random.uniform(np.log(0.02), np.log(highest), 8))
    phases = random.uniform(0, 2 * np.pi, 8)
    times = np.arange(frames)[:, None] / fs
    waves: NDArray[np.float64] = np.sin(2 * np.pi * frequencies * times + phases)
    return np.asarray(waves.sum(axis=1) / 2.0)


def _phase(frequency: float, variation: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Phase in radians of an oscillation whose frequency in Hz varies by a relative amount."""
    return 2 * np.pi * frequency / fs * np.cumsum(1.0 + variation)


def _mean_rate(phase: NDArray[np.float64], fs: float) -> float:
    return float((phase[-1] - phase[0]) / (2 * np.pi) / ((len(phase) - 1) / fs) * 60)


def _rates(phase: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    return np.asarray(np.gradient(phase) * fs / (2 * np.pi) * 60)


def _beat(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """One beat per cycle: a steep systolic wave and a lower one after the dicrotic notch."""
    turn = np.mod(phase, 2 * np.pi)

    def wave(centre: float, width: float) -> NDArray[np.float64]:
        distance = np.angle(np.exp(1j * (turn - centre)))
        return np.asarray(np.exp(-0.5 * (distance / width) ** 2))

    return wave(_SYSTOLE, 0.55) + 0.45 * wave(3.4, 0.8)


def _breath(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """One breath per cycle: inhalation is a little faster than exhalation."""
    return np.asarray(np.sin(phase + 0.3 * np.sin(phase)))


def _standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - values.mean()
    return np.asarray(centred / max(float(centred.std()), 1e-12))
