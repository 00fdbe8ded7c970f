"""Video files: the frame times of all packets first, then the frames one after the other."""

import math
from array import array
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.foundation.cores import usable_cores
from physiocam.video.declared_samples import MOST_SAMPLES, check_declared_samples
from physiocam.video.ending import ends_midway, short_of, stated_end_s, stated_frames
from physiocam.video.even_grid import EvenGrid, Still, timed_grid, untimed_grid
from physiocam.video.pixels import RgbConverter, pixel_aspect
from physiocam.video.stated_rate import NO_MADE_UP_DELAYS, is_bare, makes_up_times, plausible_rate, stated_rate

# PyAV fails on streams that appear in the middle of a damaged file.
DEMUX_ERRORS = (av.FFmpegError, IndexError)

# Transfer characteristics PQ and HLG, with their numbers in ITU-T H.273.
_HDR_TRANSFERS = {16, 18}

# Frame threads hold one picture each, and the networks need cores too: limits for threads, and for their pixels in all.
_MOST_THREADS = 8
_THREADS_PIXELS = 72_000_000

# Pixels of a picture: a little more than 8K. Files that claim more are damaged, or would take gigabytes to decode.
MOST_PIXELS = 36_000_000

# Metadata that are not UTF-8 must not prevent decoding. This is the default from PyAV 19 on.
_ANY_TEXT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}

# Formats that FFmpeg may recognize. Playlists, and other formats that make it open other files or the network, are
# excluded. Sound formats are included, for a clear error.
_FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,av1,obu,ivf,asf,flv,live_flv,ogg,mxf,mxf_opatom,dv,nut,rm,wtv,"
    "yuv4mpegpipe,mjpeg,mpjpeg,mjpeg_2000,gif,apng,webp,image2,png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,webp_pipe,"
    "wav,mp3,aac,flac,caf"
)


class VideoFile:
    """A video file whose packets have been listed, but not decoded.

    Parameters
    ----------
    path : Path
        An existing file.
    fs : float, optional
        Frames per second, instead of the file's own rate.
    max_fs : float
        As in `physiocam.video.even_grid.timed_grid`.

    Attributes
    ----------
    grid : EvenGrid
    notes : list of str
        Notes on the file; more are added while its frames are decoded.

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
            self.grid = self._even_grid(container, stream, fs, max_fs)
            self._note_early_end(container, stream)
            self._pixel_aspect = pixel_aspect(stream.sample_aspect_ratio)
            if self._pixel_aspect != 1:
                self.notes.append(
                    f"pixels are stored {self._pixel_aspect} as wide as high; the picture is stretched to square pixels"
                )
            if stream.codec_context.color_trc in _HDR_TRANSFERS:
                self.notes.append("the colours are HDR and used without tone mapping, so skin looks paler than it is")
        self.notes.extend(self.grid.notes)

    def _list_packets(self, container: Any, stream: Any) -> None:
        stamps, unstamped, dropped, fields = array("q"), 0, 0, 0
        in_order, last_dts = True, None
        # End of the last packet of any stream: a header states the length of all streams together.
        self._first_s, self._last_s = math.inf, -math.inf
        self._packet_bytes, self._ends_damaged = 0, False
        field_s = 0.75 / (plausible_rate(stream.codec_context.framerate) or math.inf)
        try:
            for packet in container.demux():
                if packet.size == 0:
                    continue
                if packet.pts is not None:
                    shown_s = float(packet.pts * packet.time_base)
                    self._first_s = min(self._first_s, shown_s)
                    self._last_s = max(self._last_s, shown_s + float((packet.duration or 0) * packet.time_base))
                if packet.stream_index != stream.index:
                    continue
                self._ends_damaged = packet.is_corrupt
                self._packet_bytes = self._packet_bytes or packet.size
                fields += 0 < (packet.duration or 0) * packet.time_base < field_s
                if (
                    packet.is_discard
                ):  # decoded only because other frames depend on it, before the start of an edit list
                    dropped += 1
                elif packet.pts is None:
                    unstamped += 1
                else:
                    stamps.append(packet.pts)
                if packet.dts is not None:
                    in_order = in_order and (last_dts is None or packet.dts >= last_dts)
                    last_dts = packet.dts
                if len(stamps) + unstamped > MOST_SAMPLES:
                    most = MOST_SAMPLES // 1_000_000
                    raise VideoError(f"'{self._path}' has more than {most} million frames; cut it into parts")
        except DEMUX_ERRORS:
            self._ends_damaged = True
        # If fields are coded separately, two packets make a frame.
        self._packets = len(stamps) + unstamped - (fields // 2 if unstamped else 0)
        self._promised = max(self._packets, stated_frames(container, stream, self._path) - dropped)
        self._stamps = _rising(np.frombuffer(stamps, dtype=np.int64))
        apart = len(self._stamps) > 0 and int(self._stamps[-1]) - int(self._stamps[0]) <= np.iinfo(np.int64).max
        if is_bare(container) or not in_order or not apart or len(self._stamps) < 0.9 * self._packets:
            self._stamps = self._stamps[:0]

    def _even_grid(self, container: Any, stream: Any, fs: float | None, max_fs: float) -> EvenGrid:
        times = ((self._stamps - self._stamps[:1]) * float(stream.time_base or 0)).astype(np.float64)
        stated = stated_rate(container, stream, self._path)
        if fs is not None:
            claim = f"{stated:.5g}" if stated else "nothing usable"
            self.notes.append(f"{fs:.5g} frames/s were used, as given; the file says {claim}")
            return untimed_grid(len(times) or self._packets, fs, max_fs)
        if makes_up_times(container, stream, self._path):
            raise VideoError(
                f"'{self._path}' states neither frame times nor a frame rate; pass its frames per second as fs="
            )
        try:
            if len(times) > 1 and times[-1] > 0:
                return timed_grid(times, max_fs)
        except VideoError as error:
            raise VideoError(f"'{self._path}': {error}") from None
        if stated is None:
            raise VideoError(f"'{self._path}' states no usable frame rate; pass it as fs=")
        if self._packets > 1:
            self.notes.append(f"no usable frame times; assumed to be even at the stated {stated:.5g} frames/s")
        return untimed_grid(self._packets, stated, max_fs)

    def _note_early_end(self, container: Any, stream: Any) -> None:
        if self._packets < self._promised:
            return  # reported with the number of decoded frames
        stated_s = stated_end_s(container, stream, self._path)
        # Some containers count from the first frame, some from the clock's zero.
        there_s = max(self._last_s, self._last_s - self._first_s)
        if stated_s is not None and math.isfinite(there_s) and short_of(there_s, stated_s, self.grid.fs):
            self.notes.append(f"the file ends early: it holds {there_s:.1f} s of the {stated_s:.1f} s that it states")
        elif self._ends_damaged or ends_midway(container, self._path, self._packet_bytes):
            self.notes.append(
                "the file ends early, within a frame or without its end mark; how much is missing is unknown"
            )

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
        convert = RgbConverter(str(self._path), self._pixel_aspect)
        clock = len(self._stamps) > 1
        decoded = 0
        with open_container(self._path) as container:
            stream = video_stream(container, self._path)
            for frame in _frames(container, stream):
                # Not frame.time: the last frames, flushed when the stream ends, have no time base.
                shown_s = float(frame.pts * stream.time_base) if clock and frame.pts is not None else None
                yield Still(place(frame, decoded), partial(convert, frame), shown_s)
                decoded += 1
        if decoded == 0:
            raise VideoError(
                f"none of the {self._packets} frames of '{self._path}' can be decoded; it is damaged, or this FFmpeg "
                "cannot decode its kind: export it again, for example as MP4"
            )
        self.notes.extend(convert.notes)
        if self._packets < self._promised:
            self.notes.append(f"stopped after {decoded} of {self._promised} frames: the file ends early")
        elif decoded < self._packets:
            self.notes.append(f"{self._packets - decoded} of {self._packets} frames could not be decoded")

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


def _rising(stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same numbers in order, each once; `numpy.unique` would load masked arrays, which nothing else needs."""
    stamps = np.sort(stamps)
    first = np.ones(len(stamps), dtype=bool)
    first[1:] = stamps[1:] != stamps[:-1]
    return stamps[first]


