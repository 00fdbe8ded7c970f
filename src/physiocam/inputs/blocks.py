"""From frames to network inputs, Big and Small, in one streaming pass.

The published weights need these steps, which differ from the paper's text in several places. The square is first
area-resized to the Big size. Big is then standardized by one mean and one standard deviation over all frames, pixels
and channels. Small is the normalized difference of consecutive Big-sized frames, divided by its own standard deviation
over the recording (its mean is kept), and only then area-resized to the Small size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.frame_sizes import FrameSize, height_width
from physiocam.inputs.crop import Crop, Preprocessing, recrop
from physiocam.inputs.face_changes import FaceChanges, Located, pixels_of
from physiocam.inputs.shoulders import SHIFTED, WideChanges
from physiocam.inputs.statistics import ChangeStatistics, RunningStatistics
from physiocam.video.levels import Image
from physiocam.video.locators import Square
from physiocam.video.resize import area_resize

# Big frames wait for the statistics of their block as 16-bit fixed point. This takes half the memory of float32, and
# rounds by 8e-6, two hundred times finer than the 8-bit frames.
_FIXED_POINT = np.float32(65535)


@dataclass(frozen=True)
class InputShape:
    """Size and number of the frames that a bundle's networks take.

    Attributes
    ----------
    clip_length : int
        N, frames in a clip.
    big_stride : int
        M, one Big frame for every M Small frames; 0 if no network takes Big frames.
    big_size, small_size : FrameSize
        Of the Big and Small frames in pixels; differences are taken at the Big size.
    preprocessing : "default", "authors" or "toolbox"
        How a face is resized; see `face_changes.pixels_of`.
    big_crop : tuple of Crop, optional
        How the squares are cut that come with the frames, and how Big frames are, if otherwise than Small ones.
    channels : int
        C, channels of the frames.
    any_motion : bool
        Whether the faintest change counts as motion. For faces it does not: see `InputBlock.small`.
    wide_crop : tuple of Crop, optional
        How the squares are cut that come with the frames, and how wider ones are in which inputs are cut out instead.
        Such blocks have the shifts of the shoulders.
    """

    clip_length: int = 3
    big_stride: int = 3
    big_size: FrameSize = 144
    small_size: FrameSize = 9
    preprocessing: Preprocessing = "default"
    big_crop: tuple[Crop, Crop] | None = None
    channels: int = 3
    any_motion: bool = False
    wide_crop: tuple[Crop, Crop] | None = None

    @property
    def big_frames(self) -> int:
        """K, Big frames in a clip: one at the start of every stride."""
        return -(-self.clip_length // self.big_stride) if self.big_stride else 0


@dataclass(frozen=True)
class InputBlock:
    """Inputs of consecutive frames that share their statistics.

    Attributes
    ----------
    frames : int
        Frames of the recording in this block. If this is not a multiple of the clip length, the last clip is filled
        with still frames.
    small : float32 array of shape (clips, N, C, height, width)
        Normalized differences, divided by their standard deviation. Frame t holds the change from t to t + 1. It is
        zero if either frame has no face, and in the last frame of the recording. If nothing moves, all are zero:
        the faint rhythm that a codec gives to a photograph must not be amplified to a pulse.
    big_mean, big_std : float
        Statistics of the block's frames in 0..1, over all frames, pixels and channels.
    has_motion : bool
        Whether the frames change more than a codec changes a still picture.
    shown : bool array of shape (clips, N)
        Whether a frame shows a face; False for the frames that fill the last clip.
    big_fixed : uint16 array of shape (clips, K, C, height, width)
        The Big frames before they are standardized, 0 to 65535.
    shifts : float32 array of shape (frames, 2) or None
        How far the shoulders, and what is above them, move to the next frame, as `shoulders.shifts` tells it; None
        without a wide square.
    """

    frames: int
    small: NDArray[np.float32]
    shown: NDArray[np.bool_]
    big_mean: float
    big_std: float
    has_motion: bool
    big_fixed: NDArray[np.uint16]
    shifts: NDArray[np.float32] | None = None

    @property
    def clips(self) -> int:
        """Number of clips."""
        return len(self.small)

    def big(self, start: int, stop: int) -> NDArray[np.float32]:
        """Standardized Big frames of clips `start` to `stop`, float32 (clips, K, C, height, width)."""
        if self.big_std == 0.0:
            return np.zeros(self.big_fixed[start:stop].shape, dtype=np.float32)
        scale = np.float32(1.0 / (float(_FIXED_POINT) * self.big_std))
        standardized = self.big_fixed[start:stop] * scale
        standardized -= np.float32(self.big_mean / self.big_std)
        return standardized


def frame_step(fs: float, slow_fs: float) -> int:
    """Return n such that every n-th frame of a recording comes closest to a lower rate; n is at least 1."""
    return max(round(fs / slow_fs), 1)


def input_blocks(located: Iterable[Located], shape: InputShape, block_frames: int) -> Iterator[InputBlock]:
    """Convert frames and their face squares to blocks of network inputs.

    Parameters
    ----------
    located : iterable of (image, square)
        In the order of time; image (H, W, C), RGB or other channels, and the square of the face. Either is None if the
        frame cannot be used; such a frame does not enter the statistics, and its inputs are zero.
    shape : InputShape
    block_frames : int
        Longest block, rounded up to whole clips. A recording that fits in one block is standardized as a whole,
        exactly as in the reference. A longer one is standardized block by block, so memory stays constant.

    Yields
    ------
    InputBlock

    Notes
    -----
    Each difference is taken inside one square. If the square moves between two frames, both are cut at the new place,
    so the move itself adds no change.
    """
    collector = InputCollector(shape, block_frames)
    for image, square in located:
        if block := collector.add(image, square):
            yield block
    if block := collector.flush():
        yield block


class InputCollector:
    """Takes frames one by one, and returns each block of inputs when it is full; see `input_blocks`.

    Parameters
    ----------
    shape : InputShape
    block_frames : int
        As in `input_blocks`.
    memory_frames : float, optional
        For streams, whose blocks cannot wait for a recording's statistics: each block is standardized by all frames up
        to its end, where a frame that is n frames old has the weight exp(-n / memory_frames). By default each block is
        standardized by its own frames.
    """

    def __init__(self, shape: InputShape, block_frames: int, memory_frames: float | None = None) -> None:
        self._shape = shape
        self._clips = -(-block_frames // shape.clip_length)
        self._pixels = pixels_of(shape.preprocessing)
        self._changes = FaceChanges(shape.big_size, self._pixels)
        self._wide = WideChanges(shape.big_size, shape.wide_crop, self._pixels) if shape.wide_crop else None
        self._running = (
            None if memory_frames is None else (RunningStatistics(memory_frames), ChangeStatistics(memory_frames))
        )
        self._block = self._new_block()

    def add(self, image: Image | None, square: Square | None) -> InputBlock | None:
        """Add the next frame; return the block that it completes, or None."""
        if self._wide:
            (face, _, change), shift = self._wide.add(image, square)
        else:
            (face, _, change), shift = self._changes.add(image, square), None
        full = None
        if self._block.frames:
            self._block.add_change(change, shift)
            if self._block.is_full:
                full = self._block.finished()
                self._block = self._new_block()
        self._block.add_frame(face is not None, self._big(image, square, face))
        return full

    def _big(
        self, image: Image | None, square: Square | None, face: NDArray[np.float32] | None
    ) -> NDArray[np.float32] | None:
        """The frame for Big: the one that differences are taken between, or cut in a square of its own."""
        crops = self._shape.big_crop
        if crops is None or image is None or square is None:
            return face
        height, width = image.shape[:2]
        return self._pixels(image, recrop(square, *crops, width, height), self._shape.big_size)

    def cut(self) -> None:
        """Start a new stretch of frames: no difference is taken between the last frame and the next."""
        (self._wide or self._changes).add(None, None)

    def flush(self) -> InputBlock | None:
        """Return the frames that are not in a block yet as the last block, or None if there are none."""
        if not self._block.frames:
            return None
        self._block.add_change(None, None)
        rest = self._block.finished()
        self._block = self._new_block()
        return rest

    def _new_block(self) -> "_GrowingBlock":
        return _GrowingBlock(self._shape, self._clips, *(self._running or (RunningStatistics(), ChangeStatistics())))


class _GrowingBlock:
    """Collects one block, and adds its frames to the statistics by which it is standardized."""

    def __init__(self, shape: InputShape, clips: int, big_sums: RunningStatistics, changes: ChangeStatistics) -> None:
        self._shape = shape
        # The system provides memory only when it is written to.
        self._big = np.empty((clips, shape.big_frames, shape.channels, *height_width(shape.big_size)), np.uint16)
        self._small_shape = height_width(shape.small_size)
        self._small = np.zeros((clips, shape.clip_length, shape.channels, *self._small_shape), np.float32)
        self._shown = np.zeros((clips, shape.clip_length), dtype=bool)
        self._shifts = np.full((clips * shape.clip_length, SHIFTED), np.nan, np.float32) if shape.wide_crop else None
        self._missing: list[tuple[int, int]] = []
        self._big_sums = big_sums
        self._changes = changes
        self.frames = 0
        self._differences = 0

    @property
    def is_full(self) -> bool:
        return self._differences == len(self._small) * self._shape.clip_length

    def add_frame(self, shown: bool, big: NDArray[np.float32] | None) -> None:
        if self._shape.big_stride:
            self._add_big(big)
        self._shown.flat[self.frames] = shown
        self.frames += 1

    def _add_big(self, face: NDArray[np.float32] | None) -> None:
        clip, t = divmod(self.frames, self._shape.clip_length)
        k, skipped = divmod(t, self._shape.big_stride)
        if face is not None:
            self._big_sums.add(face)
        if skipped == 0 and face is not None:
            fixed = face * _FIXED_POINT
            fixed += np.float32(0.5)
            self._big[clip, k] = fixed.transpose(2, 0, 1)
        elif skipped == 0:
            self._missing.append((clip, k))

    def add_change(self, change: NDArray[np.float32] | None, shift: NDArray[np.float32] | None) -> None:
        if self._shifts is not None and shift is not None:
            self._shifts[self._differences] = shift
        if change is not None:
            self._changes.add(change)
            clip, t = divmod(self._differences, self._shape.clip_length)
            self._small[clip, t] = area_resize(change, *self._small_shape).transpose(2, 0, 1)
        self._differences += 1

    def finished(self) -> InputBlock:
        clips = -(-self.frames // self._shape.clip_length)
        small = self._small[:clips]
        has_motion = self._changes.std > 0.0 if self._shape.any_motion else self._changes.has_motion
        if has_motion:
            small /= np.float32(self._changes.std)
        else:
            small[:] = 0.0
        big = self._big[:clips]
        if self._shape.big_stride:
            filled = -(-(self.frames - (clips - 1) * self._shape.clip_length) // self._shape.big_stride)
            # The frames that fill the last clip are still: they repeat the last frame.
            big[-1, filled:] = big[-1, filled - 1]
        for clip, k in self._missing:
            big[clip, k] = round(self._big_sums.mean * float(_FIXED_POINT))
        shown = self._shown[:clips]
        shifts = None if self._shifts is None else self._shifts[: self.frames]
        return InputBlock(self.frames, small, shown, self._big_sums.mean, self._big_sums.std, has_motion, big, shifts)
