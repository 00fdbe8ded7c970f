"""Signals that end a command: it cleans up first, as after Ctrl-C."""

import signal
import sys
import threading
from types import FrameType


class Terminated(SystemExit):
    """A signal has asked this process to end; unfinished work is dropped."""

    def __init__(self, number: int) -> None:
        # The exit status that a shell gives to a program ended by a signal.
        super().__init__(128 + number)
        self.name = signal.Signals(number).name


def end_tidily() -> None:
    """Let SIGTERM and SIGHUP raise `Terminated`: hidden files are then removed, and workers ended."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set signal handlers
        return
    signals = [signal.SIGTERM] if sys.platform == "win32" else [signal.SIGTERM, signal.SIGHUP]
    for number in signals:
        # Keep a signal ignored that is ignored already, such as SIGHUP under nohup.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _: FrameType | None) -> None:
    # A second signal ends the process at once.
    signal.signal(number, signal.SIG_DFL)
    raise Terminated(number)
