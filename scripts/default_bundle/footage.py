"""Real footage of people whose own pulse a codec has removed, as carriers of a pulse that is known."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.provenance import digest_of, keep_file, source_digest
from physiocam.video.locators import Square
from physiocam.video.reader import open_video
from physiocam.video.tracker import FaceTracker

# A piece's length, and how large its faces are kept.
SECONDS = 14.0
_FACE = 120
# Face and surroundings: as a multiple of the face.
_VIEW = 2.0
_PIECES = 6


@dataclass(frozen=True, eq=False)
class Piece:
    """Consecutive frames with a face.

    Attributes
    ----------
    name : str
        Of its clip.
    frames : uint8 array (T, H, W, 3)
    squares : tuple of Square
        Of the face in each frame.
    fs : float
    """

    name: str
    frames: NDArray[np.uint8]
    squares: tuple[Square, ...]
    fs: float


def load_footage(clips: list[Path], folder: Path) -> list[Piece]:
    """Cut pieces of clips; kept in a folder, and read as they are needed."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = []
    for clip in clips:
        path = folder / f"{clip.stem}.npz"
        made_with = {"clip": source_digest(clip), "code": digest_of(Path(__file__))}
        keep_file(path, made_with, partial(_cut, clip))
        with np.load(path) as stored:
            for index in range(int(stored["pieces"])):
                squares = tuple(Square(*row) for row in stored[f"squares{index}"].tolist())
                pieces.append(Piece(clip.stem, stored[f"frames{index}"], squares, float(stored["fs"])))
    return pieces


def _cut(clip: Path, path: Path) -> None:
    with open_video(clip, max_fs=40.0) as video:
        fs = video.fs
        tracker = FaceTracker(fs)
        length = round(SECONDS * fs)
        runs: list[list[tuple[NDArray[np.uint8], Square]]] = []
        run: list[tuple[NDArray[np.uint8], Square]] = []
        for frame in video:
            square = tracker.locate(frame.image)
            if frame.image is None or square is None:
                run = []
                continue
            run.append((frame.image, square))
            if len(run) == length:
                runs.append(run)
                run = []
                if len(runs) == _PIECES:
                    break
        # The rest, if it is most of a piece or all there is.
        if len(run) >= 0.4 * length and len(runs) < _PIECES:
            runs.append(run)
    arrays: dict[str, NDArray[np.generic]] = {"pieces": np.array(len(runs)), "fs": np.array(fs)}
    for index, run in enumerate(runs):
        arrays[f"frames{index}"], arrays[f"squares{index}"] = _view(run)
    np.savez(path, allow_pickle=False, **arrays)


def _view(run: list[tuple[NDArray[np.uint8], Square]]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The part of the picture in which the face moves, scaled, and the squares in it."""
    squares = np.array([square for _, square in run])
    size = float(np.median(squares[:, 2]))
    height, width = run[0][0].shape[:2]
    margin = (_VIEW - 1) / 2 * size
    left, top = (int(max(squares[:, axis].min() - margin, 0)) for axis in (0, 1))
    right = int(min((squares[:, 0] + squares[:, 2]).max() + margin, width))
    bottom = int(min((squares[:, 1] + squares[:, 2]).max() + margin, height))
    scale = min(_FACE / size, 1.0)
    shape = tuple(max(int(scale * side) // 2 * 2, 2) for side in (right - left, bottom - top))
    views = [cv2.resize(image[top:bottom, left:right], shape, interpolation=cv2.INTER_AREA) for image, _ in run]
    placed = np.empty_like(squares)
    side = np.minimum(np.round(scale * squares[:, 2]), min(shape)).astype(int)
    placed[:, 0] = np.clip(np.round(scale * (squares[:, 0] - left)), 0, shape[0] - side)
    placed[:, 1] = np.clip(np.round(scale * (squares[:, 1] - top)), 0, shape[1] - side)
    placed[:, 2] = side
    return np.stack(views).astype(np.uint8, copy=False), placed.astype(np.int64, copy=False)
