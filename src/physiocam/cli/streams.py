"""Standard output and standard error that are full, closed or no longer read."""

import codecs
import io
import os
import sys
from contextlib import suppress

from physiocam.readable import printable

# Characters that the terminal cannot show become question marks; file names that are not text are escaped.
_FORGIVING = "physiocam"


class OutputError(OSError):
    """Standard output cannot be written to."""


class _Output(io.FileIO):
    """Standard output; its failures raise `OutputError`, unlike those of other files."""

    def write(self, data: "bytes | bytearray | memoryview", /) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as failure:
            raise OutputError(failure.errno, failure.strerror) from None


class _Messages(io.FileIO):
    """Standard error: a failure cannot be reported anywhere, so it is ignored and the work continues."""

    def write(self, data: "bytes | bytearray | memoryview", /) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError:
            return len(data)


def prepare_streams() -> None:
    """Replace standard output and error by streams whose failures `main` can recognize."""
    codecs.register_error(_FORGIVING, printable)
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors=_FORGIVING)
    if sys.platform == "win32":
        return
    _occupy()
    # A caller of `main` from Python may have replaced them; those stay.
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Output(1, "w", closefd=False), sys.stdout)
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Messages(2, "w", closefd=False), sys.stderr)


def finish_output() -> None:
    """Write what is still in the buffer of standard output.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    if sys.stdout is not None:
        sys.stdout.flush()


def give_up_output() -> None:
    """Discard further output: otherwise Python would report the failure again at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _occupy() -> None:
    """Occupy closed standard streams, so that no file opened later gets their number and what is printed."""
    # Read-only: writing to a closed standard output must still fail.
    for stream, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(stream)
        except OSError:
            # The system gives the lowest free number, which is this one.
            os.open(os.devnull, flags)


def _text(stream: io.FileIO, before: object) -> io.TextIOWrapper:
    encoding = before.encoding if isinstance(before, io.TextIOWrapper) else "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(stream),
        encoding=encoding,
        errors=_FORGIVING,
        line_buffering=stream.fileno() == 2 or stream.isatty(),
    )