def open_container(path: Path) -> Any:
    """Open a media file with FFmpeg, without anything that it may refer to.

    Raises
    ------
    VideoError
        If it cannot be read.
    """
    check_declared_samples(path)
    try:
        # Opened only as a file: a playlist in disguise must not make FFmpeg read the network.
        options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS, **NO_MADE_UP_DELAYS}
        return av.open(f"file:{path}", options=options, **_ANY_TEXT)
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = "permission denied" if isinstance(error, PermissionError) else "FFmpeg finds no video in it"
        raise VideoError(
            f"'{path}' cannot be opened as a video: {reason}; expected a file such as MP4, MOV, MKV or AVI"
        ) from None


def video_stream(container: Any, path: Path | str) -> Any:
    """Return a container's video, with a decoder that refuses pictures of more than `MOST_PIXELS`.

    It also refuses pictures that become too large midway for the memory of the decoder's threads.

    Raises
    ------
    VideoError
        If there is none, it cannot be decoded, or it claims larger pictures.
    """
    if not container.streams:
        # For example an MP4 file that was cut off within its index.
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
    # Pictures may have another size than their file states, and grow midway, up to the limit of the decoder's threads.
    # Codecs pad the last blocks, and count the padding.
    filled = (width + 64) * (height + 64)
    most = MOST_PIXELS if width * height == 0 else min(max(filled, _THREADS_PIXELS // _MOST_THREADS), MOST_PIXELS)
    stream.codec_context.options = {"max_pixels": str(most)}
    return stream


def _frames(container: Any, stream: Any) -> Iterator[av.VideoFrame]:
    stream.thread_type = "AUTO"
    pixels = stream.codec_context.width * stream.codec_context.height or MOST_PIXELS
    stream.codec_context.thread_count = max(min(usable_cores(), _MOST_THREADS, _THREADS_PIXELS // pixels), 1)
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
            continue  # the frame is missing at its place on the grid
        for frame in frames:
            if not frame.is_corrupt:
                yield frame
