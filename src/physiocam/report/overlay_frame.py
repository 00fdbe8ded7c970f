"""One frame of the overlay video: the picture with its face box, and a panel with the measurement."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.report.missing_rates import rate_of, why_no_rate
from physiocam.report.truth import Truth
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_text import doubt_text
from physiocam.signals.quantities import STEP_S, Quantity
from physiocam.signals.waveform import stretches

# The picture is scaled to be at least this high, for the panel's text, and to fit a full HD screen with the panel.
_LEAST_HEIGHT = 480
_MOST = (1280, 1080)

# All lengths below are for a frame this high; the panel's width is part of its height.
_DESIGN_HEIGHT = 480
_PANEL_WIDTH = 283

_BACKGROUND = (18, 22, 28)
_FIELD = (30, 36, 44)
_GAP = (70, 60, 40)
_TEXT = (232, 234, 237)
_QUIET = (165, 172, 180)
_INACTIVE = (110, 135, 155)
_ACTIVE = (255, 202, 58)
_BOX = (126, 231, 135)
_TRUE = (232, 234, 237)

# Seconds of waveform shown, and standard deviations in a trace's height.
_SHOWN_S: dict[Quantity, float] = {"heart": 8.0, "breathing": 30.0}
_COLOURS: dict[Quantity, tuple[int, int, int]] = {"heart": (255, 118, 117), "breathing": (99, 196, 255)}
_NAMES: dict[Quantity, str] = {"heart": "heart rate", "breathing": "breathing rate"}
_RANGE = 3.0

# Lines are drawn this many times larger and scaled down, which makes them smooth.
_SMOOTH = 2

_Colour = tuple[int, int, int]


class _Place(NamedTuple):
    """Place and size of a drawing on the canvas, in pixels."""

    x: int
    y: int
    width: int
    height: int


class OverlayFrame:
    """Draws the frames of one recording.

    Parameters
    ----------
    measurement : Measurement
    width, height : int
        Of the recording's frames, upright, in pixels.
    whole : str
        What the measurement's rates cover, such as "whole recording".
    truth : Truth, optional
        Sensors' waves are drawn behind the measured ones, and a mark stands before the bar of a unit that was coded.
    """

    def __init__(
        self,
        measurement: Measurement,
        width: int,
        height: int,
        whole: str = "whole recording",
        truth: Truth | None = None,
    ) -> None:
        self._measurement = measurement
        self._truth = truth or Truth()
        self._whole = whole
        self._zoom = min(max(1.0, _LEAST_HEIGHT / height), _MOST[0] / width, _MOST[1] / height)
        shown = max(round(width * self._zoom), 1), max(round(height * self._zoom), 1)
        canvas_height = max(shown[1], _LEAST_HEIGHT) // 2 * 2
        self._unit = canvas_height / _DESIGN_HEIGHT
        self._picture = _Place(0, (canvas_height - shown[1]) // 2, *shown)
        self._panel = _Place(shown[0], 0, self._size(_PANEL_WIDTH), canvas_height)
        self._reasons = {quantity: why_no_rate(measurement, quantity) for quantity in _NAMES}
        pad, trace = self._size(12), self._size(58)
        x, inner = self._panel.x + pad, self._panel.width - 2 * pad
        self._traces = {
            quantity: _Place(x, self._size(12 + 42 + index * 121), inner, trace)
            for index, quantity in enumerate(_NAMES)
        }
        self._rows = self._action_unit_rows(x, inner)
        self._background = self._still_parts(shown[0] + self._panel.width, canvas_height)

    def draw(self, image: NDArray[np.uint8], time_s: float) -> NDArray[np.uint8]:
        """Draw one frame.

        Parameters
        ----------
        image : uint8 array (H, W, 3)
            RGB.
        time_s : float
            In seconds from the recording's start, on the measurement's clock.

        Returns
        -------
        uint8 array (height, width, 3)
            RGB, of the same size for every frame.
        """
        measurement = self._measurement
        canvas = self._background.copy()
        picture = Image.fromarray(image)
        if picture.size != self._picture[2:]:
            picture = picture.resize(self._picture[2:], Image.Resampling.BILINEAR, reducing_gap=2.0)
        canvas.paste(picture, self._picture[:2])
        drawing = ImageDraw.Draw(canvas)
        since_s = max(time_s - float(measurement.timestamps_s[0]), 0.0)
        index = min(round(since_s * measurement.fs), measurement.frames - 1)
        second = min(int(since_s / STEP_S), len(measurement.rates_timestamps_s) - 1)
        found = bool(measurement.face_found[index])
        if found:
            self._draw_box(drawing, index)
        told = [self._draw_rate(canvas, quantity, index, second) for quantity in _NAMES]
        self._draw_action_units(drawing, index)
        self._draw_caption(canvas, [*([] if found else ["no face found"]), *filter(None, told)])
        minutes, seconds = divmod(time_s, 60)
        self._write(canvas, f"{minutes:.0f}:{seconds:04.1f}", self._rows_end(), 12, _QUIET)
        return np.asarray(canvas)

    def _size(self, length: float) -> int:
        return max(round(length * self._unit), 1)

    def _rows_end(self) -> tuple[int, int]:
        return self._panel.x + self._size(12), self._panel.height - self._size(20)

    def _action_unit_rows(self, x: int, width: int) -> list[_Place]:
        """Where the bars of action units are drawn; as many as fit."""
        top, bottom, least = self._size(256), self._rows_end()[1] - self._size(4), self._size(11)
        count = min(len(self._measurement.action_units), max((bottom - top) // least, 0))
        if count == 0:
            return []
        height = min((bottom - top) // count, self._size(17))
        return [_Place(x, top + row * height, width, height) for row in range(count)]

    def _still_parts(self, width: int, height: int) -> Image.Image:
        """The parts that are the same in every frame."""
        canvas = Image.new("RGB", (width, height), _BACKGROUND)
        for quantity, place in self._traces.items():
            self._write(canvas, _NAMES[quantity], (place.x, place.y - self._size(44)), 12, _QUIET)
            rate, _, _ = rate_of(self._measurement, quantity)
            value = "not measured" if rate.value is None else f"{rate.value:.0f}, quality {rate.quality:.2f}"
            below = place.y + place.height + self._size(2)
            true = self._truth.rates.get(quantity)
            sensor = "" if true is None else f"; sensor {true:.0f}"
            self._write(canvas, f"{self._whole}: {value}{sensor}", (place.x, below), 11, _QUIET)
            self._write_right(canvas, f"{_SHOWN_S[quantity]:g} s", below, 11, _QUIET)
        for row, (label, unit) in zip(self._rows, self._measurement.action_units.items(), strict=False):
            text = label if unit.name == label else f"{label} {unit.name}"
            colour = _QUIET if unit.is_uncertain else _TEXT
            self._write(canvas, text + doubt_text(unit), (row.x, row.y), min(12, row.height / self._unit - 2), colour)
        self._write_right(canvas, f"physiocam {self._measurement.version}", self._rows_end()[1], 12, _QUIET)
        return canvas

    def _draw_box(self, drawing: ImageDraw.ImageDraw, index: int) -> None:
        x, y, side = self._measurement.face_squares[index].tolist()
        if side < 0:  # the whole frame
            return
        left, top = self._picture.x + self._zoom * x, self._picture.y + self._zoom * y
        # In a picture that is drawn much smaller, the face square may be less than one pixel wide.
        longest = max(self._zoom * side - 1, 0)
        box = left, top, left + longest, top + longest
        drawing.rectangle(box, outline=_BOX, width=self._size(2))

    def _draw_rate(self, canvas: Image.Image, quantity: Quantity, index: int, second: int) -> str | None:
        """Draw a rate and its waveform; return the reason if there is no rate."""
        rate, along, waveform = rate_of(self._measurement, quantity)
        place = self._traces[quantity]
        value = along.value[second] if second >= 0 else np.nan
        quality = along.quality[second] if second >= 0 else 0.0
        known = bool(np.isfinite(value))
        baseline = place.y - self._size(31)
        text = f"{value:.0f}" if known else "not measured"
        self._write(canvas, text, (place.x, baseline), 24, _TEXT if known else _QUIET)
        if known:
            beside = place.x + _mask(text, self._size(24)).width + self._size(6)
            self._write(canvas, rate.unit, (beside, baseline + self._size(9)), 12, _QUIET)
        self._write_right(canvas, f"quality {quality:.2f}", baseline + self._size(9), 12, _QUIET)
        lines = [(waveform, _COLOURS[quantity] if known else _QUIET)]
        if quantity in self._truth.waveforms:
            lines.insert(0, (self._truth.waveforms[quantity], _TRUE))
        self._draw_trace(canvas, place, index + 1, quantity, lines)
        if known:
            return None
        return f"{_NAMES[quantity]} not measured: {self._reasons[quantity][second] if second >= 0 else rate.note}"

    def _draw_trace(
        self,
        canvas: Image.Image,
        place: _Place,
        end: int,
        quantity: Quantity,
        lines: list[tuple[NDArray[np.float64], _Colour]],
    ) -> None:
        """Draw the last seconds of waveforms before a frame: newest at the right, gaps of the last wave shaded."""
        shown = max(round(_SHOWN_S[quantity] * self._measurement.fs), 2)
        newest = lines[-1][0][max(end - shown, 0) : end]
        canvas.paste(_FIELD, (place.x, place.y, place.x + place.width, place.y + place.height))
        drawing = ImageDraw.Draw(canvas)
        finite = np.isfinite(newest)
        step = place.width / (shown - 1)
        start = place.width - (len(newest) - 1) * step
        for gap in stretches(~finite, 1):
            left, right = (place.x + start + (edge - 0.5) * step for edge in (gap.start, gap.stop))
            box = max(left, place.x), place.y, min(right, place.x + place.width - 1), place.y + place.height - 1
            if box[2] >= box[0]:
                drawing.rectangle(box, fill=_GAP)
        across = _SMOOTH * (start + step * np.arange(len(newest)))
        for waveform, colour in lines:
            part = waveform[max(end - shown, 0) : end]
            line = Image.new("L", (place.width * _SMOOTH, place.height * _SMOOTH))
            pen = ImageDraw.Draw(line)
            down = _SMOOTH * place.height * (0.5 - np.clip(np.nan_to_num(part), -_RANGE, _RANGE) / (2.2 * _RANGE))
            points = np.stack([across, down], axis=1)
            for run in stretches(np.isfinite(part), 1):
                pen.line(points[run].ravel().tolist(), fill=255, width=_SMOOTH * self._size(1.5))
            canvas.paste(colour, place[:2], line.reduce(_SMOOTH))

    def _draw_action_units(self, drawing: ImageDraw.ImageDraw, index: int) -> None:
        probabilities = self._measurement.action_unit_probability[index].tolist()
        for row, probability in zip(self._rows, probabilities, strict=False):
            width = round(0.33 * row.width)
            left, right = row.x + row.width - width, row.x + row.width
            top, bottom = row.y + self._size(3), row.y + row.height - self._size(3)
            drawing.rectangle((left, top, right - 1, bottom), fill=_GAP if np.isnan(probability) else _FIELD)
            if probability * width >= 1:
                colour = _ACTIVE if probability >= ACTIVE_THRESHOLD else _INACTIVE
                drawing.rectangle((left, top, left + round(probability * width) - 1, bottom), fill=colour)
            middle = left + round(ACTIVE_THRESHOLD * width)
            drawing.line((middle, top, middle, bottom), fill=_QUIET)
        for row, label in zip(self._rows, self._measurement.action_units, strict=False):
            if label in self._truth.codes and self._truth.codes[label][index] >= 0:
                side = self._size(7)
                left, top = row.x + row.width - round(0.33 * row.width) - 2 * side, row.y + (row.height - side) // 2
                coded = self._truth.codes[label][index] == 1
                drawing.rectangle((left, top, left + side, top + side), outline=_TRUE, fill=_TRUE if coded else None)

    def _draw_caption(self, canvas: Image.Image, lines: list[str]) -> None:
        if not lines:
            return
        caption = _caption(tuple(lines), self._size(13), self._picture.width)
        bottom = self._picture.y + self._picture.height
        canvas.paste(caption, (self._picture.x, bottom - caption.height), caption)

    def _write(self, canvas: Image.Image, text: str, at: tuple[int, int], size: float, colour: _Colour) -> None:
        canvas.paste(colour, at, _mask(text, self._size(size)))

    def _write_right(self, canvas: Image.Image, text: str, y: int, size: float, colour: _Colour) -> None:
        mask = _mask(text, self._size(size))
        canvas.paste(colour, (self._panel.x + self._panel.width - self._size(12) - mask.width, y), mask)


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@lru_cache(maxsize=1024)
def _mask(text: str, size: int) -> Image.Image:
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
    masks = [_mask(line, size) for line in broken]
    strip = Image.new("RGBA", (width, sum(mask.height for mask in masks) + size), (*_BACKGROUND, 205))
    y = size // 2
    for mask in masks:
        strip.paste((*_TEXT, 255), (size, y), mask)
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
