"""A stored recording as blocks of inputs, standardized as when its video is measured."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.store.slow_frames import SlowSettings
from physiocam.datasets.store.store_files import FrameLayout
from physiocam.datasets.store.stored_recording import StoredRecording
from physiocam.foundation.frame_sizes import height_width
from physiocam.inputs.blocks import InputBlock, InputShape, frame_step
from physiocam.inputs.statistics import RunningStatistics, more_than_still
from physiocam.measuring.network_inputs import block_frames, clip_batches, input_shape, slow_block_frames, slow_shape
from physiocam.signals.waveform import scenes_of
from physiocam.weights.bundle import BundleInfo, SlowNetworks

# Frames read at a time: whole chunks.
_FRAMES = 96

# The largest number of a block's Big frames.
_FULL = 65535


class StoredInputs:
    """Inputs of a bundle's networks from a stored recording; a `measuring.recording_run.RecordingInputs`.

    Parameters
    ----------
    stored : StoredRecording
        Prepared with the frame sizes of the bundle.
    info : BundleInfo
    whole : bool
        Whether to standardize the recording as a whole, however long it is, as in the reference. Otherwise a long one
        is standardized in parts, as when it is measured.
    batch_clips : int, optional
        Clips to run at a time; by default as when measuring.
    scene : slice, optional
        The frames of one of its scenes, as a recording of their own.

    Attributes
    ----------
    blocks : iterator of InputBlock
    timestamps : list of float
    found : bool array (T,)
    slow : StoredSlowInputs or None
        None if the bundle has no slow networks, or the store does not keep their inputs.
    """

    def __init__(
        self,
        stored: StoredRecording,
        info: BundleInfo,
        whole: bool = False,
        batch_clips: int | None = None,
        scene: slice | None = None,
    ) -> None:
        self._stored = stored
        self._scene = scene = scene or slice(0, stored.info.frames)
        self._batch_clips = batch_clips
        self._shape = input_shape(info)
        self._layout = FrameLayout(info.big_size, info.small_size, info.input_channels, stored.bits)
        self.timestamps: list[float] = stored.column("timestamps_s")[scene].tolist()
        self.found: NDArray[np.bool_] = stored.column("face_found")[scene]
        self._shown = stored.column("shown") if stored.has("shown") else stored.column("face_found")
        # As when measuring, where the length of a scene is not known before it ends.
        frames = stored.info.frames - scene.start
        length = self._shape.clip_length
        self._block = frames if whole else -(-block_frames(stored.info.fs, frames) // length) * length
        self.blocks = self._blocks()
        kept = slow_settings(stored)
        self.slow = None
        if info.slow and kept == wanted_settings(info.slow):
            step = frame_step(stored.info.fs, kept.fs)
            self.slow = StoredSlowInputs(stored, info, step, whole, scene)

    def batches(self, block: InputBlock) -> Iterator[tuple[int, int]]:
        """Start and stop of the clips to run at a time."""
        return clip_batches(block, self._batch_clips) if self._batch_clips else clip_batches(block)

    def _blocks(self) -> Iterator[InputBlock]:
        info = self._stored.info
        changes = self._stored.column("changes") if self._stored.has("changes") else None
        for start in range(self._scene.start, self._scene.stop, self._block):
            stop = min(start + self._block, self._scene.stop)
            clips = -(-(stop - start) // self._shape.clip_length)
            small = np.zeros((clips * self._shape.clip_length, *self._layout.shape("small")), np.float32)
            self._stored.read_frames("small", start, small[: stop - start])
            big, mean, std = self._big(start, stop, clips)
            small_std, has_motion = info.small_std, True
            if changes is not None:
                small_std, has_motion = _spread(changes[start:stop], self._shape.any_motion)
            if stop - start == info.frames:
                # Use the statistics computed before frames were rounded to 8 bits.
                mean, std, small_std = info.big_mean, info.big_std, info.small_std
            yield _block(
                small if has_motion else np.zeros_like(small),
                small_std, self._shown[start:stop], self._shape, big, mean, std, has_motion and small_std > 0,
            )  # fmt: skip

    def _big(self, start: int, stop: int, clips: int) -> tuple[NDArray[np.uint16], float, float]:
        """The Big frames of a block as fixed point, and the mean and deviation of all of its frames."""
        shape = self._shape
        layout = self._layout
        height, width, channels = layout.shape("big")
        big = np.zeros((clips, shape.big_frames, channels, height, width), np.uint16)
        if not shape.big_stride:
            return big, 0.0, 0.0
        statistics = RunningStatistics()
        buffer = np.empty((_FRAMES, height, width, channels), layout.dtype("big"))
        to_fixed = np.uint16(_FULL // layout.full)
        last = (clips - 1, 0)
        for first in range(start, stop, _FRAMES):
            part = buffer[: min(_FRAMES, stop - first)]
            self._stored.read_frames("big", first, part)
            for frame, image in enumerate(part, first - start):
                clip, inside = divmod(frame, shape.clip_length)
                k, skipped = divmod(inside, shape.big_stride)
                if self._shown[start + frame] and stop - start < self._stored.info.frames:
                    statistics.add(image.astype(np.float32) / np.float32(layout.full))
                if skipped == 0:
                    big[clip, k] = image.transpose(2, 0, 1) * to_fixed
                    last = clip, k
        # The frames that fill the last clip repeat the last one.
        big[last[0], last[1] + 1 :] = big[last]
        return big, statistics.mean, statistics.std


class StoredSlowInputs:
    """Inputs of slow networks from a stored recording; a `measuring.recording_run.SlowRecording`.

    Parameters
    ----------
    stored : StoredRecording
    info : BundleInfo
        With slow networks.
    step : int
        n, if every n-th frame of the recording is kept.
    whole, scene
        As in `StoredInputs`.

    Attributes
    ----------
    step : int
    """

    def __init__(self, stored: StoredRecording, info: BundleInfo, step: int, whole: bool, scene: slice) -> None:
        assert info.slow is not None
        self.step = step
        self._shape = slow_shape(info.slow, info.crop)
        # Every scene begins with a frame that is kept.
        kept = [-(-(one.stop - one.start) // step) for one in scenes_of(stored.info.frames, stored.info.cuts)]
        before = np.concatenate([[0], np.cumsum(kept)])
        edges = [0, *stored.info.cuts, stored.info.frames]
        rows = slice(before[edges.index(scene.start)], before[edges.index(scene.stop)])
        self._small = stored.column("slow/small")[rows]
        self._changes = stored.column("slow/changes")[rows]
        self._shown = stored.column("slow/shown")[rows]
        self._shifts = stored.column("slow/shifts")[rows] if stored.has("slow/shifts") else None
        length = self._shape.clip_length
        longest = len(self._small) if whole else slow_block_frames(stored.info.fs, step)
        self._block = -(-longest // length) * length

    def finish(self) -> list[InputBlock]:
        """Return all blocks."""
        return [self._of(slice(start, start + self._block)) for start in range(0, len(self._small), self._block)]

    def _of(self, rows: slice) -> InputBlock:
        kept, shape = self._small[rows], self._shape
        clips = -(-len(kept) // shape.clip_length)
        small = np.zeros((clips * shape.clip_length, *kept.shape[1:]), np.float32)
        std, has_motion = _spread(self._changes[rows], shape.any_motion)
        if has_motion:
            small[: len(kept)] = kept
        big = np.zeros((clips, 0, shape.channels, *height_width(shape.big_size)), np.uint16)
        block = _block(small, std, self._shown[rows], shape, big, 0.0, 0.0, has_motion)
        return block if self._shifts is None else replace(block, shifts=self._shifts[rows])


def slow_settings(stored: StoredRecording) -> SlowSettings | None:
    """Return the settings of a recording's slow frames; None if it has none, as in earlier versions."""
    kept = (stored.settings or {}).get("slow")
    return SlowSettings.model_validate(kept) if kept and stored.has("slow/small") else None


