"""Parts of frames: reduced in one step from what the decoder gives, like from whole frames, but without rounding."""

import itertools
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pictures

import physiocam
from physiocam.video.lazy_images import DecodedImage, MixedImage
from physiocam.video.locators import WHOLE_FRAME, Square
from physiocam.video.orientation import Orientation, Rectangle
from physiocam.video.part_reader import PartReader
from physiocam.video.parts import part_of, reduced, thinned
from physiocam.video.pixels import RgbConverter
from physiocam.video.reader import open_video
from physiocam.video.resize import area_resize
from physiocam.video.writer import write_video

WIDTH, HEIGHT = 96, 64


def smooth(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Soft waves of light and colour, another one in each corner."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = [np.sin(5 * x + 2 * y), np.cos(3 * x - 4 * y), np.sin(2 * x + 5 * y + 1)]
    return np.asarray(np.rint(128 + 60 * np.stack(waves, axis=2)), np.uint8)


def decoded(rgb: NDArray[np.uint8], pixel_format: str = "rgb24") -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    return frame if pixel_format == "rgb24" else frame.reformat(format=pixel_format)


def image_of(frame: av.VideoFrame) -> DecodedImage:
    image = RgbConverter("clip")(frame)
    assert isinstance(image, DecodedImage)
    return image


@pytest.mark.parametrize(
    ("part", "height", "width"),
    [
        (Rectangle(0, 0, WIDTH, HEIGHT), 16, 24),
        (Rectangle(7, 5, 50, 50), 9, 9),
        (Rectangle(30, 11, 51, 51), 36, 36),
        (Rectangle(10, 20, 20, 20), 36, 36),  # enlarged
        (Rectangle(10, 20, 80, 12), 24, 24),  # enlarged in one direction only
        (Rectangle(2, 3, 40, 40), 40, 40),
    ],
)
def test_a_part_is_the_mean_over_areas(part: Rectangle, height: int, width: int) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    expected = reduced(rgb, part, height, width)
    # swscale calculates with 15 bits.
    np.testing.assert_allclose(image_of(decoded(rgb)).reduced(part, height, width), expected, atol=0.25)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p10le", "nv12"])
def test_pixels_are_not_rounded_before_the_mean_is_taken(pixel_format: str) -> None:
    rgb = smooth()
    image = image_of(decoded(rgb, pixel_format))
    whole = Rectangle(0, 0, WIDTH, HEIGHT)
    # The stored planes are whole numbers: what is left is their rounding, and none is one-sided.
    error = image.reduced(whole, 8, 12) - area_resize(rgb, 8, 12)
    assert np.abs(error).max() < 1.2
    assert np.abs(error.mean(axis=(0, 1))).max() < 0.25


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, -1), (-1, 1), (-1, -1)])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("stretch", [1.0, 4 / 3])
def test_parts_of_turned_and_stretched_pictures(rows: int, columns: int, swapped: bool, stretch: float) -> None:
    stored = smooth()
    orientation = Orientation(swapped, rows, columns)
    size = (round(WIDTH * stretch), HEIGHT)

    def whole(_: av.VideoFrame) -> NDArray[np.uint8]:
        return orientation.upright(np.rint(area_resize(stored, size[1], size[0])).astype(np.uint8))

    image = DecodedImage(decoded(stored), PartReader(), whole, size, orientation)
    pixels = np.asarray(image)
    assert pixels.shape == image.shape
    for part in (Rectangle(8, 4, 40, 48), Rectangle(20, 16, 44, 32)):
        np.testing.assert_allclose(image.reduced(part, 8, 10), reduced(pixels, part, 8, 10), atol=2.0)
    np.testing.assert_allclose(image.thinned(4).astype(float), thinned(pixels, 4).astype(float), atol=8)


def test_what_ffmpeg_cannot_read_in_part_is_converted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr(PartReader, "_read", refuse)
    rgb = smooth()
    image = image_of(decoded(rgb))
    np.testing.assert_allclose(image.reduced(Rectangle(8, 8, 40, 40), 10, 10), area_resize(rgb[8:48, 8:48], 10, 10))
    np.testing.assert_array_equal(image.thinned(3), rgb[1:63:3, 1::3])


def test_very_large_reductions() -> None:
    rgb = np.repeat(smooth(), 20, axis=1)
    part = Rectangle(0, 0, WIDTH * 20, HEIGHT)
    np.testing.assert_allclose(image_of(decoded(rgb)).reduced(part, 4, 6), area_resize(rgb, 4, 6), atol=0.25)


def test_a_mean_of_frames_is_the_mean_of_their_parts() -> None:
    dark, bright = smooth() // 2, smooth()
    mixed = MixedImage([(0.25, image_of(decoded(dark))), (0.75, bright)])
    expected = 0.25 * dark + 0.75 * bright
    assert mixed.shape == dark.shape
    np.testing.assert_array_equal(np.asarray(mixed), np.rint(expected))
    part = Rectangle(4, 4, 40, 40)
    np.testing.assert_allclose(mixed.reduced(part, 9, 9), area_resize(expected[4:44, 4:44], 9, 9), atol=0.25)
    np.testing.assert_allclose(mixed.thinned(5), expected[2:60:5, 2:95:5], atol=4)


def test_the_whole_frame_is_a_part() -> None:
    assert part_of(smooth(), WHOLE_FRAME) == Rectangle(0, 0, WIDTH, HEIGHT)
    assert part_of(smooth(), Square(3, 4, 5)) == Rectangle(3, 4, 5, 5)


def test_jpegs_are_read_as_libjpeg_reads_them(tmp_path: Path) -> None:
    """The mean colour of a reduced photograph is libjpeg's, within a fraction of a level."""
    large = np.repeat(np.repeat(smooth(), 4, axis=0), 4, axis=1)
    for number in range(2):
        Pictures.fromarray(large).save(tmp_path / f"{number}.jpg", quality=90)
    with Pictures.open(tmp_path / "0.jpg") as opened:
        expected = area_resize(np.asarray(opened), 32, 48)
    with open_video(tmp_path, fs=25) as video:
        picture = next(iter(video)).picture
    assert picture is not None
    error = reduced(picture, part_of(picture, WHOLE_FRAME), 32, 48) - expected
    assert np.abs(error).mean() < 0.5
    assert np.abs(error.mean(axis=(0, 1))).max() < 0.1


def test_a_file_is_measured_without_converting_its_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted = itertools.count()
    whole = RgbConverter._whole
    monkeypatch.setattr(RgbConverter, "_whole", lambda *args, **rest: (next(converted), whole(*args, **rest))[1])
    frames = np.repeat(smooth(320, 240)[None], 75, axis=0)
    write_video(tmp_path / "clip.mp4", frames, 25.0)
    measurement = physiocam.measure(tmp_path / "clip.mp4", face=(60, 40, 180))
    assert len(measurement.timestamps_s) == 75
    assert next(converted) == 0
    physiocam.measure(tmp_path / "clip.mp4")
    # Without a face, the detector looks at five frames a second.
    assert next(converted) - 1 == 15
