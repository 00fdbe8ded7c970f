"""Cameras that come and go, and files played at their own pace."""

import contextlib
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from physiocam.errors import VideoError
from physiocam.live import camera
from physiocam.live.camera import camera_frames, played_frames
from physiocam.video.writer import write_video


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    write_video(path, (np.full((32, 32, 3), 20 * index, dtype=np.uint8) for index in range(6)), 30.0)
    return path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the camera be what these things are, one after the other: containers, or errors."""
    monkeypatch.setattr(camera, "sleep", lambda seconds: None)

    def become(*things: Any) -> None:
        left = list(things)

        def open_next(name: str) -> Any:
            thing = left.pop(0)
            if isinstance(thing, Exception):
                raise thing
            return av.open(thing[0], format=thing[1])

        monkeypatch.setattr(camera, "_open_camera", open_next)

    return become


def test_a_camera_that_goes_is_waited_for(clip: Path, opened: Callable[..., None]) -> None:
    opened(
        FileNotFoundError(2, "No such file or directory"),
        FileNotFoundError(2, "No such file or directory"),
        PermissionError(13, "Permission denied"),
        (str(clip), None),
        OSError(19, "No such device"),
        ("testsrc=size=48x32:rate=25", "lavfi"),
    )
    told: list[str] = []
    frames = list(islice(camera_frames("0", told.append), 10))
    assert told == [
        "camera 0: there is no camera with this name or number; waiting for it",
        "camera 0: access is denied; allow it in the system's settings (on Linux, join the group video); "
        "waiting for it",
        "camera 0 is back",
        "camera 0: no more frames; waiting for it",
        "camera 0: no such device; waiting for it",
        "camera 0 is back",
    ]
    assert [frame.image.shape for frame in frames] == [(32, 32, 3)] * 6 + [(32, 48, 3)] * 4
    # Between frames of one opening the camera's own clock counts.
    assert frames[5].time_s - frames[0].time_s == pytest.approx(5 / 30.0)
    assert frames[9].time_s - frames[6].time_s == pytest.approx(3 / 25.0)


def test_a_camera_without_a_picture_is_refused(opened: Callable[..., None]) -> None:
    opened(("sine=frequency=440", "lavfi"))
    with pytest.raises(VideoError, match="camera 3 gives no picture"):
        next(camera_frames("3", print))


@pytest.mark.parametrize(
    ("system", "name", "device"),
    [
        ("linux", "0", "/dev/video0"),
        ("linux", "/dev/v4l/by-id/face", "/dev/v4l/by-id/face"),
        ("darwin", "1", "1"),
        ("win32", "Integrated Camera", "video=Integrated Camera"),
    ],
)
def test_each_system_has_its_names(monkeypatch: pytest.MonkeyPatch, system: str, name: str, device: str) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(av, "open", lambda file, **options: asked.append((file, options["format"])))
    camera._open_camera(name)
    assert asked == [(device, {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}[system])]


def test_a_system_without_cameras_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    with pytest.raises(VideoError, match="emscripten"):
        next(camera_frames("0", print))


def test_a_file_is_played_at_its_own_pace(clip: Path) -> None:
    before = monotonic()
    arrived = [(monotonic(), frame) for frame in played_frames(clip)]
    assert len(arrived) == 6
    assert arrived[-1][0] - before >= 5 / 30.0
    assert all(time_s >= frame.time_s for time_s, frame in arrived)
    assert np.diff([frame.time_s for _, frame in arrived]) == pytest.approx(1 / 30.0)
    # Each is as bright as it was written.
    assert [int(frame.image.mean()) for _, frame in arrived] == pytest.approx([20 * index for index in range(6)], abs=4)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="does not exist"):
        next(played_frames(tmp_path / "none.mp4"))


def test_a_folder_is_not_played(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="is a folder; give a video file"):
        next(played_frames(tmp_path))


class _Container:
    """A camera of packets: frames, errors when they are decoded (by class), or errors when they are asked for."""

    def __init__(self, *things: Any) -> None:
        self.left = list(things)

    def demux(self, stream: Any) -> Any:
        while self.left:
            thing = self.left.pop(0)
            if isinstance(thing, BaseException):
                raise thing
            yield SimpleNamespace(decode=thing)


def _whole() -> list[str]:
    return ["frame"]


def _damaged() -> list[str]:
    raise av.InvalidDataError(1, "Invalid data found")


def test_a_damaged_frame_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "sleep", lambda seconds: None)
    assert list(camera._decoded(_Container(_whole, _damaged, _whole), None)) == ["frame"] * 2
    with pytest.raises(av.InvalidDataError):
        list(camera._decoded(_Container(_whole, *[_damaged] * 40), None))


def test_no_frame_yet_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "sleep", lambda seconds: None)
    later = av.BlockingIOError(11, "Resource temporarily unavailable")
    assert list(camera._decoded(_Container(later, _whole, later, later, _whole), None)) == ["frame"] * 2
    monkeypatch.setattr(camera, "_SILENT_S", -1.0)
    with pytest.raises(av.BlockingIOError):
        list(camera._decoded(_Container(_whole, later), None))


def test_a_clock_that_is_set_does_not_move_the_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    own = [0.0, 1 / 30, 2 / 30, 1e9, 1e9 + 1 / 30]
    frames = [SimpleNamespace(time=time_s) for time_s in own]
    opened = SimpleNamespace(streams=SimpleNamespace(video=[SimpleNamespace()]))
    monkeypatch.setattr(camera, "_open_camera", lambda name: contextlib.nullcontext(opened))
    monkeypatch.setattr(camera, "_decoded", lambda container, stream: iter(frames))
    monkeypatch.setattr(camera, "RgbConverter", lambda name: lambda frame: None)
    before = monotonic()
    times = [frame.time_s for frame in camera._taken("0")]
    assert times[2] - times[0] == pytest.approx(2 / 30)
    assert times[4] - times[3] == pytest.approx(1 / 30)
    assert all(before <= time_s < before + 5.0 for time_s in times)
