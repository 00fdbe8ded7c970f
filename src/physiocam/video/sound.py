"""Copies the sound of a recording into another file."""

import math
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av

from physiocam.video.container import DEMUX_ERRORS, open_container

# Formats that every player supports in MP4 are copied unchanged; others become AAC.
_COPIED = {"aac", "mp3", "mp3float"}
_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}

# Plausible samples per second of sound. Resampled from 1 to 48,000, a second of noise would become half a day.
_RATES = range(4000, 400_000)


class Sound:
    """The best audio stream of a file, written to another one.

    Parameters
    ----------
    path : Path or None
        Media file; None, or a file without sound, gives no sound.
    target : av container, open for writing
        Receives a stream for the sound, if there is any.
    """

    def __init__(self, path: Path | None, target: Any) -> None:
        self._target = target
        self._source: Any = None if path is None else open_container(path)
        self._stream: Any = None if self._source is None else self._source.streams.best("audio")
        context = None if self._stream is None else self._stream.codec_context
        if context is None or context.sample_rate not in _RATES:
            self._packets: Iterator[Any] = iter(())
        elif context.name in _COPIED:
            self._packets = self._copied(target.add_stream_from_template(self._stream))
        else:
            rate = context.sample_rate if context.sample_rate in _AAC_RATES else 48000
            self._packets = self._encoded(target.add_stream("aac", rate=rate))
        self._muxed_s = -math.inf

    def mux_until(self, time_s: float) -> None:
        """Write the packets up to a time, in seconds on the source's clock."""
        while self._muxed_s <= time_s and (packet := next(self._packets, None)) is not None:
            self._muxed_s = float(packet.pts * packet.time_base)
            try:
                self._target.mux(packet)
            except ValueError:  # FFmpeg accepts no packet whose time steps back: the sound ends here
                self._packets = iter(())

    def _copied(self, stream: Any) -> Iterator[Any]:
        for packet in self._demuxed():
            if packet.pts is not None and packet.dts is not None:
                packet.stream = stream
                yield packet

    def _encoded(self, stream: Any) -> Iterator[Any]:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=stream.codec_context.sample_rate)
        # The decoder may hold some frames back until it is flushed.
        for packet in chain(self._demuxed(), [None]):
            try:
                frames = self._stream.codec_context.decode(packet)
            except (av.FFmpegError, ValueError):
                continue
            for frame in frames:
                for resampled in resampler.resample(frame):
                    yield from stream.encode(resampled)
        yield from stream.encode()

    def _demuxed(self) -> Iterator[Any]:
        packets = self._source.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except DEMUX_ERRORS:
                return
            if packet is None or packet.size == 0:
                return
            yield packet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._source is not None:
            self._source.close()
