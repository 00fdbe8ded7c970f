"""Video files of all kinds, sound and damaged, through `open_video`."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.reader import open_video

Encode = Callable[..., Path]
Plain = Callable[..., list[NDArray[np.uint8]]]


def read(path: Path, **options: Any) -> tuple[list[Any], Any, str]:
    """All frames, fs, and the notes as one text."""
    with open_video(path, **options) as video:
        frames = list(video)
        return frames, video.fs, "\n".join(video.notes)


def grey_levels(frames: list[Any]) -> list[float | None]:
    return [None if frame.image is None else float(frame.image.mean()) for frame in frames]


@pytest.fixture(scope="module")
def noise() -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    return list(random.integers(0, 256, (30, 96, 128, 3)).astype(np.uint8))


@pytest.fixture(scope="module")
def intact(encode: Encode, noise: list[NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames at 25 frames/s with the index in front, and a key frame every ten."""
    path = tmp_path_factory.mktemp("media") / "intact.mp4"
    options = {"g": "10", "bf": "0"}
    return encode(path, noise, fs=25, options=options, container_options={"movflags": "faststart"})


def test_constant_rate_frames_are_bit_exact(intact: Path) -> None:
    frames, fs, notes = read(intact)
    with av.open(str(intact)) as container:
        expected = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert fs == pytest.approx(25)
    assert notes == ""
    assert len(frames) == len(expected) == 30
    assert all(np.array_equal(frame.image, image) for frame, image in zip(frames, expected, strict=True))
    assert [frame.timestamp_s for frame in frames] == pytest.approx(np.arange(30) / 25)


@pytest.mark.parametrize("fs", [30, 29.97, 24, 60])
def test_millisecond_containers_keep_their_rate(encode: Encode, plain: Plain, tmp_path: Path, fs: float) -> None:
    levels = list(range(20, 220, 2))
    times = [round(1000 * index / fs) for index in range(100)]
    frames, measured, notes = read(encode(tmp_path / "clip.mkv", plain(levels), times=times, fs=fs))
    assert measured == pytest.approx(fs, rel=2e-4)
    assert notes == ""
    assert grey_levels(frames) == pytest.approx(levels, abs=2.5)


