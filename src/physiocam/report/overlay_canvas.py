"""The canvas of the overlay video: the picture, a panel beside it, and text."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# The picture is scaled to be at least this high, for the panel's text, and to fit a full HD screen with the panel.
_LEAST_HEIGHT = 480
_MOST = (1280, 1080)

# All lengths are for a frame this high; the panel's width is part of its height.
_DESIGN_HEIGHT = 480
_PANEL_WIDTH = 283

BACKGROUND = (18, 22, 28)
FIELD = (30, 36, 44)
GAP = (70, 60, 40)
TEXT = (232, 234, 237)
QUIET = (165, 172, 180)

Colour = tuple[int, int, int]


class Place(NamedTuple):
    """Place and size of a drawing on the canvas, in pixels."""

    x: int
    y: int
    width: int
    height: int


class OverlayCanvas:
    """Lays out a recording's frames with a panel beside them.

    Parameters
    ----------
    width, height : int
        Of the recording's frames, upright, in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._zoom = min(max(1.0, _LEAST_HEIGHT / height), _MOST[0] / width, _MOST[1] / height)
        shown = max(round(width * self._zoom), 1), max(round(height * self._zoom), 1)
        canvas_height = max(shown[1], _LEAST_HEIGHT) // 2 * 2
        self._unit = canvas_height / _DESIGN_HEIGHT
        self._picture = Place(0, (canvas_height - shown[1]) // 2, *shown)
        self._panel = Place(shown[0], 0, self._size(_PANEL_WIDTH), canvas_height)

    def _size(self, length: float) -> int:
        return max(round(length * self._unit), 1)

    def _empty(self) -> Image.Image:
        return Image.new("RGB", (self._picture.width + self._panel.width, self._panel.height), BACKGROUND)

    def _paste(self, canvas: Image.Image, image: NDArray[np.uint8]) -> None:
        picture = Image.fromarray(image)
        if picture.size != self._picture[2:]:
            picture = picture.resize(self._picture[2:], Image.Resampling.BILINEAR, reducing_gap=2.0)
        canvas.paste(picture, self._picture[:2])

    def _draw_box(self, drawing: ImageDraw.ImageDraw, square: list[int], colour: Colour) -> None:
        x, y, side = square
        if side < 0:  # the whole frame
            return
        left, top = self._picture.x + self._zoom * x, self._picture.y + self._zoom * y
        # In a picture that is drawn much smaller, the face square may be less than one pixel wide.
        longest = max(self._zoom * side - 1, 0)
        drawing.rectangle((left, top, left + longest, top + longest), outline=colour, width=self._size(2))

    def _draw_caption(self, canvas: Image.Image, lines: list[str]) -> None:
        if not lines:
            return
        strip = _caption(tuple(lines), self._size(13), self._picture.width)
        bottom = self._picture.y + self._picture.height
        canvas.paste(strip, (self._picture.x, bottom - strip.height), strip)

    def _write(self, canvas: Image.Image, text: str, at: tuple[int, int], size: float, colour: Colour) -> None:
        canvas.paste(colour, at, text_mask(text, self._size(size)))

    def _fitting(self, text: str, size: float, width: int) -> float:
        """The size at which a line of text fits into a width: this one, or a smaller one."""
        return size * min(width / text_mask(text, self._size(size)).width, 1.0)

    def _write_right(self, canvas: Image.Image, text: str, y: int, size: float, colour: Colour) -> None:
        mask = text_mask(text, self._size(size))
        canvas.paste(colour, (self._panel.x + self._panel.width - self._size(12) - mask.width, y), mask)

    def _rows_end(self) -> tuple[int, int]:
        return self._panel.x + self._size(12), self._panel.height - self._size(20)


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@lru_cache(maxsize=1024)
def text_mask(text: str, size: int) -> Image.Image:
    """Coverage of a line of text, as high as its font."""
    font = _font(size)
    ascent, descent = font.getmetrics()
    mask = Image.new("L", (max(round(font.getlength(text)), 1), ascent + descent))
    ImageDraw.Draw(mask).text((0, 0), text, fill=255, font=font)
    return mask


@lru_cache(maxsize=64)
def _caption(lines: tuple[str, ...], size: int, width: int) -> Image.Image:
    """Lines of text on a dark strip, broken to fit its width."""
    broken = [part for line in lines for part in _broken(line, size, width - 2 * size)]
    masks = [text_mask(line, size) for line in broken]
    strip = Image.new("RGBA", (width, sum(mask.height for mask in masks) + size), (*BACKGROUND, 205))
    y = size // 2
    for mask in masks:
        strip.paste((*TEXT, 255), (size, y), mask)
        y += mask.height
    return strip


def _broken(line: str, size: int, width: int) -> list[str]:
    parts: list[str] = []
    for word in line.split():
        if parts and _font(size).getlength(f"{parts[-1]} {word}") <= width:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts
