"""Standard output and standard error that are full, closed, or that nobody reads any more."""

import codecs
import io
import os
import sys
from contextlib import suppress

from physiocam.readable import printable

# A terminal that knows no bars gets question marks, and names that are no text are escaped.
_FORGIVING = "physiocam"


class OutputError(OSError):
    """Standard output does not take what is written to it."""


class _Output(io.FileIO):
    """Standard output, whose failures are told from those of other files."""

    def write(self, data: "bytes | bytearray | memoryview", /) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as failure:
            raise OutputError(failure.errno, failure.strerror) from None


class _Messages(io.FileIO):
    """Standard error: where it fails nobody can be told, and the work goes on."""

    def write(self, data: "bytes | bytearray | memoryview", /) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError:
            return len(data)


def prepare_streams() -> None:
    """Make standard output and error ones that fail in a way that `main` can tell."""
    codecs.register_error(_FORGIVING, printable)
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors=_FORGIVING)
    if sys.platform == "win32":
        return
    _occupy()
    # Whoever calls `main` from Python may have put something else in their place.
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Output(1, "w", closefd=False), sys.stdout)
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Messages(2, "w", closefd=False), sys.stderr)


def finish_output() -> None:
    """Write what still waits for standard output.

    Raises
    ------
    OutputError
        If it does not take it.
    """
    if sys.stdout is not None:
        sys.stdout.flush()


def give_up_output() -> None:
    """Let nothing more be written to standard output, where Python would complain about it when it ends."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _occupy() -> None:
    """Keep files that are opened from taking the place of a closed standard stream, and what is printed for it."""
    # Reading only: what is written to a closed standard output then fails, as it must.
    for stream, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(stream)
        except OSError:
            # The lowest number that is free is this one.
            os.open(os.devnull, flags)


def _text(stream: io.FileIO, before: object) -> io.TextIOWrapper:
    encoding = before.encoding if isinstance(before, io.TextIOWrapper) else "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(stream),
        encoding=encoding,
        errors=_FORGIVING,
        line_buffering=stream.fileno() == 2 or stream.isatty(),
    )
