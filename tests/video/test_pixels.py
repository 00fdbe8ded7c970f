from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.video.pixels import RgbConverter, _pixels
from physiocam.video.reader import open_video

# AVColorSpace and AVColorRange numbers.
BT709, UNSTATED, BT470BG, SMPTE170M, BT2020 = 1, 2, 5, 6, 9
LIMITED, FULL = 1, 2

RED, GREEN, SKIN = (255, 0, 0), (0, 255, 0), (224, 172, 145)
WEIGHTS = {
    BT709: (0.2126, 0.0722),
    BT470BG: (0.299, 0.114),
    SMPTE170M: (0.299, 0.114),
    BT2020: (0.2627, 0.0593),
}


def yuv(rgb: tuple[int, int, int], matrix: int, span: int, bits: int = 8) -> tuple[int, int, int]:
    """Y, Cb, Cr of a colour by the definition in the standards."""
    red, green, blue = (value / 255 for value in rgb)
    kr, kb = WEIGHTS[matrix]
    y = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr)
    scale = 2 ** (bits - 8)
    if span == FULL:
        top = 2**bits - 1
        return (
            round(y * top),
            min(round(cb * top + 128 * scale), top),
            min(round(cr * top + 128 * scale), top),
        )
    return round((16 + 219 * y) * scale), round((128 + 224 * cb) * scale), round((128 + 224 * cr) * scale)


def filled(
    pix_fmt: str, values: tuple[int, ...], matrix: int, span: int, size: tuple[int, int] = (64, 48)
) -> av.VideoFrame:
    frame = av.VideoFrame(*size, pix_fmt)
    for plane, value in zip(frame.planes, values, strict=False):
        wide = value.to_bytes(2, "little") if "10" in pix_fmt else bytes([value])
        plane.update(wide * (plane.buffer_size // len(wide)))
    frame.colorspace, frame.color_range = matrix, span
    return frame


def whole(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(RgbConverter("clip")(frame))


@pytest.mark.parametrize("colour", [RED, GREEN, SKIN])
@pytest.mark.parametrize("span", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", [BT709, BT470BG, SMPTE170M, BT2020])
@pytest.mark.parametrize(("pix_fmt", "bits"), [("yuv420p", 8), ("yuv420p10le", 10)])
def test_stated_colours_are_decoded_right(
    pix_fmt: str, bits: int, matrix: int, span: int, colour: tuple[int, int, int]
) -> None:
    frame = filled(pix_fmt, yuv(colour, matrix, span, bits), matrix, span)
    assert np.abs(whole(frame)[5, 5].astype(int) - colour).max() <= 4


@pytest.mark.parametrize(("width", "height", "matrix"), [(640, 480, BT470BG), (1280, 720, BT709)])
def test_unstated_colours_are_taken_as_players_take_them(width: int, height: int, matrix: int) -> None:
    frame = filled("yuv420p", yuv(SKIN, matrix, LIMITED), UNSTATED, 0, (width, height))
    assert np.abs(whole(frame)[5, 5].astype(int) - SKIN).max() <= 3


def test_jpeg_formats_are_full_range() -> None:
    frame = filled("yuvj420p", yuv(SKIN, BT470BG, FULL), UNSTATED, 0)
    assert np.abs(whole(frame)[5, 5].astype(int) - SKIN).max() <= 3


@pytest.mark.parametrize("pix_fmt", ["gray", "gray16le"])
def test_grey_gives_three_equal_channels(pix_fmt: str) -> None:
    image = whole(filled(pix_fmt, (100,), UNSTATED, 0))
    assert len(np.unique(image)) == 1
    assert abs(int(image[0, 0, 0]) - 100) <= 2  # older FFmpeg rounds sixteen bits down


def test_alpha_is_ignored() -> None:
    image = np.zeros((8, 8, 4), np.uint8)
    image[..., :3] = SKIN
    image[..., 3] = 7
    assert whole(av.VideoFrame.from_ndarray(image, format="rgba"))[3, 3].tolist() == list(SKIN)


def test_later_frames_are_brought_to_the_first_size() -> None:
    convert = RgbConverter("clip")
    assert convert(filled("yuv420p", (80, 128, 128), BT709, LIMITED)).shape == (48, 64, 3)
    assert convert(filled("yuv420p", (80, 128, 128), BT709, LIMITED, (128, 32))).shape == (48, 64, 3)


def test_an_image_is_contiguous_whatever_its_width() -> None:
    image = whole(filled("yuv420p", (80, 128, 128), BT709, LIMITED, (37, 5)))
    assert image.shape == (5, 37, 3)
    assert image.flags.c_contiguous


ONE = 1 << 16
# (a, b, c, d) takes the point (x, y) to (a x + c y, b x + d y); y points down.
TURNS: dict[str, tuple[tuple[int, int, int, int], Callable[[NDArray[np.uint8]], NDArray[np.uint8]]]] = {
    "none": ((1, 0, 0, 1), lambda image: image),
    "clockwise": ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    "half": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "counterclockwise": ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
    "mirror": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "flip": ((1, 0, 0, -1), lambda image: image[::-1]),
    "transpose": ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    "transverse": ((0, -1, -1, 0), lambda image: np.rot90(image, 2).swapaxes(0, 1)),
}


@pytest.mark.parametrize("turn", TURNS)
def test_the_display_matrix_is_obeyed(turn: str, encode: Callable[..., Path], tmp_path: Path) -> None:
    (a, b, c, d), expected = TURNS[turn]
    image = np.zeros((48, 96, 3), np.uint8)
    image[:24, :48], image[:24, 48:], image[24:, :48], image[24:, 48:] = 30, 90, 150, 230
    path = encode(tmp_path / "turned.mp4", [image] * 3)
    # The header of the track ends with the matrix and the size.
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40
    matrix = (a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)
    assert int.from_bytes(data[start : start + 4], "big") == ONE
    data[start : start + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(data)
    with open_video(path) as video:
        first = next(iter(video)).image
    assert first is not None
    assert first.shape == expected(image).shape
    assert np.abs(first.astype(int) - expected(image)).max() <= 5


def test_a_crooked_display_matrix_is_ignored(encode: Callable[..., Path], tmp_path: Path) -> None:
    path = encode(tmp_path / "crooked.mp4", [np.zeros((48, 96, 3), np.uint8)] * 3)
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40
    matrix = (46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
    data[start : start + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(data)
    with open_video(path) as video:
        first = next(iter(video)).image
    assert first is not None
    assert first.shape == (48, 96, 3)


@pytest.mark.parametrize("width", [640, 641, 17])
def test_the_pixels_of_a_picture_are_not_copied(width: int) -> None:
    """Lines may be padded; a copy of a large picture would be as large."""
    levels = np.random.default_rng(0).integers(0, 256, (33, width, 3)).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(levels, format="rgb24")
    pixels = _pixels(frame)
    assert np.array_equal(pixels, levels)
    assert np.shares_memory(pixels, np.frombuffer(frame.planes[0], np.uint8))
