"""Frames in real time: from a camera, or from a file played at its own speed."""

import math
import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.levels import Image
from physiocam.video.pixels import RgbConverter
from physiocam.video.reader import open_video

# Seconds between attempts to open a missing camera.
_AGAIN_S = 1.0

# Seconds before asking again for a frame, and seconds without a frame before the camera is opened again.
_NONE_YET_S = 0.005
_SILENT_S = 5.0

# This many damaged frames in a row are not an accident.
_MOST_DAMAGED = 30

# If frames are further apart than this, the camera's clock was set.
_CLOCKS_APART_S = 2.0

# FFmpeg's input format for the cameras of each system.
_FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}


@dataclass(frozen=True)
class TakenFrame:
    """A frame, and when it was taken.

    Attributes
    ----------
    time_s : float
        Seconds on the system's monotonic clock.
    picture : Image of shape (H, W, 3)
        RGB of 8 bits, upright.
    """

    time_s: float
    picture: Image

    @property
    def image(self) -> NDArray[Any]:
        """All pixels of the picture: a uint8 array (H, W, 3)."""
        return np.asarray(self.picture)


OnStatus = Callable[[str], None]


def camera_frames(name: str, on_status: OnStatus) -> Generator[TakenFrame, None, None]:
    """Yield frames from a camera endlessly.

    If the camera is missing, denies access or is unplugged, wait for it.

    Parameters
    ----------
    name : str
        Number of the camera, or its system name ("/dev/video2", "Integrated Camera").
    on_status : callable
        Called with a line whenever the camera's state changes.

    Yields
    ------
    TakenFrame
        With times of the camera's own clock, if it has one.

    Raises
    ------
    VideoError
        If this system's cameras cannot be read.
    """
    told = ""
    while True:
        try:
            with closing(_taken(name)) as frames:
                for frame in frames:
                    if told:
                        on_status(f"camera {name} is back")
                        told = ""
                    yield frame
            reason = "no more frames"
        except (av.FFmpegError, OSError) as error:
            reason = _reason(error)
        if reason != told:
            on_status(f"camera {name}: {reason}; waiting for it")
            told = reason
        sleep(_AGAIN_S)


def played_frames(path: str | os.PathLike[str]) -> Generator[TakenFrame, None, None]:
    """Play a video file like a camera, frame by frame at its own speed.

    Parameters
    ----------
    path : path

    Yields
    ------
    TakenFrame

    Raises
    ------
    VideoError
        If the file cannot be read.
    """
    if os.path.isdir(path):
        raise VideoError(f"'{path}' is a folder; give a video file, or measure the folder with physiocam measure")
    with open_video(path) as video:
        start_s = None
        for frame in video.own_frames():
            if start_s is None:
                start_s = monotonic()
            due_s = start_s + frame.timestamp_s
            sleep(max(due_s - monotonic(), 0.0))
            yield TakenFrame(due_s, frame.picture)


def _taken(name: str) -> Generator[TakenFrame, None, None]:
    """Frames of a camera until it stops; the first is timed now, the others by the camera's clock relative to it."""
    with _open_camera(name) as container:
        if not container.streams.video:
            raise VideoError(f"camera {name} gives no picture; choose another one with --camera")
        stream = container.streams.video[0]
        # Give the newest frame at once, not delayed by one frame per thread.
        stream.thread_type = "SLICE"
        convert = RgbConverter(f"camera {name}")
        offset_s = math.inf
        for frame in _decoded(container, stream):
            now_s = monotonic()
            own_s = now_s if frame.time is None else frame.time
            # At the first frame, and when the camera's clock was set.
            if abs(own_s + offset_s - now_s) > _CLOCKS_APART_S:
                offset_s = now_s - own_s
            yield TakenFrame(own_s + offset_s, convert(frame))


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Frames of an opened camera; some may be damaged, and some systems raise an error for "none yet"."""
    damaged, heard_s = 0, monotonic()
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.BlockingIOError:
            if monotonic() - heard_s > _SILENT_S:
                raise
            sleep(_NONE_YET_S)
            packets = container.demux(stream)
            continue
        if packet is None:
            return
        heard_s = monotonic()
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            damaged += 1
            if damaged > _MOST_DAMAGED:
                raise
            continue
        damaged = 0
        yield from frames


def _open_camera(name: str) -> Any:
    kind = _FORMATS.get(sys.platform)
    if kind is None:
        raise VideoError(f"cameras cannot be read on this system ({sys.platform}); record a file and measure that")
    options = {"framerate": "30"} if kind == "avfoundation" else {}
    return av.open(_device(kind, name), format=kind, options=options)


def _device(kind: str, name: str) -> str:
    """FFmpeg's name of a camera."""
    if kind == "v4l2":
        return f"/dev/video{name}" if name.isdecimal() else name
    if kind == "dshow":
        return f"video={_numbered(kind, int(name)) if name.isdecimal() else name}"
    return name


def _numbered(kind: str, number: int) -> str:
    try:
        from av.device import enumerate_input_devices
    except ImportError:
        raise VideoError("this version of PyAV cannot list cameras; give the camera's name, or update av") from None
    cameras = [device.name for device in enumerate_input_devices(kind) if "video" in device.media_types]
    if number >= len(cameras):
        raise VideoError(f"camera {number} does not exist; there are {len(cameras)}: {', '.join(cameras) or 'none'}")
    return str(cameras[number])


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "access is denied; allow it in the system's settings (on Linux, join the group video)"
    if isinstance(error, FileNotFoundError):
        return "there is no camera with this name or number"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return text[:1].lower() + text[1:].splitlines()[0]
