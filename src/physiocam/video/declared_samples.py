"""The number of samples that an MP4 file declares, checked before FFmpeg allocates memory for them.

A few bytes can declare billions of samples of one size, and FFmpeg needs some 40 bytes for each. Only the boxes that
declare samples are read here.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from physiocam.errors import VideoError

# Four days at 30 frames/s. FFmpeg keeps repeated parts of an edit list several times.
MOST_SAMPLES = 10_000_000
_MOST_SHOWN = 5 * MOST_SAMPLES

# Limits: boxes that are read, nesting depth, and bytes of a compressed index.
_MOST_BOXES, _MOST_DEPTH, _MOST_UNPACKED = 3_000_000, 12, 1 << 26

# Boxes that can begin a file, and boxes that FFmpeg reads anywhere.
_FIRST = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp", b"sidx", b"uuid", b"prfl"}
_HOLDERS = {
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex", b"udta", b"dinf", b"tref", b"wave",
    b"cmov", b"ipro", b"sinf", b"schi",
}  # fmt: skip


class _Box(NamedTuple):
    kind: bytes
    start: int
    stop: int


class _Track:
    """The declarations of one track."""

    def __init__(self) -> None:
        self.samples, self.edits, self.ticks = 0, 1, False
        self.handlers: set[bytes] = set()

    @property
    def kept(self) -> int:
        """Samples that FFmpeg keeps separately; sound whose samples last one tick is kept in larger parts."""
        sound = b"soun" in self.handlers and b"vide" not in self.handlers
        return 0 if sound and self.ticks else self.samples


def check_declared_samples(path: Path) -> None:
    """Refuse an MP4 or MOV file that declares more samples than it can hold, or than any recording has.

    Parameters
    ----------
    path : Path
        Any file; other kinds pass.

    Raises
    ------
    VideoError
        If it declares too many.
    """
    try:
        with path.open("rb") as file:
            if file.read(8)[4:] in _FIRST:
                size = file.seek(0, io.SEEK_END)
                _Counter(path, size).look(file, 0, size, 0)
    except OSError:
        return  # reported when it is opened


class _Counter:
    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size
        self._boxes, self._pieces, self._tracks = 0, 0, [_Track()]

    def look(self, file: BinaryIO, start: int, stop: int, depth: int) -> None:
        """Count the samples that the boxes between two positions declare."""
        for box in _boxes(file, start, stop):
            self._boxes += 1
            if box.kind == b"trak":
                self._tracks.append(_Track())
            if box.kind == b"cmvd":
                self._unpack(file, box, depth)
            elif box.kind in _HOLDERS and depth < _MOST_DEPTH:
                self.look(file, box.start, box.stop, depth + 1)
            else:
                self._count(file, box)
            self._check()

    def _count(self, file: BinaryIO, box: _Box) -> None:
        track = self._tracks[-1]
        if box.kind == b"hdlr":
            track.handlers.add(_read(file, box, 8, 4))
        elif box.kind == b"stts":
            track.ticks = _number(file, box, 4) == _number(file, box, 12) == 1
        elif box.kind in (b"stsz", b"stz2"):
            track.samples = max(track.samples, _number(file, box, 8))
        elif box.kind == b"elst":
            track.edits = max(track.edits, _number(file, box, 4))
        elif box.kind == b"trun":
            self._pieces += _number(file, box, 4)

    def _unpack(self, file: BinaryIO, box: _Box, depth: int) -> None:
        """Read a compressed index, as in old QuickTime files."""
        packed = _read(file, box, 4, min(box.stop - box.start, _MOST_UNPACKED))
        try:
            index = zlib.decompressobj().decompress(packed, _MOST_UNPACKED)
        except zlib.error:
            return  # FFmpeg cannot read it either
        if depth < _MOST_DEPTH:
            self.look(io.BytesIO(index), 0, len(index), depth + 1)

    def _check(self) -> None:
        declared = self._pieces + sum(track.kept for track in self._tracks)
        shown = sum(track.kept * track.edits for track in self._tracks)
        if declared > min(MOST_SAMPLES, self._size) or shown > _MOST_SHOWN or self._boxes > _MOST_BOXES:
            raise VideoError(
                f"'{self._path}' declares {declared:,} samples in {self._size:,} bytes, expected at most "
                f"{MOST_SAMPLES // 1_000_000} million, and a byte or more each; copy or export it again"
            )


def _boxes(file: BinaryIO, start: int, stop: int) -> Iterator[_Box]:
    while start + 8 <= stop:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
        inside = start + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
            inside += 8
        end = stop if size == 0 else min(start + size, stop)
        if end < inside:
            return
        yield _Box(kind, inside, end)
        start = end


def _read(file: BinaryIO, box: _Box, place: int, size: int) -> bytes:
    file.seek(box.start + place)
    return file.read(max(min(size, box.stop - box.start - place), 0))


def _number(file: BinaryIO, box: _Box, place: int) -> int:
    return int.from_bytes(_read(file, box, place, 4), "big")
