"""The frame rate that a file states, for formats in which FFmpeg would invent one."""

import struct
from pathlib import Path
from typing import Any

from physiocam.video.even_grid import FASTEST_FS, SLOWEST_FS

# Raw streams of pictures, without a container that has times. FFmpeg assumes 25 frames/s, and numbers their packets so;
# only a rate stated by the codec itself counts.
_BARE = {"h264", "hevc", "vvc", "obu", "av1", "m4v", "mpegvideo", "mjpeg", "mjpeg_2000", "mpjpeg", "image2"}

# Keep FFmpeg from inventing delays (10 and 15 frames/s) for animations that state none.
NO_MADE_UP_DELAYS = {"min_delay": "0", "default_delay": "0", "default_fps": "0"}

# Largest number of bytes before the first frame; more is not a header.
_HEADER_BYTES = 65_536


def is_bare(container: Any) -> bool:
    """Whether an opened file is a stream of pictures without times."""
    kind = container.format.name
    return kind in _BARE or kind.endswith("_pipe")


def stated_rate(container: Any, stream: Any, path: Path) -> float | None:
    """Return the frames per second that a file states.

    Parameters
    ----------
    container, stream : av container and its video stream
        Opened with `NO_MADE_UP_DELAYS`.
    path : Path
        The file.

    Returns
    -------
    float or None
        None if it states none, or an implausible one.
    """
    codec = stream.codec_context.framerate
    if is_bare(container):
        return plausible_rate(codec)
    if (own := _HEADERS.get(container.format.name)) is not None and not own(path):
        return None
    return plausible_rate(stream.average_rate) or plausible_rate(codec)


def makes_up_times(container: Any, stream: Any, path: Path) -> bool:
    """Whether frame times were invented by FFmpeg, because the file states neither times nor a rate."""
    return (is_bare(container) or container.format.name in (*_HEADERS, "gif", "apng")) and stated_rate(
        container, stream, path
    ) is None


def plausible_rate(rate: Any) -> float | None:
    """Return a rate as a float, or None if no camera has it."""
    return float(rate) if rate and SLOWEST_FS <= rate <= FASTEST_FS else None


def _y4m_states_rate(path: Path) -> bool:
    """Whether the first line has a field like F30:1; F0:0 means that the rate is unknown."""
    fields = _header(path).partition(b"\n")[0].split()
    rates = [field[1:].split(b":") for field in fields[1:] if field.startswith(b"F")]
    return any(len(rate) == 2 and all(part.isdigit() and int(part) for part in rate) for rate in rates)


def _avi_states_rate(path: Path) -> bool:
    """Whether the main header or the video's header states the duration of a frame."""
    header = _header(path)
    main, video = header.find(b"avih"), header.find(b"vids")
    try:
        (frame_us,) = struct.unpack_from("<I", header, main + 8)
        scale, rate = struct.unpack_from("<II", header, video + 20)
    except struct.error:
        return True
    return main < 0 or video < 0 or bool(frame_us) or bool(scale and rate)


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADER_BYTES)


# Containers for which FFmpeg hides that they state no rate.
_HEADERS = {"yuv4mpegpipe": _y4m_states_rate, "avi": _avi_states_rate}
