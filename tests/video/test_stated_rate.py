"""Rates that files state, and none where they state none."""

import re
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from h264_streams import h264_stream
from physiocam.datasets.readers.frames import VideoFrames, outline
from physiocam.errors import VideoError
from physiocam.video.reader import open_video

Encode = Callable[..., Path]
Plain = Callable[..., list[NDArray[np.uint8]]]

LEVELS = list(range(30, 210, 4))
UNSTATED = r"states neither frame times nor a frame rate; pass its frames per second as fs="


def read(path: Path, **options: Any) -> tuple[float, list[float], list[str]]:
    with open_video(path, **options) as video:
        levels = [float(frame.image.mean()) for frame in video if frame.image is not None]
        return video.fs, levels, video.notes


@pytest.mark.parametrize("rate", [30, Fraction(30000, 1001), 60])
@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.h264", "libx264", {}),
        ("a.264", "libx264", {"bf": "0"}),
        ("interlaced.h264", "libx264", {"x264-params": "tff=1"}),
        ("a.hevc", "libx265", {"x265-params": "log-level=none", "preset": "ultrafast"}),
        ("a.m1v", "mpeg1video", {}),
        ("a.m2v", "mpeg2video", {}),
    ],
)
def test_elementary_streams_have_the_rate_of_their_header(
    encode: Encode, plain: Plain, tmp_path: Path, name: str, codec: str, options: dict[str, str], rate: Fraction | int
) -> None:
    kind = {"a.264": "h264"}.get(name)
    path = encode(tmp_path / name, plain(LEVELS), fs=rate, codec=codec, options=options, kind=kind)
    fs, levels, _ = read(path)
    assert fs == pytest.approx(float(rate), rel=1e-6)
    assert levels == pytest.approx(LEVELS, abs=4)
    assert outline(VideoFrames(path)).fs == pytest.approx(float(rate), rel=1e-6)


@pytest.mark.parametrize("fields", [False, True])
def test_h264_is_told_by_what_it_states(tmp_path: Path, fields: bool) -> None:
    path = tmp_path / "camera.h264"
    path.write_bytes(h264_stream(LEVELS, rate=30, fields=fields))
    fs, levels, notes = read(path)
    assert (fs, len(levels)) == (30, len(LEVELS))
    assert levels == pytest.approx([(level - 16) * 255 / 219 for level in LEVELS], abs=1)
    assert notes == ["no usable frame times; assumed to be even at the stated 30 frames/s"]
    path.write_bytes(h264_stream(LEVELS, rate=None, fields=fields))
    with pytest.raises(VideoError, match=UNSTATED):
        open_video(path)
    assert read(path, fs=24)[0] == 24


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options"),
    [
        ("a.mjpeg", "mjpeg", "yuvj420p", {}),
        ("a.mpjpeg", "mjpeg", "yuvj420p", {}),
        ("a.hevc", "libx265", "yuv420p", {"x265-params": "log-level=none:vui-timing-info=0", "preset": "ultrafast"}),
        ("a.obu", "libsvtav1", "yuv420p", {"preset": "12"}),
    ],
)
def test_streams_that_state_no_rate_need_one(
    encode: Encode, plain: Plain, tmp_path: Path, name: str, codec: str, pix_fmt: str, options: dict[str, str]
) -> None:
    path = encode(tmp_path / name, plain(LEVELS), codec=codec, pix_fmt=pix_fmt, options=options, kind=name[2:])
    with pytest.raises(VideoError, match=UNSTATED):
        open_video(path)
    with pytest.raises(VideoError, match="states no frame rate"):
        outline(VideoFrames(path))
    fs, levels, notes = read(path, fs=30)
    assert fs == 30
    assert len(levels) == len(LEVELS)
    assert "the file says nothing usable" in notes[0]


def test_raw_video_states_its_rate_or_none(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "a.y4m", plain(LEVELS), fs=30, codec="rawvideo")
    assert read(path)[0] == pytest.approx(30)
    content = path.read_bytes()
    for other in (b"", b" F0:0"):
        path.write_bytes(content.replace(b" F30:1", other, 1))
        with pytest.raises(VideoError, match=UNSTATED):
            open_video(path)


def test_avi_states_its_rate_in_one_header_of_two_or_none(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "a.avi", plain(LEVELS), fs=30, codec="mjpeg", pix_fmt="yuvj420p")
    content = bytearray(path.read_bytes())
    rate, frame_us = content.index(b"vids") + 20, content.index(b"avih") + 8
    assert struct.unpack_from("<II", content, rate) == (1, 30)
    content[rate : rate + 8] = bytes(8)
    path.write_bytes(content)
    assert read(path)[0] == pytest.approx(30, rel=1e-4)
    content[frame_us : frame_us + 4] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(VideoError, match=UNSTATED):
        open_video(path)


def test_animations_without_delays_state_no_rate(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    gif = encode(tmp_path / "a.gif", plain(LEVELS), fs=20, codec="gif", pix_fmt="rgb8")
    assert read(gif)[0] == pytest.approx(20)
    content = bytearray(gif.read_bytes())
    for found in re.finditer(rb"\x21\xf9\x04", bytes(content)):
        content[found.end() + 1 : found.end() + 3] = b"\0\0"
    gif.write_bytes(content)
    apng = encode(tmp_path / "a.apng", plain(LEVELS), fs=20, codec="apng", pix_fmt="rgb24")
    assert read(apng)[0] == pytest.approx(20, rel=1e-3)
    content = bytearray(apng.read_bytes())
    for found in re.finditer(b"fcTL", bytes(content)):
        start = found.start()
        content[start + 24 : start + 26] = b"\0\0"
        content[start + 30 : start + 34] = zlib.crc32(content[start : start + 30]).to_bytes(4, "big")
    apng.write_bytes(content)
    for path in (gif, apng):
        with pytest.raises(VideoError, match=UNSTATED):
            open_video(path)
