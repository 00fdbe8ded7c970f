"""Video files: the frame times of all packets first, then the frames one after the other."""

import os
from array import array
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.even_grid import FASTEST_FS, SLOWEST_FS, EvenGrid, Still, timed_grid, untimed_grid
from physiocam.video.pixels import RgbConverter

# PyAV trips over streams that damage conjures up in the middle of a file.
DEMUX_ERRORS = (av.FFmpegError, IndexError)

# Transfer characteristics PQ and HLG, under their numbers in ITU-T H.273.
_HDR_TRANSFERS = {16, 18}

# Frame threads hold a picture each, and the networks want their cores too: so many threads, and so many pixels in all.
_MOST_THREADS = 8
_THREADS_PIXELS = 72_000_000

# Pixels of a picture: a little more than 8K has. What claims more is damaged, or would take gigabytes to decode.
MOST_PIXELS = 36_000_000

# What FFmpeg may take a file for. Playlists, and what else makes it open other files or the network, are not among
# them. Sound is, to be told as such.
_FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,av1,obu,ivf,asf,flv,live_flv,ogg,mxf,mxf_opatom,dv,nut,rm,wtv,"
    "yuv4mpegpipe,mjpeg,mjpeg_2000,gif,apng,webp,image2,png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,webp_pipe,"
    "wav,mp3,aac,flac,caf"
)


class VideoFile:
    """A video file whose packets have been listed, but not decoded.

    Parameters
    ----------
    path : Path
        An existing file.
    fs : float, optional
        Frames per second, in place of what the file says.
    max_fs : float
        As in `physiocam.video.even_grid.timed_grid`.

    Attributes
    ----------
    grid : EvenGrid
    notes : list of str
        What was found in the file, added to while its frames are decoded.

    Raises
    ------
    VideoError
        If the file cannot be read as a video, or its frame times make no sense.
    """

    def __init__(self, path: Path, fs: float | None, max_fs: float) -> None:
        self._path = path
        self.notes: list[str] = []
        with open_container(path) as container:
            stream = video_stream(container, path)
            self._list_packets(container, stream)
            if self._packets == 0:
                raise VideoError(f"'{path}' holds no video frame; expected a recording of a face")
            if self._packets == 1 and container.streams.audio:
                raise VideoError(f"'{path}' holds sound and a cover picture; expected a video")
            self.grid = self._even_grid(stream, fs, max_fs)
            pixel = stream.sample_aspect_ratio
            if pixel and pixel != 1:
                self.notes.append(f"pixels are not square ({pixel}); the picture is taken as it is stored")
            if stream.codec_context.color_trc in _HDR_TRANSFERS:
                self.notes.append("the colours are HDR and taken without tone mapping, so skin is paler than it was")
        self.notes.extend(self.grid.notes)

    def _list_packets(self, container: Any, stream: Any) -> None:
        stamps, unstamped, dropped = array("q"), 0, 0
        in_order, last_dts = True, None
        try:
            for packet in container.demux(stream):
                if packet.size == 0:
                    continue
                if packet.is_discard:  # decoded for the sake of others, before the start of an edit list
                    dropped += 1
                elif packet.pts is None:
                    unstamped += 1
                else:
                    stamps.append(packet.pts)
                if packet.dts is not None:
                    in_order = in_order and (last_dts is None or packet.dts >= last_dts)
                    last_dts = packet.dts
        except DEMUX_ERRORS:
            pass  # what comes after the damage is told by the header's count
        self._packets = len(stamps) + unstamped
        self._promised = max(self._packets, stream.frames - dropped)
        self._stamps = np.unique(np.frombuffer(stamps, dtype=np.int64))
        apart = len(self._stamps) > 0 and int(self._stamps[-1]) - int(self._stamps[0]) <= np.iinfo(np.int64).max
        if not in_order or not apart or len(self._stamps) < 0.9 * self._packets:
            self._stamps = self._stamps[:0]

    def _even_grid(self, stream: Any, fs: float | None, max_fs: float) -> EvenGrid:
        times = ((self._stamps - self._stamps[:1]) * float(stream.time_base or 0)).astype(np.float64)
        stated = _plausible(stream.average_rate) or _plausible(stream.guessed_rate)
        if fs is not None:
            claim = f"{stated:.5g}" if stated else "nothing usable"
            self.notes.append(f"taken as {fs:.5g} frames/s, as given; the file says {claim}")
            return untimed_grid(len(times) or self._packets, fs, max_fs)
        try:
            if len(times) > 1 and times[-1] > 0:
                return timed_grid(times, max_fs)
        except VideoError as error:
            raise VideoError(f"'{self._path}': {error}") from None
        if stated is None:
            raise VideoError(f"'{self._path}' states no usable frame rate; pass it as fs=")
        if self._packets > 1:
            self.notes.append(f"no usable frame times; taken as even at the stated {stated:.5g} frames/s")
        return untimed_grid(self._packets, stated, max_fs)

    def stills(self) -> Generator[Still, None, None]:
        """Decode the file from the start; pixels are converted on demand.

        Yields
        ------
        Still

        Raises
        ------
        VideoError
            If not a single frame can be decoded.
        """
        place = self._place()
        render = RgbConverter()
        clock = len(self._stamps) > 1
        decoded = 0
        with open_container(self._path) as container:
            stream = video_stream(container, self._path)
            for frame in _frames(container, stream):
                # Not frame.time: the last frames, given out when the stream ends, carry no time base.
                shown_s = float(frame.pts * stream.time_base) if clock and frame.pts is not None else None
                if decoded == 0:
                    aspect = _pixel_aspect(stream, frame)
                yield Still(place(frame, decoded), partial(self._rendered, render, frame), shown_s, aspect)
                decoded += 1
        if decoded == 0:
            raise VideoError(
                f"none of the {self._packets} frames of '{self._path}' can be decoded; the file is damaged"
            )
        if self._packets < self._promised:
            self.notes.append(f"stopped after {decoded} of {self._promised} frames: the file ends early")
        elif decoded < self._packets:
            self.notes.append(f"{self._packets - decoded} of {self._packets} frames could not be decoded")

    def _rendered(self, convert: RgbConverter, frame: av.VideoFrame) -> NDArray[np.uint8]:
        try:
            return convert(frame)
        except VideoError as error:
            raise VideoError(f"'{self._path}': {error}") from None

    def _place(self) -> Callable[[av.VideoFrame, int], float]:
        stamps, positions = self._stamps, self.grid.positions
        step = float(positions[1]) if len(positions) > 1 else 1.0
        if len(stamps) == 0:
            return lambda _, count: count * step

        def by_stamp(frame: av.VideoFrame, count: int) -> float:
            if frame.pts is None:
                return float(positions[min(count, len(positions) - 1)])
            return float(positions[min(int(np.searchsorted(stamps, frame.pts)), len(positions) - 1)])

        return by_stamp


