"""Damaged recordings: measured, or refused in one line; and what damage has shown, each by itself."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import physiocam
from damage_cases import MEASURED, REFUSED, judge, video_case, write_whole_videos
from physiocam.datasets.readers.frames import ImageFrames, VideoFrames, outline
from physiocam.errors import VideoError
from physiocam.video import images
from physiocam.video.reader import open_video
from physiocam.video.writer import write_timed_video
from physiocam.weights.runtime import Runtime

Encode = Callable[..., Path]
Plain = Callable[..., list[NDArray[np.uint8]]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("zarr")
    pytest.importorskip("PIL")
    folder = tmp_path_factory.mktemp("damage") / "videos"
    write_whole_videos(folder)
    return folder


@pytest.mark.parametrize("index", range(0, 31 * 20, 7))
def test_damaged_recordings_are_measured_or_refused_in_one_line(whole: Path, tmp_path: Path, index: int) -> None:
    case = video_case(whole, tmp_path / "case", 1, index)
    verdict = judge(case)
    assert verdict.outcome in (MEASURED, REFUSED), (case, verdict)


def test_the_same_seed_gives_the_same_damage(whole: Path, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        video_case(whole, tmp_path / name, 1 + (name == "c"), 9)
    first, again, other = (next((tmp_path / name).glob("damaged.*")).read_bytes() for name in ("a", "b", "c"))
    assert first == again != other


def refused(source: Path, **options: Any) -> str:
    with pytest.raises(VideoError) as error:
        list(open_video(source, **options))
    assert str(source) in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_a_header_that_claims_an_enormous_picture_is_refused(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "huge.mov", plain([100] * 3), codec="png", pix_fmt="rgb24")
    content = path.read_bytes()
    assert content.count(b"IHDR\0\0\0\x40\0\0\0\x30") == 3
    path.write_bytes(content.replace(b"IHDR\0\0\0\x40\0\0\0\x30", b"IHDR\0\0\x20\0\0\0\x20\0"))
    assert "claims pictures of 8192x8192 pixels, expected at most 36 million" in refused(path)
    with pytest.raises(VideoError, match="8192x8192"):
        outline(VideoFrames(path))


def test_a_picture_that_claims_to_be_enormous_is_missing(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "jpeg.avi", plain([80, 120, 160]), codec="mjpeg", pix_fmt="yuvj420p")
    content = bytearray(path.read_bytes())
    second = content.index(b"\xff\xc0", content.index(b"\xff\xc0") + 1)
    content[second + 5 : second + 9] = b"\xf0\x00\xf0\x00"
    path.write_bytes(content)
    with open_video(path) as video:
        shapes = {frame.image.shape for frame in video if frame.image is not None}
        assert shapes == {(48, 64, 3)}
        assert "1 of 3 frames could not be decoded" in video.notes


def test_clocks_slower_than_any_time_lapse_are_refused(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    times = [2_000_000 * index for index in range(4)]
    path = encode(tmp_path / "slow.mkv", plain([100] * 4), times=times, options={"bf": "0"})
    assert "0.0005 frames/s" in refused(path)


def test_a_time_lapse_is_read_and_not_measured(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    times = [50_000 * index for index in range(4)]
    path = encode(tmp_path / "lapse.mkv", plain([100] * 4), times=times, options={"bf": "0"})
    with open_video(path) as video:
        assert video.fs == pytest.approx(0.02)
    with pytest.raises(VideoError, match=r"lapse.mkv' cannot be measured: fs is 0.02"):
        physiocam.measure(path, face="center")


@pytest.mark.parametrize("fs", [1e-300, 1e300, float("inf"), float("nan"), 0.0, -25.0])
def test_rates_that_cannot_be_are_refused(whole: Path, fs: float) -> None:
    with pytest.raises(VideoError, match=r"expected frames per second, 0\.001 to 2000"):
        open_video(whole / "png", fs=fs)


def test_networks_do_not_run_over_long_gaps(
    encode: Encode, plain: Plain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [40 * index + 60_000 * (index >= 10) for index in range(20)]
    path = encode(tmp_path / "gap.mkv", plain(np.arange(20) + 100), times=times, options={"bf": "0"})
    clips: list[int] = []
    run = Runtime.run

    def counted(self: Runtime, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        clips.append(len(small))
        return run(self, big, small)

    monkeypatch.setattr(Runtime, "run", counted)
    measurement = physiocam.measure(path, face="center", threads=1)
    assert measurement.frames == pytest.approx(1520, abs=5)
    # 20 clips of three frames at each end; the slow network sees one frame of five.
    assert sum(clips) < 40 + 1520 / 5
    assert np.isfinite(measurement.action_unit_probability).all(axis=1).sum() == measurement.face_found.sum() < 40


def test_playlists_open_no_other_file(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "other.ts").write_bytes((whole / "stream.ts").read_bytes())
    for name, text in (
        ("list.ffconcat", "ffconcat version 1.0\nfile other.ts\n"),
        ("list.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{tmp_path}/other.ts\n#EXT-X-ENDLIST\n"),
        ("call.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"),
    ):
        (tmp_path / name).write_text(text)
        assert "cannot be opened as a video" in refused(tmp_path / name)


def test_an_image_opens_no_other_file(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "0.png").write_bytes((whole / "png" / "0.png").read_bytes())
    (folder / "1.png").write_text("ffconcat version 1.0\nfile h264.mp4\n")
    monkeypatch.chdir(whole)
    with open_video(folder, fs=25) as video:
        assert [frame.image is None for frame in video] == [False, True]
        assert video.notes == ["'1.png' cannot be read as an image; its frame is a gap"]


def test_an_entry_that_unpacks_without_end_is_a_gap(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_MOST_BYTES", 500_000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(whole / "png" / "0.png", "0.png")
        archive.writestr("1.png", (whole / "png" / "1.png").read_bytes() + bytes(500_000))
    with ImageFrames(path, ("0.png", "1.png"), (0.0, 0.04), 25.0).open() as video:
        assert [frame.image is None for frame in video] == [False, True]


def write_again(path: Path, to: Path) -> list[str]:
    """Write a video with its sound; the kinds of its streams."""
    with open_video(path) as video:
        write_timed_video(to, ((frame.shown_s, frame.image) for frame in video.own_frames()), video.fs, path)
    with av.open(str(to)) as container:
        return sorted(stream.type for stream in container.streams)


def test_sound_of_one_sample_a_second_is_left_out(whole: Path, tmp_path: Path) -> None:
    content = bytearray((whole / "mpeg4.avi").read_bytes())
    assert write_again(whole / "mpeg4.avi", tmp_path / "whole.mp4") == ["audio", "video"]
    rate = content.index((8000).to_bytes(4, "little"), content.rindex(b"strf"))
    content[rate : rate + 4] = (1).to_bytes(4, "little")
    (tmp_path / "slow.avi").write_bytes(content)
    assert write_again(tmp_path / "slow.avi", tmp_path / "out.mp4") == ["video"]


def test_sound_whose_times_step_back_ends_there(whole: Path, tmp_path: Path) -> None:
    content = (whole / "stream.ts").read_bytes()
    half = len(content) // 188 // 2 * 188
    (tmp_path / "twice.ts").write_bytes(content[:half] + content[: half // 2 // 188 * 188] + content[half:])
    assert write_again(tmp_path / "twice.ts", tmp_path / "out.mp4") == ["audio", "video"]


def test_times_that_span_all_numbers_do_not_overflow(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(
        tmp_path / "parts.mp4", plain([100] * 4), fs=25, options={"bf": "0", "g": "1"},
        container_options={"movflags": "frag_keyframe+empty_moov+default_base_moof"},
    )  # fmt: skip
    content = bytearray(path.read_bytes())
    places = [found.end() + 4 for found in re.finditer(b"tfdt", content)]
    assert len(places) == 4
    assert content[places[0] - 4] == 1  # times of 64 bits
    for place, time in zip(places, (-(2**62) - 2**61, -(2**62), 2**62, 2**62 + 2**61), strict=True):
        content[place : place + 8] = time.to_bytes(8, "big", signed=True)
    path.write_bytes(content)
    with open_video(path) as video:
        assert len(list(video)) == 4
        assert "no usable frame times" in "; ".join(video.notes)
