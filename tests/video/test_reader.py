import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiocam.errors import VideoError
from physiocam.video.reader import open_video


@pytest.fixture
def frames() -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (10, 5, 7, 3)).astype(np.uint8)


def test_an_array_is_passed_through(frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    with open_video(frames, fs=20) as video:
        assert (video.source, video.fs, video.frames, video.notes) == ("array", 20, 10, [])
        read = list(video)
    assert [frame.timestamp_s for frame in read] == pytest.approx(np.arange(10) / 20)
    images: list[Any] = [frame.image for frame in read]
    assert np.array_equal(images, frames)


def test_frames_of_a_fast_array_are_averaged(frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    with open_video(frames, fs=60, max_fs=20) as video:
        # Of the tenth frame's step too little is there.
        assert (video.fs, video.frames) == (20, 3)
        images: list[Any] = [frame.image for frame in video]
        assert len(images) == 3
        whole = frames[:9].reshape(3, 3, *frames.shape[1:]).mean(axis=1)
        assert np.abs(np.array(images) - whole).max() <= 0.5
        assert len(video.notes) == 1


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((5, 7, 3), np.uint8), r"\(5, 7, 3\)"),
        (np.zeros((10, 5, 7), np.uint8), "RGB"),
        (np.zeros((10, 3, 5, 7), np.uint8), "RGB"),
        (np.zeros((10, 5, 7, 4), np.uint8), "RGB"),
        (np.full((10, 5, 7, 3), 1.5, np.float32), r"float32.* to 1.5; expected uint8, or numbers from 0 to 1"),
        (np.full((10, 5, 7, 3), np.nan), "NaN"),
        (np.zeros((10, 5, 7, 3), np.int64), "int64"),
        (np.zeros((10, 5, 7, 3), bool), "bool"),
        (np.zeros((0, 5, 7, 3), np.uint8), "at least one frame"),
        (np.zeros((10, 0, 7, 3), np.uint8), "at least one frame"),
    ],
)
def test_arrays_that_are_no_frames(array: np.ndarray[Any, Any], complaint: str) -> None:
    with pytest.raises(VideoError, match=complaint) as caught:
        open_video(array, fs=30)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("dtype", "full"), [(np.uint16, 65535), (np.float32, 1.0), (np.float64, 1.0)])
@pytest.mark.parametrize("as_file", [False, True])
def test_frames_of_more_than_8_bits_and_other_channels(
    dtype: type[np.generic], full: float, as_file: bool, tmp_path: Path
) -> None:
    shares = np.linspace(0, 1, 6 * 2 * 3 * 5).reshape(6, 2, 3, 5)
    array = (full * shares).astype(dtype)
    source: Any = array
    if as_file:
        source = tmp_path / "frames.npy"
        np.save(source, array)
    with open_video(source, fs=10, channels=5) as video:
        images = [frame.image for frame in video]
    assert {image.dtype for image in images if image is not None} == {np.dtype(np.float32)}
    assert np.allclose(np.array(images), 255 * shares, atol=1 / 200)
    # Averaging and interpolating keep what 8 bits would round away.
    with open_video(source, fs=10, channels=None, max_fs=5) as video:
        halved = [frame.image for frame in video]
    assert np.allclose(np.array(halved), 255 * shares.reshape(3, 2, 2, 3, 5).mean(axis=1), atol=1 / 200)


def test_frames_of_one_channel_need_no_axis_for_it(tmp_path: Path) -> None:
    with open_video(np.full((4, 5, 7), 9, np.uint8), fs=10, channels=1) as video:
        assert [frame.image.shape for frame in video if frame.image is not None] == 4 * [(5, 7, 1)]


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array at all"])
def test_a_file_that_is_no_array(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "frames.npy"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"frames\.npy") as caught:
        open_video(path, fs=10)
    assert len(str(caught.value).splitlines()) == 1


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "frames.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(VideoError, match="cannot be read as an array"):
        open_video(tmp_path / "frames.npy", fs=10)


@pytest.mark.parametrize("fs", [0, -30, math.nan, math.inf, -math.inf])
def test_rates_that_are_no_rates(fs: float, frames: np.ndarray[Any, np.dtype[np.uint8]], tmp_path: Path) -> None:
    for source in (frames, tmp_path, tmp_path / "missing.mp4"):
        with pytest.raises(VideoError, match="fs is"):
            open_video(source, fs=fs)


def test_an_array_needs_its_rate(frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    with pytest.raises(VideoError, match="pass fs"):
        open_video(frames)


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    for source, complaint in (
        (tmp_path / "missing.mp4", "does not exist"),
        ("https://example.org/video.mp4", "does not exist"),
        ("", "empty name"),
        (empty, "0 bytes"),
        (pipe, "not a regular file"),
    ):
        with pytest.raises(VideoError, match=complaint):
            open_video(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "expected a path"),
        (5, "expected a path"),
        ([1, 2], r"expected uint8 arrays \(H, W, 3\)"),
        (b"\xff", r"'\\xff' does not exist"),
    ],
)
def test_sources_of_no_known_kind(source: Any, message: str) -> None:
    with pytest.raises(VideoError, match=message):
        open_video(source, fs=30)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.mp4"
    path.write_bytes(b"1")
    path.chmod(0)
    with pytest.raises(VideoError, match="permission denied"):
        open_video(path)


def test_frames_are_read_once(frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    video = open_video(frames, fs=30)
    assert len(list(video)) == 10
    with pytest.raises(VideoError, match="open it again"):
        iter(video)


def test_a_closed_video_cannot_be_read(frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    with open_video(frames, fs=30) as video:
        pass
    with pytest.raises(VideoError):
        iter(video)


def test_own_frames_are_off_the_grid_and_read_once(tmp_path: Path, encode: Any, plain: Any) -> None:
    times = [500, 540, 600, 620, 700]
    path = encode(tmp_path / "clip.mkv", plain(range(0, 250, 50)), times=times)
    with open_video(path, max_fs=15) as video:
        own = list(video.own_frames())
        with pytest.raises(VideoError, match="read already"):
            list(video)
    assert [frame.shown_s for frame in own] == pytest.approx([time / 1000 for time in times])
    assert [frame.timestamp_s for frame in own] == pytest.approx([(time - 500) / 1000 for time in times], abs=0.011)
    assert [int(frame.image.mean()) for frame in own] == pytest.approx(range(0, 250, 50), abs=3)


def test_own_frames_of_an_array_lie_on_its_rate(frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    with open_video(frames, fs=60, max_fs=20) as video:
        own = list(video.own_frames())
    assert len(own) == 10
    assert [frame.shown_s for frame in own] == pytest.approx(np.arange(10) / 60)