def open_container(path: Path) -> Any:
    """Open a media file with FFmpeg, and nothing that it may point to.

    Raises
    ------
    VideoError
        If it cannot be read.
    """
    try:
        # Named as a file, and nothing else: a playlist in disguise must not make FFmpeg read the network.
        options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
        return av.open(f"file:{path}", options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = "permission denied" if isinstance(error, PermissionError) else "FFmpeg finds no video in it"
        raise VideoError(
            f"'{path}' cannot be opened as a video: {reason}; expected a file such as MP4, MOV, MKV or AVI"
        ) from None


def video_stream(container: Any, path: Path | str) -> Any:
    """Return a container's video, with a decoder that gives out no picture of more than `MOST_PIXELS`.

    Raises
    ------
    VideoError
        If there is none, it cannot be decoded, or it claims larger pictures.
    """
    if not container.streams:
        # As in an MP4 file that was cut off within its index.
        raise VideoError(f"'{path}' cannot be opened as a video: nothing in it can be read; copy or export it again")
    stream = container.streams.best("video")
    if stream is None:
        raise VideoError(f"'{path}' holds no video, only sound or other data; expected a video file")
    if stream.codec_context is None:
        raise VideoError(f"'{path}' uses a codec that this FFmpeg cannot decode; re-encode it, for example as H.264")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS:
        raise VideoError(
            f"'{path}' claims pictures of {width}x{height} pixels, expected at most {MOST_PIXELS // 1_000_000} million "
            "(8K); shrink it, or copy or export it again if that is not its size"
        )
    # Pictures may claim another size than their file.
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    return stream


def _frames(container: Any, stream: Any) -> Iterator[av.VideoFrame]:
    stream.thread_type = "AUTO"
    pixels = max(stream.codec_context.width * stream.codec_context.height, 1)
    stream.codec_context.thread_count = max(min(os.cpu_count() or 1, _MOST_THREADS, _THREADS_PIXELS // pixels), 1)
    packets = container.demux(stream)
    ended = False
    while not ended:
        try:
            packet = next(packets, None)
        except DEMUX_ERRORS:
            packet = None
        ended = packet is None or packet.size == 0
        if packet is not None and packet.is_corrupt:
            continue
        try:
            frames = stream.codec_context.decode(None if ended else packet)
        except (av.FFmpegError, ValueError):
            continue  # the frame is missing from its place on the grid
        for frame in frames:
            if not frame.is_corrupt:
                yield frame


def _pixel_aspect(stream: Any, frame: av.VideoFrame) -> float:
    stored = stream.sample_aspect_ratio or 1
    return float(1 / stored if round(frame.rotation / 90) % 2 else stored)


def _plausible(rate: Any) -> float | None:
    return float(rate) if rate and SLOWEST_FS <= rate <= FASTEST_FS else None
