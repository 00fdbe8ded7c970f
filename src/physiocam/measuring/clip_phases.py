"""The mean over the phases of clips, so that a frame's output does not depend on the frame at which clips begin.

A network sees clips of N frames. Its output for a frame depends a little on the frame's place in the clip: first,
second or last. So runs of N frames begin at every frame, not at every N-th: each frame is seen in each place, and its
outputs are averaged. The Big frames, which cost most of the time, stay those of the clips. The runs that end within a
clip, or with it, are its phases, and use its Big frames. For N = 3 and one Big frame per clip, the mean then passes
evenly from one Big frame to the next, and lags behind neither.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physiocam.networks.config import Task
from physiocam.weights.bundle import BundleInfo, SlowNetworks

# Weight of runs that reach into a gap or beyond the recording; whole runs have weight 1. Without whole runs, they
# decide the mean.
_PARTIAL = 1e-6


class Runs(Protocol):
    """What runs networks on clips: `physiocam.weights.runtime.Runtime`, or the same on another device."""

    def run(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """See `Runtime.run`."""
        ...

    def run_phases(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """See `Runtime.run_phases`."""
        ...


class ClipPhases:
    """Runs networks on consecutive clips in every phase, and averages the outputs.

    Parameters
    ----------
    runtime : Runs
    tasks : sequence of Task
        What the networks predict.
    clip_length : int
        N.
    offsets : sequence of int
        How many frames before each clip a run begins, one offset per phase; rising from 0, each less than N. With 0
        alone, as in the paper, each frame is seen in one clip.

    Attributes
    ----------
    lead : int
        The last offset, L: after a clip, the outputs of its last L frames are not final yet.
    """

    def __init__(self, runtime: Runs, tasks: Sequence[Task], clip_length: int, offsets: Sequence[int]) -> None:
        self._runtime = runtime
        self._clip_length = clip_length
        self._offsets = offsets
        self.lead = offsets[-1]
        self._small: NDArray[np.float32] | None = None
        self._shown = np.zeros(self.lead, dtype=bool)
        self._sums = {task.name: np.zeros((self.lead, task.outputs)) for task in tasks}
        self._weights = np.zeros(self.lead)

    def run(
        self, big: NDArray[np.float32] | None, small: NDArray[np.float32], shown: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.float32]]:
        """Run the networks on the next clips.

        Parameters
        ----------
        big : float32 array of shape (B, K, C, height, width) or None
            None if no clip shows a face: then the networks are not run, and the outputs are zero.
        small : float32 array of shape (B, N, C, height, width)
        shown : bool array of shape (B, N)
            Whether a frame shows a face.

        Returns
        -------
        dict of str to float32 array
            Task name to (L + B * N, C): outputs so far for the last L frames before these clips, and for the frames of
            these clips. The next call returns the last L rows again, in their final form. Ignore rows before the first
            frame of the recording.
        """
        clips, length = small.shape[:2]
        frames, shows = self._with_last(small.reshape(-1, *small.shape[2:]), shown.reshape(-1))
        weights = self._counted(shows, shown, big)
        runs = np.stack([frames[rows].reshape(small.shape) for rows in self._phases(clips)], axis=1)
        outputs = {} if big is None else self._runtime.run_phases(big, runs)
        in_all = np.concatenate([self._weights, np.zeros(clips * length)])
        for phase, rows in enumerate(self._phases(clips)):
            in_all[rows] += np.repeat(weights[:, phase], length)
        means = {}
        for task, last in self._sums.items():
            sums = np.concatenate([last, np.zeros((clips * length, last.shape[1]))])
            for phase, rows in enumerate(self._phases(clips) if task in outputs else ()):
                weighed = outputs[task][:, phase] * weights[:, phase, None, None]
                sums[rows] += weighed.reshape(clips * length, -1)
            self._sums[task] = sums[clips * length :]
            means[task] = (sums / np.maximum(in_all, 1e-300)[:, None]).astype(np.float32)
        self._weights = in_all[clips * length :]
        return means

    def _with_last(
        self, small: NDArray[np.float32], shown: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The last L frames followed by these; then keep the new last L."""
        before = np.zeros((self.lead, *small.shape[1:]), np.float32) if self._small is None else self._small
        frames, shows = np.concatenate([before, small]), np.concatenate([self._shown, shown])
        self._small, self._shown = frames[len(small) :].copy(), shows[len(small) :].copy()
        return frames, shows

    def _phases(self, clips: int) -> list[slice]:
        """Rows that the runs of each phase cover, among the last L frames before these clips and their own."""
        starts = [self.lead - offset for offset in self._offsets]
        return [slice(start, start + clips * self._clip_length) for start in starts]

    def _counted(
        self, shows: NDArray[np.bool_], shown: NDArray[np.bool_], big: NDArray[np.float32] | None
    ) -> NDArray[np.float64]:
        """The weight of each clip's runs, (B, phases)."""
        whole = np.stack([shows[rows].reshape(shown.shape).all(axis=1) for rows in self._phases(len(shown))], axis=1)
        if big is not None and big.shape[1]:
            whole &= shown[:, :: self._clip_length // big.shape[1]].all(axis=1, keepdims=True)
        return np.where(whole, 1.0, _PARTIAL)


def phases_of(networks: SlowNetworks | BundleInfo, runtime: Runs, every_phase: bool) -> ClipPhases:
    """Return the runner of a bundle's networks of one time scale, in every phase or in the clips' own phase only."""
    offsets = networks.phase_offsets if every_phase else (0,)
    return ClipPhases(runtime, networks.tasks, networks.clip_length, offsets)
