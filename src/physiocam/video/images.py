"""Images as recordings, one per frame: from folders, or directly from zip archives."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.readable import readable
from physiocam.video.container import MOST_PIXELS, video_stream
from physiocam.video.even_grid import EvenGrid, Still, untimed_grid
from physiocam.video.levels import Image, eight_bits
from physiocam.video.numbering import natural_order, places_by_number
from physiocam.video.pixels import RgbConverter

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}

# Errors of zipfile for a damaged archive, or an entry with an unknown compression or name.
ZIP_ERRORS = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, UnicodeError,
)  # fmt: skip

# Formats that FFmpeg may recognize in an image; others might make it open other files.
_FORMATS = (
    "png_pipe,apng,jpeg_pipe,jpegls_pipe,bmp_pipe,tiff_pipe,webp_pipe,webp,ppm_pipe,pgm_pipe,pgmyuv_pipe,pbm_pipe,"
    "pam_pipe"
)

# Largest possible image: 16 bits, four channels, uncompressed.
_MOST_BYTES = 8 * MOST_PIXELS + 1_000_000

# Largest number of images of another size before those of the recording.
_COVERS = 3

# Opens the source of images for one pass; returns a function from an image's name to its bytes.
ImageSource = Callable[[], AbstractContextManager[Callable[[str], bytes]]]

_VIDEOS = {".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".mts", ".3gp"}


class ImageDecoder:
    """Decodes images one after the other, in constant memory.

    Examples
    --------
    >>> ImageDecoder()(b"no image") is None
    True
    """

    def __init__(self) -> None:
        self._convert = RgbConverter("image")
        self._stored_size: tuple[int, int] | None = None

    def __call__(self, content: bytes) -> Image | None:
        """Decode the content of an image file.

        Parameters
        ----------
        content : bytes

        Returns
        -------
        Image (H, W, 3) or None
            RGB, upright; None if it cannot be read.
        """
        if _cut_off(content):
            return None
        try:
            with av.open(io.BytesIO(content), mode="r", options={"format_whitelist": _FORMATS}) as container:
                return self._rgb(next(container.decode(video_stream(container, "image"))))
        except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration, VideoError):
            return None

    def _rgb(self, frame: av.VideoFrame) -> Image:
        # One converter is used for all images of a size; separate ones would keep every frame in memory for long.
        if (frame.width, frame.height) != self._stored_size:
            self._convert, self._stored_size = RgbConverter("image"), (frame.width, frame.height)
        return self._convert(frame)


class ImageSequence:
    """Images by name, frames of one recording.

    Parameters
    ----------
    source : ImageSource
    names : sequence of str
        In order of time.
    grid : EvenGrid
        The grid of their frames.

    Attributes
    ----------
    grid : EvenGrid
    notes : list of str
        Names of images that could not be read are added while the frames are read.
    """

    def __init__(self, source: ImageSource, names: Sequence[str], grid: EvenGrid) -> None:
        self._source = source
        self._names = names
        self.grid = grid
        self.notes = list(grid.notes)
        self._shape: tuple[int, ...] | None = None
        self._sized = ""
        self._decode = ImageDecoder()

    def stills(self) -> Generator[Still, None, None]:
        """Yield the images, each read on demand.

        Yields
        ------
        Still
            Its image is None if it cannot be read.

        Raises
        ------
        VideoError
            If the source cannot be opened.
        """
        with self._source() as read:
            for name, position in zip(self._names, self.grid.positions, strict=True):
                yield Still(float(position), partial(self._image, name, read))

    def _image(self, name: str, read: Callable[[str], bytes]) -> Image | None:
        image = self._decoded(name, read)
        if image is None:
            self.notes.append(f"'{readable(name)}' cannot be read as an image; its frame is a gap")
            return None
        if self._shape is None:
            self._shape, self._sized = image.shape, name
        if image.shape != self._shape:
            step = "resize all images to one size (single photographs: physiocam photos)"
            raise VideoError(f"{self._odd_one(name, image.shape, read)}; {step}")
        return image

    def _decoded(self, name: str, read: Callable[[str], bytes]) -> Image | None:
        try:
            content = read(name)
        except (ValueError, KeyError, *ZIP_ERRORS):
            return None
        return self._decode(content)

    def _odd_one(self, name: str, shape: tuple[int, ...], read: Callable[[str], bytes]) -> str:
        """Describe which of two sizes is wrong: that of this image or, near the beginning, that of the earlier ones."""
        assert self._shape is not None
        before = self._names.index(name)
        if before <= _COVERS:
            following = self._names[before + 1 : 2 * before + 1]
            same = sum(
                image is not None and image.shape == shape for image in (self._decoded(n, read) for n in following)
            )
            if same == before:
                return f"'{self._sized}' is {_size(self._shape)} pixels, the images from '{name}' on {_size(shape)}"
        return f"'{name}' is {_size(shape)} pixels, the images before it {_size(self._shape)}"


def image_folder(folder: Path, fs: float | None, max_fs: float) -> ImageSequence:
    """Open all images of a folder, in natural order of their names, as frames of one recording.

    Missing numbers in the names are missing frames (see `physiocam.video.numbering`).

    Parameters
    ----------
    folder : Path
        An existing folder; files that are not images are skipped.
    fs : float or None
        Frames per second; a folder does not state them.
    max_fs : float
        As in `physiocam.video.even_grid.timed_grid`.

    Raises
    ------
    VideoError
        If the folder holds no image, or `fs` is None.
    """
    names = natural_order(path.name for path in folder.iterdir() if _is_image(path))
    if not names:
        kinds = " ".join(sorted(_SUFFIXES))
        raise VideoError(f"folder '{folder}' holds no images; expected one file per frame ({kinds})")
    if fs is None:
        raise VideoError(f"the folder of images '{folder}' has no frame rate; pass fs=, its frames per second")
    places, notes = places_by_number(names, fs)
    grid = untimed_grid(len(names), fs, max_fs, places)
    return ImageSequence(partial(files_of, folder), names, replace(grid, notes=(*notes, *grid.notes)))


@contextmanager
def files_of(folder: Path) -> Iterator[Callable[[str], bytes]]:
    """Read files of a folder by name."""

    def read(name: str) -> bytes:
        with (folder / name).open("rb") as file:
            return _within_bounds(file.read(_MOST_BYTES + 1))

    yield read


@contextmanager
def entries_of(archive: Path) -> Iterator[Callable[[str], bytes]]:
    """Read entries of a zip archive by name; nothing is unpacked to disk.

    Raises
    ------
    VideoError
        If it is not an archive, or cannot be read.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except ZIP_ERRORS as error:
        raise VideoError(f"'{archive}' cannot be read as a zip archive: {error}") from None

    def read(name: str) -> bytes:
        # An entry that unpacks to more than it states is truncated there.
        with opened.open(name) as entry:
            return _within_bounds(entry.read(_MOST_BYTES + 1))

    with opened:
        yield read


