"""One frame of the overlay video of several people: the picture with a box for each, and a row for each beside it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.report.missing_rates import rate_of
from physiocam.report.overlay_canvas import FIELD, GAP, QUIET, TEXT, Colour, OverlayCanvas, Place, text_mask
from physiocam.results.measurement import Measurement
from physiocam.signals.quantities import STEP_S, Quantity
from physiocam.signals.waveform import stretches

# Colours that are told apart with any colour vision (Okabe and Ito), bright enough for a dark panel.
_COLOURS: tuple[Colour, ...] = (
    (86, 180, 233), (230, 159, 0), (0, 190, 140), (240, 228, 66), (204, 121, 167), (230, 110, 60), (110, 140, 230),
)  # fmt: skip

_ROW, _TRACE = 84, 26
_SHOWN_S = 8.0
_RANGE = 3.0
_MOST_UNITS = 5


def name_of(measurement: Measurement) -> str:
    """Return the name of one of several people, as in the overlay and on the terminal."""
    return f"person {measurement.person}"


class PeopleOverlayFrame(OverlayCanvas):
    """Draws the frames of one recording.

    Parameters
    ----------
    measurements : sequence of Measurement
        One for each person.
    width, height : int
        Of the recording's frames, upright, in pixels.
    """

    def __init__(self, measurements: Sequence[Measurement], width: int, height: int) -> None:
        super().__init__(width, height)
        # In the order of their numbers: in a window, rows must not change places.
        self._measurements = sorted(measurements, key=lambda one: one.person or 0)
        pad = self._size(12)
        x, inner = self._panel.x + pad, self._panel.width - 2 * pad
        fit = max((self._rows_end()[1] - pad) // self._size(_ROW), 0)
        self._rows = [
            Place(x, pad + row * self._size(_ROW), inner, self._size(_ROW))
            for row in range(min(len(measurements), fit))
        ]
        self._background = self._empty()
        self._write_right(self._background, f"physiocam {measurements[0].version}", self._rows_end()[1], 12, QUIET)

    def draw(self, image: NDArray[np.uint8], time_s: float) -> NDArray[np.uint8]:
        """Draw one frame; see `OverlayFrame.draw`."""
        canvas = self._background.copy()
        self._paste(canvas, image)
        drawing = ImageDraw.Draw(canvas)
        first = self._measurements[0]
        since_s = max(time_s - float(first.timestamps_s[0]), 0.0)
        index = min(round(since_s * first.fs), first.frames - 1)
        second = min(int(since_s / STEP_S), len(first.rates_timestamps_s) - 1)
        for measurement in self._measurements:
            if measurement.face_found[index]:
                self._draw_face(canvas, drawing, measurement, index, _colour(measurement))
        if not any(measurement.face_found[index] for measurement in self._measurements):
            self._draw_caption(canvas, ["no face found"])
        for row, measurement in zip(self._rows, self._measurements, strict=False):
            self._draw_row(canvas, row, measurement, index, second, _colour(measurement))
        hidden = len(self._measurements) - len(self._rows)
        minutes, seconds = divmod(time_s, 60)
        told = f"{minutes:.0f}:{seconds:04.1f}" + (f", {hidden} more" if hidden else "")
        self._write(canvas, told, self._rows_end(), 12, QUIET)
        return np.asarray(canvas)

    def _draw_face(
        self, canvas: Image.Image, drawing: ImageDraw.ImageDraw, measurement: Measurement, index: int, colour: Colour
    ) -> None:
        square = measurement.face_squares[index].tolist()
        self._draw_box(drawing, square, colour)
        name = text_mask(name_of(measurement), self._size(13))
        left = round(self._picture.x + self._zoom * square[0])
        top = max(round(self._picture.y + self._zoom * square[1]) - name.height, self._picture.y)
        drawing.rectangle((left, top, left + name.width + self._size(4), top + name.height), fill=colour)
        canvas.paste((0, 0, 0), (left + self._size(2), top), name)

    def _draw_row(
        self, canvas: Image.Image, row: Place, measurement: Measurement, index: int, second: int, colour: Colour
    ) -> None:
        seen = bool(measurement.face_found[index])
        self._write(canvas, name_of(measurement), row[:2], 14, colour)
        heart, breathing = (self._told(measurement, quantity, second) for quantity in ("heart", "breathing"))
        self._write_right(canvas, heart, row.y, 14, TEXT if heart != "-" else QUIET)
        trace = Place(row.x, row.y + self._size(19), row.width, self._size(_TRACE))
        self._draw_trace(canvas, trace, measurement, index + 1, colour)
        below = trace.y + trace.height + self._size(3)
        self._write(canvas, _active(measurement, index) if seen else "not seen", (row.x, below), 11, QUIET)
        self._write_right(canvas, breathing, below, 11, QUIET)

    @staticmethod
    def _told(measurement: Measurement, quantity: Quantity, second: int) -> str:
        rate, along, _ = rate_of(measurement, quantity)
        value = along.value[second] if second >= 0 else np.nan
        return f"{value:.0f} {rate.unit}" if np.isfinite(value) else "-"

    def _draw_trace(
        self, canvas: Image.Image, place: Place, measurement: Measurement, end: int, colour: Colour
    ) -> None:
        """The last seconds of a pulse: newest at the right, gaps shaded."""
        shown = max(round(_SHOWN_S * measurement.fs), 2)
        newest = measurement.pulse[max(end - shown, 0) : end]
        drawing = ImageDraw.Draw(canvas)
        drawing.rectangle((place.x, place.y, place.x + place.width - 1, place.y + place.height - 1), fill=FIELD)
        step = place.width / (shown - 1)
        across = place.x + place.width - 1 - (len(newest) - 1 - np.arange(len(newest))) * step
        for gap in stretches(~np.isfinite(newest), 1):
            left, right = across[gap.start], across[gap.stop - 1]
            drawing.rectangle((left, place.y, max(right, left), place.y + place.height - 1), fill=GAP)
        down = place.y + place.height * (0.5 - np.clip(np.nan_to_num(newest), -_RANGE, _RANGE) / (2.2 * _RANGE))
        points = np.stack([across, down], axis=1)
        for run in stretches(np.isfinite(newest), 2):
            drawing.line(points[run].ravel().tolist(), fill=colour, width=self._size(1.5))


def _colour(measurement: Measurement) -> Colour:
    assert measurement.person is not None
    return _COLOURS[(measurement.person - 1) % len(_COLOURS)]


def _active(measurement: Measurement, index: int) -> str:
    """The active units of a frame."""
    probability = dict(zip(measurement.action_units, measurement.action_unit_probability[index].tolist(), strict=True))
    active = sorted(
        (label for label in probability if probability[label] >= ACTIVE_THRESHOLD), key=probability.__getitem__
    )
    return " ".join(active[::-1][:_MOST_UNITS])
