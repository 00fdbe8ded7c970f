"""Messages, progress bars and text that every command prints to the terminal."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from physiocam.errors import PhysiocamError
from physiocam.readable import readable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    from physiocam.measuring.face_frames import Progress


# Output to a file or another program is not wrapped to a terminal's width.
_NO_TERMINAL = 1000

# A progress bar is shown after so many seconds.
_PATIENCE_S = 2.0

# The running command's options, by the Python arguments that they set.
_options: dict[str, str] = {}


def name_options(options: Mapping[str, str]) -> None:
    """Set which option stands for which Python argument from now on, such as `--fs` for `fs`."""
    _options.clear()
    _options.update(options)


def in_options(message: str) -> str:
    """Replace Python arguments in an error message by the command's options: `fs=` becomes `--fs`.

    Errors name an argument as `fs=`, as `fs=30`, or at the start: `fs is 0; ...`. Text in quotes, such as a file name,
    and after `--set` stays unchanged.
    """
    if not _options:
        return message
    names = "|".join(map(re.escape, _options))
    named = rf"'[^']*'|--set \S+|^(?P<first>{names})(?= is )|\b(?P<name>{names})=(?:True\b|(?=[\s,;:.)]|$))?"

    def option(found: re.Match[str]) -> str:
        name = found["first"] or found["name"]
        if name is None:
            return found[0]
        with_value = found[0].endswith("=") and found.end() < len(message) and message[found.end()] not in " ,;:.)"
        return _options[name] + (" " if with_value else "")

    return re.sub(named, option, message)


def console(stderr: bool = False) -> "Console":
    """Return a rich console on standard output, or on standard error."""
    from rich.console import Console, ConsoleDimensions

    terminal = Console(stderr=stderr, highlight=False)
    if not terminal.is_terminal and "COLUMNS" not in os.environ:
        # Set both: with only the width set, rich would use the default width of a dumb terminal.
        terminal.size = ConsoleDimensions(_NO_TERMINAL, terminal.height)
    return terminal


def animated(terminal: "Console") -> bool:
    """Whether the output is a terminal that can redraw its lines."""
    return terminal.is_terminal and not terminal.is_dumb_terminal


def complain(message: str) -> None:
    """Print one line on standard error."""
    print(f"physiocam: {readable(in_options(message))}", file=sys.stderr)


@contextmanager
def interruptible() -> Iterator[None]:
    """End the command with one line on Ctrl-C; files written before are complete."""
    try:
        yield
    except KeyboardInterrupt:
        complain("interrupted; nothing half-written was left behind")
        raise typer.Exit(130) from None


@contextmanager
def progress_bar(title: str) -> Iterator["Progress"]:
    """A progress bar on standard error, shown after `_PATIENCE_S` if that is a terminal."""
    from time import monotonic

    started = monotonic()
    bar: RichProgress | None = None
    ever = True

    def update(done: int, total: int | None) -> None:
        nonlocal bar, ever
        elapsed = monotonic() - started
        # Rich is loaded only for a bar that will be seen.
        if not ever or elapsed <= _PATIENCE_S:
            return
        if bar is None:
            bar = _frames_bar(Path(title).name)
            if bar is None:
                ever = False
                return
            bar.start()
        speed = f"{done / max(elapsed, 1e-3):.0f} frames/s"
        bar.update(bar.task_ids[0], completed=done, total=total, speed=speed)

    try:
        yield update
    finally:
        if bar is not None:
            bar.stop()


def _frames_bar(title: str) -> "RichProgress | None":
    """A bar on standard error; None if that cannot redraw its lines."""
    terminal = console(stderr=True)
    if not animated(terminal):
        return None
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=terminal,
        transient=True,
    )
    bar.add_task(escaped(title), total=None, speed="")
    return bar


@contextmanager
def count_bar(doing: str, things: str, total: int) -> Iterator[Callable[[int, str | None], None]]:
    """A progress bar over many items; call it for each with its number of frames and its error or None."""
    from time import monotonic

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(things),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )
    task = bar.add_task(doing, total=total, speed="")
    started, passed = monotonic(), 0

    def update(frames: int, failure: str | None) -> None:
        nonlocal passed
        passed += frames
        bar.update(task, advance=1, speed=f"{passed / max(monotonic() - started, 1e-3):.0f} frames/s")
        if failure is not None:
            bar.console.print(f"physiocam: {in_options(failure)}", markup=False, soft_wrap=True)

    # Without a terminal, only failures are printed.
    with bar if animated(bar.console) else nullcontext():
        yield update


def escaped(text: str) -> str:
    """Make text safe for rich, which reads brackets as markup, and for terminals."""
    from rich.markup import escape

    return escape(readable(text))


def listed(names: Sequence[str]) -> str:
    """Join the first twenty names, and count the rest."""
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


@contextmanager
def extra(name: str, purpose: str) -> Iterator[None]:
    """Turn a failed import into one line that names the missing extra."""
    try:
        yield
    except ImportError as error:
        raise PhysiocamError(f"{purpose} needs {error.name}; run: pip install 'physiocam[{name}]'") from None
