import gc
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.datasets.readers.frames import ImageFrames, Outline, VideoFrames, odd_sizes, outline
from physiocam.errors import VideoError
from physiocam.video.writer import write_video


def png(level: int, shape: tuple[int, int] = (24, 32)) -> bytes:
    encoder: Any = av.CodecContext.create("png", "w")
    encoder.height, encoder.width, encoder.pix_fmt, encoder.time_base = *shape, "rgb24", 1
    frame = av.VideoFrame.from_ndarray(np.full((*shape, 3), level, np.uint8), format="rgb24")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def levels(frames: ImageFrames) -> list[int | None]:
    with frames.open() as video:
        return [None if frame.image is None else int(frame.image[0, 0, 0]) for frame in video]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "F001.zip", "w") as opened:
        for number in range(12):
            opened.writestr(f"F001/T1/{number}.png", png(10 * number))
    return tmp_path / "F001.zip"


def names(*numbers: int) -> tuple[str, ...]:
    return tuple(f"F001/T1/{number}.png" for number in numbers)


def test_images_come_straight_out_of_an_archive(archive: Path) -> None:
    frames = ImageFrames(archive, names(*range(12)), tuple(number / 25 for number in range(12)), 25.0)
    for _ in range(2):  # again and again, and in another process
        frames = pickle.loads(pickle.dumps(frames))
        assert levels(frames) == [10 * number for number in range(12)]
    assert outline(frames) == Outline(12, 25.0, (32, 24))
    assert sorted(path.name for path in archive.parent.iterdir()) == ["F001.zip"]


def test_a_missing_image_leaves_its_place(archive: Path) -> None:
    frames = ImageFrames(archive, names(2, 3, 5, 6), (0.08, 0.12, 0.2, 0.24), 25.0)
    assert levels(frames) == [20, 30, 40, 50, 60]


def test_an_unreadable_image_is_a_noted_gap(tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(broken, "w") as opened:
        for number in range(6):
            opened.writestr(f"F001/T1/{number}.png", b"no image" if number == 2 else png(10 * number))
    # One byte of an image's data, far from the archive's own tables: its checksum no longer fits.
    content = bytearray(broken.read_bytes())
    place = content.index(b"F001/T1/4.png") + 40
    content[place] ^= 0xFF
    broken.write_bytes(content)
    frames = ImageFrames(broken, names(*range(6)), tuple(number / 25 for number in range(6)), 25.0)
    with frames.open() as video:
        images = [frame.image for frame in video]
    assert [image is None for image in images] == [False, False, True, False, True, False]
    assert [note.split("'")[1] for note in video.notes] == list(names(2, 4))


def test_names_that_the_archive_does_not_hold_are_gaps(archive: Path) -> None:
    frames = ImageFrames(archive, names(0, 99), (0.0, 0.04), 25.0)
    assert levels(frames) == [0, None]


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "F001.zip").write_bytes(b"no zip")
    frames = ImageFrames(tmp_path / "F001.zip", names(0, 1), (0.0, 0.04), 25.0)
    with pytest.raises(VideoError, match=r"F001.zip' cannot be read as a zip archive"):
        levels(frames)


def test_images_with_times_of_their_own(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"Image{number}.png").write_bytes(png(10 * number))
    times = tuple(1e6 + number / 30 + (0.001 if number % 2 else 0) for number in range(10))
    frames = ImageFrames(tmp_path, tuple(f"Image{number}.png" for number in range(10)), times)
    with frames.open() as video:
        assert video.fs == pytest.approx(30, rel=0.01)
        shown = [frame.image for frame in video]
    assert [int(image[0, 0, 0]) for image in shown if image is not None] == [10 * number for number in range(10)]
    with pytest.raises(VideoError, match="has 1 image"):
        ImageFrames(tmp_path, ("Image0.png",), (0.0,)).open()


def test_no_more_than_one_image_is_read_ahead(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = zipfile.ZipFile.open

    def recorded(self: zipfile.ZipFile, name: Any) -> Any:
        read.append(name)
        return real(self, name)

    monkeypatch.setattr(zipfile.ZipFile, "open", recorded)
    frames = ImageFrames(archive, names(*range(12)), tuple(number / 25 for number in range(12)), 25.0)
    with frames.open() as video:
        next(iter(video))
        assert len(read) == 1


def test_frames_that_were_shown_do_not_stay_in_memory(archive: Path) -> None:
    frames = ImageFrames(archive, names(*range(12)), tuple(number / 25 for number in range(12)), 25.0)
    gc.collect()
    gc.disable()
    try:
        levels(frames)
        held = sum(isinstance(each, av.VideoFrame) for each in gc.get_objects())
    finally:
        gc.enable()
    assert held <= 1


def moving(count: int) -> list[NDArray[np.uint8]]:
    return [np.full((48, 64, 3), 10 * index, np.uint8) for index in range(count)]


def test_the_outline_of_a_video_file(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", moving(20), 30.0)
    assert outline(VideoFrames(tmp_path / "a.mp4")) == Outline(20, 30.0, (64, 48))
    assert outline(VideoFrames(tmp_path / "a.mp4", fs=15.0)).fs == 15.0


@pytest.mark.parametrize("content", [b"", b"no video", io.BytesIO(b"RIFF\0\0\0\0AVI LIST").getvalue()])
def test_no_outline_of_what_is_no_video(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.avi").write_bytes(content)
    with pytest.raises(VideoError, match=r"a\.avi'"):
        outline(VideoFrames(tmp_path / "a.avi"))


def test_cut_off_files_are_noted() -> None:
    sizes = {f"{number}.jpg": 180_000 + 1000 * number for number in range(20)}
    assert odd_sizes(sizes) == ()
    assert odd_sizes({**sizes, "7.jpg": 0, "9.jpg": 12}) == ("2 of 20 images are empty or cut off: '7.jpg', '9.jpg'",)
