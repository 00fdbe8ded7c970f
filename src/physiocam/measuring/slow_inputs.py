"""What slow networks take in: one frame of several, and more of it than the face."""

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputBlock, InputCollector, InputShape
from physiocam.inputs.crop import Crop, recrop
from physiocam.video.tracker import Square
from physiocam.weights.bundle import SlowNetworks

# Longer recordings are standardized in parts. Breath is slow: a part should hold many.
_BLOCK_S = 120.0


class SlowInputs:
    """Gathers the inputs of a bundle's slow networks while a recording's frames pass by.

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
        So far. They hold Small frames only: a few kilobytes a second.
    """

    def __init__(self, slow: SlowNetworks, crop: Crop, fs: float) -> None:
        self.step = max(round(fs / slow.fs), 1)
        self.blocks: list[InputBlock] = []
        shape = InputShape(slow.clip_length, big_stride=0, big_size=slow.big_size, small_size=slow.small_size)
        self._collector = InputCollector(shape, round(_BLOCK_S * fs / self.step))
        self._crops = crop, slow.crop
        self._frames = 0

    def add(self, image: NDArray[np.uint8] | None, square: Square | None) -> None:
        """Let a frame (H, W, 3) pass by, with the square of the face in it."""
        if self._frames % self.step == 0:
            if image is not None and square is not None:
                square = recrop(square, *self._crops, image.shape[1], image.shape[0])
            if block := self._collector.add(image, square):
                self.blocks.append(block)
        self._frames += 1

    def finish(self) -> list[InputBlock]:
        """Return all blocks, once the last frame has passed by."""
        if rest := self._collector.flush():
            self.blocks.append(rest)
        return self.blocks
