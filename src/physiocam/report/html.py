"""The report: a measurement as one self-contained page."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from physiocam.foundation.files import complete_file
from physiocam.report import sections
from physiocam.report.face_picture import FacePicture
from physiocam.report.head import head_graphs
from physiocam.report.methods import methods_of
from physiocam.report.missing_rates import WAVES
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_text import answers, guess_text, interval_text
from physiocam.signals.quantities import Quantity

if TYPE_CHECKING:
    from physiocam.report.attention import Attention

_QUANTITIES: tuple[Quantity, ...] = ("heart", "breathing")


def write_report(
    measurement: Measurement,
    path: str | os.PathLike[str],
    attention: "Attention | str",
    face: FacePicture | None = None,
) -> None:
    """Write a measurement as one HTML file without scripts, which loads nothing from the network.

    The file appears when it is complete.

    Parameters
    ----------
    measurement : Measurement
    path : path
        An existing file is replaced.
    attention : Attention or str
        What the networks looked at, or why that is not shown. Its pictures show the recorded face.
    face : FacePicture, optional
        The recorded face, shown at the top.

    Raises
    ------
    PhysiocamError
        If the file cannot be written.
    ImportError
        If Jinja is not installed (extra `report`).
    """
    with complete_file(path) as beside:
        beside.write_text(report_page(measurement, attention, face), encoding="utf-8")


def report_page(measurement: Measurement, attention: "Attention | str", face: FacePicture | None = None) -> str:
    """Return the page of `write_report`."""
    return page_template("report.html.jinja").render(_content(measurement, attention, face))


def page_template(name: str, *folders: Path) -> Template:
    """Return a page's template, from this folder or others; it may use the parts and the style sheet of this one."""
    environment = Environment(
        loader=FileSystemLoader([Path(__file__).parent, *folders]),
        autoescape=select_autoescape(default=True, disabled_extensions=("css",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


@dataclass(frozen=True)
class _Picture:
    caption: str
    data: str


@dataclass(frozen=True)
class _Face(_Picture):
    side: int


def _content(measurement: Measurement, attention: "Attention | str", face: FacePicture | None) -> dict[str, Any]:
    beats, values = measurement.beats, answers(measurement)
    measured = [q for q in _QUANTITIES if measurement.method == "network" or q == "heart"]
    return {
        "name": _name(measurement),
        "measurement": measurement,
        "values": values,
        "intervals": {name: text for name, value in values.items() if (text := interval_text(value))},
        "guesses": {name: text for name, value in values.items() if (text := guess_text(value))},
        "waveforms": [
            (
                WAVES[q],
                sections.waveform_strips(measurement, q),
                sections.waveform_table(measurement, q),
                sections.why_withheld(measurement, q),
            )
            for q in measured
        ],
        "rates": [
            (sections.RATES[q], graphs, sections.rate_table(measurement, q))
            for q in measured
            if (graphs := sections.rate_graphs(measurement, q))
        ],
        "spectra": [(WAVES[q], found) for q in measured if (found := sections.spectrum_graph(measurement, q))],
        "units": sections.action_unit_rows(measurement),
        "uncertain": any(unit.is_uncertain for unit in measurement.action_units.values()),
        "units_table": sections.action_unit_table(measurement),
        "head": head_graphs(measurement),
        "beats": None if beats is None else sections.beat_graph(measurement, beats),
        "face": face and _Face(f"at {face.time_s:.1f} s", _data(face.png), face.side),
        "attention": attention,
        "pictures": [] if isinstance(attention, str) else _pictures(attention),
        "methods": methods_of(measurement),
    }


def _name(measurement: Measurement) -> str:
    name = Path(measurement.source).name or measurement.source
    return name if measurement.person is None else f"{name}, person {measurement.person}"


def _data(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _pictures(attention: "Attention") -> list[tuple[str, list[_Picture]]]:
    """For each branch, its maps over the faces, as PNG files in the page."""
    from physiocam.report.attention_figure import branch_name, thumbnails

    moments = [f"at {time:.1f} s" for time in attention.times_s] + [f"mean of {attention.face_s:.1f} s"]
    return [
        (
            branch_name(view.branch),
            [_Picture(moment, _data(data)) for moment, data in zip(moments, thumbnails(attention, view), strict=True)],
        )
        for view in attention.views
    ]
