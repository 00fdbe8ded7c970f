"""Real motion as a network sees it: footage of people whose own pulse a codec has removed, without anything put in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from footage import Piece
from long_clips import EVERY_FRAME
from physiocam.foundation.provenance import digest_of, keep_file
from physiocam.inputs.blocks import input_blocks
from physiocam.video.locators import Square

# How much larger than the face the square is, and how far to the side and down, in shares of the face.
_VIEWS = ((1.0, 0.0, 0.0), (0.85, -0.05, -0.03), (1.15, 0.04, 0.04))


@dataclass(frozen=True)
class Motion:
    """One view of a piece of footage.

    Attributes
    ----------
    small : float16 array (T, 3, 9, 9)
    fs : float
    """

    small: NDArray[np.float16]
    fs: float


def load_motions(pieces: Sequence[Piece], path: Path) -> list[Motion]:
    """Read what a network sees of pieces of footage; kept in a file."""
    made_with = {
        "code": digest_of(Path(__file__)),
        "pieces": [(piece.name, len(piece.frames), int(piece.frames[::50].sum())) for piece in pieces],
    }  # fmt: skip
    keep_file(path, made_with, partial(_see, pieces))
    with np.load(path) as stored:
        fs = stored["fs"].tolist()
        return [Motion(stored[f"small{index}"], fs[index]) for index in range(len(fs))]


def _see(pieces: Sequence[Piece], path: Path) -> None:
    seen: list[NDArray[np.float16]] = []
    for piece in pieces:
        for view in _VIEWS:
            (block,) = input_blocks(_located(piece, view), EVERY_FRAME, len(piece.frames))
            seen.append(block.small[:, 0].astype(np.float16))
    fs = np.repeat([piece.fs for piece in pieces], len(_VIEWS))
    np.savez(path, allow_pickle=False, fs=fs, **{f"small{index}": small for index, small in enumerate(seen)})


def _located(piece: Piece, view: tuple[float, float, float]) -> Iterator[tuple[NDArray[np.uint8], Square]]:
    factor, right, down = view
    height, width = piece.frames.shape[1:3]
    for image, square in zip(piece.frames, piece.squares, strict=True):
        size = min(round(factor * square.size), height, width)
        x = square.x + square.size / 2 + right * square.size - size / 2
        y = square.y + square.size / 2 + down * square.size - size / 2
        yield image, Square(int(np.clip(x, 0, width - size)), int(np.clip(y, 0, height - size)), size)