def test_variable_rate_is_interpolated_in_time(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    times = np.cumsum(random.choice([33, 33, 33, 33, 33, 50, 80, 110], 120))
    seconds = (times - times[0]) / 1000
    path = encode(tmp_path / "phone.mkv", plain(20 + 30 * seconds), times=times.tolist())
    frames, fs, notes = read(path)
    assert fs == pytest.approx(30.3, abs=0.1)
    assert "variable frame rate" in notes
    assert len(frames) == pytest.approx(seconds[-1] * fs, abs=1.5)
    expected = [20 + 30 * frame.timestamp_s for frame in frames]
    assert grey_levels(frames) == pytest.approx(expected, abs=2.5)


def test_a_pause_in_the_recording_is_a_gap(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    times = [40 * index + (2000 if index >= 25 else 0) for index in range(50)]
    frames, fs, _ = read(encode(tmp_path / "pause.mkv", plain([60] * 25 + [180] * 25), times=times))
    assert fs == pytest.approx(25)
    empty = [frame.timestamp_s for frame in frames if frame.image is None]
    assert min(empty) == pytest.approx(0.96 + 0.25, abs=0.04)
    assert max(empty) == pytest.approx(3.0 - 0.25, abs=0.04)
    assert len(frames) == 100


def test_clocks_that_jump_do_not_make_endless_gaps(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    times = [40 * index + (10**10 if index >= 25 else 0) for index in range(50)]
    frames, _, notes = read(encode(tmp_path / "jump.mkv", plain([100] * 50), times=times))
    assert len(frames) == pytest.approx(50 + 60 * 25, abs=3)
    assert "jump" in notes


@pytest.mark.parametrize("start", [-400, 123_456_000])
def test_time_starts_at_the_first_frame(encode: Encode, plain: Plain, tmp_path: Path, start: int) -> None:
    times = [start + 40 * index for index in range(20)]
    path = encode(tmp_path / "late.mkv", plain([100] * 20), times=times, options={"bf": "0"})
    frames, fs, _ = read(path)
    assert frames[0].timestamp_s == 0
    assert fs == pytest.approx(25)
    assert len(frames) == 20


def test_b_frames_come_in_order(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    levels = list(range(20, 220, 4))
    path = encode(tmp_path / "b.mp4", plain(levels), options={"bf": "3", "preset": "medium"})
    frames, _, notes = read(path)
    assert grey_levels(frames) == pytest.approx(levels, abs=2.5)
    assert notes == ""


def test_frames_of_fast_recordings_are_averaged(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    levels = list(range(20, 220, 2))
    path = encode(tmp_path / "fast.mp4", plain(levels), fs=60)
    with open_video(path, max_fs=40) as video:
        assert video.fs == pytest.approx(30)
        assert video.frames == 50
        assert grey_levels(list(video)) == pytest.approx([level + 1 for level in levels[::2]], abs=2.5)
        assert "2 frames are averaged into one" in video.notes[0]


def test_a_given_rate_overrides_the_file(intact: Path) -> None:
    frames, fs, notes = read(intact, fs=12.5)
    assert fs == 12.5
    assert frames[-1].timestamp_s == pytest.approx(29 / 12.5)
    assert "as given" in notes
    assert "25" in notes


def test_files_without_frame_times_use_the_stated_rate(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    levels = list(range(20, 220, 4))
    frames, fs, notes = read(encode(tmp_path / "raw.h264", plain(levels), fs=25, options={"bf": "0"}))
    assert fs == pytest.approx(25)
    assert "no usable frame times" in notes
    assert grey_levels(frames) == pytest.approx(levels, abs=2.5)


def test_clocks_that_restart_use_the_stated_rate(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    first = encode(tmp_path / "first.ts", plain([60] * 30), fs=25)
    second = encode(tmp_path / "second.ts", plain([180] * 30), fs=25)
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    frames, fs, notes = read(both)
    assert fs == pytest.approx(25, rel=0.05)
    assert "no usable frame times" in notes
    levels = grey_levels(frames)
    assert levels[0] == pytest.approx(60, abs=3)
    assert levels[-1] == pytest.approx(180, abs=3)
    assert len(frames) == pytest.approx(60, abs=2)


@pytest.mark.parametrize("frames", [1, 2])
def test_one_and_two_frames(encode: Encode, plain: Plain, tmp_path: Path, frames: int) -> None:
    shown, fs, _ = read(encode(tmp_path / "short.mp4", plain([90] * frames), fs=25))
    assert len(shown) == frames
    assert fs == pytest.approx(25)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size"),
    [
        ("deep.mkv", "ffv1", "yuv420p10le", (48, 64)),
        ("odd.mkv", "ffv1", "yuv420p", (33, 51)),
        ("grey.mkv", "ffv1", "gray", (33, 51)),
        ("planar.mkv", "ffv1", "yuv444p", (33, 51)),
        ("dot.mkv", "ffv1", "yuv444p", (1, 1)),
        ("jpeg.avi", "mjpeg", "yuvj420p", (48, 64)),
        ("rgb.mkv", "libx264rgb", "rgb24", (48, 64)),
        ("palette.gif", "gif", "rgb8", (48, 64)),
        ("apple.mov", "png", "rgba", (48, 64)),
        ("vp9.webm", "libvpx-vp9", "yuv420p", (48, 64)),
    ],
)
def test_formats(
    encode: Encode,
    plain: Plain,
    tmp_path: Path,
    *,
    name: str,
    codec: str,
    pix_fmt: str,
    size: tuple[int, int],
) -> None:
    levels = [40, 80, 120, 160, 200]
    frames, fs, _ = read(encode(tmp_path / name, plain(levels, *size), codec=codec, pix_fmt=pix_fmt, fs=20))
    assert fs == pytest.approx(20, rel=0.01)
    assert {frame.image.shape for frame in frames if frame.image is not None} == {(*size, 3)}
    assert grey_levels(frames) == pytest.approx(levels, abs=18 if "palette" in name else 4)


def test_interlaced_video_is_decoded(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "tv.mp4", plain([100] * 10), options={"flags": "+ildct+ilme", "x264-params": "tff=1"})
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    assert grey_levels(read(path)[0]) == pytest.approx([100] * 10, abs=3)


def test_huge_pictures(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "8k.avi", plain([100], 4320, 7680), codec="mjpeg", pix_fmt="yuvj420p")
    (frame,), _, _ = read(path)
    assert frame.image is not None
    assert frame.image.shape == (4320, 7680, 3)


def test_pictures_that_change_their_size_are_brought_to_the_first(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    small = encode(tmp_path / "small.h264", plain([100] * 5), options={"bf": "0"})
    large = encode(tmp_path / "large.h264", plain([100] * 5, 96, 80), options={"bf": "0"})
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    frames, _, _ = read(both)
    assert len(frames) == 10
    assert {frame.image.shape for frame in frames if frame.image is not None} == {(48, 64, 3)}


@pytest.mark.parametrize(
    ("aspect", "shape"),
    [
        (Fraction(4, 3), (48, 85, 3)),
        (Fraction(3, 4), (64, 64, 3)),
        # No camera has such pixels: the file is wrong.
        (Fraction(9, 2), (48, 64, 3)),
        (Fraction(1, 9), (48, 64, 3)),
    ],
)
def test_pixels_that_are_not_square_are_stretched(
    aspect: Fraction, shape: tuple[int, int, int], encode: Encode, plain: Plain, tmp_path: Path
) -> None:
    def prepare(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = aspect

    frames, _, notes = read(encode(tmp_path / "wide.mp4", plain([100] * 3), prepare=prepare))
    assert {frame.image.shape for frame in frames if frame.image is not None} == {shape}
    assert (f"pixels are stored {aspect} as wide as high" in notes) == (shape != (48, 64, 3))


def test_hdr_is_noted(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    def prepare(stream: Any) -> None:
        stream.codec_context.color_trc = 18

    assert "HDR" in read(encode(tmp_path / "hlg.mp4", plain([100] * 3), prepare=prepare))[2]


def test_sound_beside_the_picture_changes_nothing(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    frames, fs, notes = read(encode(tmp_path / "talk.mkv", plain([100] * 20), fs=25, sound=True))
    assert (len(frames), fs, notes) == (20, pytest.approx(25, rel=1e-3), "")


def test_titles_in_another_encoding_do_no_harm(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    def prepare(stream: Any) -> None:
        stream.container.metadata["title"] = "subject Xxx"

    path = encode(tmp_path / "titled.avi", plain([100] * 5), codec="mpeg4", options={}, prepare=prepare)
    data = path.read_bytes()
    assert b"Xxx" in data
    path.write_bytes(data.replace(b"Xxx", b"\xe9\xff\xc0"))
    assert len(read(path)[0]) == 5


# Damage.


@pytest.mark.parametrize("share", [0.35, 0.7])
def test_a_cut_file_yields_what_is_there(intact: Path, tmp_path: Path, share: float) -> None:
    data = intact.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: int(share * len(data))])
    frames, fs, notes = read(path)
    assert fs == pytest.approx(25)
    assert 0.6 * share * 30 < len(frames) <= share * 30
    assert f"stopped after {len(frames)} of 30 frames" in notes
    whole = read(intact)[0]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(frames, whole, strict=False))


def test_damage_in_the_middle_leaves_the_rest_in_its_place(intact: Path, tmp_path: Path) -> None:
    data = bytearray(intact.read_bytes())
    with av.open(str(intact)) as container:
        packets: list[Any] = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    for position, size in packets[8:12]:  # of which the eleventh is a key frame
        data[position : position + size] = bytes(size)
    path = tmp_path / "holes.mp4"
    path.write_bytes(data)
    frames, _, notes = read(path)
    whole = read(intact)[0]
    assert len(frames) == 30
    assert "could not be decoded" in notes
    assert all(np.array_equal(frames[i].image, whole[i].image) for i in (*range(8), *range(20, 30)))


def test_nothing_but_damage_is_an_error(intact: Path, tmp_path: Path) -> None:
    data = bytearray(intact.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = np.random.default_rng(0).bytes(len(data) - start)
    path = tmp_path / "noise.mp4"
    path.write_bytes(data)
    with pytest.raises(VideoError, match="can be decoded"):
        read(path)


@pytest.mark.parametrize("seed", range(12))
def test_random_damage_never_crashes_or_hangs(intact: Path, tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    data = bytearray(intact.read_bytes())
    # Half of the damage goes to the header, where it can lie about everything.
    for _ in range(40):
        limit = 1500 if random.random() < 0.5 else len(data)
        data[int(random.integers(limit))] = int(random.integers(256))
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    try:
        frames, fs, _ = read(path)
    except VideoError:
        return
    assert 0 < fs <= 2000
    assert len(frames) < 10_000


def one_line(path: Path, **options: Any) -> str:
    with pytest.raises(VideoError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert path.name in message
    return message


def test_a_file_without_its_index(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole.mp4", plain([100] * 10)).read_bytes()
    path = tmp_path / "killed.mp4"
    path.write_bytes(whole[: whole.index(b"moov") - 4])
    one_line(path)


def test_text_in_disguise(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("this is no video\n" * 100)
    assert "no video" in one_line(path)


def test_a_playlist_in_disguise_opens_no_other_file(intact: Path, tmp_path: Path) -> None:
    for name, text in (
        ("list.mp4", f"ffconcat version 1.0\nfile {intact.name}\n"),
        (
            "list.m3u8",
            f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/{intact.name}\n#EXT-X-ENDLIST\n",
        ),
    ):
        path = tmp_path / name
        path.write_text(text)
        one_line(path)


def test_sound_only(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        block = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
        block.sample_rate = 8000
        container.mux(stream.encode(block))
    assert "sound" in one_line(path)


def test_sound_with_a_cover_picture(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "song.mkv", plain([100]), codec="mjpeg", pix_fmt="yuvj420p", sound=True)
    assert "cover" in one_line(path)


def test_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "none.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    one_line(path)


def test_a_rate_that_cannot_be_is_refused(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(
        tmp_path / "fast.mp4",
        plain([100] * 5),
        times=range(5),
        time_base=Fraction(1, 1_000_000),
        options={"bf": "0"},
    )
    assert "fs" in one_line(path)
    assert len(read(path, fs=25)[0]) == 5


def test_ffmpeg_says_nothing_on_the_terminal(intact: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(intact.read_bytes()[:-40_000] + bytes(20_000))
    code = f"from physiocam.video.reader import open_video\nfor frame in open_video({str(path)!r}): pass"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout + answer.stderr == ""


def test_the_file_is_closed(intact: Path) -> None:
    def is_open() -> bool:
        return any(Path(file.path) == intact for file in psutil.Process().open_files())

    with open_video(intact) as video:
        frames = iter(video)
        next(frames)
        assert is_open()
    assert not is_open()
    for _ in open_video(intact):
        pass
    assert not is_open()


def test_names_that_mean_something_to_ffmpeg(intact: Path, tmp_path: Path) -> None:
    for name in ("a:b.mp4", "100%d.mp4", "with space é.mp4", "pipe:0"):
        path = tmp_path / name
        path.write_bytes(intact.read_bytes())
        assert len(read(path)[0]) == 30


def test_real_clips(shared: Path) -> None:
    for name, count, fs in (
        ("vitallens_1/video.mp4", 354, 353 / 11.761455),
        ("clips/WolfgangLanger_Pexels.mp4", 472, 24000 / 1001),
        ("clips/single_face.mp4", 72, 30.0),
        ("clips/face_noface.mov", 153, 24.0),
        ("clips/no_face.mp4", 95, 24.0),
    ):
        frames, measured, notes = read(shared / "data" / name)
        assert measured == pytest.approx(fs, rel=1e-6)
        assert len(frames) == count
        assert all(frame.image is not None for frame in frames)
        assert ("variable" in notes) == name.endswith("mov")
