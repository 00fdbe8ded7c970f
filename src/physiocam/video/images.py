"""Folders of images as recordings: one file a frame, in natural order of the names."""

import re
from collections.abc import Generator
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.even_grid import Still, untimed_grid
from physiocam.video.pixels import RgbConverter

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}


class ImageFolder:
    """The images of a folder, numbered frames of one recording.

    Parameters
    ----------
    folder : Path
        An existing folder; files that are no images are passed over.
    fs : float
        Frames per second.
    max_fs : float
        As in `physiocam.video.even_grid.timed_grid`.

    Attributes
    ----------
    grid : EvenGrid
    notes : list of str
        Files that could not be read are named here while the frames are read.

    Raises
    ------
    VideoError
        If the folder holds no image.
    """

    def __init__(self, folder: Path, fs: float, max_fs: float) -> None:
        self._files = sorted(filter(_is_image, folder.iterdir()), key=_natural)
        if not self._files:
            kinds = " ".join(sorted(_SUFFIXES))
            raise VideoError(f"folder '{folder}' holds no images; expected one file a frame ({kinds})")
        self.grid = untimed_grid(len(self._files), fs, max_fs)
        self.notes = list(self.grid.notes)
        self._shape: tuple[int, ...] | None = None

    def stills(self) -> Generator[Still, None, None]:
        """Yield the images, each read when it is asked for.

        Yields
        ------
        Still
            Its image is None where the file cannot be read.
        """
        for path, position in zip(self._files, self.grid.positions, strict=True):
            yield Still(float(position), partial(self._read, path))

    def _read(self, path: Path) -> NDArray[np.uint8] | None:
        try:
            # Without the pattern type, a '%' in the name would stand for a numbered sequence.
            with av.open(f"file:{path}", options={"pattern_type": "none"}) as container:
                image = RgbConverter()(next(container.decode(video=0)))
        except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration, VideoError):
            self.notes.append(f"'{path.name}' cannot be read as an image; its frame is a gap")
            return None
        if self._shape is None:
            self._shape = image.shape
        if image.shape != self._shape:
            raise VideoError(
                f"'{path}' is {_size(image.shape)} pixels, the images before it {_size(self._shape)}; "
                "bring all images to one size"
            )
        return image


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    # 'frame2' before 'frame10': digits count as numbers.
    parts = re.findall(r"(\d+)|(\D+)", path.name)
    return [(int(digits), "") if digits else (-1, text.lower()) for digits, text in parts], path.name


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"
