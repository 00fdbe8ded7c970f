"""Networks with memory over frames as they come: overlapping windows, averaged."""

import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.frame_sizes import height_width
from physiocam.measuring.clip_phases import Runs
from physiocam.weights.description import MemoryNetworks

# What a network with memory is shown: the face as it is, and each half of it in both places.
PARTS = ("whole", "left", "right")


class MemoryWindows:
    """Runs networks over windows of N frames that begin every N / 2 frames, and averages their outputs for a frame.

    A frame in the middle of a window counts more than one at its edge. Windows before a recording's first frame, and
    after its last, see still frames there, as in training. Each window is standardized on its own, so that a burst of
    motion elsewhere in the recording does not make a pulse smaller than it is.

    Parameters
    ----------
    memory : MemoryNetworks
    runtime : Runs
        Of these networks.

    Attributes
    ----------
    tasks : tuple of str
        What they predict.
    """

    def __init__(self, memory: MemoryNetworks, runtime: Runs) -> None:
        self._runtime = runtime
        self.tasks = tuple(task.name for task in memory.tasks)
        self._length = memory.clip_length
        self._hop = max(self._length // 2, 1)
        weight = np.minimum(np.arange(1, self._length + 1), np.arange(self._length, 0, -1))
        self._weight = weight.astype(np.float64) / self._length
        # What the next window sees, and the frames of it that are there; outputs so far for its first frames.
        self._small = np.zeros((self._length, memory.input_channels, *height_width(memory.small_size)), np.float32)
        self._there = self._length - self._hop
        self._sums = {task: np.zeros((self._length, len(PARTS))) for task in self.tasks}
        self._weights = np.zeros(self._length)
        self._first = -self._there

    def add(self, small: NDArray[np.float32]) -> list[tuple[int, dict[str, NDArray[np.float32]]]]:
        """Take in the next Small frames.

        Parameters
        ----------
        small : float32 array (n, 3, height, width)

        Returns
        -------
        list of (int, dict of str to float32 array)
            For each window that became full: the number of its first frame, counted from the recording's first; and by
            task what its first N / 2 frames show in each of `PARTS`, (N / 2, 3). Frames before the first have negative
            numbers.
        """
        found = []
        while len(small):
            room = self._length - self._there
            taken, small = small[:room], small[room:]
            self._small[self._there : self._there + len(taken)] = taken
            self._there += len(taken)
            if self._there == self._length:
                found.append(self._advance())
        return found

    def rest(self) -> tuple[int, dict[str, NDArray[np.float32]]]:
        """Return what the last frames show so far, as `add` does; more frames may follow."""
        still = self._small.copy()
        still[self._there :] = 0.0
        sums, weights = self._with(still)
        return self._first, self._means(sums, weights, self._there)

    def _advance(self) -> tuple[int, dict[str, NDArray[np.float32]]]:
        first, hop = self._first, self._hop
        sums, weights = self._with(self._small)
        done = self._means(sums, weights, hop)
        self._small[:-hop] = self._small[hop:].copy()
        self._there -= hop
        for task in self.tasks:
            self._sums[task][:] = 0.0
            self._sums[task][:-hop] = sums[task][hop:]
        self._weights[:] = 0.0
        self._weights[:-hop] = weights[hop:]
        self._first += hop
        return first, done

    def _with(self, small: NDArray[np.float32]) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
        """Outputs with those of one more window, weighted, and the weights."""
        sums = {task: total.copy() for task, total in self._sums.items()}
        if small.any():
            shown = np.stack([_standardized(part) for part in (small, _half(small, "left"), _half(small, "right"))])
            big = np.zeros((len(PARTS), 0), np.float32)
            for task, output in self._runtime.run(big, shown).items():
                sums[task] += self._weight[:, None] * output[..., 0].T
        return sums, self._weights + self._weight

    @staticmethod
    def _means(
        sums: dict[str, NDArray[np.float64]], weights: NDArray[np.float64], rows: int
    ) -> dict[str, NDArray[np.float32]]:
        return {task: (total[:rows] / weights[:rows, None]).astype(np.float32) for task, total in sums.items()}


def _standardized(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Small frames (N, 3, S, S) with a standard deviation of 1 where something moves."""
    moving = small[small.any(axis=(1, 2, 3))]
    spread = np.float32(moving.std()) if len(moving) else np.float32(0.0)
    return small / spread if spread > 0 else small


def _half(small: NDArray[np.float32], side: str) -> NDArray[np.float32]:
    """Small frames whose one half, mirrored, stands in the place of the other."""
    middle = small.shape[-1] // 2
    left, right = small[..., :middle], small[..., -middle:]
    centre = small[..., middle : small.shape[-1] - middle]
    parts = (left, centre, left[..., ::-1]) if side == "left" else (right[..., ::-1], centre, right)
    return np.concatenate(parts, axis=-1)
