"""Recordings whose pictures change midway, and files that declare what they do not hold."""

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.reader import open_video

Encode = Callable[..., Path]
Plain = Callable[..., list[NDArray[np.uint8]]]

X264 = {"x264-params": "log-level=none"}
X265 = {"x265-params": "log-level=none", "preset": "ultrafast"}


def read(path: Path, **options: Any) -> tuple[list[NDArray[np.uint8]], list[str]]:
    with open_video(path, **options) as video:
        return [frame.image for frame in video if frame.image is not None], video.notes


def joined(encode: Encode, folder: Path, parts: list[Any], suffix: str, codec: str, options: dict[str, str]) -> Path:
    """Streams one after the other in one file."""
    path = folder / f"joined.{suffix}"
    content = b""
    for number, (images, pix_fmt) in enumerate(parts):
        part = encode(folder / f"{number}.{suffix}", images, codec=codec, pix_fmt=pix_fmt, options=options)
        content += part.read_bytes()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("suffix", "codec", "options", "fs"),
    [
        ("h264", "libx264", X264, None),
        ("hevc", "libx265", X265, None),
        ("mjpeg", "mjpeg", {}, 30),
    ],
)
def test_another_size_is_brought_to_the_first(
    encode: Encode, plain: Plain, tmp_path: Path, suffix: str, codec: str, options: dict[str, str], fs: int | None
) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    parts = [(plain([120] * 10, 48, 64), pix_fmt), (plain([60] * 10, 96, 128), pix_fmt)]
    images, notes = read(joined(encode, tmp_path, parts, suffix, codec, options), fs=fs)
    assert {image.shape for image in images} == {(48, 64, 3)}
    assert [round(float(image.mean()), -1) for image in images] == [120] * 10 + [60] * 10
    assert "the picture's size changes, from 64x48 to 128x96; all frames are resized to the first" in notes


def test_another_shape_gets_bars(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    parts = [(plain([120] * 10, 48, 96), "yuvj420p"), (plain([200] * 10, 96, 48), "yuvj420p")]
    images, _ = read(joined(encode, tmp_path, parts, "mjpeg", "mjpeg", {}), fs=30)
    last = images[-1]
    assert last.shape == (48, 96, 3)
    assert np.abs(last[:, 38:58].astype(int) - 200).max() <= 4
    assert not last[:, :35].any()
    assert not last[:, 61:].any()


@pytest.mark.parametrize("formats", [("yuv420p", "yuv444p", "yuv420p10le"), ("yuv422p10le", "yuv420p", "yuv444p")])
def test_other_pixel_formats_keep_the_colours(
    encode: Encode, plain: Plain, tmp_path: Path, formats: tuple[str, ...]
) -> None:
    parts = [(plain([level] * 8), pix_fmt) for level, pix_fmt in zip((60, 120, 180), formats, strict=True)]
    images, _ = read(joined(encode, tmp_path, parts, "h264", "libx264", X264))
    assert [float(image.mean()) for image in images] == pytest.approx([60] * 8 + [120] * 8 + [180] * 8, abs=3)


def test_vp9_may_be_resized_on_the_way(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    import av

    small, large = (
        encode(tmp_path / f"{height}.ivf", plain([level] * 10, height, 4 * height // 3), codec="libvpx-vp9", fs=30,
               options={"deadline": "realtime", "cpu-used": "8"})
        for height, level in ((96, 100), (192, 50))
    )  # fmt: skip
    path = tmp_path / "call.webm"
    with av.open(str(small)) as first, av.open(str(large)) as second, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(first.streams.video[0])
        for number, source in enumerate((first, second)):
            for packet in source.demux(video=0):
                if packet.size:
                    packet.pts = packet.dts = (packet.pts or 0) + 10 * number
                    packet.stream = stream
                    out.mux(packet)
    images, notes = read(path)
    assert {image.shape for image in images} == {(96, 128, 3)}
    assert [round(float(image.mean()), -1) for image in images] == [100] * 10 + [50] * 10
    assert "from 128x96 to 256x192" in "".join(notes)


def test_pictures_do_not_grow_without_bounds(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    parts = [(plain([120] * 6), "yuvj420p"), (plain([60] * 3, 4000, 5000), "yuvj420p")]
    images, notes = read(joined(encode, tmp_path, parts, "mjpeg", "mjpeg", {}), fs=30)
    assert len(images) == 6
    assert "3 of 9 frames could not be decoded" in notes
    # A size that is stated from the start may be that large.
    images, _ = read(tmp_path / "1.mjpeg", fs=30)
    assert images[0].shape == (4000, 5000, 3)


def declaring(path: Path, count: int, size: int = 1) -> None:
    """Make an MP4 file declare so many samples, all of one size."""
    content = bytearray(path.read_bytes())
    sizes, times = content.index(b"stsz"), content.index(b"stts")
    content[sizes + 8 : sizes + 16] = struct.pack(">II", size, count)
    content[times + 8 : times + 16] = struct.pack(">II", 1, count)
    path.write_bytes(content)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "3gp"])
@pytest.mark.parametrize("count", [50_000_000, 2_000_000, 2**32 - 1])
def test_samples_that_a_file_cannot_hold_are_refused(
    encode: Encode, plain: Plain, tmp_path: Path, suffix: str, count: int
) -> None:
    path = encode(tmp_path / f"bomb.{suffix}", plain([100] * 10), codec="mpeg4")
    declaring(path, count)
    with pytest.raises(VideoError, match=rf"bomb.{suffix}' declares {count:,} samples in [\d,]+ bytes"):
        open_video(path)


def test_samples_that_a_sparse_file_could_hold_are_too_many(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "sparse.mp4", plain([100] * 10), codec="mpeg4")
    declaring(path, 50_000_000)
    with path.open("ab") as file:
        file.truncate(100_000_000)
    code = (
        "import resource, sys; from physiocam.video.reader import open_video\n"
        "try: open_video(sys.argv[1])\n"
        "except Exception as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if sys.platform != 'linux' else\n"
        "      next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    said, kilobytes = answer.stdout.splitlines()
    assert "declares 50,000,000 samples" in said
    assert int(kilobytes) < 300_000


def test_pieces_that_declare_too_much_are_refused(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    path = encode(tmp_path / "pieces.mp4", plain([100] * 10), container_options=options)
    content = bytearray(path.read_bytes())
    place = content.index(b"trun")
    content[place + 8 : place + 12] = struct.pack(">I", 100_000_000)
    path.write_bytes(content)
    with pytest.raises(VideoError, match="declares 100,000,000 samples"):
        open_video(path)


def test_an_edit_list_that_shows_all_again_and_again_is_refused(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "edits.mp4", plain([100] * 400, 16, 16), options={"bf": "2", "preset": "medium"})
    content = bytearray(path.read_bytes())
    place = content.index(b"elst")
    content[place + 8 : place + 12] = struct.pack(">I", 1_000_000)
    path.write_bytes(content)
    with pytest.raises(VideoError, match="declares"):
        open_video(path)


def test_hours_of_plain_sound_are_no_samples_too_many(encode: Encode, plain: Plain, tmp_path: Path) -> None:
    path = encode(tmp_path / "sound.mov", plain([100] * 30), sound=True)
    images, _ = read(path)
    assert len(images) == 30
    content = bytearray(path.read_bytes())
    sound = content.index(b"stsz", content.index(b"soun"))
    content[sound + 12 : sound + 16] = struct.pack(">I", 500_000_000)
    path.write_bytes(content)
    assert len(read(path)[0]) == 30
