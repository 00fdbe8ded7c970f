"""Files that end before they say that they do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.video.reader import open_video

Encode = Callable[..., Path]

# A negative speed keeps the encoder from choosing one by the clock: a busy machine would make other files.
VPX = {"deadline": "realtime", "cpu-used": "-8"}
X264 = {"preset": "ultrafast", "g": "10"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}

# Name, codec, pixel format, options of codec and container, sound.
STATED: list[Any] = [
    ("front.mp4", "libx264", "yuv420p", X264, {"movflags": "faststart"}, False),
    ("front.mov", "libx264", "yuv420p", X264, {"movflags": "faststart"}, False),
    ("front.3gp", "mpeg4", "yuv420p", {}, {"movflags": "faststart"}, False),
    ("a.mkv", "libx264", "yuv420p", X264, {}, False),
    ("sound.mkv", "libx264", "yuv420p", X264, {}, True),
    ("a.webm", "libvpx", "yuv420p", VPX, {}, False),
    ("a.avi", "mjpeg", "yuvj420p", {}, {}, False),
    ("sound.avi", "mpeg4", "yuv420p", {}, {}, True),
    ("a.flv", "flv", "yuv420p", {}, {}, False),
    ("a.wmv", "wmv2", "yuv420p", {}, {}, False),
    ("a.asf", "wmv2", "yuv420p", {}, {}, False),
    ("a.mxf", "mpeg2video", "yuv420p", {}, {}, False),
    ("a.ivf", "libvpx", "yuv420p", VPX, {}, False),
    ("a.apng", "apng", "rgb24", {}, {}, False),
]
MARKED: list[Any] = [
    ("a.gif", "gif", "rgb8", {}, {}, False),
    ("a.ogv", "libvpx", "yuv420p", VPX, {}, False),
    ("a.y4m", "rawvideo", "yuv420p", {}, {}, False),
    ("fragments.mp4", "libx264", "yuv420p", X264, FRAGMENTS, False),
]
UNMARKED: list[Any] = [
    ("a.ts", "libx264", "yuv420p", X264, {}, False),
    ("a.mpg", "mpeg2video", "yuv420p", {}, {}, False),
]


def pictures() -> list[NDArray[np.uint8]]:
    """Four seconds of which every frame takes about the same room."""
    wide = np.random.default_rng(0).integers(0, 256, (96, 128 + 120, 3)).astype(np.uint8)
    return [np.ascontiguousarray(wide[:, index : index + 128]) for index in range(120)]


def made(encode: Encode, folder: Path, case: tuple[str, str, str, dict[str, str], dict[str, str], bool]) -> Path:
    name, codec, pix_fmt, options, container, sound = case
    kind = {".ogv": "ogg", ".wmv": "asf"}.get(Path(name).suffix)
    return encode(
        folder / name, pictures(), fs=30, codec=codec, pix_fmt=pix_fmt, options=options,
        container_options=container, sound=sound, kind=kind,
    )  # fmt: skip


def notes_of(path: Path, **options: Any) -> tuple[int, list[str]]:
    with open_video(path, **options) as video:
        frames = sum(frame.image is not None for frame in video)
        return frames, [note for note in video.notes if "ends early" in note or "decoded" in note]


def cut(path: Path, share: float = 2 / 3) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize("case", STATED, ids=[case[0] for case in STATED])
def test_what_is_there_is_told_with_what_was_stated(encode: Encode, tmp_path: Path, case: Any) -> None:
    path = made(encode, tmp_path, case)
    frames, notes = notes_of(path)
    assert frames == pytest.approx(120, abs=1)
    assert notes == []
    cut(path)
    frames, notes = notes_of(path)
    assert 20 <= frames <= 85
    told = notes[0]
    assert (
        f"{frames} of 120 frames" in told
        or f"{frames / 30:.1f} s of the 4.0 s" in told
        or (f"{(frames + 1) / 30:.1f} s of the 4.0 s" in told)
    )


@pytest.mark.parametrize("case", MARKED, ids=[case[0] for case in MARKED])
def test_where_nothing_is_stated_the_missing_end_is_told(encode: Encode, tmp_path: Path, case: Any) -> None:
    path = made(encode, tmp_path, case)
    assert notes_of(path)[1] == []
    cut(path, 0.66)
    _, notes = notes_of(path)
    assert any("the file ends early" in note for note in notes)


@pytest.mark.parametrize("case", UNMARKED, ids=[case[0] for case in UNMARKED])
def test_whole_streams_that_state_nothing_have_no_note(encode: Encode, tmp_path: Path, case: Any) -> None:
    path = made(encode, tmp_path, case)
    assert notes_of(path)[1] == []
    # Cut anywhere but between two packets.
    path.write_bytes(path.read_bytes()[: 188 * 200 + 77])
    assert notes_of(path)[1] != []


def test_motion_jpeg_without_its_last_mark(encode: Encode, tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mjpeg", pictures(), codec="mjpeg", pix_fmt="yuvj420p")
    assert notes_of(path, fs=30) == (120, [])
    cut(path)
    assert any("ends early" in note for note in notes_of(path, fs=30)[1])


@pytest.mark.parametrize("start", [0, 10_000])
def test_a_recording_that_starts_late_is_whole(encode: Encode, tmp_path: Path, start: int) -> None:
    times = [start + round(1000 * index / 30) for index in range(120)]
    path = encode(tmp_path / "late.mkv", pictures(), times=times, options={"bf": "0"})
    assert notes_of(path) == (120, [])


def test_a_live_recording_states_no_end(encode: Encode, tmp_path: Path) -> None:
    path = encode(tmp_path / "live.mkv", pictures(), options=X264, container_options={"live": "1"})
    cut(path)
    assert notes_of(path)[0] < 100
