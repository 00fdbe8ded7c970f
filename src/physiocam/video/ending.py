"""Whether a file is complete up to its stated end."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

# Containers whose header states their length. For others FFmpeg's duration is measured from the file.
_STATED = {"matroska,webm", "flv", "live_flv", "mxf", "mxf_opatom", "ivf"}
_MOV = "mov,mp4,m4a,3gp,3g2,mj2"

# Differences between recorders in the stated end of the last frame, in seconds and in frames.
_ROUGHLY_S, _ROUGHLY_FRAMES = 0.25, 2.0

_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

# Bytes at either end of a file that are searched.
_END_BYTES = 65_536


def stated_end_s(container: Any, stream: Any, path: Path) -> float | None:
    """Return the end of the last stream as stated in a file's header, in seconds; None if it is not stated.

    Parameters
    ----------
    container, stream : av container and its video stream
    path : Path
        The file.
    """
    kind = container.format.name
    if kind == "asf":
        return _asf_end_s(path)
    # The index of other MP4 files gives the number of frames, which is more exact.
    if (kind in _STATED or (kind == _MOV and not stream.frames)) and container.duration:
        return float(container.duration / 1e6)
    return None


def stated_frames(container: Any, stream: Any, path: Path) -> int:
    """Return the number of frames that a file states; 0 if it states none."""
    return _apng_frames(path) if container.format.name == "apng" else int(stream.frames)


def short_of(there_s: float, stated_s: float, fs: float) -> bool:
    """Whether a file ends so early that it was cut off."""
    return stated_s - there_s > max(_ROUGHLY_S, _ROUGHLY_FRAMES / fs)


def ends_midway(container: Any, path: Path, packet_bytes: int) -> bool:
    """Whether a file lacks the end mark of its format, or ends within a frame.

    Parameters
    ----------
    container : av container
    path : Path
        The file.
    packet_bytes : int
        Size of its first packet; in some formats all have one size.
    """
    check = _ENDS.get(container.format.name)
    if check is None:
        return False
    with path.open("rb") as file:
        return not check(file, packet_bytes)


def _asf_end_s(path: Path) -> float | None:
    header = _first(path)
    place = header.find(_ASF_FILE_PROPERTIES)
    try:
        play_100ns, _, preroll_ms = struct.unpack_from("<QQQ", header, place + 64)
    except struct.error:
        return None
    return None if place < 0 else float(play_100ns / 1e7 - preroll_ms / 1e3)


def _apng_frames(path: Path) -> int:
    header = _first(path)
    place = header.find(b"acTL")
    return int.from_bytes(header[place + 4 : place + 8], "big") if place >= 0 else 0


def _first(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_END_BYTES)


def _last(file: BinaryIO) -> bytes:
    file.seek(max(_size(file) - _END_BYTES, 0))
    return file.read()


def _gif_ends(file: BinaryIO, _packet_bytes: int) -> bool:
    return _last(file).rstrip(b"\0").endswith(b";")


def _ogg_ends(file: BinaryIO, _packet_bytes: int) -> bool:
    # The last page of a stream is marked; pages are shorter than the searched part.
    end = _last(file)
    page = end.rfind(b"OggS\0")
    return page >= 0 and bool(end[page + 5] & 4)


def _jpegs_end(file: BinaryIO, _packet_bytes: int) -> bool:
    return b"\xff\xd9" in _last(file)[-1024:]


def _transport_stream_ends(file: BinaryIO, _packet_bytes: int) -> bool:
    # Packets begin with 0x47; discs and some broadcasters use longer ones.
    start = file.read(3 * 204)
    lengths = [length for length, first in ((188, 0), (192, 4), (204, 0)) if start[first::length][:3] == b"GGG"]
    return not lengths or _size(file) % lengths[0] == 0


def _dv_ends(file: BinaryIO, packet_bytes: int) -> bool:
    return _size(file) % packet_bytes == 0


def _y4m_ends(file: BinaryIO, packet_bytes: int) -> bool:
    header = len(file.readline(_END_BYTES))
    return (_size(file) - header) % (len(b"FRAME\n") + packet_bytes) == 0


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


_ENDS: dict[str, Callable[[BinaryIO, int], bool]] = {
    "gif": _gif_ends,
    "ogg": _ogg_ends,
    "mjpeg": _jpegs_end,
    "mpegts": _transport_stream_ends,
    "dv": _dv_ends,
    "yuv4mpegpipe": _y4m_ends,
}
