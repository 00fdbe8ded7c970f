"""A recording's network inputs in one pass: frames read, the face followed, blocks cut."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.arguments import FaceChoice
from physiocam.inputs.blocks import InputBlock, InputShape, input_blocks
from physiocam.inputs.face_changes import Located
from physiocam.measuring.face_frames import Progress, RecordingFrames, open_frames
from physiocam.measuring.slow_inputs import SlowInputs
from physiocam.video.reader import Source, Video
from physiocam.weights.bundle import BundleInfo

# Recordings up to this long are standardized as a whole, like the reference's; longer ones in equal parts.
_BLOCK_S = 60.0

# Frames of a recording much faster than what the networks were trained at are averaged to fewer.
MAX_FS_RATIO = 1.6

# Clips handed to the networks at a time: enough for their fastest batch, and for a smooth progress bar.
_CLIPS = 20


class RecordingInputs:
    """One pass from a recording to what a bundle's networks take in; see `open_inputs`.

    Attributes
    ----------
    frames : RecordingFrames
        Where the blocks come from.
    blocks : iterator of InputBlock
        In the order of time, once. Each is gone from here soon after the next is asked for: let go of it by then.
    slow : SlowInputs or None
        What the bundle's slow networks take in; complete once the blocks are through.
    """

    def __init__(self, frames: RecordingFrames, info: BundleInfo) -> None:
        shape = InputShape(info.clip_length, info.big_stride, info.big_size, info.small_size)
        self.frames = frames
        self.slow = SlowInputs(info.slow, info.crop, frames.video.fs) if info.slow else None
        self.blocks = input_blocks(self._watched(), shape, _block_frames(frames.video))

    def _watched(self) -> Iterator[Located]:
        """Frames on their way to the blocks, seen by the slow inputs too."""
        for image, square in self.frames.located:
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
        """Whether there is a face, as in `RecordingFrames`."""
        return self.frames.found

    @property
    def squares(self) -> NDArray[np.int32]:
        """Face squares (T, 3), as in `RecordingFrames`."""
        return self.frames.squares

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the recording, as in `RecordingFrames`."""
        return self.frames.notes

    def batches(self, block: InputBlock, clips: int = _CLIPS) -> Iterator[tuple[int, int]]:
        """Start and stop of the clips to hand to the networks at a time; each counts as done when the next is asked."""
        for start in range(0, block.clips, clips):
            stop = min(start + clips, block.clips)
            yield start, stop
            self.frames.passed((stop - start) * block.small.shape[1])


@contextmanager
def open_inputs(
    source: Source,
    info: BundleInfo,
    *,
    fs: float | None = None,
    face: FaceChoice = "auto",
    progress: Progress | None = None,
) -> Iterator[RecordingInputs]:
    """Open a recording for one pass over its inputs, as the networks of a bundle want them.

    Parameters
    ----------
    source, fs, face, progress
        As in `physiocam.measure`.
    info : BundleInfo

    Yields
    ------
    RecordingInputs

    Raises
    ------
    VideoError
        If the source cannot be opened or holds no frame.
    PhysiocamError
        If `face` makes no sense.
    """
    max_fs = MAX_FS_RATIO * info.fs
    with open_frames(source, info.crop.factor, max_fs=max_fs, fs=fs, face=face, progress=progress) as frames:
        yield RecordingInputs(frames, info)


def _block_frames(video: Video) -> int:
    longest = max(round(_BLOCK_S * video.fs), 1)
    if video.frames is None:
        return longest
    # Equal parts: no block so short that its statistics mean nothing.
    blocks = max(-(-video.frames // longest), 1)
    return max(-(-video.frames // blocks), 1)
