from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.video.reader import open_video
from physiocam.video.writer import write_video

SKIN = (224, 172, 145)


def coloured(colour: tuple[int, int, int], height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    return np.tile(np.array(colour, np.uint8), (height, width, 1))


@pytest.mark.parametrize("size", [(48, 64), (720, 1280)])
@pytest.mark.parametrize("colour", [SKIN, (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
def test_colours_survive(tmp_path: Path, colour: tuple[int, int, int], size: tuple[int, int]) -> None:
    write_video(tmp_path / "clip.mp4", [coloured(colour, *size)] * 2, 25)
    images: list[Any] = [frame.image for frame in open_video(tmp_path / "clip.mp4")]
    assert len(images) == 2
    assert np.abs(images[1].astype(int) - colour).max() <= 2


def test_the_file_states_its_colours_and_codec(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", [coloured(SKIN)] * 2, 25)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        assert stream.codec_context.name == "h264"
        assert (frame.format.name, frame.colorspace, frame.color_range) == ("yuv420p", 1, 1)


@pytest.mark.parametrize("fs", [25, 29.97, 30, 24000 / 1001, 120])
def test_frames_and_rate_survive(tmp_path: Path, fs: float) -> None:
    levels = list(range(20, 220, 5))
    write_video(tmp_path / "clip.mp4", (coloured((level, level, level)) for level in levels), fs, crf=5)
    with open_video(tmp_path / "clip.mp4") as video:
        assert video.fs == pytest.approx(fs, rel=1e-5)
        images: list[Any] = [frame.image for frame in video]
    assert [image.mean() for image in images] == pytest.approx(levels, abs=2.5)
    assert video.notes == []


def test_an_odd_row_and_column_are_cut_off(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", [coloured(SKIN, 33, 51)] * 2, 25)
    images: list[Any] = [frame.image for frame in open_video(tmp_path / "clip.mp4")]
    assert images[0].shape == (32, 50, 3)


def test_the_same_frames_always_give_the_same_file(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    scenes = 128 + 20 * random.normal(0, 1, (40, 19, 25, 3)).cumsum(axis=0)
    large = scenes.repeat(8, axis=1).repeat(8, axis=2)
    frames = list((large + random.normal(0, 2, large.shape)).clip(0, 255).astype(np.uint8))
    written = []
    for number in range(6):
        write_video(tmp_path / f"{number}.mp4", frames, 25, crf=24)
        written.append((tmp_path / f"{number}.mp4").read_bytes())
    assert len(set(written)) == 1


def test_folders_are_made_and_files_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "clip.mp4"
    for _ in range(2):
        write_video(path, [coloured(SKIN)] * 2, 25)
    assert [file.name for file in path.parent.iterdir()] == ["clip.mp4"]


def test_what_fails_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    def failing() -> Iterator[NDArray[np.uint8]]:
        yield coloured(SKIN)
        raise KeyboardInterrupt

    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_video(path, failing(), 25)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("frames", "fs", "complaint"),
    [
        ([], 25, "no frames"),
        ([np.zeros((48, 64), np.uint8)], 25, r"\(48, 64\)"),
        ([np.zeros((1, 64, 3), np.uint8)], 25, "2 x 2"),
        ([np.zeros((48, 64, 3))], 25, "float64"),
        ([coloured(SKIN), coloured(SKIN, 40)], 25, "like the first"),
        ([coloured(SKIN)], 0, "fs is 0"),
        ([coloured(SKIN)], float("nan"), "fs is nan"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, frames: list[NDArray[np.uint8]], fs: float, complaint: str) -> None:
    with pytest.raises(PhysiocamError, match=complaint) as caught:
        write_video(tmp_path / "clip.mp4", frames, fs)
    assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "clip.mp4", tmp_path / "clip.xyz"):
        with pytest.raises(PhysiocamError, match=path.name):
            write_video(path, [coloured(SKIN)], 25)