def wanted_settings(slow: SlowNetworks) -> SlowSettings:
    """Return the settings that a store must have for slow networks."""
    return SlowSettings(fs=slow.fs, crop=slow.crop, big_size=slow.big_size, small_size=slow.small_size)


def _spread(changes: NDArray[np.float64], any_motion: bool) -> tuple[float, bool]:
    """Standard deviation of a block's changes, and whether something moves."""
    known = changes[np.isfinite(changes[:, 0])]
    if not len(known):
        return 0.0, False
    mean, square = known.mean(axis=0)
    std = float(np.sqrt(max(square - mean**2, 0.0)))
    return std, std > 0.0 and (any_motion or more_than_still(known[:, 1]))


def _block(
    small: NDArray[np.float32],
    small_std: float,
    shown: NDArray[np.bool_],
    shape: InputShape,
    big: NDArray[np.uint16],
    mean: float,
    std: float,
    has_motion: bool,
) -> InputBlock:
    """Make a block; `small` is (clips * N, C, h, w)."""
    clips = len(small) // shape.clip_length
    if small_std > 0:
        small /= np.float32(small_std)
    seen = np.zeros(len(small), dtype=bool)
    seen[: len(shown)] = shown
    if shape.big_stride:
        # Where there is no face, Big is the mean, as when a recording is measured.
        missing = ~seen.reshape(clips, shape.clip_length)[:, :: shape.big_stride]
        in_last = len(shown) - (clips - 1) * shape.clip_length
        missing[-1, -(-in_last // shape.big_stride) :] = False
        big[missing] = round(mean * _FULL)
    return InputBlock(
        len(shown), small.reshape(clips, shape.clip_length, *small.shape[1:]), seen.reshape(clips, -1), mean, std,
        has_motion, big,
    )  # fmt: skip
