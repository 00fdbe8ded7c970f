"""What every command says to the terminal, and how."""

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

    from physiocam.measuring.face_frames import Progress


# Tables and lines that go into a file or another program are not folded to a terminal's width.
_NO_TERMINAL = 1000

# What the running command calls the arguments of Python's functions, by their names.
_options: dict[str, str] = {}


def name_options(options: Mapping[str, str]) -> None:
    """Say what arguments of Python's functions are called from now on, such as `fs` `--fs`."""
    _options.clear()
    _options.update(options)


def in_options(message: str) -> str:
    """Put the command line's options for Python's arguments in an error's message: `--fs` for `fs=`.

    Errors name an argument as `fs=`, as `fs=30`, or first: `fs is 0; ...`. What stands in quotes, such as the name of a
    file, and behind `--set` is left as it is.
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
        # Both: where only the width is set, a dumb terminal's goes before it.
        terminal.size = ConsoleDimensions(_NO_TERMINAL, terminal.height)
    return terminal


def animated(terminal: "Console") -> bool:
    """Whether somebody is looking at a terminal that can be drawn on anew."""
    return terminal.is_terminal and not terminal.is_dumb_terminal


def complain(message: str) -> None:
    """Print one line on standard error."""
    print(f"physiocam: {readable(in_options(message))}", file=sys.stderr)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends the work with one line; whatever was written before is whole."""
    try:
        yield
    except KeyboardInterrupt:
        complain("interrupted; nothing half-written was left behind")
        raise typer.Exit(130) from None


@contextmanager
def progress_bar(title: str) -> Iterator["Progress"]:
    """A progress bar on standard error, shown only when the work is long and somebody is looking."""
    from time import monotonic

    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )
    task = bar.add_task(escaped(Path(title).name), total=None, speed="")
    started = monotonic()

    def update(done: int, total: int | None) -> None:
        elapsed = monotonic() - started
        if elapsed > 2.0 and animated(bar.console):
            bar.start()
        bar.update(task, completed=done, total=total, speed=f"{done / max(elapsed, 1e-3):.0f} frames/s")

    try:
        yield update
    finally:
        # One that was never shown would leave an empty line behind.
        if bar.live.is_started:
            bar.stop()


@contextmanager
def count_bar(doing: str, things: str, total: int) -> Iterator[Callable[[int, str | None], None]]:
    """A progress bar over many things, to be called for each with its frames and its failure, if it is one."""
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

    # Where nobody is looking, only failures are told.
    with bar if animated(bar.console) else nullcontext():
        yield update


def escaped(text: str) -> str:
    """Make text safe for rich, which reads brackets as markup, and for terminals."""
    from rich.markup import escape

    return escape(readable(text))


def listed(names: Sequence[str]) -> str:
    """Join names, the first twenty of them."""
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


@contextmanager
def extra(name: str, purpose: str) -> Iterator[None]:
    """Say in one line which extra is missing, where importing what a command needs fails."""
    try:
        yield
    except ImportError as error:
        raise PhysiocamError(f"{purpose} needs {error.name}; run: pip install 'physiocam[{name}]'") from None
