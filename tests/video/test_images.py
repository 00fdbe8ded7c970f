import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.reader import open_video


def write_image(path: Path, image: NDArray[np.uint8], codec: str = "png", pix_fmt: str = "rgb24") -> None:
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = image.shape[1], image.shape[0], pix_fmt
    encoder.time_base = 1
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt)
    path.write_bytes(b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve images whose level is their number times ten, in an order that only numbers reveal."""
    for number in (10, 2, 12, 1, 3, 9, 4, 11, 5, 8, 6, 7):
        write_image(tmp_path / f"frame{number}.png", np.full((33, 51, 3), 10 * number, np.uint8))
    return tmp_path


def test_images_come_in_natural_order_untouched(folder: Path) -> None:
    with open_video(folder, fs=25) as video:
        assert (video.fs, video.frames, video.source) == (25, 12, str(folder))
        frames = list(video)
    assert [frame.timestamp_s for frame in frames] == pytest.approx(np.arange(12) / 25)
    images: list[Any] = [frame.image for frame in frames]
    assert [np.unique(image).tolist() for image in images] == [[10 * n] for n in range(1, 13)]
    assert video.notes == []


def test_an_unreadable_image_is_a_noted_gap(folder: Path) -> None:
    (folder / "frame1.png").write_bytes(b"")
    (folder / "frame5.png").write_text("no image")
    with open_video(folder, fs=25) as video:
        images = [frame.image for frame in video]
    assert [image is None for image in images] == [n in (1, 5) for n in range(1, 13)]
    assert [note.split("'")[1] for note in video.notes] == ["frame1.png", "frame5.png"]


@pytest.mark.parametrize("left", [0.99, 0.6, 0.1])
def test_a_photograph_that_is_cut_off_is_a_gap(tmp_path: Path, left: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    for number in range(3):
        write_image(tmp_path / f"{number}.jpg", noise, "mjpeg", "yuvj420p")
    whole = (tmp_path / "1.jpg").read_bytes()
    (tmp_path / "1.jpg").write_bytes(whole[: int(left * len(whole))])
    (tmp_path / "2.jpg").write_bytes(whole + b"what a phone appends" * 20)
    with open_video(tmp_path, fs=25) as video:
        assert [frame.image is None for frame in video] == [False, True, False]


def test_other_files_are_passed_over(folder: Path) -> None:
    (folder / "notes.txt").write_text("12")
    (folder / ".hidden.png").write_text("")
    (folder / "folder.png").mkdir()
    assert open_video(folder, fs=25).frames == 12


def test_images_of_different_size_are_refused(folder: Path) -> None:
    write_image(folder / "frame7.png", np.zeros((40, 51, 3), np.uint8))
    with pytest.raises(VideoError, match=r"frame7\.png' is 51x40 .* 51x33"):
        list(open_video(folder, fs=25))


@pytest.mark.parametrize("covers", [1, 3])
def test_a_cover_of_different_size_is_named(folder: Path, covers: int) -> None:
    for number in range(covers):
        write_image(folder / f"cover{number}.png", np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(
        VideoError, match=r"^'cover0\.png' is 30x20 pixels, the images from 'frame1\.png' on 51x33; resize"
    ):
        list(open_video(folder, fs=25))


def test_the_second_image_may_be_the_odd_one(folder: Path) -> None:
    write_image(folder / "frame2.png", np.zeros((40, 51, 3), np.uint8))
    with pytest.raises(VideoError, match=r"frame2\.png' is 51x40 pixels, the images before it 51x33"):
        list(open_video(folder, fs=25))


def test_a_fast_folder_is_averaged_like_a_video(folder: Path) -> None:
    with open_video(folder, fs=50, max_fs=40) as video:
        assert [int(frame.image[0, 0, 0]) for frame in video if frame.image is not None] == list(range(15, 120, 20))
        assert video.fs == 25


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.jpg", "mjpeg", "yuvj420p"),
        ("a.bmp", "bmp", "bgr24"),
        ("a.png", "png", "gray"),
        ("a.PNG", "png", "rgba"),
        ("a.ppm", "ppm", "rgb24"),
        ("lies.png", "mjpeg", "yuvj420p"),
        ("100%d.png", "png", "rgb24"),
    ],
)
def test_kinds_of_images(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    write_image(tmp_path / name, np.full((32, 48, 3), 120, np.uint8), codec, pix_fmt)
    (frame,) = open_video(tmp_path, fs=25)
    assert frame.image is not None
    assert frame.image.shape == (32, 48, 3)
    assert np.abs(frame.image.astype(int) - 120).max() <= 2


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_photographs_are_turned_upright(tmp_path: Path, orientation: int, turns: int) -> None:
    image = np.zeros((32, 64, 3), np.uint8)
    image[:16, :32], image[:16, 32:], image[16:, :32], image[16:, 32:] = 30, 90, 150, 230
    write_image(tmp_path / "photo.jpg", image, "mjpeg", "yuvj420p")
    data = (tmp_path / "photo.jpg").read_bytes()
    entry = struct.pack("<HHHIIxxxx", 1, 0x112, 3, 1, orientation)
    exif = b"Exif\0\0" + struct.pack("<2sHI", b"II", 42, 8) + entry
    (tmp_path / "photo.jpg").write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    (frame,) = open_video(tmp_path, fs=25)
    assert frame.image is not None
    expected = np.rot90(image, turns)
    assert frame.image.shape == expected.shape
    assert np.abs(frame.image[::7, ::7].astype(int) - expected[::7, ::7]).max() <= 5


def test_a_folder_needs_its_rate(folder: Path) -> None:
    with pytest.raises(VideoError, match="pass fs"):
        open_video(folder)


@pytest.mark.parametrize("fs", [25, None])
def test_a_folder_without_images(tmp_path: Path, fs: float | None) -> None:
    with pytest.raises(VideoError, match="holds no images"):
        open_video(tmp_path, fs=fs)


def test_images_are_read_one_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real: Callable[..., object] = av.open

    def recorded(file: str, **options: Any) -> object:
        opened.append(file)
        return real(file, **options)

    monkeypatch.setattr(av, "open", recorded)
    frames = iter(open_video(folder, fs=25))
    next(frames)
    assert len(opened) == 1