def _within_bounds(content: bytes) -> bytes:
    if len(content) > _MOST_BYTES:
        raise ValueError
    return content


def read_image(path: Path) -> NDArray[np.uint8] | None:
    """Read a single image, upright; None if it cannot be read.

    Parameters
    ----------
    path : Path

    Returns
    -------
    uint8 array (H, W, 3) or None
        RGB.
    """
    with files_of(path.parent) as read:
        one = ImageSequence(partial(files_of, path.parent), [path.name], untimed_grid(1, 1.0, 1.0))
        image = one._decoded(path.name, read)
        return None if image is None else eight_bits(image)


def images_below(root: Path) -> list[Path]:
    """Images in a folder and below, in the natural order of their paths."""
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if _is_image(path)}
    return [found[name] for name in natural_order(found)]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()


def _cut_off(content: bytes) -> bool:
    # FFmpeg fills the missing part of a JPEG with grey, without an error. Only the end mark shows it; the search is
    # kept from the one that ends a thumbnail, near the beginning.
    return content.startswith(b"\xff\xd8") and content.rfind(b"\xff\xd9", len(content) // 2) < 0


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"


def videos_below(root: Path) -> list[Path]:
    """Video files in a folder and below, sorted."""
    return sorted(p for p in root.rglob("*") if p.suffix.lower() in _VIDEOS and not p.name.startswith("."))
