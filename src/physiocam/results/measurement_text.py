"""A measurement as a few lines of text, and as a small HTML table."""

from html import escape

from physiocam.readable import readable
from physiocam.results.measurement_data import ActionUnit, MeasurementData, TaskOutput, TaskResult
from physiocam.signals.rate import Rate
from physiocam.signals.variability import IntervalSpread

# At most so many action units are named, and only those active in at least this share of the frames.
_MOST_UNITS = 4
_SELDOM = 0.01


def measurement_text(measurement: MeasurementData) -> str:
    """Return the printed summary of a measurement: about five lines, and one line per note.

    Parameters
    ----------
    measurement : MeasurementData

    Returns
    -------
    str
        Without a newline at the end.
    """
    return "\n".join(f"{name}: {told}" for name, told in _lines(measurement))


def measurement_html(measurement: MeasurementData) -> str:
    """Return the same summary as an HTML table, for notebooks.

    Parameters
    ----------
    measurement : MeasurementData

    Returns
    -------
    str
    """
    rows = "".join(
        f'<tr><th style="text-align: left">{escape(name)}</th><td style="text-align: left">{escape(told)}</td></tr>'
        for name, told in _lines(measurement)
    )
    return f"<table>{rows}</table>"


def answers(measurement: MeasurementData) -> dict[str, Rate | IntervalSpread]:
    """Return the rates, and heart-rate variability if it was requested, by name."""
    found: dict[str, Rate | IntervalSpread] = {
        "heart rate": measurement.heart_rate,
        "breathing rate": measurement.breathing_rate,
    }
    if (variability := measurement.heart_rate_variability) is not None:
        found |= {"SDNN": variability.sdnn, "RMSSD": variability.rmssd}
    return found


def interval_text(answer: Rate | IntervalSpread) -> str | None:
    """Return the 80 % interval of a rate as text, if it has one."""
    if not isinstance(answer, Rate) or answer.interval is None:
        return None
    low, high = answer.interval
    return f"80 %: {low:.1f} to {high:.1f}"


def guess_text(answer: Rate | IntervalSpread) -> str | None:
    """Return the estimate of a rate that is not measured as text, if it has one."""
    if not isinstance(answer, Rate) or answer.value is not None or answer.estimate is None:
        return None
    interval = interval_text(answer)
    around = f" ({interval})" if interval else ""
    return f"best guess {answer.estimate:.1f} {answer.unit}{around}, not to be relied on"


def _lines(measurement: MeasurementData) -> list[tuple[str, str]]:
    """The names and texts of the lines."""
    square = "a fixed square" if measurement.face.fixed else "a face"
    if measurement.face.choice == "whole":
        square = "the whole frame"
    recording = (
        f"{measurement.duration_s:.1f} s, {measurement.frames} frames at "
        f"{measurement.fs:.2f} frames/s, {square} in {measurement.face.found_fraction:.0%} of them"
    )
    who = "" if measurement.person is None else f", person {measurement.person}"
    return [
        (readable(measurement.source) + who, recording),
        *((f"{name[0].upper()}{name[1:]}", _told(answer)) for name, answer in answers(measurement).items()),
        ("Action units", _active_units(measurement)),
        *_blinks(measurement),
        *((name, task_text(task)) for name, task in measurement.tasks.items()),
        *(("Note", note) for note in measurement.notes),
    ]


def _blinks(measurement: MeasurementData) -> list[tuple[str, str]]:
    blinks = measurement.blinks_per_minute
    return [] if blinks is None else [("Blinks", f"{blinks:.1f} a minute")]


def task_text(task: TaskResult) -> str:
    """Return what a task of your own shows, in a few words for each of its outputs."""
    return ", ".join(
        f"{label} {_output_text(task, output)}" if len(task.outputs) > 1 else _output_text(task, output)
        for label, output in task.outputs.items()
    )


def _output_text(task: TaskResult, output: TaskOutput) -> str:
    if output.rate is not None:
        return _told(output.rate)
    if output.active_fraction is not None:
        return f"active in {output.active_fraction:.0%} of the frames"
    if output.mean is not None:
        return f"{output.mean:.4g} {task.unit}".rstrip()
    return "a waveform" if task.kind == "waveform" else "not measured"


def _told(answer: Rate | IntervalSpread) -> str:
    if answer.value is None:
        guess = guess_text(answer)
        return f"not measured ({answer.note})" + (f"; {guess}" if guess else "")
    interval = interval_text(answer)
    around = f"{interval}; " if interval else ""
    return f"{answer.value:.1f} {answer.unit} ({around}quality {answer.quality:.2f})"


def _active_units(measurement: MeasurementData) -> str:
    """The most active units, as text."""
    units = measurement.action_units
    if not any(unit.mean_probability is not None for unit in units.values()):
        return "not measured" + (f" ({missing_units_text(measurement)})" if units else "")
    active = [(unit.active_fraction or 0.0, label, unit) for label, unit in units.items()]
    seen = [one for one in active if one[0] >= _SELDOM]
    most = sorted(seen, key=lambda one: (one[0], one[1]), reverse=True)[:_MOST_UNITS]
    return (
        ", ".join(f"{label} {unit.name} active {share:.0%}{doubt_text(unit)}" for share, label, unit in most)
        or "none active"
    )


def missing_units_text(measurement: MeasurementData) -> str:
    """Say why no action unit has a value."""
    return "the face is turned away" if measurement.face_found.any() else "no face was found"


def doubt_text(unit: ActionUnit) -> str:
    """Return " (uncertain)" for a unit that is known to be recognized poorly, or nothing."""
    return " (uncertain)" if unit.is_uncertain else ""
