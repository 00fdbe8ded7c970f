"""A recording's frames on their way into networks: the face followed, blocks of inputs cut, for both time scales."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputBlock, InputCollector, InputShape, frame_step, input_blocks
from physiocam.inputs.crop import Crop
from physiocam.inputs.face_changes import Located
from physiocam.measuring.face_frames import FaceFrames, Progress, open_frames
from physiocam.video.face_source import FaceSource, as_trained, face_locator
from physiocam.video.levels import Image
from physiocam.video.locators import OnePerson, Square
from physiocam.video.reader import Source, Video
from physiocam.weights.bundle import BundleInfo, SlowNetworks

# Recordings up to this long are standardized as a whole, like the reference's; longer ones in equal parts.
_BLOCK_S = 60.0

# As above, for slow networks. Breath is slow: a part should hold many.
_SLOW_BLOCK_S = 120.0

# Frames of a recording much faster than what the networks were trained at are averaged to fewer.
MAX_FS_RATIO = 1.6

# Clips handed to the networks at a time: enough for their fastest batch, and for a smooth progress bar.
_CLIPS = 20


def input_shape(info: BundleInfo) -> InputShape:
    """Return what a bundle's networks take in."""
    crops = (info.crop, info.big_crop) if info.big_crop else None
    return InputShape(
        info.clip_length, info.big_stride, info.big_size, info.small_size, info.preprocessing, crops,
        info.input_channels, any_motion=info.square == "whole",
    )  # fmt: skip


def slow_shape(slow: SlowNetworks, crop: Crop) -> InputShape:
    """Return what slow networks take in: Small frames only, in a wider square than those that come, cut by `crop`."""
    return InputShape(
        slow.clip_length, big_stride=0, big_size=slow.big_size, small_size=slow.small_size,
        channels=slow.input_channels, wide_crop=(crop, slow.crop),
    )  # fmt: skip


def block_frames(fs: float, frames: int | None) -> int:
    """Return the length of a recording's blocks, in frames; `frames` in all, None if that is not known."""
    longest = max(round(_BLOCK_S * fs), 1)
    if frames is None:
        return longest
    # Equal parts: no block so short that its statistics mean nothing.
    blocks = max(-(-frames // longest), 1)
    return max(-(-frames // blocks), 1)


def slow_block_frames(fs: float, step: int) -> int:
    """Return the length of the blocks for slow networks, in frames that they see."""
    return round(_SLOW_BLOCK_S * fs / step)


def clip_batches(block: InputBlock, clips: int = _CLIPS) -> Iterator[tuple[int, int]]:
    """Start and stop of the clips of a block to hand to the networks at a time."""
    for start in range(0, block.clips, clips):
        yield start, min(start + clips, block.clips)


class SlowInputs:
    """Gathers the inputs of a bundle's slow networks while a recording's frames pass by.

    Breath is too slow for three frames at 30 frames/s, and shows in the shoulders: such a network sees one frame of
    several, in a wider square.

    Parameters
    ----------
    slow : SlowNetworks
    crop : Crop
        How the squares that pass by were cut.
    fs : float
        Frames per second of the recording.

    Attributes
    ----------
    step : int
        Every how many frames one is seen.
    blocks : list of InputBlock
        So far. They hold Small frames, and how the shoulders move: a few kilobytes a second.
    """

    def __init__(self, slow: SlowNetworks, crop: Crop, fs: float) -> None:
        self.step = frame_step(fs, slow.fs)
        self.blocks: list[InputBlock] = []
        self._collector = InputCollector(slow_shape(slow, crop), slow_block_frames(fs, self.step))
        self._frames = 0

    def add(self, image: Image | None, square: Square | None) -> None:
        """Let a frame (H, W, 3) pass by, with the square of the face in it."""
        if self._frames % self.step == 0 and (block := self._collector.add(image, square)):
            self.blocks.append(block)
        self._frames += 1

    def finish(self) -> list[InputBlock]:
        """Return all blocks, once the last frame has passed by."""
        if rest := self._collector.flush():
            self.blocks.append(rest)
        return self.blocks


class NetworkInputs:
    """One pass from a recording to what a bundle's networks take in; see `open_inputs`.

    Attributes
    ----------
    frames : FaceFrames
        Where the blocks come from.
    blocks : iterator of InputBlock
        In the order of time, once. Drop each before you ask for the next, so that only one is in memory.
    slow : SlowInputs or None
        What the bundle's slow networks take in; complete once the blocks are through.
    """

    def __init__(self, frames: FaceFrames, info: BundleInfo) -> None:
        self.frames = frames
        self.slow = SlowInputs(info.slow, info.crop, frames.video.fs) if info.slow else None
        length = block_frames(frames.video.fs, frames.video.frames)
        self.blocks = input_blocks(self._watched(), input_shape(info), length)

    def _watched(self) -> Iterator[Located]:
        """Frames on their way to the blocks, seen by the slow inputs too."""
        for image, (square,), _ in self.frames.seen:
            if self.slow:
                self.slow.add(image, square)
            yield image, square

    @property
    def video(self) -> Video:
        """The recording."""
        return self.frames.video

    @property
    def timestamps(self) -> list[float]:
        """Times in seconds of the frames read so far."""
        return self.frames.timestamps

    @property
    def found(self) -> NDArray[np.bool_]:
        """Whether there is a face, a frame so far; the tracker may still change its mind about the last seconds."""
        return np.array(self.frames.locator.people[0].found, dtype=bool)

    def batches(self, block: InputBlock, clips: int = _CLIPS) -> Iterator[tuple[int, int]]:
        """Start and stop of the clips to hand to the networks at a time; each counts as done when the next is asked."""
        for start, stop in clip_batches(block, clips):
            yield start, stop
            self.frames.advance((stop - start) * block.small.shape[1])


@contextmanager
def open_inputs(
    source: Source,
    info: BundleInfo,
    *,
    fs: float | None = None,
    face: FaceSource = "auto",
    progress: Progress | None = None,
) -> Iterator[NetworkInputs]:
    """Open a recording for one pass over its inputs, as the networks of a bundle want them.

    Parameters
    ----------
    source, fs, face, progress
        As in `physiocam.measure`; "auto" leaves the square to what the networks were trained on.
    info : BundleInfo

    Yields
    ------
    NetworkInputs

    Raises
    ------
    VideoError
        If the source cannot be opened or holds no frame.
    PhysiocamError
        If `face` makes no sense.
    """
    max_fs = MAX_FS_RATIO * info.fs
    where = as_trained(face, info.square)

    def locator(fs: float) -> OnePerson:
        return OnePerson(face_locator(where, fs, info.crop.factor))

    with open_frames(source, locator, max_fs=max_fs, fs=fs, progress=progress, channels=info.input_channels) as frames:
        yield NetworkInputs(frames, info)
