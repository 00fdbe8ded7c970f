"""Results of `physiocam measure` and `physiocam live` on the terminal."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physiocam.cli.console import console, escaped
from physiocam.readable import readable

if TYPE_CHECKING:
    from physiocam.batch.outcome import VideoOutcome
    from physiocam.results.measurement import Measurement
    from physiocam.signals.rate import Rate
    from physiocam.signals.variability import IntervalSpread

# Bars need a terminal at least this wide, in characters.
_BARS_FROM = 60

# At most so many action units are named in a row of the table.
_MOST_UNITS = 3


def print_json(outcomes: "Sequence[VideoOutcome]", as_list: bool) -> None:
    """Print the summaries as JSON: one object, or a list, with the errors of videos that failed."""
    content = [dict(one.summary or {"source": readable(one.video), "error": one.error}) for one in outcomes]
    if not as_list and outcomes[0].summary is None:
        return
    shown = content if as_list else content[0]
    sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def show_table(outcomes: "Sequence[VideoOutcome]") -> None:
    """Print one row per measured video, and the notes."""
    from rich.table import Table

    table = Table("video", "heart rate", "breathing rate", "active most", box=None, padding=(0, 2, 0, 0))
    for outcome in outcomes:
        if outcome.summary is not None:
            rates = [_short(outcome.summary[name]) for name in ("heart_rate", "breathing_rate")]
            who = "" if outcome.summary["person"] is None else f", person {outcome.summary['person']}"
            name = escaped(Path(readable(outcome.video)).name) + who
            table.add_row(name, *rates, _most_active(outcome.summary))
    terminal = console()
    if table.row_count:
        terminal.print(table)
    for outcome in outcomes:
        if outcome.note is not None:
            terminal.print(f"{escaped(outcome.video)}: {escaped(outcome.note)}")


def _short(rate: Mapping[str, Any]) -> str:
    if rate["value"] is None:
        return "not measured"
    return f"{rate['value']:.1f} {rate['unit']} ({rate['quality']:.2f})"


def _most_active(summary: Mapping[str, Any]) -> str:
    active = {label: unit["active_fraction"] or 0.0 for label, unit in summary["action_units"].items()}
    most = sorted(active, key=lambda label: -active[label])[:_MOST_UNITS]
    return ", ".join(f"{label} {active[label]:.0%}" for label in most if round(active[label], 2) > 0)


def show(measurement: "Measurement", folder: Path | None) -> None:
    """Print a measurement's summary."""
    from rich.table import Table

    from physiocam.results.measurement_text import answers, doubt_text, missing_units_text, task_text

    terminal = console()
    square = "fixed square" if measurement.face.fixed else "face"
    if measurement.face.choice == "whole":
        square = "whole frame"
    who = "" if measurement.person is None else f", person {measurement.person}"
    terminal.print(
        f"[bold]{escaped(measurement.source)}{who}[/bold]  {measurement.duration_s:.1f} s, "
        f"{measurement.frames} frames at {measurement.fs:.2f}/s, "
        f"{square} in {measurement.face.found_fraction:.0%} of the frames"
    )
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for label, answer in answers(measurement).items():
        table.add_row(label, _answered(answer))
    for name, task in measurement.tasks.items():
        table.add_row(name, escaped(task_text(task)))
    terminal.print(table)
    units = [(label, unit) for label, unit in measurement.action_units.items() if unit.mean_probability is not None]
    if units:
        rated = any(unit.mean_intensity is not None for _, unit in units)
        titles = ["action unit", "", "mean", *(["intensity"] if rated else []), "active"]
        table = Table(*titles, box=None, padding=(0, 2, 0, 0))
        share = _bar if terminal.width >= _BARS_FROM else "{:.0%}".format
        for label, unit in units:
            intensity = ["" if unit.mean_intensity is None else f"{unit.mean_intensity:.1f}"] if rated else []
            cells = [f"{unit.mean_probability:.2f}", *intensity, share(unit.active_fraction or 0.0)]
            table.add_row(label, unit.name + doubt_text(unit), *cells, style="dim" if unit.is_uncertain else None)
        terminal.print(table)
        if measurement.blinks_per_minute is not None:
            terminal.print(f"blinks         {measurement.blinks_per_minute:.1f} a minute")
    elif measurement.action_units:
        terminal.print(f"action units    [bold]not measured[/bold]: {missing_units_text(measurement)}")
    for note in measurement.notes:
        terminal.print(f"note: {escaped(note)}")
    if folder is not None:
        # On one line, so that the path can be copied.
        terminal.print(f"written to {escaped(str(folder))}", soft_wrap=True)


def _answered(answer: "Rate | IntervalSpread") -> str:
    from physiocam.results.measurement_text import guess_text, interval_text

    if answer.value is None:
        guess = guess_text(answer)
        return f"[bold]not measured[/bold]: {escaped(answer.note or '')}" + (f"; {guess}" if guess else "")
    interval = interval_text(answer)
    around = f" ({interval})" if interval else ""
    return f"[bold]{answer.value:.1f} {answer.unit}[/bold]{around}  quality {answer.quality:.2f}"


def _bar(fraction: float) -> str:
    return f"{'█' * round(10 * fraction):<10} {fraction:.0%}"
