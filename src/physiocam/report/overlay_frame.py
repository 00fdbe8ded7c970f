"""One frame of the overlay video: the picture with its face box, and a panel with the measurement."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.report.missing_rates import rate_of, why_no_rate
from physiocam.report.overlay_canvas import FIELD, GAP, QUIET, TEXT, Colour, OverlayCanvas, Place, text_mask
from physiocam.report.truth import Truth
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_text import doubt_text
from physiocam.signals.quantities import STEP_S, Quantity
from physiocam.signals.waveform import stretches

_INACTIVE = (110, 135, 155)
_ACTIVE = (255, 202, 58)
_BOX = (126, 231, 135)
_TRUE = (232, 234, 237)

# Seconds of waveform shown, and standard deviations in a trace's height.
_SHOWN_S: dict[Quantity, float] = {"heart": 8.0, "breathing": 30.0}
_COLOURS: dict[Quantity, tuple[int, int, int]] = {"heart": (255, 118, 117), "breathing": (99, 196, 255)}
_NAMES: dict[Quantity, str] = {"heart": "heart rate", "breathing": "breathing rate"}
_RANGE = 3.0

# Share of a row's width that is an action unit's bar.
_BAR = 0.33

# Lines are drawn this many times larger and scaled down, which makes them smooth.
_SMOOTH = 2


class OverlayFrame(OverlayCanvas):
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
        super().__init__(width, height)
        self._reasons = {quantity: why_no_rate(measurement, quantity) for quantity in _NAMES}
        pad, trace = self._size(12), self._size(58)
        x, inner = self._panel.x + pad, self._panel.width - 2 * pad
        self._traces = {
            quantity: Place(x, self._size(12 + 42 + index * 121), inner, trace) for index, quantity in enumerate(_NAMES)
        }
        self._rows = self._action_unit_rows(x, inner)
        self._background = self._still_parts()

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
        self._paste(canvas, image)
        drawing = ImageDraw.Draw(canvas)
        since_s = max(time_s - float(measurement.timestamps_s[0]), 0.0)
        index = min(round(since_s * measurement.fs), measurement.frames - 1)
        second = min(int(since_s / STEP_S), len(measurement.rates_timestamps_s) - 1)
        found = bool(measurement.face_found[index])
        if found:
            self._draw_box(drawing, measurement.face_squares[index].tolist(), _BOX)
        told = [self._draw_rate(canvas, quantity, index, second) for quantity in _NAMES]
        self._draw_action_units(drawing, index)
        self._draw_caption(canvas, [*([] if found else ["no face found"]), *filter(None, told)])
        minutes, seconds = divmod(time_s, 60)
        self._write(canvas, f"{minutes:.0f}:{seconds:04.1f}", self._rows_end(), 12, QUIET)
        return np.asarray(canvas)

    def _action_unit_rows(self, x: int, width: int) -> list[Place]:
        """Where the bars of action units are drawn; as many as fit."""
        top, bottom, least = self._size(256), self._rows_end()[1] - self._size(4), self._size(11)
        count = min(len(self._measurement.action_units), max((bottom - top) // least, 0))
        if count == 0:
            return []
        height = min((bottom - top) // count, self._size(17))
        return [Place(x, top + row * height, width, height) for row in range(count)]

    def _still_parts(self) -> Image.Image:
        """The parts that are the same in every frame."""
        canvas = self._empty()
        for quantity, place in self._traces.items():
            self._write(canvas, _NAMES[quantity], (place.x, place.y - self._size(44)), 12, QUIET)
            rate, _, _ = rate_of(self._measurement, quantity)
            value = "not measured" if rate.value is None else f"{rate.value:.0f}, quality {rate.quality:.2f}"
            below = place.y + place.height + self._size(2)
            true = self._truth.rates.get(quantity)
            sensor = "" if true is None else f"; sensor {true:.0f}"
            self._write(canvas, f"{self._whole}: {value}{sensor}", (place.x, below), 11, QUIET)
            self._write_right(canvas, f"{_SHOWN_S[quantity]:g} s", below, 11, QUIET)
        for row, (label, unit) in zip(self._rows, self._measurement.action_units.items(), strict=False):
            text = label if unit.name == label else f"{label} {unit.name}"
            colour = QUIET if unit.is_uncertain else TEXT
            text += doubt_text(unit)
            room = row.width - round(_BAR * row.width) - self._size(3 + (14 if self._truth.codes else 0))
            size = self._fitting(text, min(12, row.height / self._unit - 2), room)
            self._write(canvas, text, (row.x, row.y), size, colour)
        self._write_right(canvas, f"physiocam {self._measurement.version}", self._rows_end()[1], 12, QUIET)
        return canvas

    def _draw_rate(self, canvas: Image.Image, quantity: Quantity, index: int, second: int) -> str | None:
        """Draw a rate and its waveform; return the reason if there is no rate."""
        rate, along, waveform = rate_of(self._measurement, quantity)
        place = self._traces[quantity]
        value = along.value[second] if second >= 0 else np.nan
        quality = along.quality[second] if second >= 0 else 0.0
        known = bool(np.isfinite(value))
        baseline = place.y - self._size(31)
        text = f"{value:.0f}" if known else "not measured"
        self._write(canvas, text, (place.x, baseline), 24, TEXT if known else QUIET)
        if known:
            beside = place.x + text_mask(text, self._size(24)).width + self._size(6)
            self._write(canvas, rate.unit, (beside, baseline + self._size(9)), 12, QUIET)
        self._write_right(canvas, f"quality {quality:.2f}", baseline + self._size(9), 12, QUIET)
        lines = [(waveform, _COLOURS[quantity] if known else QUIET)]
        if quantity in self._truth.waveforms:
            lines.insert(0, (self._truth.waveforms[quantity], _TRUE))
        self._draw_trace(canvas, place, index + 1, quantity, lines)
        if known:
            return None
        return f"{_NAMES[quantity]} not measured: {self._reasons[quantity][second] if second >= 0 else rate.note}"

    def _draw_trace(
        self,
        canvas: Image.Image,
        place: Place,
        end: int,
        quantity: Quantity,
        lines: list[tuple[NDArray[np.float64], Colour]],
    ) -> None:
        """Draw the last seconds of waveforms before a frame: newest at the right, gaps of the last wave shaded."""
        shown = max(round(_SHOWN_S[quantity] * self._measurement.fs), 2)
        newest = lines[-1][0][max(end - shown, 0) : end]
        canvas.paste(FIELD, (place.x, place.y, place.x + place.width, place.y + place.height))
        drawing = ImageDraw.Draw(canvas)
        finite = np.isfinite(newest)
        step = place.width / (shown - 1)
        start = place.width - (len(newest) - 1) * step
        for gap in stretches(~finite, 1):
            left, right = (place.x + start + (edge - 0.5) * step for edge in (gap.start, gap.stop))
            box = max(left, place.x), place.y, min(right, place.x + place.width - 1), place.y + place.height - 1
            if box[2] >= box[0]:
                drawing.rectangle(box, fill=GAP)
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
            width = round(_BAR * row.width)
            left, right = row.x + row.width - width, row.x + row.width
            top, bottom = row.y + self._size(3), row.y + row.height - self._size(3)
            drawing.rectangle((left, top, right - 1, bottom), fill=GAP if np.isnan(probability) else FIELD)
            if probability * width >= 1:
                colour = _ACTIVE if probability >= ACTIVE_THRESHOLD else _INACTIVE
                drawing.rectangle((left, top, left + round(probability * width) - 1, bottom), fill=colour)
            middle = left + round(ACTIVE_THRESHOLD * width)
            drawing.line((middle, top, middle, bottom), fill=QUIET)
        for row, label in zip(self._rows, self._measurement.action_units, strict=False):
            if label in self._truth.codes and self._truth.codes[label][index] >= 0:
                side = self._size(7)
                left, top = row.x + row.width - round(_BAR * row.width) - 2 * side, row.y + (row.height - side) // 2
                coded = self._truth.codes[label][index] == 1
                drawing.rectangle((left, top, left + side, top + side), outline=_TRUE, fill=_TRUE if coded else None)
