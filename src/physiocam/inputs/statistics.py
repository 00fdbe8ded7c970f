"""Statistics of frames and of the changes between them, by which inputs are standardized."""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Nothing moves where four of five changes are smaller than this (root mean square). A codec gives a photograph a rhythm
# by its key frames, few and far larger than what is between them: photographs made videos have 0.0003 at most here, the
# calmest and most compressed people 0.005. Cameras that repeat frames still have every second or third one new.
_STILL = 0.0015
_STILL_SHARE = 0.8


def more_than_still(sizes: Sequence[float] | NDArray[np.float64]) -> bool:
    """Whether changes of these mean squares are more than a codec makes of a still picture."""
    return float(np.quantile(sizes, _STILL_SHARE)) > _STILL**2


class ChangeStatistics:
    """Statistics of the changes between frames.

    Parameters
    ----------
    memory : float
        As in `RunningStatistics`.
    """

    def __init__(self, memory: float = math.inf) -> None:
        self._sums = RunningStatistics(memory)
        self._sizes: deque[float] = deque(maxlen=None if math.isinf(memory) else math.ceil(memory))

    def add(self, change: NDArray[np.float32]) -> None:
        """Count in the change from one frame to the next; contiguous float32 of any shape."""
        self._sums.add(change)
        self._sizes.append(float(np.vdot(change, change)) / change.size)

    @property
    def std(self) -> float:
        """Standard deviation of all pixels of all changes."""
        return self._sums.std

    @property
    def has_motion(self) -> bool:
        """Whether there is more to them than a codec makes of a still picture."""
        return self.std > 0.0 and more_than_still(self._sizes)


class RunningStatistics:
    """Running mean and standard deviation (ddof 0) of everything added.

    Parameters
    ----------
    memory : float
        What was added n times ago weighs exp(-n / memory); by default all weighs alike.

    Attributes
    ----------
    mean, std : float
        0 while nothing was added; the deviation is also 0 where only rounding would make one.
    """

    def __init__(self, memory: float = math.inf) -> None:
        self._keep = math.exp(-1.0 / memory)
        self._count = 0.0
        self._origin = np.float32(0.0)
        self._sum = 0.0
        self._squares = 0.0

    def add(self, values: NDArray[np.float32]) -> None:
        """Count these values in; contiguous float32 of any shape."""
        # One frame's sums are safe in single precision (both add pairwise or in many lanes), counted from a value among
        # them; those of a recording are kept in double.
        if not self._count:
            self._origin = values.flat[0]
        flat = values.ravel() - self._origin
        self._count = self._keep * self._count + flat.size
        self._sum = self._keep * self._sum + float(flat.sum())
        self._squares = self._keep * self._squares + float(flat @ flat)

    @property
    def mean(self) -> float:
        """Mean of everything added."""
        return float(self._origin) + self._sum / self._count if self._count else 0.0

    @property
    def std(self) -> float:
        """Standard deviation of everything added."""
        if not self._count:
            return 0.0
        variance = self._squares / self._count - (self._sum / self._count) ** 2
        # Rounding leaves a trace of variance in a constant picture; that must not be blown up to full scale.
        return float(np.sqrt(variance)) if variance > 1e-12 * self.mean**2 else 0.0
